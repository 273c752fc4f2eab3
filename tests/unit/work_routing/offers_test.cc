// SPDX-License-Identifier: Apache-2.0
// Offers: to the best person, once, for a time; and what follows from silence.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Offers : public ::testing::Test {
 protected:
  Offers() {
    world.Basics();
    policy.mutable_offer_timeout()->set_seconds(60);
  }
  void Open() { world.AddQueue("q", policy); }
  v1::ExpertState StateOf(const std::string& id) {
    v1::GetExpertStateRequest request;
    request.set_name(Expert(id));
    return world.Ask(&Core::GetExpertState, request)->expert_state();
  }

  RoutingWorld world;
  v1::QueuePolicy policy;
};

TEST_F(Offers, GoToTheBestPersonInTheCommitOfTheSubmission) {
  world.AddExpert("ann", "t1", "law:2");
  world.AddExpert("bob", "t1", "tax:4");
  Open();
  world.NewEvents();
  const v1::WorkItem item = world.Submit("q", "law:2");
  EXPECT_EQ(item.state(), v1::WorkItem::STATE_OFFERED);
  EXPECT_EQ(item.offer().expert(), Expert("ann"));
  EXPECT_EQ(item.offer().name(), item.name() + "/offers/o1");
  const auto events = world.NewEvents();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[0].has_work_item_submitted());
  ASSERT_TRUE(events[1].has_offer_made());
  EXPECT_EQ(events[1].header().audience(), Expert("ann"));
  EXPECT_EQ(events[0].header().revision().commit(), events[1].header().revision().commit());
  // The item, its decision and the person: three records.
  EXPECT_EQ(world.last_changes(), 5u);
}

TEST_F(Offers, TakeTurnsWhenNothingElseTellsPeopleApart) {
  for (const char* id : {"ann", "bob", "eve"}) world.AddExpert(id, "t1", "law");
  *policy.mutable_weights() = v1::QueuePolicy::Weights();  // longest idle
  Open();
  std::string turns;
  for (int i = 0; i < 6; ++i) {
    const v1::WorkItem item = world.Submit("q", "law");
    turns += world.With(item.name()) + " ";
    if (i == 2) {  // the turn survives a restart
      auto reborn = world.Reborn();
      EXPECT_EQ(reborn->With(reborn->Submit("q", "law").name()), "ann");
    }
  }
  EXPECT_EQ(turns, "ann bob eve ann bob eve ");
}

TEST_F(Offers, AcceptedTooLateAreRefusedWithTheReason) {
  world.AddExpert("ann", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Seconds(61));
  const absl::Status late = world.Accept(item).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Outcome(late), "OFFER_EXPIRED");
  EXPECT_EQ(InfoOf(late).metadata().at("ended"), "TIMED_OUT");
}

TEST_F(Offers, AtTheInstantOfTheirEndAreOver) {
  world.AddExpert("ann", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Seconds(60) - absl::Nanoseconds(1));
  auto early = world.Reborn();
  EXPECT_TRUE(early->Accept(item).ok());
  world.Pass(absl::Nanoseconds(1));
  EXPECT_EQ(Outcome(world.Accept(item).status()), "OFFER_EXPIRED");
}

TEST_F(Offers, OfAnotherPersonCannotBeAccepted) {
  world.AddExpert("ann", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.grant = partition::Grant();
  world.grant.roles.Add(type::v1::ROLE_EXPERT);
  world.grant.expert = Expert("bob");
  const absl::Status status = world.Accept(item).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Outcome(status), "NOT_YOURS");
  world.grant.expert = Expert("ann");
  EXPECT_TRUE(world.Accept(item).ok());
}

TEST_F(Offers, DeclinedGoToSomebodyElseAndNotBack) {
  world.AddExpert("ann", "t1", "law");
  world.AddExpert("bob", "t1", "law");
  Open();
  v1::WorkItem item = world.Submit("q", "law");
  EXPECT_EQ(world.With(item.name()), "ann");
  item = *world.Decline(item);
  EXPECT_EQ(world.With(item.name()), "bob");
  item = *world.Decline(item);
  EXPECT_EQ(item.state(), v1::WorkItem::STATE_PARKED);
  EXPECT_EQ(item.parked_reason(), v1::WorkItem::PARKED_REASON_EVERYBODY_DECLINED);
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_EVERYBODY_DECLINED, item.name()));
}

TEST_F(Offers, MayComeBackWhereThePolicySaysSo) {
  world.AddExpert("ann", "t1", "law");
  policy.set_offer_again(true);
  policy.set_max_offers(3);
  Open();
  v1::WorkItem item = world.Submit("q", "law");
  item = *world.Decline(item);
  EXPECT_EQ(world.With(item.name()), "ann");
  EXPECT_EQ(item.offer().epoch(), 2);
  item = *world.Decline(*world.Decline(item));
  EXPECT_EQ(item.state(), v1::WorkItem::STATE_PARKED);
  EXPECT_EQ(item.parked_reason(), v1::WorkItem::PARKED_REASON_TOO_MANY_FAILURES);
}

TEST_F(Offers, LetPassTwiceInARowMakeAPersonUnresponsiveUntilTheyAct) {
  world.AddExpert("ann", "t1", "law");
  Open();
  const v1::WorkItem first = world.Submit("q", "law");
  world.Pass(absl::Seconds(60));
  EXPECT_EQ(StateOf("ann").timeouts_in_a_row(), 1);
  EXPECT_FALSE(StateOf("ann").unresponsive());
  const v1::WorkItem second = world.Submit("q", "law");
  EXPECT_EQ(second.state(), v1::WorkItem::STATE_OFFERED);
  world.Pass(absl::Seconds(60));
  EXPECT_TRUE(StateOf("ann").unresponsive());
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_UNRESPONSIVE, Expert("ann")));
  const v1::WorkItem third = world.Submit("q", "law");
  EXPECT_EQ(third.state(), v1::WorkItem::STATE_QUEUED);
  v1::MarkResponsiveRequest request;
  request.set_name(Expert("ann"));
  ASSERT_TRUE(world.Do(&Core::MarkResponsive, request).ok());
  EXPECT_FALSE(StateOf("ann").unresponsive());
  EXPECT_FALSE(world.HasAlarm(v1::Alarm::KIND_UNRESPONSIVE, Expert("ann")));
  EXPECT_EQ(world.With(third.name()), "ann") << "what waited is offered at once";
}

TEST_F(Offers, OneAnswerBetweenTwoSilencesStartsTheCountAnew) {
  world.AddExpert("ann", "t1", "law");
  Open();
  world.Submit("q", "law");
  world.Pass(absl::Seconds(60));
  ASSERT_TRUE(world.Accept(world.Submit("q", "law")).ok());
  world.Submit("q", "law");
  world.Pass(absl::Seconds(60));
  EXPECT_EQ(StateOf("ann").timeouts_in_a_row(), 1);
  EXPECT_FALSE(StateOf("ann").unresponsive());
}

TEST_F(Offers, AreTakenBackWhenThePersonGoesOffline) {
  world.AddExpert("ann", "t1", "law");
  world.AddExpert("bob", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Offline("ann");
  EXPECT_EQ(world.With(item.name()), "bob");
  const absl::Status status = world.Accept(item).status();
  EXPECT_EQ(Outcome(status), "OFFER_EXPIRED");
  EXPECT_EQ(InfoOf(status).metadata().at("ended"), "WITHDRAWN");
  // Taken back is not declined: ann may get it again.
  world.Offline("bob");
  world.Online("ann");
  EXPECT_EQ(world.With(item.name()), "ann");
}

TEST_F(Offers, SecondSilenceOnAnItemWidensIt) {
  world.AddExpert("ann", "t1", "law");
  world.AddExpert("bob", "t1", "law");
  world.AddExpert("eve", "t2", "law");
  policy.add_teams(Team("t1"));
  policy.add_widening_steps()->add_add_teams(Team("t2"));
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Seconds(60));
  EXPECT_EQ(world.Get(item.name()).widening_step(), 0);
  world.Pass(absl::Seconds(60));
  EXPECT_EQ(world.Get(item.name()).widening_step(), 1);
  EXPECT_EQ(world.With(item.name()), "eve");
}

TEST_F(Offers, OutstandingAtATakeoverGetHalfAMinute) {
  world.AddExpert("ann", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Seconds(50));
  auto heir = world.Reborn();
  Changes changes(heir->commit() + 1);
  Call call;
  call.now = heir->now();
  heir->core().TakenOver(call, changes);
  heir->Pass(absl::Seconds(25));  // beyond the offer's own end
  EXPECT_EQ(heir->StateOf(item.name()), "OFFERED");
  EXPECT_TRUE(heir->Accept(item).ok());
}

TEST_F(Offers, AreExplainedByFunnelScoresAndRevision) {
  world.AddExpert("ann", "t1", "law:2");
  world.AddExpert("bob", "t1", "tax");
  world.AddExpert("eve", "t2", "law:4");
  world.AddExpert("kim", "t1", "law:3");
  policy.add_teams(Team("t1"));
  Open();
  const v1::WorkItem item = world.Submit("q", "law:2");
  v1::ExplainRoutingRequest request;
  request.set_name(item.name());
  const auto response = world.Ask(&Core::ExplainRouting, request);
  ASSERT_EQ(response->decisions_size(), 1);
  const v1::RoutingDecision& decision = response->decisions(0);
  EXPECT_EQ(decision.outcome(), v1::RoutingDecision::OUTCOME_OFFERED);
  EXPECT_EQ(decision.policy_revision(), 1);
  EXPECT_EQ(decision.known(), 4);
  ASSERT_EQ(decision.funnel_size(), 2);
  EXPECT_EQ(decision.funnel(0).constraint(), v1::CONSTRAINT_SKILL);
  EXPECT_EQ(decision.funnel(0).removed(), 1);
  EXPECT_EQ(decision.funnel(1).constraint(), v1::CONSTRAINT_TEAM);
  EXPECT_EQ(decision.funnel(1).removed(), 1);
  EXPECT_EQ(decision.eligible(), 2);
  ASSERT_EQ(decision.scores_size(), 2);
  EXPECT_EQ(decision.scores(0).expert(), Expert("ann")) << "kim is over-qualified";
  EXPECT_GT(decision.scores(0).fit(), decision.scores(1).fit());
}

TEST_F(Offers, PulledItemsGoToWhoeverAsksInTheQueuesOrder) {
  world.AddExpert("ann", "t1", "law");
  policy.set_mode(v1::QueuePolicy::MODE_PULL);
  Open();
  const v1::WorkItem late = world.Submit("q", "law");
  v1::WorkItem urgent = late;
  urgent.set_priority(type::v1::PRIORITY_URGENT);
  urgent.clear_offer();
  urgent = world.Submit(urgent);
  EXPECT_EQ(urgent.state(), v1::WorkItem::STATE_QUEUED);
  v1::ClaimNextRequest request;
  request.set_parent(kWorkspace);
  request.set_expert(Expert("ann"));
  EXPECT_EQ(world.Do(&Core::ClaimNext, request)->work_item().name(), urgent.name());
  EXPECT_EQ(world.Do(&Core::ClaimNext, request)->work_item().name(), late.name());
  const absl::Status none = world.Do(&Core::ClaimNext, request).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Outcome(none), "RESOURCE_NOT_FOUND");
  world.Submit("q", "law");
  world.Presence("ann", registry::Presence::STATE_FOCUS);
  const absl::Status busy = world.Do(&Core::ClaimNext, request).status();
  EXPECT_EQ(Outcome(busy), "NOT_ELIGIBLE");
  EXPECT_EQ(InfoOf(busy).metadata().at("constraint"), "PRESENCE");
}

}  // namespace
}  // namespace tideline::work_routing
