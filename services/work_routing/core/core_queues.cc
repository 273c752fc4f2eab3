// SPDX-License-Identifier: Apache-2.0
// Queues and restrictions: the rules by which items are routed, and what a change of them means for
// what waits.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

namespace {

// Queues, restrictions and alarms of a workspace: what a person can still survey. Reads list them
// in one step.
constexpr size_t kMaxQueues = 10'000;
constexpr size_t kMaxRestrictions = 1'000;

void SetTimes(const Call& call, const type::v1::Revision& revision, v1::Queue& queue) {
  queue.set_etag(partition::FormatEtag(revision));
  SetTime(ToNanos(call.now), queue.mutable_update_time());
}

template <class Resource, class Names>
absl::Status CheckNames(const Call& call, const roster::Roster& roster, const Names& names,
                        absl::string_view field) {
  for (int i = 0; i < names.size(); ++i) {
    if (!absl::StartsWith(names[i], absl::StrCat(call.workspace, "/")) ||
        roster.Find<Resource>(names[i]) == nullptr) {
      return ReferenceNotFound(absl::StrCat(field, "[", i, "]"), names[i]);
    }
  }
  return absl::OkStatus();
}

// Sets the masked paths of `to` from `from`. An empty mask takes what is set.
absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const v1::Queue& from,
                       v1::Queue& to) {
  if (mask.paths().empty()) {
    if (!from.display_name().empty()) to.set_display_name(from.display_name());
    if (!from.home_team().empty()) to.set_home_team(from.home_team());
    if (from.has_policy()) *to.mutable_policy() = from.policy();
    return absl::OkStatus();
  }
  for (const std::string& path : mask.paths()) {
    if (path == "display_name" || path == "*") to.set_display_name(from.display_name());
    if (path == "home_team" || path == "*") to.set_home_team(from.home_team());
    if (path == "policy" || path == "*") *to.mutable_policy() = from.policy();
    if (path == "display_name" || path == "home_team" || path == "policy" || path == "*") continue;
    const google::protobuf::FieldDescriptor* field =
        absl::StartsWith(path, "policy.")
            ? v1::QueuePolicy::descriptor()->FindFieldByName(path.substr(sizeof("policy.") - 1))
            : nullptr;
    if (field == nullptr || field->name() == "revision") {
      return InvalidField("update_mask", absl::StrCat(path, " is no field to change"));
    }
    // Through a copy that has this field only: the field is replaced whole, set or not.
    v1::QueuePolicy one = from.policy();
    std::vector<const google::protobuf::FieldDescriptor*> set;
    v1::QueuePolicy::GetReflection()->ListFields(one, &set);
    for (const auto* other : set) {
      if (other != field) v1::QueuePolicy::GetReflection()->ClearField(&one, other);
    }
    v1::QueuePolicy::GetReflection()->ClearField(to.mutable_policy(), field);
    to.mutable_policy()->MergeFrom(one);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Core::CheckQueue(const Call& call, const v1::Queue& queue) const {
  if (queue.home_team().empty()) {
    return InvalidField("queue.home_team", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (!absl::StartsWith(queue.home_team(), absl::StrCat(call.workspace, "/")) ||
      roster_.Find<registry::Team>(queue.home_team()) == nullptr) {
    return ReferenceNotFound("queue.home_team", queue.home_team());
  }
  const v1::QueuePolicy& policy = queue.policy();
  TL_RETURN_IF_ERROR(
      CheckNames<registry::Team>(call, roster_, policy.teams(), "queue.policy.teams"));
  TL_RETURN_IF_ERROR(CheckNames<registry::Organization>(call, roster_, policy.organizations(),
                                                        "queue.policy.organizations"));
  for (int i = 0; i < policy.widening_steps_size(); ++i) {
    const auto& step = policy.widening_steps(i);
    const std::string field = absl::StrCat("queue.policy.widening_steps[", i, "]");
    TL_RETURN_IF_ERROR(CheckNames<registry::Team>(call, roster_, step.add_teams(),
                                                  absl::StrCat(field, ".add_teams")));
    TL_RETURN_IF_ERROR(CheckNames<registry::Organization>(
        call, roster_, step.add_organizations(), absl::StrCat(field, ".add_organizations")));
  }
  for (int i = 0; i < policy.aging_bounds_size(); ++i) {
    const std::string field = absl::StrCat("queue.policy.aging_bounds[", i, "]");
    if (ToNanos(policy.aging_bounds(i).age()) <= 0) {
      return InvalidField(absl::StrCat(field, ".age"), "must be stated",
                          Reason::REASON_FIELD_REQUIRED);
    }
    for (int j = 0; j < i; ++j) {
      if (policy.aging_bounds(j).impact_class() == policy.aging_bounds(i).impact_class()) {
        return InvalidField(absl::StrCat(field, ".impact_class"), "is stated twice");
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateQueueResponse> Core::CreateQueue(const Call& call,
                                                          const v1::CreateQueueRequest& request,
                                                          Changes& changes) {
  if (roster_.Find<registry::Workspace>(call.workspace) == nullptr) {
    return NotFound(call.workspace);
  }
  TL_RETURN_IF_ERROR(CheckQueue(call, request.queue()));
  const std::string name = absl::StrCat(call.workspace, "/queues/", request.queue_id());
  Workspace& workspace = WorkspaceOf(call.workspace);
  if (workspace.queues.count(name) != 0) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, absl::StrCat(name, " exists"),
                  {{"resource", name}});
  }
  if (workspace.queues.size() >= kMaxQueues) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "the workspace has as many queues as it may");
  }
  auto queue = std::make_unique<Queue>();
  queue->workspace = &workspace;
  queue->record = request.queue();
  v1::Queue& record = queue->record;
  record.set_name(name);
  record.clear_etag();
  record.clear_create_time();
  record.clear_update_time();
  record.mutable_policy()->set_revision(1);
  v1::Event event;
  *event.mutable_queue_created()->mutable_queue() = record;
  const type::v1::Revision revision = changes.Raise(call, name, event);
  SetTime(ToNanos(call.now), record.mutable_create_time());
  SetTimes(call, revision, record);
  last_ = changes.Next();
  changes.Put("queue", name, record);
  queue->Compile();
  v1::CreateQueueResponse response;
  *response.mutable_queue() = record;
  workspace.queues.emplace(name, std::move(queue));
  return response;
}

absl::StatusOr<v1::UpdateQueueResponse> Core::UpdateQueue(const Call& call,
                                                          const v1::UpdateQueueRequest& request,
                                                          Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  const std::string& name = request.queue().name();
  auto found =
      workspace == nullptr ? decltype(workspace->queues.begin())() : workspace->queues.find(name);
  if (workspace == nullptr || found == workspace->queues.end()) return NotFound(name);
  Queue& queue = *found->second;
  if (!request.queue().etag().empty() && request.queue().etag() != queue.record.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the queue has changed since",
                  {{"etag", queue.record.etag()}});
  }
  v1::Queue changed = queue.record;
  TL_RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.queue(), changed));
  changed.mutable_policy()->set_revision(queue.policy().revision());
  TL_RETURN_IF_ERROR(CheckQueue(call, changed));
  const bool policy_changed =
      changed.policy().SerializeAsString() != queue.policy().SerializeAsString();
  if (policy_changed) changed.mutable_policy()->set_revision(queue.policy().revision() + 1);
  Step step(*this, call, changes);
  queue.record = std::move(changed);
  v1::Event event;
  v1::Queue& shown = *event.mutable_queue_changed()->mutable_queue();
  shown = queue.record;
  shown.clear_etag();
  shown.clear_update_time();
  SetTimes(call, changes.Raise(call, name, event), queue.record);
  changes.Put("queue", name, queue.record);
  if (policy_changed) {
    queue.Compile();
    ResignKinds(step, *workspace, [&queue](const KindSpec& spec) { return spec.queue == &queue; });
    Retime(*workspace, queue);
  }
  Settle(step);
  v1::UpdateQueueResponse response;
  *response.mutable_queue() = queue.record;
  return response;
}

void Core::Retime(Workspace& workspace, const Queue& queue) {
  for (const auto& [sequence, item] : workspace.items) {
    if (item->queue == &queue) SetTimer(*item);
  }
}

void Core::ResignKinds(Step& step, Workspace& workspace,
                       const std::function<bool(const KindSpec&)>& which) {
  ++workspace.people_version;
  std::vector<Kind*> kinds;
  for (const auto& [key, kind] : workspace.kinds) {
    if (which(kind->spec)) kinds.push_back(kind.get());
  }
  if (kinds.empty()) return;
  std::sort(kinds.begin(), kinds.end(), KindOrder());
  for (Kind* kind : kinds) {
    kind->aging = kind->spec.queue->aging[kind->spec.impact];
    const SignatureId before = kind->signature;
    auto shared = workspace.by_signature.find(before);
    shared->second.erase(kind);
    const bool last = shared->second.empty();
    if (last) workspace.by_signature.erase(shared);
    if (last) workspace.matcher.SetWaiting(before, std::nullopt);
    if (!last) Line(**shared->second.begin());
    kind->signature = workspace.matcher.Acquire(NeedsOf(kind->spec, workspace, roster_));
    workspace.matcher.Release(before);
    workspace.by_signature[kind->signature].insert(kind);
    kind->capable_version = 0;
    Line(*kind);
  }
  StartFilling(step, workspace);
  StartUnparking(step, workspace);
}

absl::StatusOr<v1::DeleteQueueResponse> Core::DeleteQueue(const Call& call,
                                                          const v1::DeleteQueueRequest& request,
                                                          Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  auto found = workspace == nullptr ? decltype(workspace->queues.begin())()
                                    : workspace->queues.find(request.name());
  if (workspace == nullptr || found == workspace->queues.end()) return NotFound(request.name());
  Queue& queue = *found->second;
  if (!request.etag().empty() && request.etag() != queue.record.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the queue has changed since",
                  {{"etag", queue.record.etag()}});
  }
  int64_t items = 0;
  for (int64_t depth : queue.depth) items += depth;
  if (items > 0) {
    return Refuse(Reason::REASON_RESOURCE_IN_USE,
                  absl::StrCat(items, " items are still kept in the queue"),
                  {{"resource", request.name()}, {"items", absl::StrCat(items)}});
  }
  v1::Event event;
  event.mutable_queue_deleted();
  changes.Raise(call, request.name(), event);
  last_ = changes.Next();
  changes.Erase("queue", request.name());
  changes.Retire(request.name());
  workspace->queues.erase(found);
  return v1::DeleteQueueResponse();
}

absl::StatusOr<v1::PutRestrictionResponse> Core::PutRestriction(
    const Call& call, const v1::PutRestrictionRequest& request, Changes& changes) {
  const v1::Restriction& wanted = request.restriction();
  if (wanted.effect() == v1::Restriction::EFFECT_UNSPECIFIED) {
    return InvalidField("restriction.effect", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (roster_.Find<registry::Workspace>(call.workspace) == nullptr) {
    return NotFound(call.workspace);
  }
  Workspace& workspace = WorkspaceOf(call.workspace);
  auto found = workspace.restrictions.find(wanted.name());
  const bool known = found != workspace.restrictions.end();
  if (known && !wanted.etag().empty() && wanted.etag() != found->second.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the restriction has changed since",
                  {{"etag", found->second.etag()}});
  }
  v1::PutRestrictionResponse response;
  if (wanted.effect() == v1::Restriction::EFFECT_LIFT) {
    if (!known) return NotFound(wanted.name());
    Step step(*this, call, changes);
    *response.mutable_restriction() = found->second;
    EndRestriction(step, workspace, wanted.name());
    Settle(step);
    return response;
  }
  if (wanted.source().empty() || wanted.reason().empty()) {
    return InvalidField(wanted.source().empty() ? "restriction.source" : "restriction.reason",
                        "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (wanted.has_until() && ToNanos(wanted.until()) <= ToNanos(call.now)) {
    return InvalidField("restriction.until", "has passed");
  }
  if (!known && workspace.restrictions.size() >= kMaxRestrictions) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                  "the workspace has as many restrictions as it may");
  }
  Step step(*this, call, changes);
  const v1::Restriction before = known ? found->second : v1::Restriction();
  v1::Restriction& kept = workspace.restrictions[wanted.name()];
  kept = wanted;
  kept.clear_etag();
  kept.clear_update_time();
  kept.clear_create_time();
  if (known) *kept.mutable_create_time() = before.create_time();
  v1::Event event;
  *event.mutable_restriction_put()->mutable_restriction() = kept;
  const type::v1::Revision revision = changes.Raise(call, kept.name(), event);
  kept.set_etag(partition::FormatEtag(revision));
  SetTime(step.now, kept.mutable_update_time());
  if (!known) SetTime(step.now, kept.mutable_create_time());
  changes.Put("restriction", kept.name(), kept);
  *response.mutable_restriction() = kept;
  RestrictionsChanged(step, workspace, before, kept);
  Settle(step);
  return response;
}

void Core::EndRestriction(Step& step, Workspace& workspace, const std::string& name) {
  auto found = workspace.restrictions.find(name);
  const v1::Restriction before = std::move(found->second);
  workspace.restrictions.erase(found);
  v1::Event event;
  event.mutable_restriction_ended();
  step.changes.Raise(step.call, before.name(), event);
  step.changes.Erase("restriction", before.name());
  step.changes.Retire(before.name());
  RestrictionsChanged(step, workspace, before, v1::Restriction());
}

void Core::EndRestrictions(Step& step, Workspace& workspace) {
  std::vector<std::string> over;
  for (const auto& [name, restriction] : workspace.restrictions) {
    if (restriction.has_until() && ToNanos(restriction.until()) <= step.now) over.push_back(name);
  }
  for (const std::string& name : over) EndRestriction(step, workspace, name);
}

void Core::RestrictionsChanged(Step& step, Workspace& workspace, const v1::Restriction& before,
                               const v1::Restriction& after) {
  ResignKinds(step, workspace, [&](const KindSpec& spec) {
    return (!before.name().empty() && Concerns(before, spec)) ||
           (!after.name().empty() && Concerns(after, spec));
  });
  StartWithdrawing(step, workspace);
}

}  // namespace tideline::work_routing
