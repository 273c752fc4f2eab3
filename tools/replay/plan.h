// SPDX-License-Identifier: Apache-2.0
// What the suite has to be told so that it does what the log says was done: for each incident an
// ordered list of steps. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "tools/replay/log.h"

namespace tideline::replay {

enum class Verb {
  kSubmit,  // to `team`
  kMove,    // to `team`'s queue
  kTake,    // by `expert`, from the queue or from whoever has it
  kHold,
  kResume,
  kRelease,  // back to the queue of the team that has it
  kSubmitResult,
  kApprove,
  kReopen,    // to the queue of the team that had it
  kTakeBack,  // as kReopen, because the log has the next result in another team
  kCancel,
};

struct Step {
  absl::Time at;
  Verb verb = Verb::kSubmit;
  Index team = kNone;    // kSubmit, kMove
  Index expert = kNone;  // kTake
};

struct ItemPlan {
  Index incident = kNone;
  // What the item asks for: the lowest level of the teams that have it, since a log only shows who
  // did the work, not what it took.
  type::v1::Level level = type::v1::LEVEL_UNSPECIFIED;
  std::vector<Step> steps;  // in order; instants never go back
};

// A plan for each incident, in the log's order. Where the log has somebody act on an item that
// nobody holds, a kTake comes first; where it does not say who, the team's desk takes it.
std::vector<ItemPlan> MakePlan(const Log& log);

// Which skills each expert needs, by expert index: the skill of each incident that the plan has
// them take; for a desk, of each incident that its team gets. Sorted, without doubles.
std::vector<std::vector<Index>> SkillsNeeded(const Log& log, const std::vector<ItemPlan>& plans);

}  // namespace tideline::replay
