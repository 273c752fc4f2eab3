// SPDX-License-Identifier: Apache-2.0
// Who could take an item over from whoever has it: the matcher's answer, and nothing is given.
#include <algorithm>
#include <utility>

#include "services/work_routing/core/core.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

absl::StatusOr<v1::FindReceiverResponse> Core::FindReceiver(
    const Call& call, const v1::FindReceiverRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Item* item, GetItem(call, request.name()));
  const bool takeable = item->state == v1::WorkItem::STATE_QUEUED ||
                        item->state == v1::WorkItem::STATE_OFFERED || item->in_hand();
  if (!takeable || item->kind == nullptr) return Forbidden(*item, "find a receiver for");
  Workspace& workspace = *item->workspace;
  v1::WorkItem brief;
  brief.ParseFromString(item->brief);
  KindSpec spec = SpecOf(*item, brief);
  spec.meant_for.clear();  // whom it was meant for is what is about to change
  if (!request.queue().empty()) {
    auto queue = workspace.queues.find(request.queue());
    if (queue == workspace.queues.end()) return ReferenceNotFound("queue", request.queue());
    spec.queue = queue->second.get();
    spec.steps = 0;
  }
  for (const v1::Requirement& requirement : request.requirements()) {
    spec.required.push_back({requirement.skill(), std::max<int>(requirement.min_level(), 1)});
  }
  Ask ask = AskOf(*item, ToNanos(call.now));
  const auto leave_out = [&](const std::string& name) {
    const auto* expert = roster_.Find<registry::Expert>(name);
    ask.excluded_people.push_back(expert == nullptr || expert->person().empty() ? name
                                                                                : expert->person());
  };
  if (item->holder != nullptr) leave_out(item->holder->name);
  for (const std::string& name : request.excluded_experts()) leave_out(name);

  const SignatureId signature = workspace.matcher.Acquire(NeedsOf(spec, workspace, roster_));
  const Choice choice = workspace.matcher.Choose(signature, ask, spec.queue->weights);
  workspace.matcher.Release(signature);
  v1::FindReceiverResponse response;
  FillDecision(*item, choice, *response.mutable_decision());
  SetTime(ToNanos(call.now), response.mutable_decision()->mutable_time());
  if (choice.found()) {
    response.set_expert(workspace.by_slot[choice.best().slot]->name);
    response.mutable_decision()->set_expert(response.expert());
  }
  return response;
}

}  // namespace tideline::work_routing
