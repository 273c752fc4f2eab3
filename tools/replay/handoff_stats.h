// SPDX-License-Identifier: Apache-2.0
// handoff's own statistics per pair of teams, asked of the suite after its restart, and held
// against what the journal's events say.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tideline/handoff/v1/handoff_service.pb.h"
#include "tools/replay/handoff_fold.h"
#include "tools/replay/session.h"

namespace tideline::replay {

struct HandoffStatistics {
  handoff::v1::GetHandoffStatsResponse stats;
  absl::Time since;         // first day that is counted: the service keeps 400 days
  std::string differences;  // empty: to the unit what the events say
};

// Of the session's workspace, up to the day of `last`.
absl::StatusOr<HandoffStatistics> AskStatistics(Session& session, const HandoffCounts& counted,
                                                absl::Time last);

// For people: what the handoffs came to, and the pairs with the most, at most `most`.
std::string FormatHandoffs(const HandoffCounts& counts, const HandoffStatistics& statistics,
                           int most);

}  // namespace tideline::replay
