// SPDX-License-Identifier: Apache-2.0
// Relay plans: published only without a hole, and looked at again as people and calendars change.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;

namespace {

// Holes that an answer shows.
constexpr size_t kShownHoles = 100;
// How far ahead neighbours' next overlap is looked for.
constexpr absl::Duration kOverlapAhead = absl::Hours(24 * 7);
constexpr absl::Duration kDefaultMinOverlap = absl::Minutes(15);
// A plan is looked at again so long after a change of its people or calendars, since changes come
// in swarms, and once a day, as the year moves on.
constexpr absl::Duration kRecheckAfter = absl::Minutes(1);
constexpr absl::Duration kRecheckEvery = absl::Hours(24);

std::string Shown(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

absl::Status HoleRefused(const v1::RelayCoverage::Hole& hole) {
  const std::string start = Shown(ToTime(hole.window().start_time()));
  const std::string end = Shown(ToTime(hole.window().end_time()));
  return Refuse(Reason::REASON_COVERAGE_HOLE,
                absl::StrCat("nobody covers ", hole.skill().empty() ? "the queue" : hole.skill(),
                             " from ", start, " to ", end),
                {{"skill", hole.skill()},
                 {"startTime", start},
                 {"endTime", end},
                 {"field", "relay_plan.teams"}});
}

// The fields a caller has a say in, by the mask or, without one, those that are set.
absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const v1::RelayPlan& from,
                       v1::RelayPlan& to) {
  const auto* type = v1::RelayPlan::descriptor();
  const auto* reflection = from.GetReflection();
  std::vector<std::string> paths(mask.paths().begin(), mask.paths().end());
  constexpr int kFirstOwn = 5;  // before it: name, etag and times
  if (paths.empty()) {
    std::vector<const google::protobuf::FieldDescriptor*> set;
    reflection->ListFields(from, &set);
    for (const auto* field : set) {
      if (field->number() >= kFirstOwn) paths.push_back(field->name());
    }
  }
  for (const std::string& path : paths) {
    const auto* field = type->FindFieldByName(path);
    if (field == nullptr || field->number() < kFirstOwn) {
      return InvalidField("update_mask", absl::StrCat("names no field to change: ", path));
    }
    v1::RelayPlan one = from;
    // Clears in `to`, then takes over what `from` has.
    reflection->ClearField(&to, field);
    std::vector<const google::protobuf::FieldDescriptor*> others;
    reflection->ListFields(one, &others);
    for (const auto* other : others) {
      if (other != field) reflection->ClearField(&one, other);
    }
    to.MergeFrom(one);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Core::CheckPlan(const Call& call, const v1::RelayPlan& plan) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr || !workspace->queues.contains(plan.queue())) {
    return ReferenceNotFound("relay_plan.queue", plan.queue());
  }
  auto other = workspace->plan_of_queue.find(plan.queue());
  if (other != workspace->plan_of_queue.end() && other->second->name() != plan.name()) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, "the queue has a relay plan",
                  {{"name", other->second->name()}});
  }
  if (plan.teams_size() < 2) {
    return InvalidField("relay_plan.teams", "has less than two teams");
  }
  std::set<std::string> seen;
  for (int i = 0; i < plan.teams_size(); ++i) {
    const std::string field = absl::StrCat("relay_plan.teams[", i, "]");
    const std::string& team = plan.teams(i);
    if (WorkspaceName(team) != call.workspace || roster_.Find<registry::Team>(team) == nullptr) {
      return ReferenceNotFound(field, team);
    }
    if (!seen.insert(team).second) return InvalidField(field, "is there twice");
  }
  for (int i = 0; i < plan.covers_size(); ++i) {
    const std::string& skill = plan.covers(i).skill();
    if (WorkspaceName(skill) != call.workspace || roster_.Find<registry::Skill>(skill) == nullptr) {
      return ReferenceNotFound(absl::StrCat("relay_plan.covers[", i, "].skill"), skill);
    }
  }
  if (!plan.calendar().empty() && (WorkspaceName(plan.calendar()) != call.workspace ||
                                   roster_.CompiledCalendar(plan.calendar()) == nullptr)) {
    return ReferenceNotFound("relay_plan.calendar", plan.calendar());
  }
  return absl::OkStatus();
}

v1::RelayCoverage Core::CoverageOf(const v1::RelayPlan& plan, absl::Time now) const {
  const RelayChain chain = ChainOf(plan);
  v1::RelayCoverage coverage;
  *coverage.mutable_window()->mutable_start_time() = ToProto(now);
  *coverage.mutable_window()->mutable_end_time() = ToProto(now + kCoverageHorizon);
  const std::vector<Hole> holes = FindHoles(chain, now, now + kCoverageHorizon, kShownHoles + 1);
  for (const Hole& hole : holes) {
    if (static_cast<size_t>(coverage.holes_size()) == kShownHoles) {
      coverage.set_more_holes(true);
      break;
    }
    v1::RelayCoverage::Hole& shown = *coverage.add_holes();
    shown.set_skill(hole.skill);
    *shown.mutable_window()->mutable_start_time() = ToProto(hole.span.from);
    *shown.mutable_window()->mutable_end_time() = ToProto(hole.span.to);
  }
  const absl::Duration least =
      plan.has_min_overlap() ? ToDuration(plan.min_overlap()) : kDefaultMinOverlap;
  for (size_t i = 0; i < chain.teams.size(); ++i) {
    const RelayTeam& from = chain.teams[i];
    const RelayTeam& to = chain.teams[(i + 1) % chain.teams.size()];
    v1::RelayCoverage::Overlap& shown = *coverage.add_overlaps();
    shown.set_from_team(from.team);
    shown.set_to_team(to.team);
    const auto windows = OverlapWindows(from, to, now, now + kOverlapAhead, 1);
    shown.set_short_(windows.empty() || windows[0].to - windows[0].from < least);
    if (windows.empty()) continue;
    *shown.mutable_window()->mutable_start_time() = ToProto(windows[0].from);
    *shown.mutable_window()->mutable_end_time() = ToProto(windows[0].to);
  }
  return coverage;
}

// Sets who is next to leave anew for everybody who holds items of a queue.
void Core::SetDepartures(Workspace& workspace, const std::string& queue) {
  std::set<std::string> holders;
  for (auto it = workspace.by_team.lower_bound({queue, ""});
       it != workspace.by_team.end() && it->first.first == queue; ++it) {
    for (const std::string& item : it->second) holders.insert(FindItem(item)->holder());
  }
  for (const std::string& holder : holders) SetDeparture(workspace, holder);
}

void Core::PutPlan(Step& step, Workspace& workspace, const v1::RelayPlan& record, bool created) {
  std::unique_ptr<Plan>& slot = workspace.plans[record.name()];
  if (slot == nullptr) slot = std::make_unique<Plan>();
  Plan& plan = *slot;
  plan.workspace = &workspace;
  const std::string queue_before = plan.plan().queue();
  v1::RelayPlan& kept = *plan.record.mutable_relay_plan();
  kept = record;
  v1::Event event;
  kept.clear_etag();
  kept.clear_update_time();
  if (created) {
    kept.clear_create_time();
    *event.mutable_relay_plan_created()->mutable_relay_plan() = kept;
  } else {
    *event.mutable_relay_plan_changed()->mutable_relay_plan() = kept;
  }
  const type::v1::Revision revision = step.changes.Raise(step.call, kept.name(), event);
  kept.set_etag(partition::FormatEtag(revision));
  if (created) *kept.mutable_create_time() = ToProto(step.now);
  *kept.mutable_update_time() = ToProto(step.now);

  const auto before = plan.record.stations();
  plan.record.clear_stations();
  for (const std::string& team : kept.teams()) {
    core::v1::StoredPlan::Station& station = *plan.record.add_stations();
    station.set_team(team);
    *station.mutable_done() = ToProto(step.now);
    for (const auto& known : before) {
      if (known.team() == team) *station.mutable_done() = known.done();
    }
  }
  *plan.record.mutable_recheck_time() = ToProto(step.now + kRecheckEvery);
  if (!queue_before.empty()) workspace.plan_of_queue.erase(queue_before);
  workspace.plan_of_queue[kept.queue()] = &plan;
  step.Touch(plan);
  SetDepartures(workspace, kept.queue());
  if (queue_before != kept.queue() && !queue_before.empty()) SetDepartures(workspace, queue_before);
}

absl::StatusOr<v1::CreateRelayPlanResponse> Core::CreateRelayPlan(
    const Call& call, const v1::CreateRelayPlanRequest& request, Changes& changes) {
  v1::RelayPlan plan = request.relay_plan();
  plan.set_name(absl::StrCat(call.workspace, "/relayPlans/", request.relay_plan_id()));
  plan.clear_etag();
  plan.clear_create_time();
  plan.clear_update_time();
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace != nullptr && workspace->plans.contains(plan.name())) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, "a relay plan of this id exists",
                  {{"name", plan.name()}});
  }
  TL_RETURN_IF_ERROR(CheckPlan(call, plan));
  v1::CreateRelayPlanResponse response;
  *response.mutable_coverage() = CoverageOf(plan, call.now);
  *response.mutable_relay_plan() = plan;
  if (request.validate_only()) return response;
  if (response.coverage().holes_size() > 0) return HoleRefused(response.coverage().holes(0));
  Step step(*this, call, changes);
  PutPlan(step, *workspace, plan, true);
  *response.mutable_relay_plan() = workspace->plans[plan.name()]->plan();
  return response;
}

absl::StatusOr<v1::UpdateRelayPlanResponse> Core::UpdateRelayPlan(
    const Call& call, const v1::UpdateRelayPlanRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Plan * known,
                      GetPlan(call, request.relay_plan().name(), request.relay_plan().etag()));
  v1::RelayPlan plan = known->plan();
  TL_RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.relay_plan(), plan));
  TL_RETURN_IF_ERROR(CheckPlan(call, plan));
  v1::UpdateRelayPlanResponse response;
  *response.mutable_coverage() = CoverageOf(plan, call.now);
  *response.mutable_relay_plan() = plan;
  if (request.validate_only()) return response;
  if (response.coverage().holes_size() > 0) return HoleRefused(response.coverage().holes(0));
  Step step(*this, call, changes);
  PutPlan(step, *known->workspace, plan, false);
  ClearAlarm(step, *known->workspace, v1::HandoffAlarm::KIND_RELAY_HOLE, plan.name());
  *response.mutable_relay_plan() = known->plan();
  return response;
}

absl::StatusOr<v1::DeleteRelayPlanResponse> Core::DeleteRelayPlan(
    const Call& call, const v1::DeleteRelayPlanRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Plan * plan, GetPlan(call, request.name(), request.etag()));
  Step step(*this, call, changes);
  Workspace& workspace = *plan->workspace;
  v1::DeleteRelayPlanResponse response;
  *response.mutable_relay_plan() = plan->plan();
  v1::Event event;
  event.mutable_relay_plan_deleted();
  changes.Raise(call, request.name(), event);
  changes.Erase("plan", request.name());
  ClearAlarm(step, workspace, v1::HandoffAlarm::KIND_RELAY_HOLE, request.name());
  timers_.erase({plan->timer, request.name()});
  const std::string queue = plan->plan().queue();
  workspace.plan_of_queue.erase(queue);
  workspace.plans.erase(request.name());
  SetDepartures(workspace, queue);
  return response;
}

absl::StatusOr<Plan*> Core::GetPlan(const Call& call, const std::string& name,
                                    const std::string& etag) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(name);
  auto it = workspace->plans.find(name);
  if (it == workspace->plans.end()) return NotFound(name);
  if (!etag.empty() && etag != it->second->plan().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the plan has changed since it was read",
                  {{"etag", it->second->plan().etag()}});
  }
  return it->second.get();
}

absl::StatusOr<v1::GetRelayPlanResponse> Core::GetRelayPlan(
    const Call& call, const v1::GetRelayPlanRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Plan* plan, GetPlan(call, request.name(), ""));
  v1::GetRelayPlanResponse response;
  *response.mutable_relay_plan() = plan->plan();
  return response;
}

absl::StatusOr<v1::CheckRelayPlanResponse> Core::CheckRelayPlan(
    const Call& call, const v1::CheckRelayPlanRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Plan* plan, GetPlan(call, request.name(), ""));
  v1::CheckRelayPlanResponse response;
  *response.mutable_coverage() = CoverageOf(plan->plan(), call.now);
  return response;
}

void Core::RecheckPlans(Step& step, Workspace& workspace,
                        const std::function<bool(const Plan&)>& which) {
  for (const auto& [name, plan] : workspace.plans) {
    if (!which(*plan)) continue;
    const absl::Time at = std::min(ToTime(plan->record.recheck_time()), step.now + kRecheckAfter);
    *plan->record.mutable_recheck_time() = ToProto(at);
    step.Touch(*plan);
  }
}

void Core::Recheck(Step& step, Plan& plan) {
  *plan.record.mutable_recheck_time() = ToProto(step.now + kRecheckEvery);
  step.Touch(plan);
  const v1::RelayCoverage coverage = CoverageOf(plan.plan(), step.now);
  if (coverage.holes().empty()) {
    ClearAlarm(step, *plan.workspace, v1::HandoffAlarm::KIND_RELAY_HOLE, plan.name());
    return;
  }
  const v1::RelayCoverage::Hole& hole = coverage.holes(0);
  RaiseAlarm(step, *plan.workspace, v1::HandoffAlarm::KIND_RELAY_HOLE, plan.name(), "",
             {plan.plan().teams().begin(), plan.plan().teams().end()},
             std::string(HoleRefused(hole).message()));
}

}  // namespace tideline::handoff
