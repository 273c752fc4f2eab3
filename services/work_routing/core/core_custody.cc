// SPDX-License-Identifier: Apache-2.0
// Custody that changes hands outside of the usual way: given back, moved on, or left behind by
// somebody who went. The age of an item is never touched.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

absl::Status Core::CheckEpoch(const Item& item, int64_t epoch) const {
  if (epoch == 0 || epoch == item.custody_epoch) return absl::OkStatus();
  return Refuse(Reason::REASON_CUSTODY_MOVED, "custody has moved on",
                {{"custodyEpoch", absl::StrCat(item.custody_epoch)}});
}

void Core::EndHold(Item& item, Nanos now) {
  if (item.state != v1::WorkItem::STATE_ON_HOLD || item.periods.empty()) return;
  item.hold_time += now - item.periods.back().start;
}

void Core::Release(Step& step, Item& item, v1::QueuedBy by, absl::string_view reason, bool barred) {
  Person& person = *item.holder;
  if (barred && !item.queue->policy().offer_again()) {
    Try attempt;
    attempt.expert = &person.name;
    attempt.barred = true;
    item.tries.push_back(attempt);
  }
  Leave(item);
  EndHold(item, step.now);
  item.state = v1::WorkItem::STATE_QUEUED;
  item.holder = nullptr;
  item.alarmed = false;
  ++item.custody_epoch;
  item.custody_since = step.now;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  v1::WorkItemQueued& queued = *event.mutable_work_item_queued();
  queued.set_by(by);
  queued.set_reason(std::string(reason));
  Raise(step, item, event, *queued.mutable_standing(), &person);
  ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_NO_PROGRESS);
  ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_PAUSE_BUDGET_USED);
  step.to_place.push_back(&item);
  Freed(step, person, *item.queue);
}

absl::StatusOr<v1::ReleaseWorkItemResponse> Core::ReleaseWorkItem(
    const Call& call, const v1::ReleaseWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (!item->in_hand()) return Forbidden(*item, "release");
  TL_RETURN_IF_ERROR(CheckEpoch(*item, request.custody_epoch()));
  TL_RETURN_IF_ERROR(MayActFor(call, item->holder->name));
  Step step(*this, call, changes);
  Acted(step, *item->holder);
  Release(step, *item, v1::QUEUED_BY_RELEASE, request.reason(), true);
  Settle(step);
  v1::ReleaseWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::Status Core::CheckReceiver(const Call& call, const Item& item,
                                 const std::string& expert) const {
  auto found = item.workspace->people.find(expert);
  if (found == item.workspace->people.end() || !found->second->slot.has_value()) {
    return ReferenceNotFound("expert", expert);
  }
  if (item.holder == found->second.get()) {
    return Refuse(Reason::REASON_SAME_PERSON, "the person has the item already",
                  {{"expert", expert}});
  }
  // What a person is counts; how busy they are, and whom the queue would have chosen, is the
  // giver's and the receiver's business.
  for (Constraint constraint : item.workspace->matcher.Check(
           item.kind->signature, AskOf(item, ToNanos(call.now)), *found->second->slot)) {
    if (constraint >= eligibility::kFirstPassing || constraint == Constraint::kTeam) continue;
    const auto& rule = eligibility::RuleOf(constraint);
    return Refuse(Reason::REASON_NOT_ELIGIBLE, rule.explanation,
                  {{"constraint", rule.name}, {"expert", expert}});
  }
  return absl::OkStatus();
}

absl::Status Core::CheckTransfer(const Call& call, const Item& item,
                                 const v1::TransferWorkItemRequest& request) const {
  if (request.team().empty() == request.expert().empty()) {
    return InvalidField(
        request.team().empty() ? "team" : "expert", "exactly one of team and expert is stated",
        request.team().empty() ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
  }
  if (item.state != v1::WorkItem::STATE_QUEUED && item.state != v1::WorkItem::STATE_OFFERED &&
      !item.in_hand()) {
    return Forbidden(item, "transfer");
  }
  if (request.custody_epoch() != item.custody_epoch) {
    return Refuse(Reason::REASON_CUSTODY_MOVED, "custody has moved on",
                  {{"custodyEpoch", absl::StrCat(item.custody_epoch)}});
  }
  TL_RETURN_IF_ERROR(MayActFor(call, item.holder == nullptr ? "" : item.holder->name));
  if (!request.expert().empty()) return CheckReceiver(call, item, request.expert());
  if (!absl::StartsWith(request.team(), absl::StrCat(call.workspace, "/")) ||
      roster_.Find<skill_registry::v1::Team>(request.team()) == nullptr) {
    return ReferenceNotFound("team", request.team());
  }
  if (!item.in_hand() && *item.team == request.team() && item.meant_for == item.team) {
    return Refuse(Reason::REASON_SAME_PERSON, "the item waits in this team already",
                  {{"team", request.team()}});
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::TransferWorkItemResponse> Core::TransferWorkItem(
    const Call& call, const v1::TransferWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * found, GetItem(call, request.name()));
  Item& item = *found;
  TL_RETURN_IF_ERROR(CheckTransfer(call, item, request));
  Step step(*this, call, changes);
  Workspace& workspace = *item.workspace;
  Person* const giver = item.holder != nullptr ? item.holder : item.offered_to;
  if (item.holder != nullptr) Acted(step, *item.holder);
  if (item.state == v1::WorkItem::STATE_OFFERED) {
    CloseOffer(step, item, v1::Offer::STATE_WITHDRAWN, v1::DECLINE_REASON_UNSPECIFIED, {});
    step.to_place.clear();  // it goes where this verb says
  }
  v1::WorkItem brief;
  brief.ParseFromString(item.brief);
  Leave(item);
  EndHold(item, step.now);
  Person* receiver = nullptr;
  if (request.expert().empty()) {
    item.state = v1::WorkItem::STATE_QUEUED;
    item.holder = nullptr;
    item.team = workspace.Share(request.team());
    item.meant_for = item.team;
    SetLatestStart(item, brief);
    Rekind(item, brief);
  } else {
    receiver = workspace.people.find(request.expert())->second.get();
    item.state = v1::WorkItem::STATE_ASSIGNED;
    item.holder = receiver;
    if (receiver->team != nullptr) item.team = receiver->team;
    item.progress_time = step.now;
    receiver->load.idle_order = SequenceOf(changes.Next());
    receiver->load.idle_since = call.now;
    step.Touch(*receiver);
  }
  item.alarmed = false;
  ++item.custody_epoch;
  ++item.transfer_count;
  item.custody_since = step.now;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  v1::WorkItemTransferred& transferred = *event.mutable_work_item_transferred();
  transferred.set_reason(request.reason());
  Raise(step, item, event, *transferred.mutable_standing(), receiver != nullptr ? receiver : giver);
  if (receiver == nullptr) step.to_place.push_back(&item);
  if (giver != nullptr) Freed(step, *giver, *item.queue);
  Settle(step);
  v1::TransferWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(item);
  return response;
}

bool Core::ClearDesk(Step& step, Person& person, int most) {
  // Still gone? They may have come back while the work went on.
  if (person.offline_since == kUnset) return true;
  const bool left = !person.slot.has_value();
  std::vector<Item*> go(person.offers.begin(), person.offers.end());
  for (Item* item : person.held) {
    if (left || item->queue->policy().holding() == v1::QueuePolicy::HOLDING_HAND_OVER) {
      go.push_back(item);
    }
  }
  int moved = 0;
  for (Item* item : go) {
    if (moved++ == most) return false;
    if (item->state == v1::WorkItem::STATE_OFFERED) {
      CloseOffer(step, *item, v1::Offer::STATE_WITHDRAWN, v1::DECLINE_REASON_UNSPECIFIED, {});
    } else if (left) {
      Release(step, *item, v1::QUEUED_BY_HOLDER_GONE, "the holder left the roster", false);
    } else {
      Release(step, *item, v1::QUEUED_BY_HOLDING, "the holder went offline", false);
    }
    Settle(step);
  }
  return true;
}

void Core::ReturnToDoer(Step& step, Item& item, v1::Event& event, v1::WorkItemStanding& standing) {
  Workspace& workspace = *item.workspace;
  Person& doer = *item.holder;
  bool can = doer.slot.has_value();
  if (can) {
    for (Constraint constraint :
         workspace.matcher.Check(item.kind->signature, AskOf(item, step.now), *doer.slot)) {
      // Who has done it keeps it although they are full or it was meant for others.
      can &= constraint == Constraint::kDeclined || constraint == Constraint::kTeam ||
             constraint == Constraint::kFinish || constraint == Constraint::kWipLimit ||
             constraint == Constraint::kUnresponsive;
    }
  }
  Leave(item);
  if (can) {
    item.state = v1::WorkItem::STATE_ASSIGNED;
    doer.load.idle_order = SequenceOf(step.changes.Next());
    doer.load.idle_since = step.call.now;
    step.Touch(doer);
  } else {
    item.state = v1::WorkItem::STATE_QUEUED;
    item.holder = nullptr;
    ++item.custody_epoch;
    item.custody_since = step.now;
  }
  item.progress = 0;
  item.progress_time = step.now;
  item.closed = kUnset;
  item.alarmed = false;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  Raise(step, item, event, standing, &doer);
  if (!can) step.to_place.push_back(&item);
}

}  // namespace tideline::work_routing
