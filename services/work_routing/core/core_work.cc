// SPDX-License-Identifier: Apache-2.0
// The verbs of work in hand: hold, resume, progress, result, approval, rework, reopening, the end.
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/digest.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

absl::Status Forbidden(const Item& item, absl::string_view verb) {
  const std::string name = v1::WorkItem::State_Name(item.state).substr(sizeof("STATE_") - 1);
  return Refuse(Reason::REASON_STATE_FORBIDS,
                absl::StrCat(verb, " is not possible while the item is ", name),
                {{"state", name}, {"workItem", item.name}});
}

absl::Status Core::CheckEtag(const Item& item, absl::string_view etag) const {
  if (etag.empty() || etag == EtagOf(item)) return absl::OkStatus();
  return Refuse(Reason::REASON_ETAG_MISMATCH, "the item has changed since",
                {{"etag", EtagOf(item)}});
}

absl::StatusOr<v1::HoldWorkItemResponse> Core::HoldWorkItem(const Call& call,
                                                            const v1::HoldWorkItemRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state != v1::WorkItem::STATE_ASSIGNED) return Forbidden(*item, "hold");
  if (request.hold().reason().empty()) {
    return InvalidField("hold.reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (request.hold().asked_by().empty()) {
    return InvalidField("hold.asked_by", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(MayHold(call, *item));
  if (item->queue->pause_budget != kNever && item->hold_time >= item->queue->pause_budget) {
    return Refuse(Reason::REASON_WINDOW_CLOSED, "the pause budget is used up",
                  {{"workItem", item->name}});
  }
  Step step(*this, call, changes);
  Leave(*item);
  item->state = v1::WorkItem::STATE_ON_HOLD;
  item->alarmed = false;
  NotePeriod(*item, step.now, &request.hold());
  Join(*item);
  v1::Event event;
  Raise(step, *item, event, *event.mutable_work_item_held()->mutable_standing(), item->holder);
  ClearAlarms(step, *item->workspace, item->name, v1::Alarm::KIND_NO_PROGRESS);
  if (call.grant.expert == item->holder->name) Acted(step, *item->holder);
  Settle(step);
  v1::HoldWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::Status Core::MayHold(const Call& call, const Item& item) const {
  // Whoever waits for the item may also say that it has to wait.
  if (call.grant.roles.Has(type::v1::ROLE_SUBMITTER)) return absl::OkStatus();
  return MayActFor(call, item.holder->name);
}

absl::StatusOr<v1::ResumeWorkItemResponse> Core::ResumeWorkItem(
    const Call& call, const v1::ResumeWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state != v1::WorkItem::STATE_ON_HOLD) return Forbidden(*item, "resume");
  TL_RETURN_IF_ERROR(MayHold(call, *item));
  Step step(*this, call, changes);
  Leave(*item);
  EndHold(*item, step.now);
  item->state = v1::WorkItem::STATE_ASSIGNED;
  item->alarmed = false;
  item->progress_time = step.now;
  NotePeriod(*item, step.now, nullptr);
  Join(*item);
  v1::Event event;
  Raise(step, *item, event, *event.mutable_work_item_resumed()->mutable_standing(), item->holder);
  ClearAlarms(step, *item->workspace, item->name, v1::Alarm::KIND_PAUSE_BUDGET_USED);
  if (call.grant.expert == item->holder->name) Acted(step, *item->holder);
  Settle(step);
  v1::ResumeWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::ReportProgressResponse> Core::ReportProgress(
    const Call& call, const v1::ReportProgressRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  if (!item->in_hand()) return Forbidden(*item, "progress");
  TL_RETURN_IF_ERROR(CheckEpoch(*item, request.custody_epoch()));
  TL_RETURN_IF_ERROR(MayActFor(call, item->holder->name));
  if (request.progress_percent() < 0 || request.progress_percent() > 100) {
    return InvalidField("progress_percent", "is from 0 to 100");
  }
  Step step(*this, call, changes);
  v1::WorkItem brief;
  brief.ParseFromString(item->brief);
  Leave(*item);
  item->progress = static_cast<uint8_t>(request.progress_percent());
  item->progress_time = step.now;
  if (item->state == v1::WorkItem::STATE_ASSIGNED) item->alarmed = false;
  SetLatestStart(*item, brief);
  Join(*item);
  v1::Event event;
  event.mutable_progress_reported()->set_comment(request.comment());
  Raise(step, *item, event, *event.mutable_progress_reported()->mutable_standing(), item->holder);
  ClearAlarms(step, *item->workspace, item->name, v1::Alarm::KIND_NO_PROGRESS);
  Acted(step, *item->holder);
  Settle(step);
  v1::ReportProgressResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::Status Core::CheckResult(const Call& call, absl::string_view name, int64_t epoch,
                               const v1::Result& result, Item*& item) const {
  TL_ASSIGN_OR_RETURN(item, GetItem(call, name));
  if (item->state != v1::WorkItem::STATE_ASSIGNED) return Forbidden(*item, "submit");
  TL_RETURN_IF_ERROR(CheckEpoch(*item, epoch));
  TL_RETURN_IF_ERROR(CheckAttributes(result.attributes(), "result.attributes"));
  return MayActFor(call, item->holder->name);
}

void Core::TakeResult(Step& step, Item& item, const v1::Result& result) {
  Person& person = *item.holder;
  v1::Event event;
  v1::ResultSubmitted& submitted = *event.mutable_result_submitted();
  v1::Result& kept = *submitted.mutable_result();
  kept = result;
  kept.clear_checksum();
  kept.clear_expert();
  kept.clear_submit_time();
  kept.set_checksum(ChecksumOf(kept));
  kept.set_expert(person.name);
  SetTime(step.now, kept.mutable_submit_time());
  item.result = std::make_unique<std::string>(kept.SerializeAsString());
  Acted(step, person);
  const bool complete = item.queue->auto_complete();
  Leave(item);
  item.state = v1::WorkItem::STATE_SUBMITTED;
  item.alarmed = false;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  Raise(step, item, event, *submitted.mutable_standing(), &person);
  ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_NO_PROGRESS);
  if (complete) Complete(step, item, kept.checksum());
  Freed(step, person, *item.queue);
}

void Core::Complete(Step& step, Item& item, const std::string& checksum) {
  Leave(item);
  item.state = v1::WorkItem::STATE_COMPLETED;
  item.closed = step.now;
  DropKind(item);
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  event.mutable_work_item_completed()->set_checksum(checksum);
  Raise(step, item, event, *event.mutable_work_item_completed()->mutable_standing(), item.holder);
  ClearAlarms(step, *item.workspace, item.name);
}

absl::StatusOr<v1::SubmitResultResponse> Core::SubmitResult(const Call& call,
                                                            const v1::SubmitResultRequest& request,
                                                            Changes& changes) {
  Item* item = nullptr;
  TL_RETURN_IF_ERROR(
      CheckResult(call, request.name(), request.custody_epoch(), request.result(), item));
  Step step(*this, call, changes);
  TakeResult(step, *item, request.result());
  Settle(step);
  v1::SubmitResultResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::Status Core::NotTheDoer(const Call& call, const Item& item) const {
  if (item.holder == nullptr || call.grant.expert.empty()) return absl::OkStatus();
  bool same = call.grant.expert == item.holder->name;
  // The same natural person may be an expert twice.
  const auto* doer = roster_.Find<skill_registry::v1::Expert>(item.holder->name);
  const auto* judge = roster_.Find<skill_registry::v1::Expert>(call.grant.expert);
  same |= doer != nullptr && judge != nullptr && !doer->person().empty() &&
          doer->person() == judge->person();
  if (!same) return absl::OkStatus();
  return Refuse(Reason::REASON_SAME_PERSON, "the doer cannot judge the result",
                {{"expert", call.grant.expert}});
}

absl::StatusOr<v1::ApproveResultResponse> Core::ApproveResult(
    const Call& call, const v1::ApproveResultRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state != v1::WorkItem::STATE_SUBMITTED) return Forbidden(*item, "approve");
  TL_RETURN_IF_ERROR(NotTheDoer(call, *item));
  v1::Result result;
  if (item->result != nullptr) result.ParseFromString(*item->result);
  if (!request.checksum().empty() && request.checksum() != result.checksum()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the result is another one than was judged",
                  {{"checksum", result.checksum()}});
  }
  Step step(*this, call, changes);
  Complete(step, *item, result.checksum());
  v1::ApproveResultResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::ReturnForReworkResponse> Core::ReturnForRework(
    const Call& call, const v1::ReturnForReworkRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state != v1::WorkItem::STATE_SUBMITTED) return Forbidden(*item, "return");
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(NotTheDoer(call, *item));
  Step step(*this, call, changes);
  ++item->return_count;
  v1::Event event;
  v1::WorkItemReturned& returned = *event.mutable_work_item_returned();
  returned.set_reason(request.reason());
  ReturnToDoer(step, *item, event, *returned.mutable_standing());
  const bool too_often = item->return_count - item->returns_forgiven > item->queue->max_returns;
  if (too_often && item->state == v1::WorkItem::STATE_QUEUED) {
    step.to_place.clear();
    Park(step, *item, v1::WorkItem::PARKED_REASON_TOO_MANY_FAILURES);
  }
  Settle(step);
  v1::ReturnForReworkResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::ReopenWorkItemResponse> Core::ReopenWorkItem(
    const Call& call, const v1::ReopenWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  const bool completed = item->state == v1::WorkItem::STATE_COMPLETED;
  if (!completed && item->state != v1::WorkItem::STATE_SUBMITTED) {
    return Forbidden(*item, "reopen");
  }
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (completed && ToNanos(call.now) > item->closed + item->queue->reopen_window) {
    return Refuse(Reason::REASON_WINDOW_CLOSED, "the reopen window has closed",
                  {{"workItem", item->name}});
  }
  Step step(*this, call, changes);
  ++item->reopen_count;
  if (completed) {
    v1::WorkItem brief;
    brief.ParseFromString(item->brief);
    Rekind(*item, brief);
  }
  v1::Event event;
  v1::WorkItemReopened& reopened = *event.mutable_work_item_reopened();
  reopened.set_reason(request.reason());
  ReturnToDoer(step, *item, event, *reopened.mutable_standing());
  Settle(step);
  v1::ReopenWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::CancelWorkItemResponse> Core::CancelWorkItem(
    const Call& call, const v1::CancelWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  v1::CancelWorkItemResponse response;
  if (item->state == v1::WorkItem::STATE_CANCELLED) {
    *response.mutable_work_item() = PublicItem(*item);
    return response;
  }
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state == v1::WorkItem::STATE_COMPLETED) return Forbidden(*item, "cancel");
  Step step(*this, call, changes);
  if (item->state == v1::WorkItem::STATE_OFFERED) {
    CloseOffer(step, *item, v1::Offer::STATE_WITHDRAWN, v1::DECLINE_REASON_UNSPECIFIED, {});
    step.to_place.clear();
  }
  Person* const holder = item->in_hand() ? item->holder : nullptr;
  Leave(*item);
  EndHold(*item, step.now);
  item->state = v1::WorkItem::STATE_CANCELLED;
  item->parked_reason = v1::WorkItem::PARKED_REASON_UNSPECIFIED;
  item->closed = step.now;
  DropKind(*item);
  NotePeriod(*item, step.now, nullptr);
  Join(*item);
  v1::Event event;
  event.mutable_work_item_cancelled()->set_reason(request.reason());
  Raise(step, *item, event, *event.mutable_work_item_cancelled()->mutable_standing(), item->holder);
  ClearAlarms(step, *item->workspace, item->name);
  if (holder != nullptr) Freed(step, *holder, *item->queue);
  Settle(step);
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::ReprioritizeWorkItemResponse> Core::ReprioritizeWorkItem(
    const Call& call, const v1::ReprioritizeWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * found, GetItem(call, request.name()));
  Item& item = *found;
  TL_RETURN_IF_ERROR(CheckEtag(item, request.etag()));
  if (!item.open() || item.state == v1::WorkItem::STATE_SUBMITTED) {
    return Forbidden(item, "reprioritize");
  }
  if (request.priority() == type::v1::PRIORITY_UNSPECIFIED && !request.has_due_time() &&
      !request.has_expected_effort()) {
    return InvalidField("priority", "nothing to change", Reason::REASON_FIELD_REQUIRED);
  }
  Step step(*this, call, changes);
  v1::WorkItem brief;
  brief.ParseFromString(item.brief);
  Leave(item);
  if (request.priority() != type::v1::PRIORITY_UNSPECIFIED) item.priority = request.priority();
  if (request.has_expected_effort()) item.effort = ToNanos(request.expected_effort());
  if (request.has_due_time()) {
    item.due = ToNanos(request.due_time());
    item.due_stated = true;
  }
  SetLatestStart(item, brief);
  Join(item);
  v1::ReprioritizeWorkItemResponse response;
  v1::Feasibility* feasibility = nullptr;
  if (item.due != kNever) {
    feasibility = response.mutable_feasibility();
    *feasibility = FeasibilityOf(item, step.now);
    NoteFeasibility(step, item, *feasibility);
  }
  v1::Event event;
  v1::WorkItemChanged& changed = *event.mutable_work_item_changed();
  changed.set_priority(request.priority());
  if (request.has_due_time()) SetTime(item.due, changed.mutable_due_time());
  if (request.has_expected_effort()) SetDuration(item.effort, changed.mutable_expected_effort());
  changed.set_reason(request.reason());
  Raise(step, item, event, *changed.mutable_standing(), item.holder);
  BringBack(step, item);
  if (item.state == v1::WorkItem::STATE_QUEUED) step.to_place.push_back(&item);
  Settle(step);
  *response.mutable_work_item() = PublicItem(item);
  return response;
}

// Somebody looked at a parked item: it gets another chance, with a clean slate.
void Core::BringBack(Step& step, Item& item) {
  if (item.state != v1::WorkItem::STATE_PARKED) return;
  item.offers_forgiven = item.offer_count;
  item.returns_forgiven = item.return_count;
  for (Try& attempt : item.tries) attempt.barred = false;
  Requeue(step, item, v1::QUEUED_BY_UNPARK, "looked at by hand");
}

absl::StatusOr<v1::WidenWorkItemResponse> Core::WidenWorkItem(
    const Call& call, const v1::WidenWorkItemRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Item * item, GetItem(call, request.name()));
  TL_RETURN_IF_ERROR(CheckEtag(*item, request.etag()));
  if (item->state != v1::WorkItem::STATE_QUEUED && item->state != v1::WorkItem::STATE_PARKED) {
    return Forbidden(*item, "widen");
  }
  if (item->widening_step >= item->queue->policy().widening_steps_size()) {
    return Refuse(Reason::REASON_WINDOW_CLOSED, "the queue has no further step",
                  {{"workItem", item->name}});
  }
  Step step(*this, call, changes);
  TakeStep(step, *item);
  BringBack(step, *item);
  if (item->state == v1::WorkItem::STATE_QUEUED) step.to_place.push_back(item);
  Settle(step);
  v1::WidenWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

}  // namespace tideline::work_routing
