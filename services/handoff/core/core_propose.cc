// SPDX-License-Identifier: Apache-2.0
// New handoffs: whether one may be proposed, and what follows from whom it asks.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/handoff/core/packet.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace {

// How far ahead a talk between both sides is looked for.
constexpr absl::Duration kOverlapAhead = absl::Hours(24 * 7);

void FillRefusal(const absl::Status& status, v1::Refusal& refusal) {
  refusal.set_code(static_cast<int>(status.code()));
  refusal.set_reason(ReasonOf(status));
  refusal.set_message(std::string(status.message()));
  const google::rpc::ErrorInfo info = InfoOf(status);
  auto field = info.metadata().find("field");
  if (field != info.metadata().end()) refusal.set_field(field->second);
}

int OpenDelegations(const Item& item) {
  int open = 0;
  for (const core::v1::Move& move : item.record.moves()) {
    if (move.delegation() && !move.returned()) ++open;
  }
  return open;
}

// The parts of a handoff that are its proposer's to state.
v1::Handoff Stated(const v1::Handoff& input) {
  v1::Handoff handoff;
  handoff.set_work_item(input.work_item());
  handoff.set_kind(input.kind() == v1::Handoff::KIND_UNSPECIFIED ? v1::Handoff::KIND_HANDOVER
                                                                 : input.kind());
  *handoff.mutable_to() = input.to();
  handoff.set_reason(input.reason());
  handoff.set_note(input.note());
  *handoff.mutable_packet() = input.packet();
  if (input.has_acknowledge_due_time()) {
    *handoff.mutable_acknowledge_due_time() = input.acknowledge_due_time();
  }
  handoff.set_return_of(input.return_of());
  handoff.set_relay_plan(input.relay_plan());
  handoff.set_draft(input.draft());
  return handoff;
}

absl::Status CheckKind(const v1::Handoff& input, const Item& item,
                       const type::v1::HandoffRules& rules, absl::string_view field) {
  switch (input.kind()) {
    case v1::Handoff::KIND_NOMINATION:
      if (!input.to().has_expert()) {
        return InvalidField(absl::StrCat(field, ".to.expert"), "is who is nominated",
                            Reason::REASON_FIELD_REQUIRED);
      }
      if (item.in_hand()) {
        return Refuse(Reason::REASON_STATE_FORBIDS, "who has an item in hand hands it over",
                      {{"state", ItemState::State_Name(item.item().state())}});
      }
      return absl::OkStatus();
    case v1::Handoff::KIND_DELEGATION:
      if (input.to().has_team()) {
        return InvalidField(absl::StrCat(field, ".to.team"), "cannot act in a person's place");
      }
      if (OpenDelegations(item) >= rules.max_depth()) {
        return Refuse(Reason::REASON_DEPTH_EXCEEDED, "too many delegations of the item are open",
                      {{"limit", absl::StrCat(rules.max_depth())}});
      }
      return absl::OkStatus();
    case v1::Handoff::KIND_RETURN:
      if (!input.return_of().empty()) return absl::OkStatus();
      return InvalidField(absl::StrCat(field, ".kind"), "is made by ReturnHandoff");
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckGiver(const v1::Handoff& input, const v1::Party& giver) {
  const v1::Party& stated = input.from();
  if ((stated.expert().empty() && stated.team().empty()) ||
      (stated.expert() == giver.expert() &&
       (stated.team().empty() || stated.team() == giver.team()))) {
    return absl::OkStatus();
  }
  return Refuse(Reason::REASON_NOT_YOURS, "the giver does not hold the item",
                {{"holder", giver.expert()}, {"team", giver.team()}});
}

}  // namespace

absl::Status Core::CheckProposal(const Call& call, const v1::Handoff& input, const std::string& id,
                                 absl::string_view field, bool automatic, Draft& draft) const {
  const auto at = [field](absl::string_view part) { return absl::StrCat(field, ".", part); };
  Item* item = FindItem(input.work_item());
  if (item == nullptr || item->workspace->name != call.workspace) {
    return ReferenceNotFound(at("work_item"), input.work_item());
  }
  const v1::Party giver = CustodyOf(*item);
  if (!id.empty()) {
    draft.name = absl::StrCat(call.workspace, "/handoffs/", id);
    if (item->workspace->handoffs.contains(draft.name)) {
      return Refuse(Reason::REASON_RESOURCE_EXISTS, "a handoff of this id exists",
                    {{"name", draft.name}});
    }
  }
  if (!item->waits() && !item->in_hand()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the item is in nobody's hands to give",
                  {{"state", ItemState::State_Name(item->item().state())}});
  }
  if (input.custody_epoch() != 0 && input.custody_epoch() != item->item().custody().epoch()) {
    return Refuse(Reason::REASON_CUSTODY_MOVED, "custody has moved on",
                  {{"custodyEpoch", absl::StrCat(item->item().custody().epoch())}});
  }
  TL_RETURN_IF_ERROR(CheckGiver(input, giver));
  if (!automatic) TL_RETURN_IF_ERROR(MayActFor(call, giver));
  if (input.reason() == v1::Handoff::REASON_UNSPECIFIED) {
    return InvalidField(at("reason"), "is required", Reason::REASON_FIELD_REQUIRED);
  }
  if (!item->open.empty()) {
    return Refuse(Reason::REASON_HANDOFF_OPEN, "another handoff of the item is open",
                  {{"handoff", item->open}});
  }
  if (item->handoffs.size() >= kMaxHandoffsPerItem) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "the item has been proposed too often",
                  {{"limit", absl::StrCat(kMaxHandoffsPerItem)}});
  }
  draft.rules = RulesOf(*item);
  TL_RETURN_IF_ERROR(CheckKind(input, *item, draft.rules, field));
  TL_RETURN_IF_ERROR(CheckTo(call, *item, input.to(), at("to")));
  if (!automatic) TL_RETURN_IF_ERROR(CheckPacket(input.packet(), draft.rules, at("packet")));
  if (input.has_acknowledge_due_time()) {
    const absl::Time due = ToTime(input.acknowledge_due_time());
    if (due <= call.now || due > call.now + kLongestWindow) {
      return InvalidField(at("acknowledge_due_time"), "lies ahead, at most 30 days");
    }
  }
  draft.item = item;
  draft.handoff = Stated(input);
  *draft.handoff.mutable_from() = giver;
  draft.handoff.set_custody_epoch(item->item().custody().epoch());
  return absl::OkStatus();
}

Core::History Core::HistoryOf(const Item& item, const v1::Party& from, const v1::Party& to) const {
  // Between two teams the teams are the parties; within one the people are.
  const bool teams = !SameTeam(from, to);
  const auto same = [teams](const v1::Party& a, const v1::Party& b) {
    return SameTeam(a, b) && (teams || a.expert() == b.expert());
  };
  History history;
  for (const core::v1::Move& move : item.record.moves()) {
    const bool forth = same(move.from(), from) && same(move.to(), to);
    const bool back = same(move.from(), to) && same(move.to(), from);
    if ((forth || back) && move.is_return()) ++history.returns;
    if (back && !move.returned()) history.brings_back = &move;
  }
  return history;
}

void Core::Ask(Step& step, Entry& entry, Item& item, const v1::Party& receiver) {
  v1::Handoff& handoff = entry.mutable_handoff();
  *handoff.mutable_receiver() = receiver;
  if (!entry.record.due_stated()) {
    *handoff.mutable_acknowledge_due_time() =
        ToProto(DueOf(entry.record.rules(), receiver, step.now));
  }
  const auto team = [this](const v1::Party& party) {
    RelayTeam hours;
    hours.team = party.team();
    hours.hours = std::shared_ptr<const Calendar>(std::shared_ptr<void>(), HoursOf(party.team()));
    return hours;
  };
  handoff.clear_overlap();
  const auto overlaps =
      OverlapWindows(team(handoff.from()), team(receiver), step.now, step.now + kOverlapAhead, 1);
  if (!overlaps.empty()) {
    *handoff.mutable_overlap()->mutable_start_time() = ToProto(overlaps[0].from);
    *handoff.mutable_overlap()->mutable_end_time() = ToProto(overlaps[0].to);
  }
  const History history = HistoryOf(item, handoff.from(), receiver);
  handoff.set_return_number(history.brings_back == nullptr ? 0 : history.returns + 1);
  handoff.set_joint_session_required(history.returns >= entry.record.rules().max_returns());
}

void Core::WarnOfPingPong(Step& step, Entry& entry) {
  const v1::Handoff& handoff = entry.handoff();
  if (!handoff.joint_session_required() || !entry.proposed()) return;
  RaiseAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_PING_PONG, entry.name(),
             handoff.work_item(), {handoff.from().team(), handoff.receiver().team()},
             "the item goes to and fro between the same parties; both have to acknowledge");
}

void Core::Address(Step& step, Entry& entry, Item& item) {
  const v1::Handoff::Receiver to = entry.handoff().to();
  v1::Party receiver;
  switch (to.to_case()) {
    case v1::Handoff::Receiver::kExpert:
      return Ask(step, entry, item, PartyOf(to.expert()));
    case v1::Handoff::Receiver::kTeam:
      receiver.set_team(to.team());
      return Ask(step, entry, item, receiver);
    default:
      break;
  }
  entry.mutable_handoff().clear_receiver();
  if (!entry.record.due_stated()) {
    *entry.mutable_handoff().mutable_acknowledge_due_time() =
        ToProto(DueOf(entry.record.rules(), entry.handoff().from(), step.now));
  }
  Owe(step, entry);
}

Entry& Core::TakeIn(Step& step, Draft& draft) {
  Item& item = *draft.item;
  Workspace& workspace = *item.workspace;
  if (draft.name.empty()) draft.name = absl::StrCat(workspace.name, "/handoffs/", step.NewId());
  std::unique_ptr<Entry>& slot = workspace.handoffs[draft.name];
  slot = std::make_unique<Entry>();
  Entry& entry = *slot;
  entry.workspace = &workspace;
  *entry.record.mutable_handoff() = std::move(draft.handoff);
  *entry.record.mutable_rules() = std::move(draft.rules);
  entry.record.set_due_stated(entry.handoff().has_acknowledge_due_time());
  v1::Handoff& handoff = entry.mutable_handoff();
  handoff.set_name(draft.name);
  handoff.set_state(v1::Handoff::STATE_PROPOSED);
  Judge(entry.record.rules(), handoff);
  item.open = draft.name;
  item.handoffs.insert(draft.name);
  if (item.in_hand()) SetDeparture(workspace, item.holder());
  // The first event's position orders handoffs and names their owed calls.
  const type::v1::Revision first = step.changes.Next();
  entry.record.set_sequence(first.commit() << 16 | first.index());
  workspace.by_sequence[entry.record.sequence()] = &entry;
  Address(step, entry, item);
  v1::Event event;
  *event.mutable_handoff_proposed()->mutable_handoff() = handoff;
  const type::v1::Revision revision =
      step.changes.Raise(step.call, entry.name(), event, handoff.receiver().expert());
  handoff.set_etag(partition::FormatEtag(revision));
  *handoff.mutable_create_time() = ToProto(step.now);
  *handoff.mutable_update_time() = ToProto(step.now);
  step.Touch(entry);
  step.Touch(item);
  SetTimer(entry);
  WarnOfPingPong(step, entry);
  return entry;
}

absl::StatusOr<v1::ProposeHandoffResponse> Core::ProposeHandoff(
    const Call& call, const v1::ProposeHandoffRequest& request, Changes& changes) {
  Draft draft;
  v1::Handoff input = Stated(request.handoff());
  input.clear_return_of();
  input.clear_relay_plan();
  input.clear_draft();
  *input.mutable_from() = request.handoff().from();
  input.set_custody_epoch(request.handoff().custody_epoch());
  TL_RETURN_IF_ERROR(CheckProposal(call, input, request.handoff_id(), "handoff", false, draft));
  Step step(*this, call, changes);
  v1::ProposeHandoffResponse response;
  *response.mutable_handoff() = TakeIn(step, draft).handoff();
  return response;
}

absl::StatusOr<v1::BatchProposeHandoffsResponse> Core::BatchProposeHandoffs(
    const Call& call, const v1::BatchProposeHandoffsRequest& request, Changes& changes) {
  if (request.requests_size() > kMaxBatch) {
    return InvalidField("requests", absl::StrCat("has ", request.requests_size(),
                                                 " elements; the limit is ", kMaxBatch));
  }
  v1::BatchProposeHandoffsResponse response;
  for (int i = 0; i < request.requests_size(); ++i) {
    absl::StatusOr<v1::ProposeHandoffResponse> made =
        ProposeHandoff(call, request.requests(i), changes);
    v1::BatchProposeHandoffsResult& result = *response.add_results();
    if (made.ok()) {
      *result.mutable_handoff() = std::move(*made->mutable_handoff());
    } else {
      FillRefusal(made.status(), *result.mutable_refusal());
    }
  }
  return response;
}

absl::StatusOr<v1::ReturnHandoffResponse> Core::ReturnHandoff(
    const Call& call, const v1::ReturnHandoffRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(const Entry* before, GetEntry(call, request.name()));
  const v1::Handoff& given = before->handoff();
  const Item* item = FindItem(given.work_item());
  if (given.state() != v1::Handoff::STATE_TRANSFERRED || item == nullptr ||
      item->team() != given.receiver().team()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "only who has an item by a handoff can return it",
                  {{"state", v1::Handoff::State_Name(given.state())}});
  }
  v1::Handoff input;
  input.set_work_item(given.work_item());
  input.set_kind(v1::Handoff::KIND_RETURN);
  input.set_reason(v1::Handoff::REASON_RETURN);
  input.set_note(request.note());
  input.set_return_of(given.name());
  *input.mutable_packet() = request.packet();
  if (given.from().expert().empty()) {
    input.mutable_to()->set_team(given.from().team());
  } else {
    input.mutable_to()->set_expert(given.from().expert());
  }
  Draft draft;
  TL_RETURN_IF_ERROR(CheckProposal(call, input, request.handoff_id(), "handoff", false, draft));
  Step step(*this, call, changes);
  v1::ReturnHandoffResponse response;
  *response.mutable_handoff() = TakeIn(step, draft).handoff();
  return response;
}

}  // namespace tideline::handoff
