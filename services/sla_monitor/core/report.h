// SPDX-License-Identifier: Apache-2.0
// Days, tallies and what follows from them: attainment, error budgets, credits. In integers,
// rounded down unless it says otherwise, so that the same tallies give the same statement. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "services/sla_monitor/core/clocks.h"

namespace tideline::sla_monitor {

// Days are numbers since 1970-01-01.
absl::CivilDay CivilOf(int32_t day);
int32_t DayNumber(absl::CivilDay day);
std::string FormatDay(int32_t day);
// INVALID_FIELD unless it is "2026-11-01".
absl::StatusOr<int32_t> ParseDay(absl::string_view text, absl::string_view field);
// First day of its month.
int32_t MonthOf(int32_t day);

struct Period {
  int32_t first = 0;
  int32_t last = 0;
};
// The month or quarter around a day.
Period PeriodOf(int32_t day, type::v1::CreditTerms::Period kind);

std::string ZoneName(const Terms& terms);

// Items that count, in time or not.
int64_t Counted(const v1::Tally& tally);
// In basis points; of a tally that counts something.
int32_t AttainedOf(const v1::Tally& tally);
void AddExcluded(v1::ExclusionReason reason, int64_t count, v1::Tally& tally);
void AddRow(const core::v1::StoredTally::Row& row, v1::Tally& tally);

// Visits the tallies of an engagement from one day to another, both included.
void EachTally(const Workspace& workspace, const std::string& engagement, int32_t first,
               int32_t last, absl::FunctionRef<void(const core::v1::StoredTally&)> visit);

void FillBudget(const Workspace& workspace, const std::string& engagement,
                const type::v1::ServiceLevel& level, int32_t first, int32_t last,
                absl::Span<const int> windows, v1::ErrorBudget& out);

void FillCredit(const Workspace& workspace, const std::string& engagement,
                const type::v1::CreditTerms& terms, const type::v1::ServiceLevel& level,
                const Period& period, int32_t today, v1::CreditLine& out);

// `millionths` of a fee, rounded half away from zero to the millionth of a unit.
type::v1::Money ShareOf(const type::v1::Money& fee, int64_t millionths);

}  // namespace tideline::sla_monitor
