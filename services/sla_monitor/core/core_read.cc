// SPDX-License-Identifier: Apache-2.0
// Readings, lists and the watch of alerts.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/sla_monitor/core/step.h"
#include "tideline/sla_monitor/v1/events.pb.h"

namespace tideline::sla_monitor {

namespace registry = skill_registry::v1;

namespace {

// What a page looks at, so that a filter that fits nothing does not hold the partition up.
constexpr int kMaxLooked = 2000;

Micros CustodyTime(const Calendar& calendar, const Piece& piece) {
  return absl::ToInt64Microseconds(calendar.Measure(FromMicros(piece.from), FromMicros(piece.to)));
}

absl::Status BadToken() {
  return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
}

void FillInterval(const Clock& clock, const Piece& piece, v1::Interval& interval) {
  SetTime(piece.from, interval.mutable_start_time());
  SetTime(piece.to, interval.mutable_end_time());
  interval.set_running(piece.running);
  interval.set_why(piece.why);
  interval.set_leg(piece.leg);
  interval.set_handoff(piece.handoff);
  SetDuration(piece.working, interval.mutable_working());
  interval.set_custody_epoch(piece.segment->epoch);
  if (piece.pause >= 0) {
    const v1::Pause& pause = clock.agreed->pauses[static_cast<size_t>(piece.pause)];
    interval.set_pause(pause.id());
    interval.set_reason(pause.reason());
    interval.set_asked_by(pause.asked_by());
    interval.set_agreed_by(pause.agreed_by());
  } else if (piece.segment->hold != nullptr) {
    interval.set_reason(piece.segment->hold->reason);
    interval.set_asked_by(piece.segment->hold->asked_by);
    interval.set_agreed_by(piece.segment->hold->agreed_by);
  }
}

v1::PartyReading& PartyIn(v1::Reading& reading, const v1::Party& party) {
  for (v1::PartyReading& known : *reading.mutable_parties()) {
    if (known.party().team() == party.team()) return known;
  }
  v1::PartyReading& added = *reading.add_parties();
  *added.mutable_party() = party;
  added.mutable_party()->clear_holder();
  return added;
}

void AddTo(Micros working, google::protobuf::Duration* sum) {
  SetDuration(ToMicros(*sum) + working, sum);
}

}  // namespace

void Core::FillLegs(const Clock& clock, const Crossings& crossings, Micros read,
                    v1::Reading& reading) const {
  const Targets& targets = clock.targets();
  std::map<std::pair<int, int>, Micros> elapsed;
  for (const v1::Interval& interval : reading.intervals()) {
    if (interval.running()) {
      elapsed[{interval.leg(), interval.handoff()}] += ToMicros(interval.working());
    }
  }
  const bool over = crossings.stopped <= read;
  const auto fill = [&](Leg leg, int handoff, const LegState* state) {
    v1::LegReading& out = *reading.add_legs();
    out.set_leg(leg);
    out.set_handoff(handoff);
    SetDuration(elapsed[{leg, handoff}], out.mutable_elapsed());
    const Micros target = targets.legs[static_cast<size_t>(leg)];
    if (target != kNever) SetDuration(target, out.mutable_target());
    if (state == nullptr) return;
    out.set_done(over || leg != crossings.leg || handoff != crossings.handoff);
    out.set_breached(state->crossed <= read);
    if (state->crossed != kNever && !over) SetTime(state->crossed, out.mutable_due_time());
  };
  for (const LegState& state : crossings.legs) fill(state.leg, state.handoff, &state);
  for (Leg leg : {type::v1::LEG_ACCEPT, type::v1::LEG_FIRST_DRAFT, type::v1::LEG_REVIEW,
                  type::v1::LEG_RESOLVE}) {
    if (targets.legs[static_cast<size_t>(leg)] == kNever) continue;
    const bool begun = std::any_of(crossings.legs.begin(), crossings.legs.end(),
                                   [leg](const LegState& state) { return state.leg == leg; });
    if (!begun) fill(leg, 0, nullptr);
  }
}

v1::Reading Core::ReadingOf(const Clock& clock, Micros now) const {
  v1::Reading reading;
  *reading.mutable_clock() = PublicClock(clock);
  now = std::max(now, clock.last().start);
  const History history = clock.history();
  const Crossings crossings = Cross(history, *clock.terms, clock.targets(), now);
  const Micros read = std::min(now, crossings.stopped);
  SetTime(read, reading.mutable_read_time());
  reading.set_calendar(clock.terms->record.calendar());
  Micros elapsed = 0, paused = 0;
  Walk(history, *clock.terms, clock.targets(), read, [&](const Piece& piece) {
    if (piece.from == piece.to) return;
    v1::Interval& interval = *reading.add_intervals();
    FillInterval(clock, piece, interval);
    *interval.mutable_party() = PartyOf(*piece.segment);
    const Micros custody = CustodyTime(CalendarOfTeam(*piece.segment->team), piece);
    SetDuration(custody, interval.mutable_custody_working());
    v1::PartyReading& party = PartyIn(reading, interval.party());
    if (piece.budgeted) paused += piece.working;
    if (!piece.running) return;
    elapsed += piece.working;
    AddTo(piece.working, party.mutable_elapsed());
    AddTo(custody, party.mutable_custody_elapsed());
  });
  for (v1::PartyReading& party : *reading.mutable_parties()) {
    party.set_current(party.party().team() == *clock.last().team);
    if (const auto* team = roster_.Find<registry::Team>(party.party().team())) {
      party.set_calendar(team->calendar());
    }
  }
  SetDuration(elapsed, reading.mutable_elapsed());
  SetDuration(clock.targets().client - elapsed, reading.mutable_remaining());
  SetDuration(paused, reading.mutable_paused());
  SetDuration(clock.targets().pause_budget, reading.mutable_pause_budget());
  FillLegs(clock, crossings, read, reading);
  const Forecast forecast = ForecastOf(clock, crossings, now);
  if (forecast.finish != kNever) {
    SetTime(forecast.finish, reading.mutable_forecast_time());
    reading.set_forecast(absl::StrCat(absl::FormatDuration(absl::Microseconds(forecast.need)),
                                      " of work expected in the custody of ", *clock.last().team));
  }
  for (const v1::Alert& alert : clock.alerts) *reading.add_alerts() = alert;
  reading.set_earlier_intervals(static_cast<int>(clock.joined));
  return reading;
}

absl::StatusOr<v1::GetClocksResponse> Core::GetClocks(const Call& call,
                                                      const v1::GetClocksRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Clock* clock, ClockOf(call, request.name()));
  v1::GetClocksResponse response;
  *response.mutable_reading() = ReadingOf(*clock, ToMicros(call.now));
  return response;
}

absl::StatusOr<v1::ListClocksResponse> Core::ListClocks(
    const Call& call, const v1::ListClocksRequest& request) const {
  v1::ListClocksResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  size_t bytes = 0;
  int looked = 0;
  const int most = PageSize(request.page_size());
  for (auto it = workspace->clocks.upper_bound(request.page_token()); it != workspace->clocks.end();
       ++it) {
    const Clock& clock = *it->second;
    if (response.clocks_size() >= most || bytes >= kMaxPageBytes || looked >= kMaxLooked) {
      response.set_next_page_token(std::string(std::prev(it)->first));
      break;
    }
    ++looked;
    if (!request.engagement().empty() && *clock.engagement != request.engagement()) continue;
    if (request.state() != v1::Clock::STATE_UNSPECIFIED && clock.look.state != request.state()) {
      continue;
    }
    if (!Visible(call, *clock.engagement)) continue;
    *response.add_clocks() = PublicClock(clock);
    bytes += response.clocks(response.clocks_size() - 1).ByteSizeLong();
  }
  return response;
}

absl::StatusOr<v1::ListAtRiskResponse> Core::ListAtRisk(
    const Call& call, const v1::ListAtRiskRequest& request) const {
  v1::ListAtRiskResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  Clock after;
  auto it = workspace->at_risk.begin();
  if (!request.page_token().empty()) {
    const size_t space = request.page_token().find(' ');
    if (space == std::string::npos ||
        !absl::SimpleAtoi(request.page_token().substr(0, space), &after.look.due)) {
      return BadToken();
    }
    after.name = request.page_token().substr(space + 1);
    it = workspace->at_risk.upper_bound(&after);
  }
  size_t bytes = 0;
  int looked = 0;
  const int most = PageSize(request.page_size());
  for (; it != workspace->at_risk.end(); ++it) {
    const Clock& clock = **it;
    if (response.clocks_size() >= most || bytes >= kMaxPageBytes || looked >= kMaxLooked) {
      const Clock& before = **std::prev(it);
      response.set_next_page_token(absl::StrCat(before.look.due, " ", before.name));
      break;
    }
    ++looked;
    if (!request.engagement().empty() && *clock.engagement != request.engagement()) continue;
    if (!Visible(call, *clock.engagement)) continue;
    *response.add_clocks() = PublicClock(clock);
    bytes += response.clocks(response.clocks_size() - 1).ByteSizeLong();
  }
  return response;
}

absl::StatusOr<v1::ListBreachesResponse> Core::ListBreaches(
    const Call& call, const v1::ListBreachesRequest& request) const {
  v1::ListBreachesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  auto it = workspace->breaches.begin();
  if (!request.page_token().empty()) {
    const size_t space = request.page_token().find(' ');
    Micros at = 0;
    if (space == std::string::npos ||
        !absl::SimpleAtoi(request.page_token().substr(0, space), &at)) {
      return BadToken();
    }
    it = workspace->breaches.upper_bound({at, request.page_token().substr(space + 1)});
  }
  size_t bytes = 0;
  int looked = 0;
  const int most = PageSize(request.page_size());
  for (; it != workspace->breaches.end(); ++it) {
    if (response.alerts_size() >= most || bytes >= kMaxPageBytes || looked >= kMaxLooked) {
      const auto& before = *std::prev(it);
      response.set_next_page_token(absl::StrCat(before.first, " ", before.second));
      break;
    }
    ++looked;
    const auto clock = workspace->clocks.find(it->second.substr(0, it->second.find("/alerts/")));
    for (const v1::Alert& alert : clock->second->alerts) {
      if (alert.name() != it->second) continue;
      if (!request.engagement().empty() && alert.engagement() != request.engagement()) continue;
      if (request.client_only() && alert.leg() != type::v1::LEG_UNSPECIFIED) continue;
      if (request.leg() != type::v1::LEG_UNSPECIFIED && alert.leg() != request.leg()) continue;
      if (!Visible(call, alert.engagement())) continue;
      *response.add_alerts() = alert;
      bytes += alert.ByteSizeLong();
    }
  }
  return response;
}

absl::StatusOr<partition::WatchStart<v1::WatchAlertsResponse>> Core::WatchAlerts(
    const Call& call, const v1::WatchAlertsRequest& request) const {
  if (!call.grant.organization.empty() &&
      (request.engagement().empty() || !Visible(call, request.engagement()))) {
    return Refuse(Reason::REASON_NOT_YOURS,
                  "who is confined to an organization watches an engagement of its own");
  }
  partition::WatchStart<v1::WatchAlertsResponse> start;
  start.show = [engagement = request.engagement()](
                   absl::string_view subject, const partition::Revision&,
                   absl::string_view bytes) -> std::optional<v1::WatchAlertsResponse> {
    if (!absl::StrContains(subject, "/alerts/")) return std::nullopt;
    v1::WatchAlertsResponse response;
    v1::Event& event = *response.mutable_event();
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    if (engagement.empty()) return response;
    const std::string& its = event.has_alert_raised() ? event.alert_raised().alert().engagement()
                             : event.has_alert_retracted() ? event.alert_retracted().engagement()
                                                           : event.alert_escalated().engagement();
    if (its != engagement) return std::nullopt;
    return response;
  };
  if (!request.resume_token().empty()) return start;
  v1::WatchAlertsResponse* page = &start.snapshot.emplace_back();
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return start;
  for (const auto& [name, clock] : workspace->clocks) {
    if (clock->stopped()) continue;
    if (!request.engagement().empty() && *clock->engagement != request.engagement()) continue;
    for (const v1::Alert& alert : clock->alerts) {
      if (alert.has_retract_time()) continue;
      if (page->alerts_size() == kMaxPageSize) page = &start.snapshot.emplace_back();
      *page->add_alerts() = alert;
    }
  }
  return start;
}

}  // namespace tideline::sla_monitor
