// SPDX-License-Identifier: Apache-2.0
// The switching rules of ISO 2859-1:1999, clause 9: how strict the inspection of the next lot is,
// after what was found in the lots before. One Switching per stream of lots (for instance of a team
// and a work type). Plain state and pure functions, so a caller keeps the state in its own records
// and an auditor can repeat every step. Each change names its clause. Any thread.
//
// The tables are Z1.4's, which under reduced inspection leave a gap between Ac and Re: a lot in the
// gap is accepted, and normal inspection returns (Z1.4, 8.3.4 b and 10.1.4).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sampling/plan.h"

namespace tideline::sampling {

// Where a stream of lots stands. A new one is in normal inspection (9.1).
struct Switching {
  Severity severity = Severity::kNormal;
  // Inspection has ended until the cause is removed (9.4); `severity` is then kTightened.
  bool discontinued = false;
  // Switching score, counted in normal inspection (9.3.3.2); 0 otherwise.
  int score = 0;
  // In normal inspection: how many lots ago one was not accepted, 1 to 4; 0: none of the last four.
  int rejected_lots_ago = 0;
  // In tightened inspection: accepted lots in a row (9.3.2), and lots not accepted so far (9.4).
  int accepted_in_row = 0;
  int rejected_in_all = 0;

  bool operator==(const Switching&) const = default;
};

inline constexpr int kScoreForReduced = 30;     // 9.3.3.1 a
inline constexpr int kLotsForNormal = 5;        // 9.3.2: accepted in a row
inline constexpr int kLotsLookedBack = 5;       // 9.3.1: two not accepted within so many
inline constexpr int kRejectedForStopping = 5;  // 9.4

// What made the inspection of later lots change.
enum class Rule {
  kNone,
  kNormalToTightened,
  kTightenedToNormal,
  kNormalToReduced,
  kReducedToNormalLotRejected,
  kReducedToNormalBetweenNumbers,
  kReducedToNormalIrregular,
  kDiscontinued,
  kResumed,
};
// Where it is written, such as "ISO 2859-1:1999, 9.3.1"; empty for kNone.
absl::string_view ClauseOf(Rule rule);
// What it says, in a few words; empty for kNone.
absl::string_view WordsOf(Rule rule);

// Whether a lot with so many nonconforming items in its sample is accepted: fewer than Re.
bool Accepted(const Plan& plan, int nonconforming);

struct LotResult {
  Severity severity = Severity::kNormal;  // that the lot was opened under
  Aql aql;
  Plan plan;              // that it was opened with
  int nonconforming = 0;  // found in its sample; what screening finds later does not count here
};

// What reduced inspection needs besides the score (9.3.3.1 b and c).
struct Conditions {
  bool steady = true;   // work comes at a steady rate
  bool desired = true;  // the responsible authority wants it
};

struct Step {
  Switching state;
  bool accepted = true;
  Rule rule = Rule::kNone;  // kNone: inspection stays as it is
};

// After a lot on original inspection; lots submitted again do not count (9.3.1). A lot that was
// opened under another severity than is now in force, or after the end of inspection, is judged and
// changes nothing.
Step AfterLot(const Switching& before, const LotResult& lot, const Conditions& conditions = {});

// Work has become irregular or was delayed, or something else speaks for it: ends reduced
// inspection (9.3.4 b and c) and changes nothing otherwise.
Step AfterIrregularity(const Switching& before);

// Action was taken and is likely to be effective: after a discontinuation inspection begins again,
// tightened (9.4). FAILED_PRECONDITION (STATE_FORBIDS) where it was not discontinued.
absl::StatusOr<Step> Resume(const Switching& before);

}  // namespace tideline::sampling
