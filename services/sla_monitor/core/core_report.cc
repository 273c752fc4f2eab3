// SPDX-License-Identifier: Apache-2.0
// What policies say beforehand, and what clocks came to: due times, dry runs, attainment, credits.
// All in integers, so that a statement can be reproduced to the last digit.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/page.h"
#include "common/due/due.h"
#include "services/sla_monitor/core/report.h"
#include "services/sla_monitor/core/step.h"

namespace tideline::sla_monitor {

namespace registry = skill_registry::v1;

namespace {

constexpr int kMaxDryRun = 200;  // a look costs a few microseconds, a step may take a millisecond
constexpr int kMaxLooked = 2000;
constexpr int kMaxDays = 400;     // a year, and the month before it
constexpr int kMaxGroups = 5000;  // what an answer of 1 MiB can say
constexpr int kWindows[] = {1, 7, 30};

bool Lists(const google::protobuf::RepeatedPtrField<std::string>& all, absl::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

v1::Clock::Outcome OutcomeOf(const Clock& clock, const Crossings& crossings, Micros now) {
  if (clock.cancelled() || (clock.agreed != nullptr && clock.agreed->exclusion != nullptr)) {
    return v1::Clock::OUTCOME_EXCLUDED;
  }
  if (crossings.breach <= now) return v1::Clock::OUTCOME_MISSED;
  return crossings.stopped != kNever && crossings.started != kNever
             ? v1::Clock::OUTCOME_ATTAINED
             : v1::Clock::OUTCOME_UNSPECIFIED;
}

void Add(v1::Clock::Outcome outcome, const Clock& clock, v1::Tally& tally) {
  if (outcome == v1::Clock::OUTCOME_ATTAINED) tally.set_attained(tally.attained() + 1);
  if (outcome == v1::Clock::OUTCOME_MISSED) tally.set_missed(tally.missed() + 1);
  if (outcome != v1::Clock::OUTCOME_EXCLUDED) return;
  AddExcluded(clock.agreed != nullptr && clock.agreed->exclusion != nullptr
                  ? clock.agreed->exclusion->reason()
                  : v1::EXCLUSION_REASON_CANCELLED,
              1, tally);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Terms>> Core::DraftTerms(const Call& call,
                                                        const v1::PolicyDraft& draft,
                                                        absl::string_view field) const {
  if (!draft.has_rules()) {
    return InvalidField(absl::StrCat(field, ".rules"), "must be stated",
                        Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(due::Validate(draft.rules(), absl::StrCat(field, ".rules")));
  core::v1::StoredTerms record;
  *record.mutable_rules() = draft.rules();
  if (!draft.calendar().empty()) {
    const auto* calendar = roster_.Find<registry::Calendar>(draft.calendar());
    if (calendar == nullptr || WorkspaceOf(draft.calendar()) != call.workspace) {
      return ReferenceNotFound(absl::StrCat(field, ".calendar"), draft.calendar());
    }
    record.set_calendar(draft.calendar());
    *record.mutable_calendar_rules() = calendar->rules();
  }
  return Terms::Create(std::move(record));
}

absl::StatusOr<v1::ComputeDueTimeResponse> Core::ComputeDueTime(
    const Call& call, const v1::ComputeDueTimeRequest& request) const {
  if (request.engagement().empty() == !request.has_draft()) {
    return InvalidField(
        request.has_draft() ? "draft" : "engagement",
        "exactly one of engagement and draft is stated",
        request.has_draft() ? Reason::REASON_INVALID_FIELD : Reason::REASON_FIELD_REQUIRED);
  }
  v1::ComputeDueTimeResponse response;
  std::unique_ptr<Terms> draft;
  const Terms* terms = nullptr;
  if (request.has_draft()) {
    TL_ASSIGN_OR_RETURN(draft, DraftTerms(call, request.draft(), "draft"));
    terms = draft.get();
  } else {
    TL_ASSIGN_OR_RETURN(const registry::Engagement* engagement,
                        EngagementOf(call, request.engagement()));
    terms = TermsOf(engagement->name());
    if (terms == nullptr) return ReferenceNotFound("engagement.sla_policy", request.engagement());
    if (!engagement->work_types().empty() &&
        !Lists(engagement->work_types(), request.work_type())) {
      return ReferenceNotFound("work_type", request.work_type());
    }
    response.set_policy(terms->record.policy());
    response.set_policy_version(terms->record.version());
  }
  if (!terms->Covers(request.work_type(), 0)) return response;
  const absl::Time start = request.has_start_time() ? FromMicros(ToMicros(request.start_time()))
                                                    : FromMicros(ToMicros(call.now));
  const due::DueTimes times =
      due::Compute(terms->rules(), request.impact_class(), *terms->calendar, start);
  const absl::Time overall =
      due::OverallDue(terms->rules(), request.impact_class(), *terms->calendar, start,
                      absl::Microseconds(ToMicros(request.paused())));
  if (overall != absl::InfiniteFuture()) SetTime(ToMicros(overall), response.mutable_due_time());
  for (const auto& [leg, at] : times.legs) {
    if (at == absl::InfiniteFuture()) continue;
    v1::LegDueTime& out = *response.add_legs();
    out.set_leg(leg);
    SetTime(ToMicros(at), out.mutable_due_time());
  }
  for (const due::Warning& warning : times.warnings) {
    if (warning.at == absl::InfiniteFuture()) continue;
    v1::WarningTime& out = *response.add_warnings();
    out.set_percent(warning.percent);
    SetTime(ToMicros(warning.at), out.mutable_time());
  }
  return response;
}

const Terms* Core::TermsOf(absl::string_view name) const {
  const Workspace* workspace = FindWorkspace(WorkspaceOf(name));
  const auto* engagement = roster_.Find<registry::Engagement>(name);
  if (workspace == nullptr || engagement == nullptr) return nullptr;
  const auto policy = workspace->policies.find(engagement->sla_policy());
  return policy == workspace->policies.end() ? nullptr : policy->second.Newest();
}

absl::StatusOr<v1::DryRunPolicyResponse> Core::DryRunPolicy(
    const Call& call, const v1::DryRunPolicyRequest& request) const {
  TL_ASSIGN_OR_RETURN(const registry::Engagement* engagement, EngagementOf(call, request.name()));
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<Terms> terms,
                      DraftTerms(call, request.draft(), "draft"));
  for (int i = 0; i < terms->rules().work_types_size(); ++i) {
    const std::string& type = terms->rules().work_types(i);
    if (!engagement->work_types().empty() && !Lists(engagement->work_types(), type)) {
      return ReferenceNotFound(absl::StrCat("draft.rules.work_types[", i, "]"), type);
    }
  }
  v1::DryRunPolicyResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const Micros now = ToMicros(call.now);
  const int asked = request.page_size();
  const int most = asked <= 0 ? kDefaultPageSize : std::min(asked, kMaxDryRun);
  int looked = 0;
  for (auto it = workspace->clocks.upper_bound(request.page_token()); it != workspace->clocks.end();
       ++it) {
    if (response.items_size() >= most || looked >= kMaxLooked) {
      response.set_next_page_token(std::string(std::prev(it)->first));
      break;
    }
    ++looked;
    const Clock& clock = *it->second;
    if (*clock.engagement != request.name()) continue;
    if (request.has_start_time() && clock.created() < ToMicros(request.start_time())) continue;
    if (request.has_end_time() && clock.created() >= ToMicros(request.end_time())) continue;
    v1::DryRun& out = *response.add_items();
    out.set_work_item(clock.work_item());
    const Crossings actual = Cross(clock.history(), *clock.terms, clock.targets(), now);
    out.set_actual(OutcomeOf(clock, actual, now));
    Add(out.actual(), clock, *response.mutable_actual());
    const Targets* targets = terms->For(clock.impact_class);
    if (targets == nullptr || !terms->Covers(*clock.work_type, clock.depth)) continue;
    const Crossings tried = Cross(clock.history(), *terms, *targets, now);
    out.set_outcome(OutcomeOf(clock, tried, now));
    Add(out.outcome(), clock, *response.mutable_tally());
    SetDuration(targets->client, out.mutable_target());
    Micros elapsed = 0;
    Walk(clock.history(), *terms, *targets, std::max(now, clock.last().start),
         [&elapsed](const Piece& piece) { elapsed += piece.running ? piece.working : 0; });
    SetDuration(elapsed, out.mutable_elapsed());
    if (tried.due != kNever) SetTime(tried.due, out.mutable_due_time());
    for (const LegState& leg : tried.legs) {
      if (leg.crossed <= now) out.add_breached_legs(leg.leg);
    }
  }
  return response;
}

absl::StatusOr<v1::GetAttainmentResponse> Core::GetAttainment(
    const Call& call, const v1::GetAttainmentRequest& request) const {
  TL_ASSIGN_OR_RETURN(const registry::Engagement* engagement, EngagementOf(call, request.name()));
  const Terms* terms = TermsOf(engagement->name());
  const absl::TimeZone zone = terms == nullptr ? absl::UTCTimeZone() : terms->zone;
  TL_ASSIGN_OR_RETURN(const int32_t first, ParseDay(request.first_day(), "first_day"));
  int32_t last = DayNumber(absl::ToCivilDay(call.now, zone));
  if (!request.last_day().empty()) {
    TL_ASSIGN_OR_RETURN(last, ParseDay(request.last_day(), "last_day"));
  }
  if (last < first) return InvalidField("last_day", "is before the first day");
  if (last - first >= kMaxDays) {
    return InvalidField("last_day", absl::StrCat("is more than ", kMaxDays, " days later"));
  }
  bool by_team = false, by_type = false, by_day = false, by_month = false;
  for (int i = 0; i < request.group_by_size(); ++i) {
    by_team |= request.group_by(i) == v1::GROUPING_TEAM;
    by_type |= request.group_by(i) == v1::GROUPING_WORK_TYPE;
    by_day |= request.group_by(i) == v1::GROUPING_DAY;
    by_month |= request.group_by(i) == v1::GROUPING_MONTH;
    if (request.group_by(i) == v1::GROUPING_UNSPECIFIED) {
      return InvalidField(absl::StrCat("group_by[", i, "]"), "is not stated");
    }
  }
  v1::GetAttainmentResponse response;
  response.set_time_zone(terms == nullptr ? "UTC" : ZoneName(*terms));
  response.set_first_day(FormatDay(first));
  response.set_last_day(FormatDay(last));
  std::map<std::tuple<std::string, std::string, uint32_t, std::string>, v1::Tally> groups;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  EachTally(*workspace, request.name(), first, last, [&](const core::v1::StoredTally& tally) {
    if (!request.team().empty() && tally.team() != request.team()) return;
    if (!request.work_type().empty() && tally.work_type() != request.work_type()) return;
    for (const auto& row : tally.rows()) {
      if (row.leg() != 0 && !request.legs()) continue;
      const std::string day = by_day     ? FormatDay(tally.day())
                              : by_month ? FormatDay(MonthOf(tally.day()))
                                         : "";
      AddRow(
          row,
          groups[{by_team ? tally.team() : "", by_type ? tally.work_type() : "", row.leg(), day}]);
    }
  });
  if (static_cast<int>(groups.size()) > kMaxGroups) {
    return InvalidField(
        "group_by", absl::StrCat("makes ", groups.size(), " groups; the limit is ", kMaxGroups));
  }
  for (const auto& [key, tally] : groups) {
    v1::Attainment& out = *response.add_attainments();
    out.set_engagement(request.name());
    out.set_team(std::get<0>(key));
    out.set_work_type(std::get<1>(key));
    out.set_leg(static_cast<Leg>(std::get<2>(key)));
    out.set_first_day(std::get<3>(key));
    *out.mutable_tally() = tally;
    if (Counted(tally) > 0) out.set_attained_basis_points(AttainedOf(tally));
  }
  if (terms == nullptr) return response;
  for (const type::v1::ServiceLevel& level : terms->rules().service_levels()) {
    FillBudget(*workspace, request.name(), level, first, last, kWindows,
               *response.add_error_budgets());
  }
  return response;
}

absl::StatusOr<v1::GetCreditStatementResponse> Core::GetCreditStatement(
    const Call& call, const v1::GetCreditStatementRequest& request) const {
  TL_ASSIGN_OR_RETURN(const registry::Engagement* engagement, EngagementOf(call, request.name()));
  TL_ASSIGN_OR_RETURN(const int32_t day, ParseDay(request.day(), "day"));
  const Terms* terms = TermsOf(engagement->name());
  if (terms == nullptr || !terms->rules().has_credit_terms()) {
    return ReferenceNotFound("engagement.sla_policy", request.name());
  }
  const Workspace& workspace = *FindWorkspace(call.workspace);
  // The policy as it stood at the period's end says what is paid; its period may be another one.
  Period period = PeriodOf(day, terms->rules().credit_terms().period());
  const Micros end = ToMicros(absl::FromCivil(CivilOf(period.last + 1), terms->zone)) - 1;
  const Terms* held =
      workspace.policies.at(terms->record.policy()).At(std::min(end, ToMicros(call.now)));
  if (held->rules().has_credit_terms()) terms = held;
  period = PeriodOf(day, terms->rules().credit_terms().period());
  const int32_t today = DayNumber(absl::ToCivilDay(call.now, terms->zone));
  if (period.first > today) return InvalidField("day", "is in a period that has not begun");
  if (request.has_fee() && (request.fee().units() < 0 || request.fee().nanos() < 0)) {
    return InvalidField("fee", "is below zero");
  }
  v1::GetCreditStatementResponse response;
  v1::CreditStatement& statement = *response.mutable_statement();
  statement.set_engagement(request.name());
  statement.set_first_day(FormatDay(period.first));
  statement.set_last_day(FormatDay(period.last));
  statement.set_time_zone(ZoneName(*terms));
  statement.set_policy(terms->record.policy());
  statement.set_policy_version(terms->record.version());
  statement.set_closed(period.last < today);
  int64_t credit = 0;
  for (const type::v1::ServiceLevel& level : terms->rules().service_levels()) {
    v1::CreditLine& line = *statement.add_lines();
    FillCredit(workspace, request.name(), terms->rules().credit_terms(), level, period, today,
               line);
    if (line.earn_back() != v1::CreditLine::EARN_BACK_EARNED) credit += line.credit_millionths();
  }
  statement.set_credit_millionths(credit);
  if (request.has_fee()) *statement.mutable_credit() = ShareOf(request.fee(), credit);
  return response;
}

}  // namespace tideline::sla_monitor
