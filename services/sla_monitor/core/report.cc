// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/core/report.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace tideline::sla_monitor {
namespace {

constexpr int64_t kAllOfIt = 10'000;  // basis points

v1::Tally TallyOf(const Workspace& workspace, const std::string& engagement,
                  const type::v1::ServiceLevel& level, int32_t first, int32_t last) {
  v1::Tally sum;
  EachTally(workspace, engagement, first, last, [&](const core::v1::StoredTally& tally) {
    for (const auto& row : tally.rows()) {
      if (row.leg() != static_cast<uint32_t>(level.leg())) continue;
      if (level.impact_class() != type::v1::IMPACT_CLASS_UNSPECIFIED &&
          row.impact_class() != static_cast<uint32_t>(level.impact_class())) {
        continue;
      }
      AddRow(row, sum);
    }
  });
  return sum;
}

Period After(const Period& period, type::v1::CreditTerms::Period kind) {
  return PeriodOf(period.last + 1, kind);
}

}  // namespace

absl::CivilDay CivilOf(int32_t day) { return absl::CivilDay(1970) + day; }
int32_t DayNumber(absl::CivilDay day) { return static_cast<int32_t>(day - absl::CivilDay(1970)); }
std::string FormatDay(int32_t day) { return absl::FormatCivilTime(CivilOf(day)); }

absl::StatusOr<int32_t> ParseDay(absl::string_view text, absl::string_view field) {
  if (text.empty()) return InvalidField(field, "is missing", Reason::REASON_FIELD_REQUIRED);
  absl::CivilDay day;
  // What parses is not yet a day: the 31st of February reads as March.
  if (!absl::ParseCivilTime(text, &day) || absl::FormatCivilTime(day) != text ||
      day < absl::CivilDay(1970) || day >= absl::CivilDay(2200)) {
    return InvalidField(field, absl::StrCat("\"", text, "\" is not a day such as 2026-11-01"));
  }
  return DayNumber(day);
}

int32_t MonthOf(int32_t day) { return DayNumber(absl::CivilDay(absl::CivilMonth(CivilOf(day)))); }

Period PeriodOf(int32_t day, type::v1::CreditTerms::Period kind) {
  absl::CivilMonth month(CivilOf(day));
  int months = 1;
  if (kind == type::v1::CreditTerms::PERIOD_QUARTER) {
    month -= (month.month() - 1) % 3;
    months = 3;
  }
  return {DayNumber(absl::CivilDay(month)), DayNumber(absl::CivilDay(month + months)) - 1};
}

std::string ZoneName(const Terms& terms) {
  const std::string& zone = terms.record.calendar_rules().time_zone();
  return zone.empty() ? "UTC" : zone;
}

int64_t Counted(const v1::Tally& tally) { return tally.attained() + tally.missed(); }
int32_t AttainedOf(const v1::Tally& tally) {
  return static_cast<int32_t>(tally.attained() * kAllOfIt / Counted(tally));
}

void AddExcluded(v1::ExclusionReason reason, int64_t count, v1::Tally& tally) {
  if (count == 0) return;
  for (v1::ExcludedCount& known : *tally.mutable_excluded()) {
    if (known.reason() != reason) continue;
    known.set_count(known.count() + count);
    return;
  }
  v1::ExcludedCount& added = *tally.add_excluded();
  added.set_reason(reason);
  added.set_count(count);
}

void AddRow(const core::v1::StoredTally::Row& row, v1::Tally& tally) {
  tally.set_attained(tally.attained() + row.attained());
  tally.set_missed(tally.missed() + row.missed());
  for (int reason = 0; reason < row.excluded_size(); ++reason) {
    AddExcluded(static_cast<v1::ExclusionReason>(reason), row.excluded(reason), tally);
  }
}

void EachTally(const Workspace& workspace, const std::string& engagement, int32_t first,
               int32_t last, absl::FunctionRef<void(const core::v1::StoredTally&)> visit) {
  for (auto it = workspace.tallies.lower_bound({engagement, first, "", ""});
       it != workspace.tallies.end() && std::get<0>(it->first) == engagement &&
       std::get<1>(it->first) <= last;
       ++it) {
    visit(it->second);
  }
}

void FillBudget(const Workspace& workspace, const std::string& engagement,
                const type::v1::ServiceLevel& level, int32_t first, int32_t last,
                absl::Span<const int> windows, v1::ErrorBudget& out) {
  const int64_t may = kAllOfIt - level.target_basis_points();  // over zero, by due::Validate
  out.set_service_level(level.id());
  out.set_target_basis_points(level.target_basis_points());
  *out.mutable_tally() = TallyOf(workspace, engagement, level, first, last);
  const int64_t count = Counted(out.tally());
  out.set_allowed_milli(count * may * 1000 / kAllOfIt);
  if (count > 0) {
    out.set_attained_basis_points(AttainedOf(out.tally()));
    out.set_used_percent(out.tally().missed() * 100 * kAllOfIt / (count * may));
  }
  for (int days : windows) {
    const v1::Tally window = TallyOf(workspace, engagement, level, last - days + 1, last);
    v1::BurnRate& rate = *out.add_burn_rates();
    rate.set_days(days);
    rate.set_count(Counted(window));
    if (rate.count() == 0) continue;
    rate.set_rate_milli(window.missed() * 1000 * kAllOfIt / (rate.count() * may));
  }
}

void FillCredit(const Workspace& workspace, const std::string& engagement,
                const type::v1::CreditTerms& terms, const type::v1::ServiceLevel& level,
                const Period& period, int32_t today, v1::CreditLine& out) {
  *out.mutable_service_level() = level;
  *out.mutable_tally() = TallyOf(workspace, engagement, level, period.first, period.last);
  // Nothing that counts: nothing was missed.
  int32_t attained = static_cast<int32_t>(kAllOfIt);
  if (Counted(out.tally()) > 0) {
    attained = AttainedOf(out.tally());
    out.set_attained_basis_points(attained);
  }
  out.set_kept(attained >= level.target_basis_points());
  for (const type::v1::CreditStep& step : level.credits()) {
    if (attained < step.below_basis_points()) *out.mutable_step() = step;
  }
  if (!out.has_step()) return;
  out.set_credit_millionths(int64_t{terms.at_risk_basis_points()} * level.weight_basis_points() *
                            out.step().credit_basis_points() / 1'000'000);
  if (terms.earn_back_periods() == 0 || out.credit_millionths() == 0) return;
  const int32_t asked = level.target_basis_points() + terms.earn_back_margin_basis_points();
  out.set_earn_back(v1::CreditLine::EARN_BACK_EARNED);
  Period next = period;
  for (int i = 0; i < terms.earn_back_periods(); ++i) {
    next = After(next, terms.period());
    if (next.last >= today) {
      out.set_earn_back(v1::CreditLine::EARN_BACK_PENDING);
      return;
    }
    const v1::Tally later = TallyOf(workspace, engagement, level, next.first, next.last);
    if (Counted(later) > 0 && AttainedOf(later) < asked) {
      out.set_earn_back(v1::CreditLine::EARN_BACK_FORFEITED);
      return;
    }
  }
}

type::v1::Money ShareOf(const type::v1::Money& fee, int64_t millionths) {
  constexpr int64_t kMillion = 1'000'000;
  // In millionths of a unit, times a thousand for the fee's billionths.
  const absl::int128 nanos = absl::int128(fee.units()) * 1'000'000'000 + fee.nanos();
  const absl::int128 share = (nanos * millionths / kMillion + 500) / 1000;
  type::v1::Money out;
  out.set_currency_code(fee.currency_code());
  out.set_units(static_cast<int64_t>(share / kMillion));
  out.set_nanos(static_cast<int32_t>(static_cast<int64_t>(share % kMillion) * 1000));
  return out;
}

}  // namespace tideline::sla_monitor
