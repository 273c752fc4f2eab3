// SPDX-License-Identifier: Apache-2.0
// Read-backs, refusals, forwards, questions, ratings: who may say what, and what follows.
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/handoff/handoff_world.h"

namespace tideline::handoff {
namespace {

class Answer : public ::testing::Test {
 protected:
  std::string Proposed(const std::string& to = Expert("ben")) {
    item = world.Held("ann");
    const auto handoff = world.Propose(item, to);
    EXPECT_TRUE(handoff.ok()) << handoff.status();
    return handoff.ok() ? handoff->name() : "";
  }
  std::string Acknowledged(const v1::AcknowledgeHandoffRequest& request) {
    return Outcome(world.Do(&Core::AcknowledgeHandoff, request).status());
  }

  HandoffWorld world;
  std::string item;
};

TEST_F(Answer, MovesCustodyWhenThePacketIsReadBack) {
  const std::string name = Proposed();
  const int64_t epoch = world.routing().Get(item).custody().epoch();
  const auto said = world.Acknowledge(name, "ben");
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->state(), v1::Handoff::STATE_ACKNOWLEDGED);
  EXPECT_EQ(world.StateOf(name), "TRANSFERRED");
  EXPECT_EQ(world.Custody(item), "bg/ben");
  EXPECT_EQ(world.routing().Get(item).custody().epoch(), epoch + 1);
  EXPECT_EQ(world.Get(name).acknowledgement().expert(), Expert("ben"));
  EXPECT_EQ(FoldHandoff(world.events(), name).ShortDebugString(),
            world.Get(name).ShortDebugString());
}

TEST_F(Answer, AsksForAReadBackOfSomeLength) {
  const std::string name = Proposed();
  v1::AcknowledgeHandoffRequest request;
  request.set_name(name);
  EXPECT_EQ(Acknowledged(request), "READ_BACK_TOO_SHORT");
  request.set_read_back("  nineteen bytes long   ");  // spaces around it do not count
  const absl::Status status = world.Do(&Core::AcknowledgeHandoff, request).status();
  EXPECT_EQ(Outcome(status), "READ_BACK_TOO_SHORT");
  EXPECT_EQ(InfoOf(status).metadata().at("field"), "read_back");
  request.set_read_back("exactly twenty bytes");
  EXPECT_EQ(Acknowledged(request), "OK");
}

TEST_F(Answer, TakesTheWorkTypesMinimum) {
  type::v1::HandoffRules rules;
  rules.set_min_read_back_bytes(40);
  world.Rules("patents", rules);
  routing::WorkItem typed;
  typed.set_work_type("patents");
  const auto handoff = world.Propose(world.Held("ann", typed), Expert("ben"));
  ASSERT_TRUE(handoff.ok());
  v1::AcknowledgeHandoffRequest request;
  request.set_name(handoff->name());
  request.set_read_back(std::string(39, 'x'));
  EXPECT_EQ(Acknowledged(request), "READ_BACK_TOO_SHORT");
  request.set_read_back(std::string(40, 'x'));
  EXPECT_EQ(Acknowledged(request), "OK");
}

TEST_F(Answer, IsTheReceiversAlone) {
  const std::string name = Proposed();
  EXPECT_EQ(Outcome(world.Acknowledge(name, "cal").status()), "NOT_YOURS");
  EXPECT_EQ(Outcome(world.Acknowledge(name, "ann").status()), "SAME_PERSON");
  world.grant.roles = partition::Roles();
  world.grant.roles.Add(type::v1::ROLE_EXPERT);
  world.grant.expert = Expert("bea");
  EXPECT_EQ(Outcome(world.Acknowledge(name, "ben").status()), "NOT_YOURS");
  world.grant.expert = Expert("ben");
  EXPECT_TRUE(world.Acknowledge(name, "ben").ok());
}

TEST_F(Answer, ComesTooLateAtTheWindowsEnd) {
  const std::string name = Proposed();
  registry::Resource team;
  for (const char* id : {"kr", "bg"}) {
    team.mutable_team()->set_name(Team(id));
    team.mutable_team()->set_organization(Name("organizations", "vendor"));
    team.mutable_team()->set_site(Name("sites", "home"));
    team.mutable_team()->clear_leads();
    team.mutable_team()->add_leads(Expert(id == std::string("kr") ? "ada" : "bea"));
    world.routing().Put(team, Team(id));
  }
  world.Pass(absl::Hours(1) - absl::Seconds(1));
  EXPECT_EQ(world.StateOf(name), "PROPOSED");
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.StateOf(name), "EXPIRED");
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_EQ(Outcome(world.Acknowledge(name, "ben").status()), "WINDOW_CLOSED");
  // Both leads were told.
  EXPECT_TRUE(world.HasAlarm(v1::HandoffAlarm::KIND_EXPIRED, name));
  std::vector<std::string> told;
  for (const v1::Event& event : world.events()) {
    if (event.has_lead_told()) told.push_back(event.header().audience());
  }
  EXPECT_EQ(told, (std::vector<std::string>{Expert("ada"), Expert("bea")}));
}

TEST_F(Answer, IsRefusedToWhomLostTheRightMeanwhile) {
  routing::WorkItem skilled;
  work_routing::Require("law", skilled);
  const std::string held = world.Held("ann", skilled);
  const auto handoff = world.Propose(held, Expert("ben"));
  ASSERT_TRUE(handoff.ok()) << handoff.status();
  world.routing().AddExpert("ben", "bg", "tax", 1000);
  const absl::Status status = world.Acknowledge(handoff->name(), "ben").status();
  EXPECT_EQ(Outcome(status), "NOT_ELIGIBLE");
  EXPECT_EQ(InfoOf(status).metadata().at("constraint"), "SKILL");
  EXPECT_EQ(world.Custody(held), "kr/ann");
}

TEST_F(Answer, OfATeamLeavesTheItemToTheTeamUnlessSomebodyTakesIt) {
  const std::string first = Proposed(Team("bg"));
  EXPECT_EQ(Outcome(world.Acknowledge(first, "cal").status()), "NOT_YOURS");
  ASSERT_TRUE(world.Acknowledge(first, "ben").ok());
  EXPECT_EQ(world.StateOf(first), "TRANSFERRED");
  EXPECT_EQ(world.Custody(item), "bg/-");
  const std::string second = Proposed(Team("bg"));
  ASSERT_TRUE(world.Acknowledge(second, "bea", true).ok());
  EXPECT_EQ(world.Custody(item), "bg/bea");
}

TEST_F(Answer, EndsTheProposalWhenItIsADecline) {
  const std::string name = Proposed();
  v1::DeclineHandoffRequest request;
  request.set_name(name);
  EXPECT_EQ(Outcome(world.Do(&Core::DeclineHandoff, request).status()), "FIELD_REQUIRED");
  EXPECT_EQ(Outcome(world.Decline(name, "cal").status()), "NOT_YOURS");
  ASSERT_TRUE(world.Decline(name, "ben").ok());
  EXPECT_EQ(world.StateOf(name), "DECLINED");
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_EQ(Outcome(world.Acknowledge(name, "ben").status()), "STATE_FORBIDS");
  EXPECT_TRUE(world.Propose(item, Expert("cal")).ok());
}

TEST_F(Answer, LooksForSomebodyElseWhenRoutingFound) {
  item = world.Held("ann");
  v1::Handoff search;
  search.set_work_item(item);
  search.set_reason(v1::Handoff::REASON_EXPERTISE);
  search.mutable_to()->mutable_search();
  *search.mutable_packet() = FullPacket();
  const auto made = world.Propose(search);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_FALSE(made->has_receiver());
  std::set<std::string> asked = {Expert("ann")};
  for (int n = 0; n < 4; ++n) {  // the first and three more
    const v1::Handoff now = world.Get(made->name());
    ASSERT_EQ(now.state(), v1::Handoff::STATE_PROPOSED) << now.ShortDebugString();
    EXPECT_TRUE(asked.insert(now.receiver().expert()).second) << "asked twice";
    ASSERT_TRUE(
        world.Decline(made->name(), std::string(LastSegment(now.receiver().expert()))).ok());
  }
  EXPECT_EQ(world.StateOf(made->name()), "DECLINED");
}

TEST_F(Answer, FailsWhenRoutingFindsNobody) {
  routing::WorkItem skilled;
  work_routing::Require("law:5", skilled);
  world.routing().AddExpert("eva", "kr", "law:5");
  item = world.Held("eva", skilled);
  v1::Handoff search;
  search.set_work_item(item);
  search.set_reason(v1::Handoff::REASON_LOAD);
  search.mutable_to()->mutable_search();
  *search.mutable_packet() = FullPacket();
  const auto made = world.Propose(search);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(world.StateOf(made->name()), "FAILED");
  EXPECT_EQ(world.Get(made->name()).failure().reason(), "NOT_ELIGIBLE");
  EXPECT_TRUE(world.HasAlarm(v1::HandoffAlarm::KIND_NO_RECEIVER, made->name()));
  EXPECT_EQ(world.Custody(item), "kr/eva");
}

TEST_F(Answer, MayBeAForwardThatWinsNoTimeAndEndsSomewhere) {
  const std::string name = Proposed();
  const auto due = world.Get(name).acknowledge_due_time();
  const char* const chain[] = {"cal", "cem", "bea"};
  v1::ForwardHandoffRequest request;
  request.set_name(name);
  request.mutable_to()->set_expert(Expert("ben"));
  EXPECT_EQ(Outcome(world.Do(&Core::ForwardHandoff, request).status()), "SAME_PERSON");
  request.mutable_to()->set_expert(Expert("ann"));
  EXPECT_EQ(Outcome(world.Do(&Core::ForwardHandoff, request).status()), "SAME_PERSON");
  for (const char* next : chain) {
    request.mutable_to()->set_expert(Expert(next));
    const auto forwarded = world.Do(&Core::ForwardHandoff, request);
    ASSERT_TRUE(forwarded.ok()) << forwarded.status();
    EXPECT_EQ(forwarded->handoff().receiver().expert(), Expert(next));
  }
  request.mutable_to()->set_expert(Expert("ada"));
  EXPECT_EQ(Outcome(world.Do(&Core::ForwardHandoff, request).status()), "DEPTH_EXCEEDED");
  EXPECT_EQ(world.Get(name).acknowledge_due_time().seconds(), due.seconds());
  EXPECT_EQ(world.Get(name).forwards_size(), 3);
  EXPECT_EQ(Outcome(world.Acknowledge(name, "ben").status()), "NOT_YOURS");
  ASSERT_TRUE(world.Acknowledge(name, "bea").ok());
  EXPECT_EQ(world.Custody(item), "bg/bea");
}

TEST_F(Answer, MayBeTakenBackByTheGiver) {
  const std::string name = Proposed();
  v1::WithdrawHandoffRequest request;
  request.set_name(name);
  request.set_etag("1.1");
  EXPECT_EQ(Outcome(world.Do(&Core::WithdrawHandoff, request).status()), "ETAG_MISMATCH");
  request.set_etag(world.Get(name).etag());
  request.set_reason("found the time");
  ASSERT_TRUE(world.Do(&Core::WithdrawHandoff, request).ok());
  EXPECT_EQ(world.StateOf(name), "WITHDRAWN");
  request.clear_etag();
  EXPECT_EQ(Outcome(world.Do(&Core::WithdrawHandoff, request).status()), "STATE_FORBIDS");
  request.set_name(HandoffName("none"));
  EXPECT_EQ(Outcome(world.Do(&Core::WithdrawHandoff, request).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(Answer, HasQuestionsAnsweredByTheGiver) {
  const std::string name = Proposed();
  v1::AskQuestionsRequest ask;
  ask.set_name(name);
  ask.set_expert(Expert("ben"));
  ask.add_questions("Which family?");
  ASSERT_TRUE(world.Do(&Core::AskQuestions, ask).ok());
  ask.set_expert(Expert("cal"));
  EXPECT_EQ(Outcome(world.Do(&Core::AskQuestions, ask).status()), "NOT_YOURS");
  v1::AnswerQuestionRequest answer;
  answer.set_name(name);
  answer.set_number(2);
  answer.set_answer("EP");
  EXPECT_EQ(Outcome(world.Do(&Core::AnswerQuestion, answer).status()), "RESOURCE_NOT_FOUND");
  answer.set_number(1);
  answer.set_expert(Expert("ben"));
  EXPECT_EQ(Outcome(world.Do(&Core::AnswerQuestion, answer).status()), "NOT_YOURS");
  answer.set_expert(Expert("ann"));
  const auto answered = world.Do(&Core::AnswerQuestion, answer);
  ASSERT_TRUE(answered.ok()) << answered.status();
  EXPECT_EQ(answered->handoff().questions(0).answer(), "EP");
  EXPECT_EQ(Outcome(world.Do(&Core::AnswerQuestion, answer).status()), "STATE_FORBIDS");
  // Questions go on after the transfer, up to the limit.
  ASSERT_TRUE(world.Acknowledge(name, "ben").ok());
  ask.set_expert(Expert("ben"));
  ask.clear_questions();
  for (int i = 1; i < kMaxQuestions; ++i) ask.add_questions("And?");
  ASSERT_TRUE(world.Do(&Core::AskQuestions, ask).ok());
  EXPECT_EQ(Outcome(world.Do(&Core::AskQuestions, ask).status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(FoldHandoff(world.events(), name).ShortDebugString(),
            world.Get(name).ShortDebugString());
}

TEST_F(Answer, IsVoidWhenThePacketChanges) {
  const std::string name = Proposed();
  v1::UpdateHandoffPacketRequest request;
  request.set_name(name);
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateHandoffPacket, request).status()), "PACKET_INCOMPLETE");
  request.mutable_packet()->set_summary("shorter");
  const auto updated = world.Do(&Core::UpdateHandoffPacket, request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->handoff().completeness_percent(), 22);
  EXPECT_EQ(FoldHandoff(world.events(), name).ShortDebugString(),
            world.Get(name).ShortDebugString());
}

TEST_F(Answer, IsRatedByTheReceiverAfterTheTransfer) {
  const std::string name = Proposed();
  v1::RatePacketRequest request;
  request.set_name(name);
  request.mutable_rating()->set_usefulness(4);
  EXPECT_EQ(Outcome(world.Do(&Core::RatePacket, request).status()), "STATE_FORBIDS");
  ASSERT_TRUE(world.Acknowledge(name, "ben").ok());
  request.set_expert(Expert("ann"));
  EXPECT_EQ(Outcome(world.Do(&Core::RatePacket, request).status()), "SAME_PERSON");
  request.set_expert(Expert("cal"));
  EXPECT_EQ(Outcome(world.Do(&Core::RatePacket, request).status()), "NOT_YOURS");
  request.clear_expert();
  request.mutable_rating()->set_usefulness(6);
  EXPECT_EQ(Outcome(world.Do(&Core::RatePacket, request).status()), "INVALID_FIELD");
  request.mutable_rating()->set_usefulness(4);
  ASSERT_TRUE(world.Do(&Core::RatePacket, request).ok());
  request.mutable_rating()->set_usefulness(2);
  ASSERT_TRUE(world.Do(&Core::RatePacket, request).ok());
  EXPECT_EQ(world.Get(name).rating().usefulness(), 2);
  EXPECT_EQ(world.Get(name).rating().expert(), Expert("ben"));
  v1::GetHandoffStatsRequest stats;
  stats.set_parent(kWorkspace);
  const auto counted = world.Ask(&Core::GetHandoffStats, stats);
  EXPECT_EQ(counted->total().rated(), 1);
  EXPECT_EQ(counted->total().usefulness_hundredths(), 200);
}

}  // namespace
}  // namespace tideline::handoff
