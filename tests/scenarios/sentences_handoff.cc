// SPDX-License-Identifier: Apache-2.0
// What becomes of handoffs and relays. People speak of "the handoff of ITEM": the last one.
#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"

namespace tideline::scenarios {
namespace {

namespace v1 = handoff::v1;

v1::Packet PacketOf(const std::string& summary) {
  v1::Packet packet;
  packet.set_severity(v1::Packet::SEVERITY_STABLE);
  packet.set_summary(summary);
  return packet;
}

v1::Handoff::Receiver ReceiverOf(const Stage& stage, const std::string& party) {
  v1::Handoff::Receiver to;
  if (std::find(stage.teams.begin(), stage.teams.end(), party) != stage.teams.end()) {
    to.set_team(Stage::Name("teams", party));
  } else {
    to.set_expert(Stage::Name("experts", party));
  }
  return to;
}

v1::Handoff Proposal(const std::string& item, v1::Handoff::Receiver to, const std::string& text) {
  v1::Handoff handoff;
  handoff.set_work_item(Stage::Name("workItems", item));
  handoff.set_reason(v1::Handoff::REASON_SHIFT_END);
  *handoff.mutable_to() = std::move(to);
  if (!text.empty()) *handoff.mutable_packet() = PacketOf(text);
  return handoff;
}

absl::Status Propose(Stage& stage, const Words& words) {
  v1::ProposeHandoffRequest request;
  request.set_parent(Stage::kWorkspace);
  *request.mutable_handoff() = Proposal(words[1], ReceiverOf(stage, words[2]), words[3]);
  return stage.Call(words[0], &Stage::Handoffs::ProposeHandoff, request).status();
}

absl::Status ProposeToWhomRoutingFinds(Stage& stage, const Words& words) {
  v1::ProposeHandoffRequest request;
  request.set_parent(Stage::kWorkspace);
  v1::Handoff::Receiver to;
  to.mutable_search();
  *request.mutable_handoff() = Proposal(words[1], to, words[2]);
  return stage.Call(words[0], &Stage::Handoffs::ProposeHandoff, request).status();
}

absl::Status ReadBack(Stage& stage, const Words& words, bool take) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::AcknowledgeHandoffRequest request;
  request.set_name(handoff.name());
  request.set_read_back(words[2]);
  request.set_take(take);
  return stage.Call(words[0], &Stage::Handoffs::AcknowledgeHandoff, request).status();
}

absl::Status Decline(Stage& stage, const Words& words) {
  static const auto* const reasons = new std::map<std::string, v1::DeclineReason>{
      {"no skill", v1::DECLINE_REASON_NO_SKILL},
      {"conflict", v1::DECLINE_REASON_CONFLICT},
      {"overloaded", v1::DECLINE_REASON_OVERLOADED},
      {"unclear packet", v1::DECLINE_REASON_UNCLEAR_PACKET},
      {"not ours", v1::DECLINE_REASON_NOT_OURS}};
  const auto reason = reasons->find(words[2]);
  if (reason == reasons->end()) return absl::InternalError("there is no such reason");
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::DeclineHandoffRequest request;
  request.set_name(handoff.name());
  request.set_reason(reason->second);
  return stage.Call(words[0], &Stage::Handoffs::DeclineHandoff, request).status();
}

absl::Status Withdraw(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::WithdrawHandoffRequest request;
  request.set_name(handoff.name());
  request.set_reason("changed my mind");
  return stage.Call(words[0], &Stage::Handoffs::WithdrawHandoff, request).status();
}

absl::Status ForwardTo(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::ForwardHandoffRequest request;
  request.set_name(handoff.name());
  *request.mutable_to() = ReceiverOf(stage, words[2]);
  return stage.Call(words[0], &Stage::Handoffs::ForwardHandoff, request).status();
}

absl::Status Return(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::ReturnHandoffRequest request;
  request.set_name(handoff.name());
  *request.mutable_packet() = PacketOf(words[2]);
  return stage.Call(words[0], &Stage::Handoffs::ReturnHandoff, request).status();
}

absl::Status Complete(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::UpdateHandoffPacketRequest request;
  request.set_name(handoff.name());
  *request.mutable_packet() = PacketOf(words[2]);
  return stage.Call(words[0], &Stage::Handoffs::UpdateHandoffPacket, request).status();
}

absl::Status Ask(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::AskQuestionsRequest request;
  request.set_name(handoff.name());
  request.add_questions(words[2]);
  return stage.Call(words[0], &Stage::Handoffs::AskQuestions, request).status();
}

absl::Status Answer(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::AnswerQuestionRequest request;
  request.set_name(handoff.name());
  request.set_number(handoff.questions_size());
  request.set_answer(words[2]);
  return stage.Call(words[0], &Stage::Handoffs::AnswerQuestion, request).status();
}

absl::Status Rate(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  v1::RatePacketRequest request;
  int usefulness = 0;
  if (!absl::SimpleAtoi(words[2], &usefulness)) return absl::InvalidArgumentError(words[2]);
  request.set_name(handoff.name());
  request.mutable_rating()->set_usefulness(usefulness);
  return stage.Call(words[0], &Stage::Handoffs::RatePacket, request).status();
}

v1::CreateRelayPlanRequest Plan(const Words& words) {
  v1::CreateRelayPlanRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_relay_plan_id(words[0]);
  v1::RelayPlan& plan = *request.mutable_relay_plan();
  plan.set_queue(Stage::Name("queues", words[0]));
  for (absl::string_view team : absl::StrSplit(words[1], ", ")) {
    plan.add_teams(Stage::Name("teams", team));
  }
  for (absl::string_view skill : absl::StrSplit(words[2], ", ")) {
    plan.add_covers()->set_skill(Stage::Name("skills", skill));
  }
  return request;
}

absl::Status Publish(Stage& stage, const Words& words) {
  return stage.Call("", &Stage::Handoffs::CreateRelayPlan, Plan(words)).status();
}

absl::Status DryRun(Stage& stage, const Words& words) {
  v1::CreateRelayPlanRequest request = Plan(words);
  request.set_validate_only(true);
  TL_ASSIGN_OR_RETURN(const auto response,
                      stage.Call("", &Stage::Handoffs::CreateRelayPlan, request));
  int64_t holes = 0;
  if (!absl::SimpleAtoi(words[3], &holes)) return absl::InvalidArgumentError(words[3]);
  if (response.coverage().holes_size() == holes && !response.coverage().more_holes()) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat(response.coverage().holes_size(),
                                          response.coverage().more_holes() ? " and more" : "",
                                          " holes: ", response.coverage().ShortDebugString()));
}

}  // namespace

std::vector<Sentence> HandoffSentences() {
  return {
      {"PERSON hands ITEM to PARTY: TEXT", Propose},
      {"PERSON hands ITEM to PARTY without a word",
       [](Stage& stage, const Words& words) {
         return Propose(stage, {words[0], words[1], words[2], ""});
       }},
      {"PERSON hands ITEM to whom routing finds: TEXT", ProposeToWhomRoutingFinds},
      {"PERSON reads ITEM back: TEXT",
       [](Stage& stage, const Words& words) { return ReadBack(stage, words, false); }},
      {"PERSON reads ITEM back and takes it: TEXT",
       [](Stage& stage, const Words& words) { return ReadBack(stage, words, true); }},
      {"PERSON declines ITEM: WORD", Decline},
      {"PERSON withdraws the handoff of ITEM", Withdraw},
      {"PERSON passes ITEM on to PARTY", ForwardTo},
      {"PERSON sends ITEM back: TEXT", Return},
      {"PERSON completes the packet of ITEM: TEXT", Complete},
      {"PERSON asks about ITEM: TEXT", Ask},
      {"PERSON answers about ITEM: TEXT", Answer},
      {"PERSON rates the packet of ITEM N of 5", Rate},
      {"The relay of QUEUE goes through NAMES and covers NAMES", Publish},
      {"A trial of a relay of QUEUE through NAMES that covers NAMES finds N holes", DryRun},
  };
}

}  // namespace tideline::scenarios
