// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/sla_timeline.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "tools/tideline/names.h"
#include "tools/tideline/table.h"
#include "tools/tideline/values.h"

namespace tideline::cli {
namespace {

using sla_monitor::v1::Clock;
using sla_monitor::v1::Interval;
using sla_monitor::v1::LegReading;
using sla_monitor::v1::Party;
using sla_monitor::v1::PartyReading;

absl::Duration Of(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string Text(absl::Duration duration) { return absl::FormatDuration(duration); }

template <typename Message>
std::string Text(const Message& message, absl::string_view path) {
  return PathText(message, path);
}

// "asha (night)", "night", or "nobody known".
std::string Whose(const Party& party) {
  const std::string team = ShortName(party.team());
  if (party.holder().empty()) return team.empty() ? "nobody known" : team;
  return absl::StrCat(ShortName(party.holder()), " (", team, ")");
}

std::string CalendarText(const std::string& name) {
  return name.empty() ? "around the clock" : ShortName(name);
}

// "handoff 2".
template <typename Message>
std::string LegText(const Message& message) {
  return absl::StrCat(Text(message, "leg"),
                      message.handoff() > 0 ? absl::StrCat(" ", message.handoff()) : "");
}

std::string WhyText(const Interval& interval) {
  std::string why;
  switch (interval.why()) {
    case Interval::WHY_OPEN:
      why = "open";
      break;
    case Interval::WHY_BUDGET_USED:
      why = "on hold, but the pause budget is used up";
      break;
    case Interval::WHY_NOT_AGREED:
      why = "on hold, but nobody agreed";
      break;
    case Interval::WHY_ON_HOLD:
      why = "on hold";
      break;
    case Interval::WHY_PAUSE:
      why = absl::StrCat("pause ", interval.pause(), " agreed on afterwards");
      break;
    case Interval::WHY_BEFORE_START:
      why = "not started";
      break;
    case Interval::WHY_FINISHED:
      why = "finished, until it was reopened";
      break;
    default:
      why = Text(interval, "why");
  }
  std::vector<std::string> more;
  if (!interval.reason().empty()) more.push_back(absl::StrCat("\"", interval.reason(), "\""));
  if (!interval.asked_by().empty()) {
    more.push_back(absl::StrCat("asked by ", ShortName(interval.asked_by())));
  }
  if (!interval.agreed_by().empty()) {
    more.push_back(absl::StrCat("agreed by ", ShortName(interval.agreed_by())));
  }
  return more.empty() ? why : absl::StrCat(why, ": ", absl::StrJoin(more, ", "));
}

std::string Head(const sla_monitor::v1::Reading& reading) {
  const Clock& clock = reading.clock();
  std::string text = absl::StrFormat("%s: %s", ShortName(clock.work_item()), Text(clock, "state"));
  if (clock.outcome() != Clock::OUTCOME_UNSPECIFIED) {
    absl::StrAppend(&text, ", ", Text(clock, "outcome"));
  }
  if (clock.has_due_time()) absl::StrAppend(&text, ", due ", Text(clock, "due_time"));
  if (clock.at_risk()) absl::StrAppend(&text, ", at risk");
  absl::StrAppendFormat(&text, "\n  %s of %s used, %s left; paused for %s of at most %s\n",
                        Text(Of(reading.elapsed())), Text(Of(clock.target())),
                        Text(Of(reading.remaining())), Text(Of(reading.paused())),
                        Text(Of(reading.pause_budget())));
  absl::StrAppendFormat(
      &text, "  contract %s, policy %s version %d, class %s; working time of %s\n",
      ShortName(clock.engagement()), ShortName(clock.policy()), clock.policy_version(),
      Text(clock, "impact_class"), CalendarText(reading.calendar()));
  if (reading.has_forecast_time()) {
    absl::StrAppendFormat(&text, "  forecast: done by %s (%s)\n", Text(reading, "forecast_time"),
                          reading.forecast());
  }
  if (reading.earlier_intervals() > 0) {
    absl::StrAppendFormat(&text, "  %d earlier intervals count in the first one below\n",
                          reading.earlier_intervals());
  }
  return text;
}

std::string Intervals(const sla_monitor::v1::Reading& reading) {
  std::vector<std::vector<std::string>> rows;
  absl::Duration sum;
  for (const Interval& interval : reading.intervals()) {
    if (interval.running()) sum += Of(interval.working());
    rows.push_back({Text(interval, "start_time"), Text(interval, "end_time"),
                    interval.running() ? "runs" : "stands", Text(Of(interval.working())), Text(sum),
                    LegText(interval), Whose(interval.party()),
                    Text(Of(interval.custody_working())), WhyText(interval)});
  }
  const absl::Duration elapsed = Of(reading.elapsed());
  rows.push_back({"", Text(reading, "read_time"), "sum", "", Text(sum), "", "", "",
                  sum == elapsed ? "equals the time used"
                                 : absl::StrCat("DIFFERS from the time used, ", Text(elapsed))});
  return FormatTable({"FROM", "TO", "CLOCK", "WORKING", "SUM", "LEG", "WHOSE", "CUSTODY", "WHY"},
                     rows);
}

std::string Legs(const sla_monitor::v1::Reading& reading) {
  std::vector<std::vector<std::string>> rows;
  for (const LegReading& leg : reading.legs()) {
    rows.push_back(
        {LegText(leg), Text(Of(leg.elapsed())), Text(leg, "target"), Text(leg, "due_time"),
         absl::StrCat(leg.done() ? "done" : "open", leg.breached() ? ", breached" : "")});
  }
  return FormatTable({"LEG", "USED", "TARGET", "DUE", "STATE"}, rows);
}

std::string Parties(const sla_monitor::v1::Reading& reading) {
  std::vector<std::vector<std::string>> rows;
  for (const PartyReading& party : reading.parties()) {
    rows.push_back({ShortName(party.party().team()), ShortName(party.party().organization()),
                    Text(Of(party.elapsed())), Text(Of(party.custody_elapsed())),
                    CalendarText(party.calendar()), party.current() ? "has it now" : ""});
  }
  return FormatTable({"TEAM", "ORGANIZATION", "USED", "CUSTODY", "CUSTODY CALENDAR", ""}, rows);
}

std::string Alerts(const sla_monitor::v1::Reading& reading) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& alert : reading.alerts()) {
    rows.push_back(
        {Text(alert, "ground_time"), Text(alert, "raise_time"),
         alert.percent() > 0 ? absl::StrCat(Text(alert, "kind"), " ", alert.percent(), "%")
                             : Text(alert, "kind"),
         LegText(alert),
         alert.has_retract_time()
             ? absl::StrCat("retracted ", Text(alert, "retract_time"), ": ", alert.retract_reason())
             : alert.message()});
  }
  return FormatTable({"REACHED", "RAISED", "ALERT", "LEG", "WHAT"}, rows);
}

}  // namespace

std::string FormatTimeline(const sla_monitor::v1::Reading& reading) {
  std::string text = absl::StrCat(Head(reading), "\n", Intervals(reading));
  if (reading.legs_size() > 0) absl::StrAppend(&text, "\n", Legs(reading));
  if (reading.parties_size() > 0) absl::StrAppend(&text, "\n", Parties(reading));
  if (reading.alerts_size() > 0) absl::StrAppend(&text, "\n", Alerts(reading));
  return text;
}

}  // namespace tideline::cli
