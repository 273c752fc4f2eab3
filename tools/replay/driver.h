// SPDX-License-Identifier: Apache-2.0
// Drives a suite through a plan: instant after instant, the items of one instant side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/replay/course.h"
#include "tools/replay/crew.h"
#include "tools/replay/log.h"
#include "tools/replay/plan.h"
#include "tools/replay/rig.h"
#include "tools/replay/session.h"

namespace tideline::replay {

struct Driven {
  Takes takes;
  int64_t instants = 0;
  int64_t steps = 0;
  // Steps that the suite refused, each naming its incident. The item was left as it was; the
  // reconciliation will show it.
  std::vector<std::string> refusals;
};

// Does all steps. In simulated time the rig's clock is brought to each instant first; else items
// run side by side from their first step to their last, as fast as it goes. `progress` is told how
// many steps of how many are done, from one thread at a time. An error is the rig's.
absl::StatusOr<Driven> Drive(Session& session, Rig& rig, Crew& crew, const Log& log,
                             const std::vector<ItemPlan>& plans,
                             const std::function<void(int64_t, int64_t)>& progress);

}  // namespace tideline::replay
