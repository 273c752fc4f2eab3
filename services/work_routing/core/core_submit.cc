// SPDX-License-Identifier: Apache-2.0
// New items: checked, given due times and a kind, and placed, all in one step. This is the hot
// path; an item's message is moved along rather than copied, and what never changes is serialized
// once.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/due/due.h"
#include "services/work_routing/core/answers.h"
#include "services/work_routing/core/digest.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

namespace {

// Calendars end with 2199, and so do due times.
constexpr Nanos kLastDue = Nanos{7'258'118'400} * kNanosPerSecond;
constexpr size_t kMaxRequirements = 32;

bool Within(const Call& call, absl::string_view name) {
  return name.size() > call.workspace.size() && name[call.workspace.size()] == '/' &&
         absl::StartsWith(name, call.workspace);
}

template <class Resource>
bool Known(const Call& call, const roster::Roster& roster, absl::string_view name) {
  return Within(call, name) && roster.Find<Resource>(name) != nullptr;
}

template <class Resource, class Names>
absl::Status CheckNames(const Call& call, const roster::Roster& roster, const Names& names,
                        absl::string_view field) {
  for (int i = 0; i < names.size(); ++i) {
    if (!Known<Resource>(call, roster, names[i])) {
      return ReferenceNotFound(absl::StrCat(field, "[", i, "]"), names[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRequirements(const Call& call, const roster::Roster& roster,
                               const v1::WorkItem& item) {
  if (static_cast<size_t>(item.requirements_size()) > kMaxRequirements) {
    return InvalidField(
        "work_item.requirements",
        absl::StrCat("has ", item.requirements_size(), "; the limit is ", kMaxRequirements));
  }
  for (int i = 0; i < item.requirements_size(); ++i) {
    const v1::Requirement& r = item.requirements(i);
    const auto field = [i](absl::string_view name) {
      return absl::StrCat("work_item.requirements[", i, "].", name);
    };
    if (!Known<registry::Skill>(call, roster, r.skill())) {
      return ReferenceNotFound(field("skill"), r.skill());
    }
    if (r.min_level() < 0 || r.min_level() > type::v1::LEVEL_AUTHORITY) {
      return InvalidField(field("min_level"), "is from 1 to 5");
    }
    if (r.lowest_level() != 0 &&
        (r.lowest_level() < 0 || r.lowest_level() > std::max<int>(1, r.min_level()))) {
      return InvalidField(field("lowest_level"), "is above min_level");
    }
    for (int j = 0; j < i; ++j) {
      if (item.requirements(j).skill() == r.skill()) {
        return InvalidField(field("skill"), "is asked for twice");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckConstraints(const Call& call, const roster::Roster& roster,
                              const v1::Constraints& c) {
  using registry::Expert;
  using registry::Organization;
  TL_RETURN_IF_ERROR(
      CheckNames<Organization>(call, roster, c.clearances(), "work_item.constraints.clearances"));
  TL_RETURN_IF_ERROR(CheckNames<Expert>(call, roster, c.excluded_experts(),
                                        "work_item.constraints.excluded_experts"));
  TL_RETURN_IF_ERROR(CheckNames<registry::Team>(call, roster, c.excluded_teams(),
                                                "work_item.constraints.excluded_teams"));
  TL_RETURN_IF_ERROR(CheckNames<Organization>(call, roster, c.excluded_organizations(),
                                              "work_item.constraints.excluded_organizations"));
  return CheckNames<Expert>(call, roster, c.affinity_experts(),
                            "work_item.constraints.affinity_experts");
}

// The contract covers the work and holds now.
absl::Status CheckEngagement(const Call& call, const roster::Roster& roster,
                             const v1::WorkItem& item) {
  if (item.engagement().empty()) return absl::OkStatus();
  const auto* engagement = Within(call, item.engagement())
                               ? roster.Find<registry::Engagement>(item.engagement())
                               : nullptr;
  if (engagement == nullptr) return ReferenceNotFound("work_item.engagement", item.engagement());
  const auto& types = engagement->work_types();
  if (!types.empty() && std::find(types.begin(), types.end(), item.work_type()) == types.end()) {
    return Refuse(Reason::REASON_NOT_ELIGIBLE, "the engagement does not cover this work type",
                  {{"constraint", "ENGAGEMENT"}, {"workType", item.work_type()}});
  }
  const bool ended =
      engagement->has_end_time() && FromNanos(ToNanos(engagement->end_time())) <= call.now;
  if (!ended) return absl::OkStatus();
  return Refuse(Reason::REASON_NOT_ELIGIBLE, "the engagement has ended",
                {{"constraint", "ENGAGEMENT"}, {"engagement", item.engagement()}});
}

}  // namespace

struct Core::Draft {
  Workspace* workspace = nullptr;
  Queue* queue = nullptr;
  std::string name;  // empty: the suite makes one
};

absl::Status Core::CheckWorkItem(const Call& call, const v1::WorkItem& item, absl::string_view id,
                                 Draft& draft) const {
  if (item.title().empty()) {
    return InvalidField("work_item.title", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (item.title().size() > kMaxTitleBytes) {
    return InvalidField("work_item.title", absl::StrCat("is ", item.title().size(),
                                                        " bytes; the limit is ", kMaxTitleBytes));
  }
  TL_RETURN_IF_ERROR(CheckAttributes(item.attributes(), "work_item.attributes"));
  if (item.depth() < 0) return InvalidField("work_item.depth", "is below 0");
  if (item.depth() > kMaxDepth) {
    return Refuse(
        Reason::REASON_DEPTH_EXCEEDED,
        absl::StrCat("an item of depth ", item.depth(), " is refused; the limit is ", kMaxDepth),
        {{"depth", absl::StrCat(item.depth())}});
  }
  if (item.depth() > 0 && item.origin().empty()) {
    return InvalidField("work_item.origin", "must be stated when depth is over 0",
                        Reason::REASON_FIELD_REQUIRED);
  }
  if (item.has_due_time() &&
      (ToNanos(item.due_time()) <= 0 || ToNanos(item.due_time()) >= kLastDue)) {
    return InvalidField("work_item.due_time", "lies outside of 1970 to 2199");
  }
  draft.workspace = FindWorkspace(call.workspace);
  if (item.queue().empty()) {
    return InvalidField("work_item.queue", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (draft.workspace != nullptr) {
    auto queue = draft.workspace->queues.find(item.queue());
    if (queue != draft.workspace->queues.end()) draft.queue = queue->second.get();
  }
  if (draft.queue == nullptr) return ReferenceNotFound("work_item.queue", item.queue());
  if (!item.team().empty() && !Known<registry::Team>(call, roster_, item.team())) {
    return ReferenceNotFound("work_item.team", item.team());
  }
  TL_RETURN_IF_ERROR(CheckRequirements(call, roster_, item));
  if (item.has_constraints()) {
    TL_RETURN_IF_ERROR(CheckConstraints(call, roster_, item.constraints()));
  }
  TL_RETURN_IF_ERROR(CheckEngagement(call, roster_, item));
  if (id.empty()) return absl::OkStatus();
  draft.name = absl::StrCat(call.workspace, "/workItems/", id);
  if (!items_.contains(draft.name)) return absl::OkStatus();
  return Refuse(Reason::REASON_RESOURCE_EXISTS, absl::StrCat(draft.name, " exists"),
                {{"resource", draft.name}});
}

const Calendar& Core::CalendarFor(const Item& item, const v1::WorkItem& brief) const {
  if (!brief.engagement().empty()) {
    const auto* engagement = roster_.Find<registry::Engagement>(brief.engagement());
    const auto* policy = engagement == nullptr
                             ? nullptr
                             : roster_.Find<registry::SlaPolicy>(engagement->sla_policy());
    if (policy != nullptr) {
      const Calendar* calendar = roster_.CompiledCalendar(policy->calendar());
      if (calendar != nullptr) return *calendar;
    }
  }
  const auto* team = roster_.Find<registry::Team>(*item.team);
  const Calendar* calendar = team == nullptr ? nullptr : roster_.CalendarOf(*team);
  static const std::shared_ptr<const Calendar>& always = *new auto(Calendar::Always());
  return calendar != nullptr ? *calendar : *always;
}

void Core::SetDue(Item& item, const v1::WorkItem& brief, Nanos start) {
  if (brief.engagement().empty()) return;
  const auto* engagement = roster_.Find<registry::Engagement>(brief.engagement());
  if (engagement == nullptr || engagement->sla_policy().empty()) return;
  const auto* policy = roster_.Find<registry::SlaPolicy>(engagement->sla_policy());
  if (policy == nullptr || !due::Applies(policy->rules(), brief.work_type(), brief.depth())) return;
  const due::DueTimes times = due::Compute(policy->rules(), brief.impact_class(),
                                           CalendarFor(item, brief), FromNanos(start));
  if (!item.due_stated) item.due = ToNanos(times.overall);
  auto accept = times.legs.find(type::v1::LEG_ACCEPT);
  if (accept != times.legs.end() && accept->second != absl::InfiniteFuture()) {
    item.accept_due = ToNanos(accept->second);
  }
}

void Core::SetLatestStart(Item& item, const v1::WorkItem& brief) {
  item.latest_start = item.due;
  if (item.due == kNever || item.remaining() == 0) return;
  const absl::Time start = due::LatestStart(
      FromNanos(item.due), absl::Nanoseconds(item.remaining()), CalendarFor(item, brief));
  // A calendar that never had so much time: it should have begun long ago.
  item.latest_start = start == absl::InfinitePast() ? item.due - item.remaining() : ToNanos(start);
}

Item& Core::TakeIn(Step& step, v1::WorkItem& work_item, const Draft& draft,
                   v1::Feasibility* feasibility) {
  Workspace& workspace = *draft.workspace;
  auto owned = std::make_unique<Item>();
  Item& item = *owned;
  item.name =
      draft.name.empty() ? absl::StrCat(workspace.name, "/workItems/", step.NewId()) : draft.name;
  item.workspace = &workspace;
  item.queue = draft.queue;
  item.state = v1::WorkItem::STATE_QUEUED;
  item.created = step.now;
  item.sequence = SequenceOf(step.changes.Next());
  item.priority = work_item.priority() == type::v1::PRIORITY_UNSPECIFIED ? type::v1::PRIORITY_NORMAL
                                                                         : work_item.priority();
  item.units = std::max(1, work_item.capacity_units());
  item.effort = ToNanos(work_item.expected_effort());
  item.due_stated = work_item.has_due_time();
  if (item.due_stated) item.due = ToNanos(work_item.due_time());
  if (!work_item.team().empty()) item.meant_for = workspace.Share(work_item.team());
  item.team =
      item.meant_for != nullptr ? item.meant_for : workspace.Share(draft.queue->record.home_team());
  if (draft.queue->widening_drops_preferred) item.widened = kDemandsPreferred;
  item.custody_epoch = 1;
  item.custody_since = step.now;
  const v1::Constraints& constraints = work_item.constraints();
  if (constraints.excluded_experts_size() + constraints.affinity_experts_size() > 0) {
    item.names = std::make_unique<Names>();
    item.names->excluded.assign(constraints.excluded_experts().begin(),
                                constraints.excluded_experts().end());
    item.names->affinity.assign(constraints.affinity_experts().begin(),
                                constraints.affinity_experts().end());
  }
  ClearOutputs(work_item);
  work_item.set_name(item.name);
  item.brief = work_item.SerializeAsString();
  SetDue(item, work_item, step.now);
  SetLatestStart(item, work_item);
  Rekind(item, work_item);
  NotePeriod(item, step.now, nullptr);
  items_.emplace(item.name, std::move(owned));
  workspace.items.emplace_hint(workspace.items.end(), item.sequence, &item);
  Join(item);
  if (item.due != kNever) {
    *feasibility = FeasibilityOf(item, step.now);
    item.infeasible = !feasibility->feasible();
  }
  // The event carries the resource without what its header says.
  FillDynamic(item, true, work_item);
  work_item.clear_etag();
  work_item.clear_create_time();
  work_item.clear_update_time();
  v1::Event& event = scratch_.submitted;
  event.mutable_work_item_submitted()->set_allocated_work_item(&work_item);
  const type::v1::Revision revision = step.changes.Raise(step.call, item.name, event);
  static_cast<void>(event.mutable_work_item_submitted()->release_work_item());
  item.commit = revision.commit();
  item.index = revision.index();
  item.updated = step.now;
  step.Touch(item);
  if (item.infeasible) NoteFeasibility(step, item, *feasibility);
  step.to_place.push_back(&item);
  return item;
}

absl::StatusOr<v1::SubmitWorkItemResponse> Core::SubmitWorkItem(
    const Call& call, const v1::SubmitWorkItemRequest& request, Changes& changes) {
  Draft draft;
  TL_RETURN_IF_ERROR(CheckWorkItem(call, request.work_item(), request.work_item_id(), draft));
  Step step(*this, call, changes);
  v1::SubmitWorkItemResponse response;
  v1::WorkItem& work_item = *response.mutable_work_item();
  work_item = request.work_item();
  v1::Feasibility feasibility;
  Item& item = TakeIn(step, work_item, draft, &feasibility);
  if (item.due != kNever) *response.mutable_feasibility() = std::move(feasibility);
  Settle(step);
  work_item.clear_periods();
  FillDynamic(item, true, work_item);
  return response;
}

absl::StatusOr<v1::BatchSubmitWorkItemsResponse> Core::BatchSubmitWorkItems(
    const Call& call, const v1::BatchSubmitWorkItemsRequest& request, Changes& changes) {
  TL_RETURN_IF_ERROR(CheckBatch("items", request.items_size()));
  Step step(*this, call, changes);
  v1::BatchSubmitWorkItemsResponse response;
  response.mutable_results()->Reserve(request.items_size());
  v1::WorkItem work_item;  // one for all: its memory is used again
  for (const v1::BatchSubmitItem& one : request.items()) {
    v1::SubmitOutcome& result = *response.add_results();
    Draft draft;
    const absl::Status status = CheckWorkItem(call, one.work_item(), one.work_item_id(), draft);
    if (!status.ok()) {
      FillRefusal(status, *result.mutable_refusal());
      continue;
    }
    work_item = one.work_item();
    v1::Feasibility feasibility;
    Item& item = TakeIn(step, work_item, draft, &feasibility);
    Settle(step);
    result.set_name(item.name);
    result.set_etag(EtagOf(item));
    result.set_state(item.state);
    result.set_infeasible(item.infeasible);
    if (item.offered_to != nullptr) {
      result.set_expert(item.offered_to->name);
      result.set_epoch(item.offer_count);
    } else if (item.holder != nullptr) {
      result.set_expert(item.holder->name);
      result.set_epoch(item.custody_epoch);
    }
  }
  return response;
}

absl::StatusOr<v1::BatchAcceptResponse> Core::BatchAccept(const Call& call,
                                                          const v1::BatchAcceptRequest& request,
                                                          Changes& changes) {
  TL_RETURN_IF_ERROR(CheckBatch("offers", request.offers_size()));
  Step step(*this, call, changes);
  v1::BatchAcceptResponse response;
  for (const std::string& name : request.offers()) {
    v1::ItemOutcome& result = *response.add_results();
    Item* item = nullptr;
    const absl::Status status = AcceptOne(step, name, item);
    FillOutcome(status, item, result);
  }
  Settle(step);
  return response;
}

absl::StatusOr<v1::BatchSubmitResultsResponse> Core::BatchSubmitResults(
    const Call& call, const v1::BatchSubmitResultsRequest& request, Changes& changes) {
  TL_RETURN_IF_ERROR(CheckBatch("results", request.results_size()));
  Step step(*this, call, changes);
  v1::BatchSubmitResultsResponse response;
  for (const v1::BatchResult& one : request.results()) {
    v1::ItemOutcome& result = *response.add_results();
    Item* item = nullptr;
    const absl::Status status =
        CheckResult(call, one.name(), one.custody_epoch(), one.result(), item);
    if (status.ok()) TakeResult(step, *item, one.result());
    FillOutcome(status, item, result);
  }
  Settle(step);
  return response;
}

}  // namespace tideline::work_routing
