// SPDX-License-Identifier: Apache-2.0
#include "common/sampling/switching.h"

#include <algorithm>
#include <optional>

#include "common/base/error.h"

namespace tideline::sampling {
namespace {

// 9.3.3.2: what the lot adds to the score; 0 sends it back to zero.
int Points(const LotResult& lot) {
  constexpr int kAcceptedAStepTighter = 3;  // where Ac is 2 or more
  constexpr int kAccepted = 2;              // where Ac is 0 or 1
  constexpr int kSmallNumber = 1;
  if (lot.plan.accept <= kSmallNumber) return Accepted(lot.plan, lot.nonconforming) ? kAccepted : 0;
  // From Ac 2 on the plan a step tighter is in the same row, so it has the same sample.
  const std::optional<Aql> tighter = lot.aql.Tighter();
  if (!tighter.has_value()) return 0;
  const absl::StatusOr<Plan> plan = PlanForLetter(lot.plan.letter, *tighter, Severity::kNormal);
  return plan.ok() && Accepted(*plan, lot.nonconforming) ? kAcceptedAStepTighter : 0;
}

Step AfterNormal(Switching state, const LotResult& lot, const Conditions& conditions) {
  const bool accepted = Accepted(lot.plan, lot.nonconforming);
  if (!accepted && state.rejected_lots_ago > 0) {
    return {{.severity = Severity::kTightened}, false, Rule::kNormalToTightened};
  }
  if (!accepted) {
    state.rejected_lots_ago = 1;
  } else if (state.rejected_lots_ago > 0) {
    ++state.rejected_lots_ago;
    if (state.rejected_lots_ago >= kLotsLookedBack) state.rejected_lots_ago = 0;
  }
  const int points = Points(lot);
  // It does not have to grow on while the other conditions are not given.
  state.score = points == 0 ? 0 : std::min(state.score + points, kScoreForReduced);
  if (state.score >= kScoreForReduced && conditions.steady && conditions.desired) {
    return {{.severity = Severity::kReduced}, accepted, Rule::kNormalToReduced};
  }
  return {state, accepted, Rule::kNone};
}

Step AfterTightened(Switching state, const LotResult& lot) {
  if (Accepted(lot.plan, lot.nonconforming)) {
    if (++state.accepted_in_row == kLotsForNormal) return {{}, true, Rule::kTightenedToNormal};
    return {state, true, Rule::kNone};
  }
  state.accepted_in_row = 0;
  if (++state.rejected_in_all == kRejectedForStopping) {
    return {{.severity = Severity::kTightened, .discontinued = true}, false, Rule::kDiscontinued};
  }
  return {state, false, Rule::kNone};
}

Step AfterReduced(const Switching& state, const LotResult& lot) {
  if (!Accepted(lot.plan, lot.nonconforming)) return {{}, false, Rule::kReducedToNormalLotRejected};
  if (lot.nonconforming > lot.plan.accept) return {{}, true, Rule::kReducedToNormalBetweenNumbers};
  return {state, true, Rule::kNone};
}

struct Source {
  absl::string_view clause;
  absl::string_view words;
};

Source SourceOf(Rule rule) {
  switch (rule) {
    case Rule::kNone:
      break;
    case Rule::kNormalToTightened:
      return {"ISO 2859-1:1999, 9.3.1", "two of five consecutive lots or fewer were not accepted"};
    case Rule::kTightenedToNormal:
      return {"ISO 2859-1:1999, 9.3.2", "five consecutive lots were accepted"};
    case Rule::kNormalToReduced:
      return {"ISO 2859-1:1999, 9.3.3", "the switching score reached 30, and work is steady"};
    case Rule::kReducedToNormalLotRejected:
      return {"ISO 2859-1:1999, 9.3.4 a", "a lot was not accepted"};
    case Rule::kReducedToNormalBetweenNumbers:
      return {"ANSI/ASQ Z1.4, 8.3.4 b and 10.1.4", "a lot was between the numbers Ac and Re"};
    case Rule::kReducedToNormalIrregular:
      return {"ISO 2859-1:1999, 9.3.4 b and c", "work is irregular or was delayed"};
    case Rule::kDiscontinued:
      return {"ISO 2859-1:1999, 9.4", "five lots were not accepted in tightened inspection"};
    case Rule::kResumed:
      return {"ISO 2859-1:1999, 9.4", "action was taken that is likely to be effective"};
  }
  return {};
}

}  // namespace

absl::string_view ClauseOf(Rule rule) { return SourceOf(rule).clause; }
absl::string_view WordsOf(Rule rule) { return SourceOf(rule).words; }

bool Accepted(const Plan& plan, int nonconforming) { return nonconforming < plan.reject; }

Step AfterLot(const Switching& before, const LotResult& lot, const Conditions& conditions) {
  if (before.discontinued || lot.severity != before.severity) {
    return {before, Accepted(lot.plan, lot.nonconforming), Rule::kNone};
  }
  switch (before.severity) {
    case Severity::kTightened:
      return AfterTightened(before, lot);
    case Severity::kReduced:
      return AfterReduced(before, lot);
    case Severity::kNormal:
      break;
  }
  return AfterNormal(before, lot, conditions);
}

Step AfterIrregularity(const Switching& before) {
  if (before.severity != Severity::kReduced) return {before, true, Rule::kNone};
  return {{}, true, Rule::kReducedToNormalIrregular};
}

absl::StatusOr<Step> Resume(const Switching& before) {
  if (!before.discontinued) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "inspection was not discontinued");
  }
  return Step{{.severity = Severity::kTightened}, true, Rule::kResumed};
}

}  // namespace tideline::sampling
