// SPDX-License-Identifier: Apache-2.0
// What is said about a proposal: read-backs, refusals, forwards, questions and ratings.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/handoff/core/packet.h"
#include "services/handoff/core/step.h"
#include "services/handoff/core/tally.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;

namespace {

absl::Status Forbidden(const v1::Handoff& handoff, absl::string_view why) {
  return Refuse(Reason::REASON_STATE_FORBIDS, why,
                {{"state", v1::Handoff::State_Name(handoff.state())}});
}

absl::Status WindowClosed(const v1::Handoff& handoff) {
  const std::string due = absl::FormatTime(
      absl::RFC3339_full, ToTime(handoff.acknowledge_due_time()), absl::UTCTimeZone());
  return Refuse(Reason::REASON_WINDOW_CLOSED,
                absl::StrCat("it was to be acknowledged before ", due),
                {{"acknowledgeDueTime", due}});
}

absl::Status NotAsked(const std::string& expert) {
  return Refuse(Reason::REASON_NOT_YOURS, "the person is not who is asked", {{"expert", expert}});
}

}  // namespace

// A handoff that is PROPOSED, somebody is asked, and the time is not up.
absl::StatusOr<Entry*> Core::GetProposed(const Call& call, absl::string_view name,
                                         absl::string_view etag) const {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, name, etag));
  if (!entry->proposed()) {
    if (entry->handoff().state() == v1::Handoff::STATE_EXPIRED) {
      return WindowClosed(entry->handoff());
    }
    return Forbidden(entry->handoff(), "the handoff is not open");
  }
  if (!entry->handoff().has_receiver()) {
    return Forbidden(entry->handoff(), "nobody is asked yet");
  }
  // The timer may be a step behind, and a new owner gives grace.
  if (entry->timer <= call.now) return WindowClosed(entry->handoff());
  return entry;
}

bool Core::GiverAbsent(const v1::Handoff& handoff) const {
  if (handoff.from().expert().empty() || handoff.reason() == v1::Handoff::REASON_ABSENCE) {
    return true;
  }
  const auto presence = roster_.PresenceOf(handoff.from().expert());
  return roster_.Find<registry::Expert>(handoff.from().expert()) == nullptr ||
         presence == registry::Presence::STATE_OFFLINE ||
         presence == registry::Presence::STATE_UNSPECIFIED;
}

absl::Status Core::CheckReadBack(const Call& call, const Entry& entry, const Item& item,
                                 const v1::AcknowledgeHandoffRequest& request,
                                 const std::string& expert, bool giver) const {
  const v1::Handoff& handoff = entry.handoff();
  const size_t bytes = absl::StripAsciiWhitespace(request.read_back()).size();
  const auto least = static_cast<size_t>(entry.record.rules().min_read_back_bytes());
  if (bytes < least) {
    return InvalidField("read_back",
                        absl::StrCat("has ", bytes, " bytes; the work type asks for ", least),
                        Reason::REASON_READ_BACK_TOO_SHORT);
  }
  if (handoff.questions_size() + request.questions_size() > kMaxQuestions) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "too many questions",
                  {{"limit", absl::StrCat(kMaxQuestions)}});
  }
  if (giver) return absl::OkStatus();
  if (handoff.missing_parts_size() > 0 && !GiverAbsent(handoff)) {
    return Incomplete(MissingParts(handoff.packet(), entry.record.rules()), "handoff.packet");
  }
  if (item.item().custody().epoch() != handoff.custody_epoch()) {
    return Refuse(Reason::REASON_CUSTODY_MOVED, "custody has moved on",
                  {{"custodyEpoch", absl::StrCat(item.item().custody().epoch())}});
  }
  // What was true when it was proposed may not be any more.
  if (handoff.receiver().expert().empty()) {
    TL_RETURN_IF_ERROR(CheckTeam(item, handoff.receiver().team(), call.now, "name"));
    if (!request.take()) return absl::OkStatus();
  }
  return CheckExpert(item, expert, call.now, "expert");
}

void Core::AddQuestions(const Call& call,
                        const google::protobuf::RepeatedPtrField<std::string>& texts,
                        const std::string& expert, v1::Handoff& handoff) {
  for (const std::string& text : texts) {
    v1::Question& question = *handoff.add_questions();
    question.set_number(handoff.questions_size());
    question.set_text(text);
    question.set_asked_by(expert);
    *question.mutable_ask_time() = ToProto(call.now);
  }
}

absl::StatusOr<v1::AcknowledgeHandoffResponse> Core::AcknowledgeHandoff(
    const Call& call, const v1::AcknowledgeHandoffRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetProposed(call, request.name(), request.etag()));
  Item* item = FindItem(entry->handoff().work_item());
  if (item == nullptr) return NotFound(entry->handoff().work_item());
  TL_ASSIGN_OR_RETURN(const std::string expert,
                      WhoActs(call, request.expert(), entry->handoff().receiver().expert()));
  const bool receiver = SpeaksFor(entry->handoff().receiver(), expert);
  const bool giver = !receiver && SpeaksFor(entry->handoff().from(), expert);
  if (!receiver && !giver) return NotAsked(expert);
  if (giver && !entry->handoff().joint_session_required()) {
    return Refuse(Reason::REASON_SAME_PERSON, "the giver cannot acknowledge", {{"expert", expert}});
  }
  TL_RETURN_IF_ERROR(CheckReadBack(call, *entry, *item, request, expert, giver));

  Step step(*this, call, changes);
  v1::Handoff& handoff = entry->mutable_handoff();
  v1::Acknowledgement& said =
      giver ? *handoff.mutable_giver_acknowledgement() : *handoff.mutable_acknowledgement();
  said.set_expert(expert);
  said.set_read_back(request.read_back());
  said.set_take(!giver && request.take() && handoff.receiver().expert().empty());
  *said.mutable_time() = ToProto(call.now);
  AddQuestions(call, request.questions(), expert, handoff);
  if (handoff.has_acknowledgement() &&
      (!handoff.joint_session_required() || handoff.has_giver_acknowledgement())) {
    handoff.set_state(v1::Handoff::STATE_ACKNOWLEDGED);
    Owe(step, *entry);
    CountAcknowledged(
        handoff, call.now,
        TallyOf(step, *entry->workspace, handoff.from().team(), handoff.receiver().team()));
  }
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_handoff_acknowledged()->mutable_standing(),
        giver ? handoff.receiver().expert() : handoff.from().expert());
  v1::AcknowledgeHandoffResponse response;
  *response.mutable_handoff() = handoff;
  return response;
}

absl::StatusOr<v1::DeclineHandoffResponse> Core::DeclineHandoff(
    const Call& call, const v1::DeclineHandoffRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetProposed(call, request.name(), request.etag()));
  if (request.reason() == v1::DECLINE_REASON_UNSPECIFIED) {
    return InvalidField("reason", "is required", Reason::REASON_FIELD_REQUIRED);
  }
  TL_ASSIGN_OR_RETURN(const std::string expert,
                      WhoActs(call, request.expert(), entry->handoff().receiver().expert()));
  if (!SpeaksFor(entry->handoff().receiver(), expert)) return NotAsked(expert);
  Step step(*this, call, changes);
  v1::Handoff& handoff = entry->mutable_handoff();
  v1::Decline& decline = *handoff.add_declines();
  *decline.mutable_party() = PartyOf(expert);
  decline.set_reason(request.reason());
  decline.set_comment(request.comment());
  *decline.mutable_time() = ToProto(call.now);
  handoff.clear_acknowledgement();
  handoff.clear_giver_acknowledgement();
  Item* item = FindItem(handoff.work_item());
  if (handoff.to().has_search() && item != nullptr &&
      entry->record.depth() < entry->record.rules().max_depth()) {
    entry->record.set_depth(entry->record.depth() + 1);
    Address(step, *entry, *item);
  } else {
    Close(step, *entry, v1::Handoff::STATE_DECLINED);
  }
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_handoff_declined()->mutable_standing(),
        handoff.from().expert());
  v1::DeclineHandoffResponse response;
  *response.mutable_handoff() = handoff;
  return response;
}

absl::StatusOr<v1::WithdrawHandoffResponse> Core::WithdrawHandoff(
    const Call& call, const v1::WithdrawHandoffRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  if (!entry->proposed()) return Forbidden(entry->handoff(), "the handoff is not open");
  TL_RETURN_IF_ERROR(MayActFor(call, entry->handoff().from()));
  Step step(*this, call, changes);
  Withdraw(step, *entry, request.reason());
  v1::WithdrawHandoffResponse response;
  *response.mutable_handoff() = entry->handoff();
  return response;
}

absl::StatusOr<v1::ForwardHandoffResponse> Core::ForwardHandoff(
    const Call& call, const v1::ForwardHandoffRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetProposed(call, request.name(), request.etag()));
  TL_RETURN_IF_ERROR(MayActFor(call, entry->handoff().receiver()));
  if (entry->record.depth() >= entry->record.rules().max_depth()) {
    return Refuse(Reason::REASON_DEPTH_EXCEEDED, "the proposal has been passed on too often",
                  {{"limit", absl::StrCat(entry->record.rules().max_depth())}});
  }
  Item* item = FindItem(entry->handoff().work_item());
  if (item == nullptr) return NotFound(entry->handoff().work_item());
  TL_RETURN_IF_ERROR(CheckTo(call, *item, request.to(), "to"));
  if (entry->handoff().kind() == v1::Handoff::KIND_DELEGATION && request.to().has_team()) {
    return InvalidField("to.team", "cannot act in a person's place");
  }
  v1::Party next;
  next.set_expert(request.to().expert());
  next.set_team(request.to().team());
  const v1::Party& asked = entry->handoff().receiver();
  if (!request.to().has_search() &&
      (asked.expert().empty() ? next.expert().empty() && next.team() == asked.team()
                              : SamePerson(next.expert(), asked.expert()))) {
    return Refuse(Reason::REASON_SAME_PERSON, "they are asked already", {{"field", "to"}});
  }
  Step step(*this, call, changes);
  entry->record.set_depth(entry->record.depth() + 1);
  v1::Handoff& handoff = entry->mutable_handoff();
  v1::Forward& forward = *handoff.add_forwards();
  *forward.mutable_from() = handoff.receiver();
  forward.set_comment(request.comment());
  *forward.mutable_time() = ToProto(call.now);
  *handoff.mutable_to() = request.to();
  handoff.clear_acknowledgement();
  handoff.clear_giver_acknowledgement();
  entry->record.set_due_stated(true);  // passing on wins no time
  Address(step, *entry, *item);
  if (handoff.has_receiver()) *forward.mutable_to() = handoff.receiver();
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_handoff_forwarded()->mutable_standing(),
        handoff.receiver().expert());
  WarnOfPingPong(step, *entry);
  v1::ForwardHandoffResponse response;
  *response.mutable_handoff() = handoff;
  return response;
}

absl::StatusOr<v1::UpdateHandoffPacketResponse> Core::UpdateHandoffPacket(
    const Call& call, const v1::UpdateHandoffPacketRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  if (!entry->proposed()) return Forbidden(entry->handoff(), "the handoff is not open");
  TL_RETURN_IF_ERROR(MayActFor(call, entry->handoff().from()));
  TL_RETURN_IF_ERROR(CheckPacket(request.packet(), entry->record.rules(), "packet"));
  Step step(*this, call, changes);
  v1::Handoff& handoff = entry->mutable_handoff();
  *handoff.mutable_packet() = request.packet();
  handoff.set_draft(false);
  // What was read back was another packet.
  handoff.clear_acknowledgement();
  handoff.clear_giver_acknowledgement();
  Judge(entry->record.rules(), handoff);
  v1::Event event;
  *event.mutable_packet_updated()->mutable_packet() = request.packet();
  Raise(step, *entry, event, *event.mutable_packet_updated()->mutable_standing(),
        handoff.receiver().expert());
  v1::UpdateHandoffPacketResponse response;
  *response.mutable_handoff() = handoff;
  return response;
}

absl::StatusOr<v1::AskQuestionsResponse> Core::AskQuestions(const Call& call,
                                                            const v1::AskQuestionsRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Handoff& asked = entry->handoff();
  if (!entry->open() && asked.state() != v1::Handoff::STATE_TRANSFERRED) {
    return Forbidden(asked, "the handoff has ended without a transfer");
  }
  if (asked.questions_size() + request.questions_size() > kMaxQuestions) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "too many questions",
                  {{"limit", absl::StrCat(kMaxQuestions)}});
  }
  TL_ASSIGN_OR_RETURN(const std::string expert,
                      WhoActs(call, request.expert(), asked.receiver().expert()));
  if (!SpeaksFor(asked.receiver(), expert)) return NotAsked(expert);
  Step step(*this, call, changes);
  AddQuestions(call, request.questions(), expert, entry->mutable_handoff());
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_questions_asked()->mutable_standing(),
        asked.from().expert());
  v1::AskQuestionsResponse response;
  *response.mutable_handoff() = entry->handoff();
  return response;
}

absl::StatusOr<v1::AnswerQuestionResponse> Core::AnswerQuestion(
    const Call& call, const v1::AnswerQuestionRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Handoff& asked = entry->handoff();
  if (!entry->open() && asked.state() != v1::Handoff::STATE_TRANSFERRED) {
    return Forbidden(asked, "the handoff has ended without a transfer");
  }
  if (request.number() < 1 || request.number() > asked.questions_size()) {
    return NotFound(absl::StrCat(request.name(), "/questions/", request.number()));
  }
  if (!asked.questions(request.number() - 1).answer().empty()) {
    return Forbidden(asked, "the question is answered already");
  }
  TL_ASSIGN_OR_RETURN(const std::string expert,
                      WhoActs(call, request.expert(), asked.from().expert()));
  if (!SpeaksFor(asked.from(), expert)) {
    return Refuse(Reason::REASON_NOT_YOURS, "the giver answers", {{"expert", expert}});
  }
  Step step(*this, call, changes);
  v1::Question& question = *entry->mutable_handoff().mutable_questions(request.number() - 1);
  question.set_answer(request.answer());
  question.set_answered_by(expert);
  *question.mutable_answer_time() = ToProto(call.now);
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_question_answered()->mutable_standing(),
        question.asked_by());
  v1::AnswerQuestionResponse response;
  *response.mutable_handoff() = entry->handoff();
  return response;
}

absl::StatusOr<v1::RatePacketResponse> Core::RatePacket(const Call& call,
                                                        const v1::RatePacketRequest& request,
                                                        Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Handoff& rated = entry->handoff();
  if (rated.state() != v1::Handoff::STATE_TRANSFERRED) {
    return Forbidden(rated, "custody did not move");
  }
  if (request.rating().usefulness() < 1 || request.rating().usefulness() > 5) {
    return InvalidField("rating.usefulness", "is from 1 to 5");
  }
  TL_ASSIGN_OR_RETURN(const std::string expert,
                      WhoActs(call, request.expert(), rated.acknowledgement().expert()));
  if (SpeaksFor(rated.from(), expert) && !SpeaksFor(rated.receiver(), expert)) {
    return Refuse(Reason::REASON_SAME_PERSON, "the giver does not rate", {{"expert", expert}});
  }
  if (!SpeaksFor(rated.receiver(), expert)) return NotAsked(expert);
  Step step(*this, call, changes);
  v1::Handoff& handoff = entry->mutable_handoff();
  core::v1::StoredTally& tally =
      TallyOf(step, *entry->workspace, handoff.from().team(), handoff.receiver().team());
  // A later rating takes the place of an earlier one, on the day on which it is given.
  if (handoff.has_rating()) {
    tally.set_rated(tally.rated() - 1);
    tally.set_usefulness(tally.usefulness() - handoff.rating().usefulness());
  }
  *handoff.mutable_rating() = request.rating();
  handoff.mutable_rating()->set_expert(expert);
  *handoff.mutable_rating()->mutable_time() = ToProto(call.now);
  tally.set_rated(tally.rated() + 1);
  tally.set_usefulness(tally.usefulness() + handoff.rating().usefulness());
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_packet_rated()->mutable_standing(),
        handoff.from().expert());
  v1::RatePacketResponse response;
  *response.mutable_handoff() = handoff;
  return response;
}

}  // namespace tideline::handoff
