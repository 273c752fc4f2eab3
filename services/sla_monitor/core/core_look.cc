// SPDX-License-Identifier: Apache-2.0
// A look at a clock: what it has reached, what it had not reached after all, what it will reach
// next. Everything but the alerts already given follows from its history (timeline.h).
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/sla_monitor/core/step.h"
#include "tideline/sla_monitor/v1/events.pb.h"

namespace tideline::sla_monitor {
namespace {

using v1::Alert;

// A moving average counts once it has seen so many.
constexpr uint32_t kEnoughSeen = 4;

bool Stands(const Alert& alert) { return !alert.has_retract_time(); }

bool SameGround(const Alert& a, Alert::Kind kind, Leg leg, int handoff, int percent) {
  return a.kind() == kind && a.leg() == leg && a.handoff() == handoff && a.percent() == percent;
}

bool HasStanding(const Clock& clock, Alert::Kind kind, Leg leg = type::v1::LEG_UNSPECIFIED,
                 int handoff = 0, int percent = 0) {
  for (const Alert& alert : clock.alerts) {
    if (Stands(alert) && SameGround(alert, kind, leg, handoff, percent)) return true;
  }
  return false;
}

// When the ground of an alert is reached; kNever: it is not.
Micros GroundOf(const Alert& alert, const Clock& clock, const Crossings& crossings) {
  if (alert.kind() == Alert::KIND_WARNING) {
    const auto& percents = clock.terms->rules().warn_percents();
    const auto it = std::find(percents.begin(), percents.end(), alert.percent());
    return it == percents.end() ? kNever
                                : crossings.warnings[static_cast<size_t>(it - percents.begin())];
  }
  if (alert.kind() == Alert::KIND_AT_RISK) return std::min(clock.risk, crossings.breach);
  if (alert.leg() == type::v1::LEG_UNSPECIFIED) return crossings.breach;
  for (const LegState& leg : crossings.legs) {
    if (leg.leg == alert.leg() && leg.handoff == alert.handoff()) return leg.crossed;
  }
  return kNever;
}

std::string LegText(Leg leg, int handoff) {
  if (leg == type::v1::LEG_UNSPECIFIED) return "";
  std::string text = absl::AsciiStrToLower(type::v1::Leg_Name(leg).substr(sizeof("LEG_") - 1));
  std::replace(text.begin(), text.end(), '_', '-');
  return handoff > 0 ? absl::StrCat(text, "-", handoff) : text;
}

// "warning-75-r1", and "-2" after it when one of this name was retracted before.
std::string AlertId(const Clock& clock, const Alert& alert) {
  std::string id = alert.kind() == Alert::KIND_WARNING   ? absl::StrCat("warning-", alert.percent())
                   : alert.kind() == Alert::KIND_AT_RISK ? "at-risk"
                                                         : "breach";
  const std::string leg = LegText(alert.leg(), alert.handoff());
  if (!leg.empty()) absl::StrAppend(&id, "-", leg);
  absl::StrAppend(&id, "-r", alert.policy_revision());
  int before = 0;
  for (const Alert& other : clock.alerts) {
    before += SameGround(other, alert.kind(), alert.leg(), alert.handoff(), alert.percent()) &&
              other.policy_revision() == alert.policy_revision();
  }
  return before == 0 ? id : absl::StrCat(id, "-", before + 1);
}

std::string MessageOf(const Clock& clock, const Alert& alert) {
  const std::string what = absl::StrCat("work item ", clock.id());
  switch (alert.kind()) {
    case Alert::KIND_WARNING:
      return absl::StrCat(what, " has used ", alert.percent(), " % of its target");
    case Alert::KIND_AT_RISK:
      return absl::StrCat(what, " will probably be late");
    default:
      return alert.leg() == type::v1::LEG_UNSPECIFIED
                 ? absl::StrCat(what, " is late: its target is used up")
                 : absl::StrCat(what, " is late: the target of its leg ",
                                LegText(alert.leg(), alert.handoff()), " is used up");
  }
}

Alert MakeAlert(Alert::Kind kind, Micros ground, Leg leg = type::v1::LEG_UNSPECIFIED,
                int handoff = 0, int percent = 0) {
  Alert alert;
  alert.set_kind(kind);
  alert.set_leg(leg);
  alert.set_handoff(handoff);
  alert.set_percent(percent);
  SetTime(ground, alert.mutable_ground_time());
  return alert;
}

}  // namespace

void Core::Alarm(Step& step, Clock& clock, Alert alert) {
  alert.set_policy_revision(clock.terms->record.revision());
  alert.set_name(absl::StrCat(clock.name, "/alerts/", AlertId(clock, alert)));
  SetTime(step.now, alert.mutable_raise_time());
  alert.set_work_item(clock.work_item());
  alert.set_engagement(*clock.engagement);
  *alert.mutable_party() = PartyOf(clock.last());
  if (clock.look.due != kNever) SetTime(clock.look.due, alert.mutable_due_time());
  alert.set_message(MessageOf(clock, alert));
  v1::Event event;
  *event.mutable_alert_raised()->mutable_alert() = alert;
  step.changes.Raise(step.call, alert.name(), event);
  ++counts_.alerts[alert.kind()][alert.leg()];
  if (alert.kind() == Alert::KIND_BREACH) {
    clock.workspace->breaches.emplace(ToMicros(alert.ground_time()), alert.name());
  }
  Escalate(step, clock, alert);
  clock.alerts.push_back(std::move(alert));
}

void Core::Raise(Step& step, Clock& clock, const Crossings& crossings, const Horizon& horizon) {
  std::vector<Alert> due;
  const auto& percents = clock.terms->rules().warn_percents();
  for (int i = 0; i < percents.size(); ++i) {
    const Micros at = crossings.warnings[static_cast<size_t>(i)];
    if (at > horizon.until || HasStanding(clock, Alert::KIND_WARNING, {}, 0, percents[i])) continue;
    due.push_back(MakeAlert(Alert::KIND_WARNING, at, {}, 0, percents[i]));
  }
  for (const LegState& leg : crossings.legs) {
    if (leg.crossed > horizon.until ||
        HasStanding(clock, Alert::KIND_BREACH, leg.leg, leg.handoff)) {
      continue;
    }
    due.push_back(MakeAlert(Alert::KIND_BREACH, leg.crossed, leg.leg, leg.handoff));
  }
  const bool open = crossings.stopped == kNever;
  if (open && clock.risk <= horizon.until && clock.risk < crossings.due &&
      !HasStanding(clock, Alert::KIND_AT_RISK)) {
    due.push_back(MakeAlert(Alert::KIND_AT_RISK, clock.risk));
  }
  if (crossings.breach <= horizon.until && !HasStanding(clock, Alert::KIND_BREACH)) {
    due.push_back(MakeAlert(Alert::KIND_BREACH, crossings.breach));
  }
  std::stable_sort(due.begin(), due.end(), [](const Alert& a, const Alert& b) {
    return ToMicros(a.ground_time()) < ToMicros(b.ground_time());
  });
  for (Alert& alert : due) {
    // What the past turned out to be was not known earlier.
    if (on_alert_ && !horizon.past_changed) {
      on_alert_(absl::Microseconds(step.now - ToMicros(alert.ground_time())));
    }
    Alarm(step, clock, std::move(alert));
  }
}

void Core::Retract(Step& step, Clock& clock, const Crossings& crossings, const Horizon& horizon) {
  for (Alert& alert : clock.alerts) {
    if (!Stands(alert) || GroundOf(alert, clock, crossings) <= horizon.now) continue;
    // A forecast that turns for the better was right when it was given.
    if (alert.kind() == Alert::KIND_AT_RISK && !horizon.past_changed) continue;
    SetTime(step.now, alert.mutable_retract_time());
    alert.set_retract_reason(horizon.reason);
    v1::Event event;
    event.mutable_alert_retracted()->set_reason(horizon.reason);
    event.mutable_alert_retracted()->set_engagement(*clock.engagement);
    step.changes.Raise(step.call, alert.name(), event);
    ++counts_.retracted[alert.kind()][alert.leg()];
    if (alert.kind() == Alert::KIND_BREACH) {
      clock.workspace->breaches.erase({ToMicros(alert.ground_time()), alert.name()});
    }
    CancelEscalation(step, clock, alert);
  }
}

void Core::Derive(Clock& clock, const Crossings& crossings, bool at_risk) {
  Look look;
  look.started = crossings.started;
  look.due = crossings.due;
  look.stopped = crossings.stopped;
  look.leg = crossings.leg;
  const bool open = crossings.stopped == kNever;
  if (!open) {
    look.state = v1::Clock::STATE_STOPPED;
    look.elapsed = crossings.elapsed;
    const bool excluded =
        clock.cancelled() || (clock.agreed != nullptr && clock.agreed->exclusion != nullptr);
    if (excluded) {
      look.outcome = v1::Clock::OUTCOME_EXCLUDED;
    } else if (crossings.started != kNever) {
      look.outcome = crossings.missed ? v1::Clock::OUTCOME_MISSED : v1::Clock::OUTCOME_ATTAINED;
    }
  } else if (crossings.started == kNever || crossings.started > clock.looked) {
    look.state = v1::Clock::STATE_NOT_STARTED;
  } else {
    look.state = crossings.paused ? v1::Clock::STATE_PAUSED : v1::Clock::STATE_RUNNING;
  }
  look.at_risk = at_risk;
  look.breached = open && HasStanding(clock, Alert::KIND_BREACH);
  look.leg_breached = open && look.leg != type::v1::LEG_UNSPECIFIED &&
                      HasStanding(clock, Alert::KIND_BREACH, look.leg, crossings.handoff);
  const auto wait = [&look](Micros at) { look.timer = std::min(look.timer, at); };
  const auto& percents = clock.terms->rules().warn_percents();
  for (int i = 0; i < percents.size(); ++i) {
    if (!HasStanding(clock, Alert::KIND_WARNING, {}, 0, percents[i])) {
      wait(crossings.warnings[static_cast<size_t>(i)]);
    }
  }
  for (const LegState& leg : crossings.legs) {
    if (!HasStanding(clock, Alert::KIND_BREACH, leg.leg, leg.handoff)) wait(leg.crossed);
  }
  if (!HasStanding(clock, Alert::KIND_BREACH)) wait(crossings.breach);
  if (open && !at_risk) wait(std::min(clock.risk, crossings.due));
  if (open && crossings.resumes > clock.looked) wait(crossings.resumes);
  clock.look = look;
}

Core::Forecast Core::ForecastOf(const Clock& clock, const Crossings& crossings, Micros now) const {
  Forecast forecast;
  if (crossings.stopped != kNever || crossings.due == kNever) return forecast;
  core::v1::StoredPace pace;
  const auto known = clock.workspace->paces.find(*clock.queue);
  if (known != clock.workspace->paces.end()) pace = known->second;
  const Micros wait = pace.waits() >= kEnoughSeen ? pace.wait() : 0;
  const Micros usual = pace.works() >= kEnoughSeen ? pace.work() : 0;
  const Micros work =
      clock.effort > 0 ? clock.effort / 100 * (100 - std::min<int>(clock.progress, 100)) : usual;
  const bool judged = clock.terms->rules().stop() != type::v1::SlaRules::STOP_FIRST_RESULT;
  const Micros review = judged && pace.reviews() >= kEnoughSeen ? pace.review() : 0;
  const Segment& last = clock.last();
  const Calendar& calendar = CalendarOfTeam(*last.team);
  const auto add = [&calendar](Micros from, Micros working) {
    return ToMicros(calendar.Add(FromMicros(from), absl::Microseconds(working)));
  };
  const Micros changed = std::max(last.start, clock.progress_time);
  const bool moving =
      last.state == WorkItem::STATE_ASSIGNED || last.state == WorkItem::STATE_SUBMITTED;
  if (moving) {
    // Somebody is at it since then.
    forecast.need = last.state == WorkItem::STATE_SUBMITTED ? review : work + review;
    if (forecast.need == 0) return forecast;
    const Micros finish = add(changed, forecast.need);
    forecast.finish = std::max(finish, now);
    if (finish > crossings.due) forecast.risk = std::max(changed, crossings.started);
    return forecast;
  }
  forecast.need = (last.state == WorkItem::STATE_ON_HOLD ? 0 : wait) + work + review;
  if (forecast.need == 0) return forecast;
  forecast.finish = add(now, forecast.need);
  const absl::Time latest =
      calendar.Subtract(FromMicros(crossings.due), absl::Microseconds(forecast.need));
  const Micros start = latest == absl::InfinitePast() ? changed : ToMicros(latest);
  forecast.risk = std::max({start, changed, crossings.started});
  return forecast;
}

void Core::LookAt(Step& step, Clock& clock, const Horizon& horizon) {
  Unindex(clock);
  const Look before = clock.look;
  clock.looked = std::max(clock.looked, horizon.until);
  const Crossings crossings = Cross(clock.history(), *clock.terms, clock.targets(), clock.looked);
  if (!horizon.timer) clock.risk = ForecastOf(clock, crossings, horizon.until).risk;
  const bool open = crossings.stopped == kNever && crossings.started <= horizon.now;
  const Micros late = std::min(clock.risk, crossings.due);
  const bool at_risk = open && (late <= horizon.until || (before.at_risk && late <= horizon.now));
  clock.look.due = crossings.due;
  Retract(step, clock, crossings, horizon);
  Raise(step, clock, crossings, horizon);
  Derive(clock, crossings, at_risk);
  Count(step, clock, crossings);
  Index(clock);
  step.Touch(clock);
  Look now = clock.look;
  now.timer = before.timer;
  now.leg = before.leg;  // not shown, as the next two
  now.breached = before.breached;
  now.leg_breached = before.leg_breached;
  if (now == before && !horizon.past_changed && clock.commit != 0) return;
  v1::Event event;
  const bool first = clock.commit == 0;
  v1::Clock shown = PublicClock(clock);
  shown.clear_etag();
  shown.clear_update_time();
  if (first) shown.clear_create_time();
  *(first ? event.mutable_clock_created()->mutable_clock()
          : event.mutable_clock_changed()->mutable_clock()) = std::move(shown);
  const type::v1::Revision revision = step.changes.Raise(step.call, clock.name, event);
  clock.commit = revision.commit();
  clock.index = revision.index();
  clock.updated = step.now;
}

void Core::Count(Step& step, Clock& clock, const Crossings& crossings) {
  std::unique_ptr<core::v1::StoredCount> count;
  if (clock.look.outcome != v1::Clock::OUTCOME_UNSPECIFIED) {
    count = std::make_unique<core::v1::StoredCount>();
    count->set_day(clock.terms->DayOf(clock.look.stopped));
    count->set_team(*clock.last().team);
    count->set_outcome(clock.look.outcome);
    if (clock.look.outcome == v1::Clock::OUTCOME_EXCLUDED) {
      count->set_reason(clock.agreed != nullptr && clock.agreed->exclusion != nullptr
                            ? clock.agreed->exclusion->reason()
                            : v1::EXCLUSION_REASON_CANCELLED);
    } else {
      count->mutable_legs_attained()->Resize(static_cast<int>(kLegs), 0);
      count->mutable_legs_missed()->Resize(static_cast<int>(kLegs), 0);
      for (const LegState& leg : crossings.legs) {
        if (clock.targets().legs[static_cast<size_t>(leg.leg)] == kNever) continue;
        uint32_t& counted = *(
            (leg.crossed == kNever ? count->mutable_legs_attained() : count->mutable_legs_missed())
                ->mutable_data() +
            leg.leg);
        ++counted;
      }
    }
  }
  const auto text = [](const auto& one) { return one == nullptr ? "" : one->SerializeAsString(); };
  if (text(count) == text(clock.count)) return;
  if (clock.count != nullptr) Tally(step, clock, *clock.count, -1);
  if (count != nullptr) Tally(step, clock, *count, 1);
  clock.count = std::move(count);
}

void Core::Tally(Step& step, const Clock& clock, const core::v1::StoredCount& count, int by) {
  Workspace& workspace = *clock.workspace;
  const TallyKey key{*clock.engagement, count.day(), count.team(), *clock.work_type};
  core::v1::StoredTally& tally = workspace.tallies[key];
  if (tally.engagement().empty()) {
    tally.set_engagement(*clock.engagement);
    tally.set_day(count.day());
    tally.set_team(count.team());
    tally.set_work_type(*clock.work_type);
  }
  const auto row = [&](uint32_t leg) -> core::v1::StoredTally::Row& {
    for (auto& one : *tally.mutable_rows()) {
      if (one.leg() == leg && one.impact_class() == static_cast<uint32_t>(clock.impact_class))
        return one;
    }
    auto& added = *tally.add_rows();
    added.set_leg(leg);
    added.set_impact_class(clock.impact_class);
    added.mutable_excluded()->Resize(v1::ExclusionReason_ARRAYSIZE, 0);
    return added;
  };
  Decided& decided = workspace.decided[*clock.engagement];
  core::v1::StoredTally::Row& whole = row(0);
  if (count.outcome() == v1::Clock::OUTCOME_EXCLUDED) {
    whole.set_excluded(count.reason(), whole.excluded(count.reason()) + by);
    if (by > 0) ++decided.excluded[count.reason()];
  } else if (count.outcome() == v1::Clock::OUTCOME_MISSED) {
    whole.set_missed(whole.missed() + by);
    if (by > 0) ++decided.missed[0];
  } else {
    whole.set_attained(whole.attained() + by);
    if (by > 0) ++decided.attained[0];
  }
  for (int leg = 1; leg < count.legs_attained_size(); ++leg) {
    const int64_t attained = count.legs_attained(leg), missed = count.legs_missed(leg);
    if (attained + missed == 0) continue;
    auto& its = row(static_cast<uint32_t>(leg));
    its.set_attained(its.attained() + by * attained);
    its.set_missed(its.missed() + by * missed);
    if (by < 0) continue;
    decided.attained[static_cast<size_t>(leg)] += attained;
    decided.missed[static_cast<size_t>(leg)] += missed;
  }
  step.changes.Put(
      "tally",
      absl::StrCat(tally.engagement(), "/", tally.day(), "/",
                   tally.team().substr(tally.team().rfind('/') + 1), "/", tally.work_type()),
      tally);
}

}  // namespace tideline::sla_monitor
