// SPDX-License-Identifier: Apache-2.0
// Single sampling plans of ANSI/ASQ Z1.4 (ISO 2859-1): how many items of a lot are inspected, and
// how many of those may be nonconforming. Lot size and inspection level give a code letter (Table
// I); letter, AQL and severity give sample size, acceptance and rejection number (Tables II-A, II-B
// and II-C). Not covered: double and multiple plans, and isolated lots, which need plans by
// limiting quality (ISO 2859-2): these tables protect only in a series of lots under the switching
// rules of switching.h. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::sampling {

// How well the plan tells good lots from bad ones (ISO 2859-1, 10.1). II unless there is a reason.
enum class Level { kS1, kS2, kS3, kS4, kI, kII, kIII };

// How strict inspection is at present (clause 9); the level stays the same.
enum class Severity { kNormal, kTightened, kReduced };

// "NORMAL", "TIGHTENED", "REDUCED".
absl::string_view SeverityName(Severity severity);

// An acceptance quality limit that the tables know: 0.010 to 1000, in percent nonconforming or (the
// only meaning of those over 10; clause 5) nonconformities per 100 items.
class Aql {
 public:
  // `text` is a decimal number, such as "0.65"; trailing zeros do not matter. INVALID_ARGUMENT
  // names `field` where the tables have no such value.
  static absl::StatusOr<Aql> Parse(absl::string_view text, absl::string_view field);

  // As the standard prints it, such as "0.65", "1.0", "10".
  absl::string_view text() const;
  // Whether it may be read as percent nonconforming, which is what counting bad items needs.
  bool is_percentage() const;
  // One step tighter; nullopt for 0.010.
  std::optional<Aql> Tighter() const;

  // Of the tables, from 0.
  int column() const { return column_; }

  bool operator==(const Aql&) const = default;

 private:
  explicit Aql(int column) : column_(column) {}
  int column_;
};

struct Plan {
  // Of the row that the plan stands in. Where the tables have an arrow this is another letter than
  // the lot's; 'S' is the row below R that tightened inspection has.
  char letter = 'A';
  int sample_size = 0;  // may exceed the lot: then all of the lot is inspected (see Inspected)
  int accept = 0;       // Ac: accepted with at most so many nonconforming items
  int reject = 1;       // Re: not accepted with at least so many. Ac + 1, except when reduced

  bool operator==(const Plan&) const = default;
};

// Smallest lot that the tables know (Table I).
inline constexpr int64_t kMinLotSize = 2;

// The code letter of a lot (Table I), 'A' to 'R' without I and O. INVALID_ARGUMENT names `field`
// for a lot under kMinLotSize.
absl::StatusOr<char> CodeLetter(int64_t lot_size, Level level, absl::string_view field);

// The plan of a code letter, arrows resolved: where a cell has an arrow, the first plan in its
// direction is used, with that row's sample size (10.3). INVALID_ARGUMENT for what is no letter.
absl::StatusOr<Plan> PlanForLetter(char letter, Aql aql, Severity severity);

// Both in one. INVALID_ARGUMENT names `lot_size_field`.
absl::StatusOr<Plan> FindPlan(int64_t lot_size, Level level, Aql aql, Severity severity,
                              absl::string_view lot_size_field);

// How many items are inspected: the sample, or the whole lot if that is not larger.
int64_t Inspected(const Plan& plan, int64_t lot_size);

}  // namespace tideline::sampling
