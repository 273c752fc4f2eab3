// SPDX-License-Identifier: Apache-2.0
// The calls that are owed to work_routing: items for reviewers, and what verdicts bring about. Made
// in the commit of their cause, so none is lost and none is made twice. An answer and the event of
// the same change may come in either order.
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace routing = work_routing::v1;

using core::v1::StoredOwed;

namespace {

// Limit of work_routing's reasons.
constexpr size_t kMaxReasonBytes = 500;

std::string MethodOf(StoredOwed::Action action) {
  constexpr absl::string_view kService = "/tideline.work_routing.v1.WorkRoutingService/";
  static constexpr absl::string_view kNames[] = {"",
                                                 "SubmitWorkItem",
                                                 "SubmitResult",
                                                 "ApproveResult",
                                                 "ReturnForRework",
                                                 "CancelWorkItem",
                                                 "ApproveResult",
                                                 "ReturnForRework",
                                                 "ReopenWorkItem",
                                                 "PutRestriction"};
  static_assert(std::size(kNames) == StoredOwed::Action_ARRAYSIZE);
  return absl::StrCat(kService, kNames[action]);
}

// Where the doer reads what is to be done; all findings are in the review.
std::string ReasonOfRework(const v1::Review& review) {
  std::string reason = absl::StrCat("review ", LastSegment(review.name()));
  for (auto it = review.opinions().rbegin(); it != review.opinions().rend(); ++it) {
    if (it->verdict() != v1::VERDICT_REWORK) continue;
    absl::StrAppend(&reason, ", ", it->findings_size(), " findings");
    for (const v1::Finding& finding : it->findings()) {
      absl::StrAppend(&reason, "; ", finding.location(), finding.location().empty() ? "" : ": ",
                      finding.action());
    }
    break;
  }
  // Cut between characters, not within one.
  size_t size = std::min(reason.size(), kMaxReasonBytes);
  while (size < reason.size() && (static_cast<unsigned char>(reason[size]) & 0xC0) == 0x80) --size;
  reason.resize(size);
  return reason;
}

}  // namespace

std::string Core::Owe(Step& step, StoredOwed::Action action, const std::string& review,
                      const std::string& resource, google::protobuf::Message& request) {
  const std::string id = step.NewId();
  const auto* request_id = request.GetDescriptor()->FindFieldByName("request_id");
  request.GetReflection()->SetString(&request, request_id, id);
  StoredOwed& owed = owed_[id];
  const type::v1::Revision next = step.changes.Next();
  uint64_t sequence = next.commit() << 24 | uint64_t{next.index()} << 8;
  while (owed_order_.contains(sequence)) ++sequence;
  owed.set_sequence(sequence);
  *owed.mutable_since() = ToProto(step.now);
  owed.set_action(action);
  owed.set_review(review);
  owed.set_resource(resource);
  {  // maps have no order of their own
    google::protobuf::io::StringOutputStream stream(owed.mutable_request());
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  step.changes.Put("owed", id, owed);
  owed_order_[sequence] = id;
  return id;
}

void Core::OweApproval(Step& step, Entry& entry, Item& item) {
  entry.mutable_review().set_carried_out(item.completed());
  // One that is under way since the result was not drawn is this one.
  if (item.completed() || !entry.record.outcome_id().empty()) return;
  routing::ApproveResultRequest request;
  request.set_name(item.name());
  request.set_checksum(entry.review().checksum());
  entry.record.set_outcome_id(
      Owe(step, StoredOwed::ACTION_APPROVE, entry.name(), item.name(), request));
}

void Core::OweRework(Step& step, Entry& entry, Item& item) {
  entry.mutable_review().set_carried_out(false);
  // An approval that is under way comes first, and the item will be complete then.
  const bool complete = item.completed() || !entry.record.outcome_id().empty();
  const std::string reason = ReasonOfRework(entry.review());
  if (complete) {
    routing::ReopenWorkItemRequest request;
    request.set_name(item.name());
    request.set_reason(reason);
    entry.record.set_outcome_id(
        Owe(step, StoredOwed::ACTION_REOPEN, entry.name(), item.name(), request));
    return;
  }
  routing::ReturnForReworkRequest request;
  request.set_name(item.name());
  request.set_reason(reason);
  entry.record.set_outcome_id(
      Owe(step, StoredOwed::ACTION_RETURN, entry.name(), item.name(), request));
}

void Core::OweCancel(Step& step, Entry& entry, const std::string& opinion_item,
                     const std::string& reason) {
  if (opinion_item.empty()) return;
  routing::CancelWorkItemRequest request;
  request.set_name(opinion_item);
  request.set_reason(reason);
  Owe(step, StoredOwed::ACTION_CANCEL, entry.name(), opinion_item, request);
}

std::vector<partition::OwedCall> Core::Owed(size_t most) const {
  std::vector<partition::OwedCall> calls;
  for (const auto& [sequence, id] : owed_order_) {
    if (calls.size() == most) break;
    const StoredOwed& owed = owed_.at(id);
    calls.push_back({id, "work_routing", MethodOf(owed.action()), owed.resource(), owed.request(),
                     ToTime(owed.since())});
  }
  return calls;
}

void Core::Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
                  absl::string_view, Changes& changes) {
  const auto found = owed_.find(std::string(owed_id));
  if (found == owed_.end()) return;
  const StoredOwed owed = std::move(found->second);
  owed_.erase(found);
  owed_order_.erase(owed.sequence());
  changes.Erase("owed", owed_id);
  Step step(*this, call, changes);
  if (owed.action() == StoredOwed::ACTION_RESTRICT) {
    if (status.ok()) return;
    return RaiseAlarm(step, WorkspaceOf(WorkspaceName(owed.review())),
                      v1::ReviewAlarm::KIND_NOT_CARRIED_OUT, owed.review(), "",
                      absl::StrCat("the restriction was refused: ", status.message()));
  }
  Entry* entry = FindEntry(owed.review());
  if (entry == nullptr) return;  // retired meanwhile
  switch (owed.action()) {
    case StoredOwed::ACTION_SUBMIT:
      return SettleSubmit(step, *entry, owed, status);
    case StoredOwed::ACTION_APPROVE:
    case StoredOwed::ACTION_RETURN:
    case StoredOwed::ACTION_REOPEN:
      if (entry->record.outcome_id() != owed_id) return;  // a later one, or its event, came first
      entry->record.clear_outcome_id();
      step.Touch(*entry);
      return SettleOutcome(step, *entry, owed, status);
    default:
      // What a reviewer's own item refuses was overtaken: it is finished in another way.
      return;
  }
}

// Nobody can be found by an item that was not taken in: a queue that is gone, a contract that has
// ended. Who leads has to decide.
void Core::SettleSubmit(Step& step, Entry& entry, const StoredOwed& owed,
                        const absl::Status& status) {
  if (status.ok()) return;
  auto known = entry.workspace->opinion_items.find(owed.resource());
  if (known == entry.workspace->opinion_items.end()) return;
  v1::Opinion& opinion = *entry.mutable_review().mutable_opinions(known->second.second - 1);
  if (opinion.state() != v1::Opinion::STATE_OPEN || opinion.work_item() != owed.resource()) return;
  Forget(entry, opinion);
  Raise(step, entry, &v1::Event::mutable_reviewer_lost, "");
  RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NOT_CARRIED_OUT, entry.name(),
             entry.review().work_item(),
             absl::StrCat("no reviewer can be looked for: ", status.message()));
}

void Core::SettleOutcome(Step& step, Entry& entry, const StoredOwed& owed,
                         const absl::Status& status) {
  const auto info = InfoOf(status);
  const auto state = info.metadata().find("state");
  // Somebody else has approved the very same content.
  const bool done = owed.action() == StoredOwed::ACTION_APPROVE && state != info.metadata().end() &&
                    state->second == "COMPLETED";
  if (status.ok() || done) return CarriedOut(step, entry);
  const Item* item = FindItem(entry.review().work_item());
  const bool cancelled = item == nullptr || item->item().state() == ItemState::STATE_CANCELLED;
  if (!cancelled) {
    RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NOT_CARRIED_OUT, entry.name(),
               entry.review().work_item(),
               absl::StrCat(StoredOwed::Action_Name(owed.action()).substr(sizeof("ACTION_") - 1),
                            " was refused: ", status.message()));
  }
  Void(step, entry, absl::StrCat("its verdict could not be carried out: ", status.message()));
}

void Core::CarriedOut(Step& step, Entry& entry) {
  entry.mutable_review().set_carried_out(true);
  Raise(step, entry, &v1::Event::mutable_review_carried_out, "");
}

}  // namespace tideline::review
