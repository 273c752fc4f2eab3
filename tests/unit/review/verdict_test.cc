// SPDX-License-Identifier: Apache-2.0
// From a result to a verdict and what follows from it.
#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

TEST(Review, WithoutAPolicyNothingHappensToAResult) {
  ReviewWorld world;
  const std::string item = world.Done("ann");
  EXPECT_EQ(world.StateOf(item), "-");
  EXPECT_EQ(world.routing().StateOf(item), "SUBMITTED");
  EXPECT_TRUE(world.records().find("item") == world.records().end());
}

TEST(Review, AnApprovedResultCompletesItsItem) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  v1::Review review = world.Last(item);
  EXPECT_EQ(review.state(), v1::Review::STATE_IN_REVIEW);
  EXPECT_EQ(review.basis(), v1::Review::BASIS_ALL);
  EXPECT_EQ(review.doer(), Expert("ann"));
  EXPECT_EQ(review.checksum(), world.routing().Get(item).result().checksum());
  ASSERT_EQ(review.opinions_size(), 1);
  const std::string asked = review.opinions(0).work_item();
  const routing::WorkItem made = world.routing().Get(asked);
  EXPECT_EQ(made.queue(), QueueName("reviews"));
  EXPECT_EQ(made.origin(), review.name());
  EXPECT_EQ(made.depth(), 1);
  ASSERT_EQ(made.constraints().excluded_experts_size(), 1);
  EXPECT_EQ(made.constraints().excluded_experts(0), Expert("ann"));

  const auto decided = world.Judge(item, "ben", v1::VERDICT_APPROVED);
  ASSERT_TRUE(decided.ok()) << decided.status();
  review = world.Last(item);
  EXPECT_EQ(review.state(), v1::Review::STATE_APPROVED);
  EXPECT_EQ(review.opinions(0).reviewer(), Expert("ben"));
  EXPECT_EQ(review.opinions(0).score_percent(), 90);
  EXPECT_TRUE(review.carried_out());
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
  EXPECT_EQ(world.routing().StateOf(asked), "COMPLETED");
  EXPECT_TRUE(world.core().Owed(10).empty());
}

TEST(Review, ReworkReturnsToTheSamePersonWithTheFindings) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  const v1::Review first = world.Last(item);
  EXPECT_EQ(first.state(), v1::Review::STATE_RETURNED);
  EXPECT_EQ(first.opinions(0).findings(0).action(), "Cite D2, not D1");
  EXPECT_EQ(world.routing().StateOf(item), "ASSIGNED");
  EXPECT_EQ(world.routing().With(item), "ann");

  world.HandIn(item, "now with D2");
  const v1::Review second = world.Last(item);
  EXPECT_NE(second.name(), first.name());
  EXPECT_EQ(second.round(), 2);
  EXPECT_EQ(second.basis(), v1::Review::BASIS_RESUBMITTED);
  // The one who asked for it is asked first.
  EXPECT_EQ(world.routing().Get(second.opinions(0).work_item()).constraints().affinity_experts(0),
            Expert("ben"));
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
}

TEST(Review, ReworkWithoutEndIsEscalatedAndSomebodyDecides) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_max_rounds(1);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  world.HandIn(item, "second");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  const v1::Review review = world.Last(item);
  EXPECT_EQ(review.state(), v1::Review::STATE_ESCALATED);
  EXPECT_TRUE(world.HasAlarm(v1::ReviewAlarm::KIND_ESCALATED, review.name()));
  EXPECT_EQ(world.routing().StateOf(item), "SUBMITTED");
  const v1::Opinion& last = review.opinions(review.opinions_size() - 1);
  EXPECT_EQ(last.kind(), v1::Opinion::KIND_ESCALATION);
  EXPECT_EQ(world.routing().Get(last.work_item()).depth(), 2);
  // Who has judged already does not decide.
  EXPECT_EQ(Outcome(world.Arbitrate(review.name(), "ben", v1::VERDICT_APPROVED).status()),
            "NOT_INDEPENDENT");
  const auto decided = world.Arbitrate(review.name(), "cal", v1::VERDICT_APPROVED);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(world.StateOf(item), "APPROVED");
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
  EXPECT_FALSE(world.HasAlarm(v1::ReviewAlarm::KIND_ESCALATED, review.name()));
}

TEST(Review, AnEscalatedVerdictKeepsTheResultWaiting) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_ESCALATED).ok());
  EXPECT_EQ(world.StateOf(item), "ESCALATED");
  ASSERT_TRUE(world.Arbitrate(world.Last(item).name(), "cal", v1::VERDICT_REWORK).ok());
  EXPECT_EQ(world.StateOf(item), "RETURNED");
  EXPECT_EQ(world.routing().With(item), "ann");
}

TEST(Review, StagesFollowEachOtherWithDifferentPeople) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  *policy.add_stages() = policy.stages(0);
  policy.mutable_stages(1)->mutable_independence()->set_other_organization(true);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  const v1::Review review = world.Last(item);
  EXPECT_EQ(review.state(), v1::Review::STATE_IN_REVIEW);
  EXPECT_EQ(review.stage(), 1);
  EXPECT_EQ(Outcome(world.Judge(item, "bea", v1::VERDICT_APPROVED).status()), "NOT_INDEPENDENT");
  ASSERT_TRUE(world.Judge(item, "cal", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
}

TEST(Review, TwoWhoDisagreeAreArbitratedByAThird) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_double_percent(100);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  v1::Review review = world.Last(item);
  ASSERT_EQ(review.opinions_size(), 2);
  EXPECT_TRUE(review.double_review());
  world.Assign(review.name(), "ben", 1);
  // Two opinions of one person are one.
  world.Assign(review.name(), "ben", 2);
  EXPECT_TRUE(world.Last(item).opinions(1).reviewer().empty());
  world.Assign(review.name(), "cal", 2);
  ASSERT_TRUE(world.Say(review.name(), "ben", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.StateOf(item), "IN_REVIEW");
  ASSERT_TRUE(world.Say(review.name(), "cal", v1::VERDICT_REWORK).ok());
  review = world.Last(item);
  ASSERT_EQ(review.opinions_size(), 3);
  EXPECT_EQ(review.opinions(2).kind(), v1::Opinion::KIND_ARBITRATION);
  EXPECT_EQ(Outcome(world.Arbitrate(review.name(), "cal", v1::VERDICT_REWORK).status()),
            "NOT_INDEPENDENT");
  ASSERT_TRUE(world.Arbitrate(review.name(), "bea", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
}

TEST(Review, ScoresTooFarApartAreADisagreementToo) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_double_percent(100);
  policy.set_max_score_difference(5);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  const std::string review = world.Last(item).name();
  world.Assign(review, "ben", 1);
  world.Assign(review, "cal", 2);
  ASSERT_TRUE(world.Say(review, "ben", v1::VERDICT_APPROVED, 80).ok());
  ASSERT_TRUE(world.Say(review, "cal", v1::VERDICT_APPROVED, 95).ok());
  EXPECT_EQ(world.StateOf(item), "IN_REVIEW");
  EXPECT_EQ(world.Last(item).opinions_size(), 3);
}

TEST(Review, WhereResultsCompleteAtOnceReworkReopensTheItem) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  routing::WorkItem work;
  work.set_queue(QueueName("auto"));
  const std::string item = world.Done("ann", work);
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
  EXPECT_EQ(world.StateOf(item), "IN_REVIEW");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  EXPECT_EQ(world.StateOf(item), "RETURNED");
  EXPECT_EQ(world.routing().With(item), "ann");
  EXPECT_EQ(world.routing().Get(item).reopen_count(), 1);
}

TEST(Review, SomebodyWhoApprovesWithoutReviewIsNoticed) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  const std::string review = world.Last(item).name();
  const std::string asked = world.Last(item).opinions(0).work_item();
  routing::ApproveResultRequest approve;
  approve.set_name(item);
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::ApproveResult, approve).ok());
  EXPECT_EQ(world.StateOf(item), "VOID");
  EXPECT_TRUE(world.HasAlarm(v1::ReviewAlarm::KIND_BYPASSED, review));
  EXPECT_EQ(world.routing().StateOf(asked), "CANCELLED");
}

TEST(Review, AReviewersItemThatEndsWithoutAVerdictIsSubmittedAgain) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  const std::string first = world.Last(item).opinions(0).work_item();
  routing::CancelWorkItemRequest cancel;
  cancel.set_name(first);
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::CancelWorkItem, cancel).ok());
  const std::string second = world.Last(item).opinions(0).work_item();
  EXPECT_NE(second, first);
  // Handing in the item is no verdict: it comes back.
  world.Assign(world.Last(item).name(), "ben");
  routing::SubmitResultRequest done;
  done.set_name(second);
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::SubmitResult, done).ok());
  world.Sync();
  EXPECT_EQ(world.routing().StateOf(second), "ASSIGNED");
  ASSERT_TRUE(world.Say(world.Last(item).name(), "ben", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.routing().StateOf(item), "COMPLETED");
}

TEST(Review, ItsOwnItemsAreNotReviewed) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.List().size(), 1u);
}

TEST(Review, AReviewerWhoIsNotIndependentAnyMoreIsReplaced) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.mutable_stages(0)->mutable_independence()->set_other_team(true);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  const std::string review = world.Last(item).name();
  world.Assign(review, "ben");
  EXPECT_EQ(world.Last(item).opinions(0).reviewer(), Expert("ben"));
  const std::string asked = world.Last(item).opinions(0).work_item();
  world.routing().AddExpert("ben", "kr", "law tax", 1000);  // moves to the doer's team
  EXPECT_TRUE(world.Last(item).opinions(0).reviewer().empty());
  EXPECT_NE(world.Last(item).opinions(0).work_item(), asked);
  EXPECT_EQ(world.routing().StateOf(asked), "CANCELLED");
  EXPECT_EQ(Outcome(world.Say(review, "ben", v1::VERDICT_APPROVED).status()), "NOT_INDEPENDENT");
}

TEST(Review, WhoeverHasHadThePacketKnowsTheMatterToo) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Held("ann");
  handoff::v1::Event event;
  auto& standing = *event.mutable_receiver_found()->mutable_standing();
  standing.set_work_item(item);
  standing.mutable_from()->set_expert(Expert("ann"));
  standing.mutable_receiver()->set_expert(Expert("bea"));  // who then says no
  world.Hears(event);
  world.HandIn(item);
  EXPECT_EQ(Outcome(world.Judge(item, "bea", v1::VERDICT_APPROVED).status()), "NOT_INDEPENDENT");
  EXPECT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
}

TEST(Review, ItCountsWhatItHas) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const auto figure = [&](const std::string& name, const std::string& value) {
    for (const partition::Figure& one : world.core().Figures()) {
      if (one.name == name && one.value == value) return one.amount;
    }
    return int64_t{-1};
  };
  const std::string item = world.Done("ann");
  world.Done("ann");
  EXPECT_EQ(figure("reviews", "in_review"), 2);
  EXPECT_EQ(figure("reviews_awaiting_opinion", "all"), 2);
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_ESCALATED).ok());
  EXPECT_EQ(figure("reviews", "in_review"), 1);
  EXPECT_EQ(figure("reviews", "escalated"), 1);
  EXPECT_EQ(figure("alarms", "escalated"), 1);
}

TEST(Review, TheMostParticularPolicyIsTaken) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict(), "any").ok());
  v1::ReviewPolicy patents = ReviewWorld::Strict();
  patents.set_work_type("patents");
  ASSERT_TRUE(world.Publish(patents, "patents").ok());
  patents.set_impact_class(type::v1::IMPACT_CLASS_CRITICAL);
  ASSERT_TRUE(world.Publish(patents, "critical").ok());
  routing::WorkItem work;
  EXPECT_EQ(world.Last(world.Done("ann", work)).policy(), Name("reviewPolicies", "any"));
  work.set_work_type("patents");
  EXPECT_EQ(world.Last(world.Done("ann", work)).policy(), Name("reviewPolicies", "patents"));
  work.set_impact_class(type::v1::IMPACT_CLASS_CRITICAL);
  EXPECT_EQ(world.Last(world.Done("ann", work)).policy(), Name("reviewPolicies", "critical"));
}

TEST(Review, AReviewIsJudgedByTheRevisionItBeganWith) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  v1::UpdateReviewPolicyRequest update;
  *update.mutable_review_policy() = ReviewWorld::Strict();
  update.mutable_review_policy()->set_name(Name("reviewPolicies", "strict"));
  update.mutable_review_policy()->mutable_rubric()->set_pass_percent(100);
  ASSERT_TRUE(world.Do(&Core::UpdateReviewPolicy, update).ok());
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED, 90).ok());
  EXPECT_EQ(Outcome(world.Judge(world.Done("ann"), "ben", v1::VERDICT_APPROVED, 90).status()),
            "RUBRIC_NOT_MET");
}

TEST(Review, ReviewsLeaveWithTheirItem) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = world.Done("ann");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  world.Pass(absl::Hours(24 * 12));
  EXPECT_TRUE(world.List().empty());
  EXPECT_TRUE(world.records().at("review").empty());
  EXPECT_TRUE(world.records().at("item").empty());
}

}  // namespace
}  // namespace tideline::review
