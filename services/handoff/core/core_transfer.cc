// SPDX-License-Identifier: Apache-2.0
// The calls that are owed to work_routing: who could take over, and the transfer itself. Its answer
// and its event may come in either order; the first settles.
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/handoff/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::handoff {

namespace routing = work_routing::v1;

namespace {

constexpr char kRouting[] = "work_routing";
constexpr char kTransfer[] = "/tideline.work_routing.v1.WorkRoutingService/TransferWorkItem";
constexpr char kFind[] = "/tideline.work_routing.v1.WorkRoutingService/FindReceiver";

routing::TransferWorkItemRequest TransferOf(const core::v1::StoredHandoff& record) {
  const v1::Handoff& handoff = record.handoff();
  routing::TransferWorkItemRequest request;
  request.set_name(handoff.work_item());
  request.set_custody_epoch(handoff.custody_epoch());
  if (!handoff.receiver().expert().empty()) {
    request.set_expert(handoff.receiver().expert());
  } else if (handoff.acknowledgement().take()) {
    request.set_expert(handoff.acknowledgement().expert());
  } else {
    request.set_team(handoff.receiver().team());
  }
  request.set_reason(handoff.name());
  request.set_request_id(record.owed_id());
  return request;
}

routing::FindReceiverRequest FindOf(const v1::Handoff& handoff) {
  routing::FindReceiverRequest request;
  request.set_name(handoff.work_item());
  request.set_queue(handoff.to().search().queue());
  *request.mutable_requirements() = handoff.to().search().requirements();
  if (!handoff.from().expert().empty()) request.add_excluded_experts(handoff.from().expert());
  for (const v1::Decline& decline : handoff.declines()) {
    request.add_excluded_experts(decline.party().expert());
  }
  for (const v1::Forward& forward : handoff.forwards()) {
    if (!forward.from().expert().empty()) request.add_excluded_experts(forward.from().expert());
  }
  return request;
}

}  // namespace

std::vector<partition::OwedCall> Core::Owed(size_t most) const {
  std::vector<partition::OwedCall> calls;
  for (const auto& [since, name] : owed_) {
    if (calls.size() == most) break;
    const core::v1::StoredHandoff& record = FindEntry(name)->record;
    partition::OwedCall& call = calls.emplace_back();
    call.id = record.owed_id();
    call.service = kRouting;
    call.resource = record.handoff().work_item();
    call.since = since;
    if (record.handoff().state() == v1::Handoff::STATE_ACKNOWLEDGED) {
      call.method = kTransfer;
      call.request = TransferOf(record).SerializeAsString();
    } else {
      call.method = kFind;
      call.request = FindOf(record.handoff()).SerializeAsString();
    }
  }
  return calls;
}

void Core::Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
                  absl::string_view response, Changes& changes) {
  auto owed = owed_by_id_.find(owed_id);
  if (owed == owed_by_id_.end()) return;  // its event came first, or it has ended
  Entry& entry = *FindEntry(owed->second);
  Step step(*this, call, changes);
  if (entry.proposed()) {
    routing::FindReceiverResponse found;
    if (!status.ok() || !found.ParseFromArray(response.data(), static_cast<int>(response.size())) ||
        found.expert().empty()) {
      return NobodyFound(step, entry);
    }
    return Found(step, entry, found.expert());
  }
  if (!status.ok()) return Failed(step, entry, status);
  routing::TransferWorkItemResponse moved;
  if (moved.ParseFromArray(response.data(), static_cast<int>(response.size()))) {
    TakeCustody(step, *FindItem(entry.handoff().work_item()), moved.work_item());
  }
  Transferred(step, entry);
  RelayLate(step, *FindItem(entry.handoff().work_item()));
}

// The answer tells of the new custody before the event does, so that the receiver can act at once.
void Core::TakeCustody(Step& step, Item& item, const routing::WorkItem& moved) {
  if (moved.custody().epoch() <= item.item().custody().epoch()) return;
  Leave(item);
  item.mutable_item().set_state(moved.state() == ItemState::STATE_OFFERED ? ItemState::STATE_QUEUED
                                                                          : moved.state());
  *item.mutable_item().mutable_custody() = moved.custody();
  item.record.clear_relayed_for();
  item.record.clear_left_for();
  if (item.team() != item.record.first_team()) item.record.set_left_first_team(true);
  Join(item);
  step.Touch(item);
}

void Core::Found(Step& step, Entry& entry, const std::string& expert) {
  Item* item = FindItem(entry.handoff().work_item());
  // Routing's eyes may be ahead of ours; the rules are the same, so this rarely says no.
  if (item == nullptr || !CheckExpert(*item, expert, step.now, "expert").ok()) {
    return NobodyFound(step, entry);
  }
  DropOwed(entry);
  Ask(step, entry, *item, PartyOf(expert));
  v1::Event event;
  Raise(step, entry, event, *event.mutable_receiver_found()->mutable_standing(), expert);
  WarnOfPingPong(step, entry);
}

void Core::NobodyFound(Step& step, Entry& entry) {
  v1::Handoff::Failure& failure = *entry.mutable_handoff().mutable_failure();
  failure.set_reason(ReasonName(Reason::REASON_NOT_ELIGIBLE));
  failure.set_message("routing found nobody who may take the item now");
  Close(step, entry, v1::Handoff::STATE_FAILED);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_handoff_failed()->mutable_standing(),
        entry.handoff().from().expert());
  RaiseAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_NO_RECEIVER, entry.name(),
             entry.handoff().work_item(), {entry.handoff().from().team()}, failure.message());
}

void Core::Failed(Step& step, Entry& entry, const absl::Status& status) {
  const Item* item = FindItem(entry.handoff().work_item());
  if (item == nullptr || (!item->waits() && !item->in_hand())) {
    return Withdraw(step, entry, "the item was finished before custody could move");
  }
  v1::Handoff::Failure& failure = *entry.mutable_handoff().mutable_failure();
  failure.set_reason(ReasonName(ReasonOf(status)));
  failure.set_message(std::string(status.message()));
  Close(step, entry, v1::Handoff::STATE_FAILED);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_handoff_failed()->mutable_standing(),
        entry.handoff().from().expert());
  RaiseAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_TRANSFER_FAILED, entry.name(),
             entry.handoff().work_item(),
             {entry.handoff().from().team(), entry.handoff().receiver().team()},
             absl::StrCat("custody could not move: ", status.message()));
}

void Core::Transferred(Step& step, Entry& entry) {
  v1::Handoff& handoff = entry.mutable_handoff();
  Item& item = *FindItem(handoff.work_item());
  v1::Party to = handoff.receiver();
  if (to.expert().empty() && handoff.acknowledgement().take()) {
    to.set_expert(handoff.acknowledgement().expert());
  }
  Close(step, entry, v1::Handoff::STATE_TRANSFERRED);
  core::v1::StoredTally& tally =
      TallyOf(step, *entry.workspace, handoff.from().team(), handoff.receiver().team());
  const History history = HistoryOf(item, handoff.from(), handoff.receiver());
  const bool is_return = history.brings_back != nullptr;
  std::string returned;
  if (is_return) {
    for (core::v1::Move& move : *item.record.mutable_moves()) {
      if (&move == history.brings_back) move.set_returned(true);
    }
    returned = history.brings_back->handoff();
    tally.set_returns(tally.returns() + 1);
  }
  if (item.record.moves_size() == kMaxMoves) {
    item.record.mutable_moves()->DeleteSubrange(0, 1);
  }
  core::v1::Move& move = *item.record.add_moves();
  move.set_handoff(handoff.name());
  *move.mutable_from() = handoff.from();
  *move.mutable_to() = to;
  *move.mutable_time() = ToProto(step.now);
  move.set_delegation(handoff.kind() == v1::Handoff::KIND_DELEGATION);
  move.set_is_return(is_return);
  *move.mutable_rework_until() =
      ToProto(step.now + ToDuration(entry.record.rules().rework_window()));
  step.Touch(item);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_handoff_transferred()->mutable_standing(), to.expert());
  ClearAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_PING_PONG, entry.name());
  if (returned.empty()) return;
  Entry* before = FindEntry(returned);
  if (before == nullptr) return;
  before->mutable_handoff().set_returned_by(handoff.name());
  core::v1::StoredTally& theirs = TallyOf(step, *entry.workspace, before->handoff().from().team(),
                                          before->handoff().receiver().team());
  theirs.set_bounced(theirs.bounced() + 1);
  v1::Event came_back;
  Raise(step, *before, came_back, *came_back.mutable_handoff_returned()->mutable_standing(),
        before->handoff().receiver().expert());
}

}  // namespace tideline::handoff
