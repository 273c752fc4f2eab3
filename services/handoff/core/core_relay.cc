// SPDX-License-Identifier: Apache-2.0
// Following the sun: what a team will not finish before its shift ends is proposed to the next team
// of the plan, and so is what people hold who leave or are gone. Least disturbing first; nothing
// that would be finished in time.
#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/calendar/shift.h"
#include "common/roster/eligible.h"
#include "services/handoff/core/packet.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;

namespace {

constexpr absl::Duration kDefaultHorizon = absl::Hours(1);
constexpr absl::Duration kDefaultAbsenceAfter = absl::Minutes(30);
// Shifts that passed while nobody looked; with three a day more than a year.
constexpr int kMaxShiftsMissed = 1500;

absl::Duration HorizonOf(const Plan& plan) {
  return plan.plan().has_horizon() ? ToDuration(plan.plan().horizon()) : kDefaultHorizon;
}

absl::Duration AbsenceOf(const Plan& plan) {
  return plan.plan().has_absence_after() ? ToDuration(plan.plan().absence_after())
                                         : kDefaultAbsenceAfter;
}

// Working time that is left; nothing when nobody can say.
std::optional<absl::Duration> RemainingOf(const Plan& plan, const Item& item) {
  const work_routing::v1::WorkItem& known = item.item();
  if (known.state() == ItemState::STATE_ON_HOLD) return std::nullopt;
  absl::Duration effort;
  if (known.has_expected_effort() && ToDuration(known.expected_effort()) > absl::ZeroDuration()) {
    effort = ToDuration(known.expected_effort());
  } else if (plan.plan().has_assumed_effort()) {
    effort = ToDuration(plan.plan().assumed_effort());
  } else {
    return std::nullopt;
  }
  return effort * (100 - known.progress_percent()) / 100;
}

absl::Time LatestStart(const Item& item) {
  return item.item().has_latest_start_time() ? ToTime(item.item().latest_start_time())
                                             : absl::InfiniteFuture();
}

// Whose move disturbs less: what rests, then what has hardly begun, then what can wait.
bool DisturbsLess(const Item* a, const Item* b) {
  const auto key = [](const Item* item) {
    return std::make_tuple(item->item().state() != ItemState::STATE_ON_HOLD,
                           item->item().progress_percent());
  };
  if (key(a) != key(b)) return key(a) < key(b);
  if (LatestStart(*a) != LatestStart(*b)) return LatestStart(*a) > LatestStart(*b);
  return a->name() < b->name();
}

std::vector<eligibility::SkillNeed> SkillsOf(const Item& item) {
  std::vector<eligibility::SkillNeed> needs;
  for (const auto& requirement : item.item().requirements()) {
    if (requirement.kind() == work_routing::v1::Requirement::KIND_PREFERRED) continue;
    needs.push_back({requirement.skill(), std::max<int>(requirement.min_level(), 1)});
  }
  return needs;
}

size_t IndexOf(const v1::RelayPlan& plan, const std::string& team) {
  return std::find(plan.teams().begin(), plan.teams().end(), team) - plan.teams().begin();
}

}  // namespace

RelayChain Core::ChainOf(const v1::RelayPlan& plan) const {
  RelayChain chain;
  // The roster owns the calendars; the chain lives within a step.
  const auto borrowed = [](const Calendar* calendar) {
    return std::shared_ptr<const Calendar>(std::shared_ptr<void>(), calendar);
  };
  for (const std::string& team : plan.teams()) {
    RelayTeam& station = chain.teams.emplace_back();
    station.team = team;
    station.hours = borrowed(HoursOf(team));
    for (const std::string& expert : roster_.ExpertsOf(team)) {
      station.people.push_back(roster::Eligible(roster_, *roster_.Find<registry::Expert>(expert)));
    }
  }
  if (!plan.calendar().empty()) chain.wanted = borrowed(roster_.CompiledCalendar(plan.calendar()));
  for (const v1::RelayPlan::Cover& cover : plan.covers()) {
    chain.required.push_back({cover.skill(), std::max<int>(cover.min_level(), 1)});
  }
  return chain;
}

const Plan* Core::PlanFor(const Item& item) const {
  auto it = item.workspace->plan_of_queue.find(item.item().queue());
  return it == item.workspace->plan_of_queue.end() ? nullptr : it->second;
}

absl::Time Core::NextTick(const Plan& plan, const core::v1::StoredPlan::Station& station) const {
  const Calendar* hours = HoursOf(station.team());
  if (hours == nullptr) return absl::InfiniteFuture();
  const absl::Time end = ShiftEnd(*hours, ToTime(station.done()));
  return end == absl::InfiniteFuture() ? end : end - HorizonOf(plan);
}

void Core::SetTimer(Plan& plan) {
  absl::Time due = ToTime(plan.record.recheck_time());
  for (const core::v1::StoredPlan::Station& station : plan.record.stations()) {
    due = std::min(due, NextTick(plan, station));
  }
  if (due == plan.timer) return;
  timers_.erase({plan.timer, plan.name()});
  plan.timer = due;
  timers_.insert({due, plan.name()});
}

std::vector<const Item*> Core::Unfinished(const Plan& plan, const std::string& team, absl::Time now,
                                          absl::Time shift_end, int* kept) const {
  std::vector<const Item*> unfinished;
  auto held = plan.workspace->by_team.find({plan.plan().queue(), team});
  if (held == plan.workspace->by_team.end()) return unfinished;
  // A person does one thing after the other, the most urgent first.
  std::vector<const Item*> desk;
  for (const std::string& name : held->second) desk.push_back(FindItem(name));
  std::sort(desk.begin(), desk.end(), [](const Item* a, const Item* b) {
    if (LatestStart(*a) != LatestStart(*b)) return LatestStart(*a) < LatestStart(*b);
    return a->name() < b->name();
  });
  const Calendar* hours = HoursOf(team);
  const absl::Duration left = now >= shift_end   ? absl::ZeroDuration()
                              : hours == nullptr ? absl::InfiniteDuration()
                                                 : hours->Measure(now, shift_end);
  absl::btree_map<std::string, absl::Duration> load;  // by holder
  for (const Item* item : desk) {
    const std::optional<absl::Duration> remaining = RemainingOf(plan, *item);
    absl::Duration& before = load.try_emplace(item->holder(), absl::ZeroDuration()).first->second;
    if (remaining.has_value() && before + *remaining <= left) {
      before += *remaining;
      if (kept != nullptr) ++*kept;
    } else {
      unfinished.push_back(item);
    }
  }
  std::sort(unfinished.begin(), unfinished.end(), DisturbsLess);
  return unfinished;
}

absl::Time Core::FinishOf(const Plan& plan, const Item& item, absl::Time now) const {
  const std::optional<absl::Duration> remaining = RemainingOf(plan, item);
  if (!remaining.has_value()) return absl::InfiniteFuture();
  const Calendar* hours = HoursOf(item.team());
  return hours == nullptr ? now + *remaining : hours->Add(now, *remaining);
}

std::vector<std::string> Core::NextTeams(const Plan& plan, const RelayChain& chain,
                                         const Item& item, absl::Time at, bool own) const {
  const size_t size = chain.teams.size();
  const size_t giver = IndexOf(plan.plan(), item.team());
  if (giver == size) return {};
  const std::vector<eligibility::SkillNeed> needs = SkillsOf(item);
  std::vector<size_t> order;
  if (own) {  // somebody is missing, not the team: who is there at that hour, colleagues first
    const std::vector<size_t> covering = CoveringAt(chain, at, needs);
    for (size_t i = 0; i < size; ++i) {
      const size_t next = (giver + i) % size;
      if (std::find(covering.begin(), covering.end(), next) != covering.end()) {
        order.push_back(next);
      }
    }
  }
  if (const auto relief = NextAfter(chain, giver, at, needs)) order.push_back(relief->team);
  for (size_t i = 1; i < size; ++i) order.push_back((giver + i) % size);
  std::vector<std::string> teams;
  for (size_t index : order) {
    const std::string& team = chain.teams[index].team;
    if (std::find(teams.begin(), teams.end(), team) == teams.end()) teams.push_back(team);
  }
  return teams;
}

void Core::Relay(Step& step, const Plan& plan, const RelayChain& chain, Item& item, absl::Time at,
                 v1::Handoff::Reason reason) {
  Call call = step.call;
  call.workspace = plan.workspace->name;
  v1::Handoff input;
  input.set_work_item(item.name());
  input.set_kind(v1::Handoff::KIND_HANDOVER);
  input.set_reason(reason);
  input.set_relay_plan(plan.name());
  input.set_draft(true);
  *input.mutable_packet() = DraftPacket(item, step.now);
  const bool own = reason != v1::Handoff::REASON_SHIFT_END;
  absl::Status refused =
      Refuse(Reason::REASON_NOT_ELIGIBLE, "the item's team is no part of the plan");
  for (const std::string& team : NextTeams(plan, chain, item, at, own)) {
    input.mutable_to()->set_team(team);
    Draft draft;
    refused = CheckProposal(call, input, "", "handoff", true, draft);
    if (!refused.ok()) continue;
    TakeIn(step, draft);
    return;
  }
  RaiseAlarm(step, *plan.workspace, v1::HandoffAlarm::KIND_NO_RECEIVER, item.name(), item.name(),
             {item.team()},
             absl::StrCat("the relay could not propose it to anybody: ", refused.message()));
}

void Core::Tick(Step& step, Plan& plan) {
  if (ToTime(plan.record.recheck_time()) <= step.now) Recheck(step, plan);
  std::optional<RelayChain> chain;
  for (core::v1::StoredPlan::Station& station : *plan.record.mutable_stations()) {
    if (NextTick(plan, station) > step.now) continue;
    const Calendar& hours = *HoursOf(station.team());
    absl::Time end = ShiftEnd(hours, ToTime(station.done()));
    for (int n = 0; n < kMaxShiftsMissed; ++n) {
      const absl::Time next = ShiftEnd(hours, end);
      if (next - HorizonOf(plan) > step.now) break;
      end = next;
    }
    if (!chain.has_value()) chain = ChainOf(plan.plan());
    for (const Item* known : Unfinished(plan, station.team(), step.now, end, nullptr)) {
      if (!known->open.empty() || ToTime(known->record.relayed_for()) >= end) continue;
      if (step.made() > kChangesBeforeChores) return;  // the timer stays due
      Item& item = *FindItem(known->name());
      *item.record.mutable_relayed_for() = ToProto(end);
      step.Touch(item);
      Relay(step, plan, *chain, item, step.now, v1::Handoff::REASON_SHIFT_END);
    }
    *station.mutable_done() = ToProto(end);
    step.Touch(plan);
  }
}

// An item that somebody took although their shift is about to end.
void Core::RelayLate(Step& step, Item& item) {
  const Plan* plan = PlanFor(item);
  if (plan == nullptr || !item.in_hand() || !item.open.empty()) return;
  for (const core::v1::StoredPlan::Station& station : plan->record.stations()) {
    if (station.team() != item.team()) continue;
    const absl::Time end = ToTime(station.done());
    if (end <= step.now || ToTime(item.record.relayed_for()) >= end) return;
    const auto unfinished = Unfinished(*plan, item.team(), step.now, end, nullptr);
    if (std::find(unfinished.begin(), unfinished.end(), &item) == unfinished.end()) return;
    *item.record.mutable_relayed_for() = ToProto(end);
    step.Touch(item);
    Relay(step, *plan, ChainOf(plan->plan()), item, step.now, v1::Handoff::REASON_SHIFT_END);
    return;
  }
}

Core::Departure Core::DepartureOf(const Workspace& workspace, const std::string& name) const {
  Departure first;
  if (workspace.plans.empty()) return first;
  const auto* expert = roster_.Find<registry::Expert>(name);
  auto held = workspace.by_holder.find(name);
  if (expert == nullptr || held == workspace.by_holder.end()) return first;
  const auto* presence = roster_.Find<registry::Presence>(absl::StrCat(name, "/presence"));
  const bool gone = presence != nullptr && presence->state() == registry::Presence::STATE_OFFLINE;
  // Asked with every item that comes and goes: a desk is looked through only if there is a reason.
  if (!gone && expert->leaves().empty()) return first;
  const Calendar* hours = HoursOf(expert->team());
  const auto consider = [&first](Departure departure) {
    if (std::make_pair(departure.due, departure.begin) >= std::make_pair(first.due, first.begin)) {
      return;
    }
    first = departure;
  };
  for (const std::string& item_name : held->second) {
    const Item& item = *FindItem(item_name);
    const Plan* plan = PlanFor(item);
    if (plan == nullptr || !item.open.empty()) continue;
    const absl::Time left_for = ToTime(item.record.left_for());
    if (gone && ToTime(presence->since()) > left_for) {
      const absl::Time since = ToTime(presence->since());
      const absl::Duration after = AbsenceOf(*plan);
      consider({hours == nullptr ? since + after : hours->Add(since, after), since,
                absl::InfiniteFuture(), v1::Handoff::REASON_ABSENCE});
    }
    for (const registry::Leave& leave : expert->leaves()) {
      const absl::Time begin = ToTime(leave.start_time());
      // What was taken in hand when the leave was over is none of its business.
      if (begin <= left_for || ToTime(leave.end_time()) <= ToTime(item.item().custody().since())) {
        continue;
      }
      consider(
          {begin - HorizonOf(*plan), begin, ToTime(leave.end_time()), v1::Handoff::REASON_LEAVE});
    }
  }
  return first;
}

void Core::SetDeparture(Workspace& workspace, const std::string& expert) {
  const absl::Time due = DepartureOf(workspace, expert).due;
  auto known = workspace.departures.find(expert);
  if (known != workspace.departures.end()) {
    if (known->second == due) return;
    timers_.erase({known->second, expert});
    workspace.departures.erase(known);
  }
  if (due == absl::InfiniteFuture()) return;
  timers_.insert({due, expert});
  workspace.departures[expert] = due;
}

void Core::Depart(Step& step, Workspace& workspace, const std::string& expert) {
  const Departure departure = DepartureOf(workspace, expert);
  if (departure.due > step.now) return SetDeparture(workspace, expert);
  const auto held = workspace.by_holder[expert];
  for (const std::string& name : held) {
    Item& item = *FindItem(name);
    const Plan* plan = PlanFor(item);
    if (plan == nullptr || !item.open.empty() ||
        ToTime(item.record.left_for()) >= departure.begin) {
      continue;
    }
    if (step.made() > kChangesBeforeChores) break;
    *item.record.mutable_left_for() = ToProto(departure.begin);
    step.Touch(item);
    if (departure.end <= step.now) continue;  // back before anybody looked
    Relay(step, *plan, ChainOf(plan->plan()), item, std::max(step.now, departure.begin),
          departure.reason);
  }
  SetDeparture(workspace, expert);
}

absl::StatusOr<v1::PreviewRelayResponse> Core::PreviewRelay(
    const Call& call, const v1::PreviewRelayRequest& request) const {
  const auto* team = roster_.Find<registry::Team>(request.team());
  if (team == nullptr || WorkspaceName(request.team()) != call.workspace) {
    return ReferenceNotFound("team", request.team());
  }
  v1::PreviewRelayResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  const Calendar* hours = HoursOf(request.team());
  if (workspace == nullptr || hours == nullptr) return response;  // its shift never ends
  const absl::Time at = request.has_time() ? ToTime(request.time()) : call.now;
  const absl::Time end = ShiftEnd(*hours, at);
  int kept = 0;
  std::vector<std::pair<const Item*, const Plan*>> all;
  for (const auto& [name, plan] : workspace->plans) {
    for (const Item* item : Unfinished(*plan, request.team(), at, end, &kept)) {
      if (item->open.empty()) all.emplace_back(item, plan.get());
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return DisturbsLess(a.first, b.first); });
  if (all.size() > kMaxPreview) all.resize(kMaxPreview);
  std::map<const Plan*, RelayChain> chains;
  for (const auto& [item, plan] : all) {
    auto [chain, fresh] = chains.try_emplace(plan);
    if (fresh) chain->second = ChainOf(plan->plan());
    v1::RelayStep& step = *response.add_steps();
    step.set_work_item(item->name());
    *step.mutable_from() = CustodyOf(*item);
    const auto next = NextTeams(*plan, chain->second, *item, at, false);
    for (const std::string& to : next) {
      if (!CheckTeam(*item, to, at, "team").ok()) continue;
      step.mutable_to()->set_team(to);
      break;
    }
    *step.mutable_shift_end_time() = ToProto(end);
    const absl::Time finish = FinishOf(*plan, *item, at);
    if (finish != absl::InfiniteFuture()) *step.mutable_finish_time() = ToProto(finish);
    step.set_progress_percent(item->item().progress_percent());
  }
  response.set_kept_count(kept);
  return response;
}

}  // namespace tideline::handoff
