// SPDX-License-Identifier: Apache-2.0
// Lots: which results are judged, what follows for the others, and how inspection changes.
#include "common/sampling/draw.h"
#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

constexpr int kLot = 8;     // code letter A, and the tables' arrow leads to
constexpr int kSample = 3;  // B: 3 of 8, Ac 0, Re 1

v1::ReviewPolicy Sampled() {
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.mutable_sampling()->set_aql("4.0");
  policy.mutable_sampling()->set_lot_size(kLot);
  policy.mutable_sampling()->set_seed("autumn");
  return policy;
}

class Lots : public ::testing::Test {
 protected:
  void SetUp() override { Publish(Sampled()); }
  void Publish(const v1::ReviewPolicy& policy) {
    static int id = 0;
    if (!policy_.empty()) {
      v1::DeleteReviewPolicyRequest request;
      request.set_name(policy_);
      ASSERT_TRUE(world_.Do(&Core::DeleteReviewPolicy, request).ok());
    }
    const auto published = world_.Publish(policy, absl::StrCat("p", ++id));
    ASSERT_TRUE(published.ok()) << published.status();
    policy_ = published->name();
  }

  std::string One(type::v1::ImpactClass impact = type::v1::IMPACT_CLASS_LOW,
                  const std::string& who = "ann") {
    routing::WorkItem item;
    item.set_work_type("patents");
    item.set_impact_class(impact);
    return world_.Done(who, item);
  }
  std::vector<std::string> Fill(int results = kLot) {
    std::vector<std::string> items;
    for (int i = 0; i < results; ++i) items.push_back(One());
    return items;
  }
  int Count(const std::vector<std::string>& items, const std::string& state) {
    int count = 0;
    for (const std::string& item : items) count += world_.StateOf(item) == state;
    return count;
  }
  // Gives verdicts on what is under review; the first one `first`.
  void JudgeAll(const std::vector<std::string>& items, v1::Verdict first) {
    for (const std::string& item : items) {
      if (world_.StateOf(item) != "IN_REVIEW") continue;
      const auto judged = world_.Judge(item, "ben", first);
      ASSERT_TRUE(judged.ok()) << judged.status();
      first = v1::VERDICT_APPROVED;
    }
  }
  v1::SamplingState State() {
    v1::ListSamplingStatesRequest request;
    request.set_parent(kWorkspace);
    request.set_policy(policy_);
    const auto states = world_.Ask(&Core::ListSamplingStates, request);
    EXPECT_TRUE(states.ok());
    return states->sampling_states().empty() ? v1::SamplingState()
                                             : *states->sampling_states().rbegin();
  }
  v1::Lot LotOf(const std::string& item) {
    v1::GetLotRequest request;
    request.set_name(world_.Last(item).position().lot());
    const auto lot = world_.Ask(&Core::GetLot, request);
    EXPECT_TRUE(lot.ok()) << lot.status();
    return lot.ok() ? lot->lot() : v1::Lot();
  }
  void Tighten(int rejected) {
    for (int i = 0; i < rejected; ++i) JudgeAll(Fill(), v1::VERDICT_REWORK);
  }

  ReviewWorld world_;
  std::string policy_;
};

TEST_F(Lots, TheDrawnPositionsAreJudgedAndTheOthersApprovedProvisionally) {
  const std::vector<std::string> items = Fill();
  EXPECT_EQ(Count(items, "IN_REVIEW"), kSample);
  EXPECT_EQ(Count(items, "PROVISIONAL"), kLot - kSample);
  const v1::Lot lot = LotOf(items[0]);
  EXPECT_EQ(lot.state(), v1::Lot::STATE_CLOSED);
  EXPECT_EQ(lot.code_letter(), "B");
  EXPECT_EQ(lot.acceptance_number(), 0);
  EXPECT_EQ(lot.rejection_number(), 1);
  const auto drawn = sampling::DrawSample(lot.seed(), kLot, kSample);
  ASSERT_TRUE(drawn.ok());
  ASSERT_EQ(lot.positions_size(), kSample);
  for (int i = 0; i < kSample; ++i) {
    EXPECT_EQ(lot.positions(i), (*drawn)[static_cast<size_t>(i)]);
    EXPECT_EQ(world_.StateOf(items[static_cast<size_t>(lot.positions(i)) - 1]), "IN_REVIEW");
  }
  for (const std::string& item : items) {
    const v1::Review review = world_.Last(item);
    if (review.state() == v1::Review::STATE_PROVISIONAL) {
      EXPECT_EQ(review.basis(), v1::Review::BASIS_NOT_SAMPLED);
      EXPECT_EQ(review.position().state(), v1::SamplingState::STATE_NORMAL);
      EXPECT_EQ(world_.routing().StateOf(item), "COMPLETED");
    } else {
      EXPECT_EQ(world_.routing().StateOf(item), "SUBMITTED");
    }
  }
}

TEST_F(Lots, AnAcceptedLotApprovesWhatWasProvisional) {
  const std::vector<std::string> items = Fill();
  JudgeAll(items, v1::VERDICT_APPROVED);
  EXPECT_EQ(Count(items, "APPROVED"), kLot);
  EXPECT_EQ(LotOf(items[0]).state(), v1::Lot::STATE_ACCEPTED);
  EXPECT_EQ(State().accepted_lots(), 1);
  EXPECT_EQ(State().inspected(), kSample);
  EXPECT_GT(State().switching_score(), 0);
}

TEST_F(Lots, ARejectedLotIsScreenedInFull) {
  const std::vector<std::string> items = Fill();
  const std::string lot = LotOf(items[0]).name();
  JudgeAll(items, v1::VERDICT_REWORK);
  EXPECT_EQ(LotOf(items[0]).state(), v1::Lot::STATE_REJECTED);
  EXPECT_TRUE(world_.HasAlarm(v1::ReviewAlarm::KIND_LOT_REJECTED, lot));
  EXPECT_EQ(Count(items, "IN_REVIEW"), kLot - kSample);
  std::string screened;
  for (const std::string& item : items) {
    if (world_.StateOf(item) == "IN_REVIEW") screened = item;
  }
  EXPECT_EQ(world_.Last(screened).basis(), v1::Review::BASIS_SCREENING);
  // What screening finds goes back, though it was complete.
  ASSERT_TRUE(world_.Judge(screened, "ben", v1::VERDICT_REWORK).ok());
  EXPECT_EQ(world_.routing().With(screened), "ann");
  EXPECT_EQ(world_.routing().Get(screened).reopen_count(), 1);
  EXPECT_EQ(State().defective(), 1);  // that of the sample alone
}

TEST_F(Lots, WhatIsHandedInAgainIsJudgedOutsideOfLots) {
  const std::vector<std::string> items = Fill();
  JudgeAll(items, v1::VERDICT_REWORK);
  for (const std::string& item : items) {
    if (world_.StateOf(item) != "RETURNED") continue;
    world_.HandIn(item, "better");
    EXPECT_EQ(world_.Last(item).basis(), v1::Review::BASIS_RESUBMITTED);
    EXPECT_FALSE(world_.Last(item).has_position());
  }
}

TEST_F(Lots, ALotThatEndsShortDrawsTheDifference) {
  v1::ReviewPolicy policy = Sampled();
  policy.mutable_sampling()->mutable_lot_period()->set_seconds(7200);
  Publish(policy);
  const std::vector<std::string> items = Fill(4);
  EXPECT_LE(Count(items, "IN_REVIEW"), kSample);
  world_.Pass(absl::Hours(3));
  EXPECT_EQ(Count(items, "IN_REVIEW"), kSample);
  const v1::Lot lot = LotOf(items[0]);
  EXPECT_EQ(lot.state(), v1::Lot::STATE_CLOSED);
  EXPECT_EQ(lot.taken(), 4);
  JudgeAll(items, v1::VERDICT_APPROVED);
  EXPECT_EQ(LotOf(items[0]).state(), v1::Lot::STATE_ACCEPTED);
  EXPECT_EQ(Count(items, "APPROVED"), 4);
}

TEST_F(Lots, AResultThatLosesItsGroundIsReplacedInTheSample) {
  const std::vector<std::string> items = Fill();
  for (const std::string& item : items) {
    if (world_.StateOf(item) != "IN_REVIEW") continue;
    routing::CancelWorkItemRequest cancel;
    cancel.set_name(item);
    ASSERT_TRUE(world_.routing().Do(&work_routing::Core::CancelWorkItem, cancel).ok());
    world_.Sync();
    EXPECT_EQ(world_.StateOf(item), "VOID");
    break;
  }
  EXPECT_EQ(Count(items, "IN_REVIEW"), kSample);
  EXPECT_EQ(LotOf(items[0]).added_positions_size(), 1);
  JudgeAll(items, v1::VERDICT_APPROVED);
  EXPECT_EQ(LotOf(items[0]).state(), v1::Lot::STATE_ACCEPTED);
  EXPECT_EQ(LotOf(items[0]).judged(), kSample);
}

TEST_F(Lots, NewPeopleAndHighImpactAreJudgedInFull) {
  v1::ReviewPolicy policy = Sampled();
  policy.mutable_sampling()->set_new_person_results(2);
  Publish(policy);
  EXPECT_EQ(world_.Last(One()).basis(), v1::Review::BASIS_NEW_PERSON);
  EXPECT_EQ(world_.Last(One()).basis(), v1::Review::BASIS_NEW_PERSON);
  EXPECT_TRUE(world_.Last(One()).has_position());
  EXPECT_EQ(world_.Last(One(type::v1::IMPACT_CLASS_HIGH)).basis(), v1::Review::BASIS_HIGH_IMPACT);
  EXPECT_EQ(world_.Last(One(type::v1::IMPACT_CLASS_LOW, "bea")).basis(),
            v1::Review::BASIS_NEW_PERSON);
}

TEST_F(Lots, TwoRejectedLotsTightenAndFiveMoreStopTheTeam) {
  Tighten(2);
  EXPECT_EQ(State().state(), v1::SamplingState::STATE_TIGHTENED);
  EXPECT_EQ(State().clause(), "ISO 2859-1:1999, 9.3.1");
  Tighten(4);
  EXPECT_EQ(State().state(), v1::SamplingState::STATE_TIGHTENED);
  Tighten(1);
  const v1::SamplingState stopped = State();
  EXPECT_EQ(stopped.state(), v1::SamplingState::STATE_DISCONTINUED);
  EXPECT_TRUE(world_.HasAlarm(v1::ReviewAlarm::KIND_DISCONTINUED, stopped.name()));
  // Nobody of the team gets such work; others do, and other work goes on.
  routing::WorkItem item;
  item.set_queue(QueueName("q"));
  item.set_title("more of it");
  item.set_work_type("patents");
  const std::string made = world_.routing().Submit(item).name();
  const auto claim = [&](const std::string& who) {
    routing::ClaimNextRequest request;
    request.set_parent(kWorkspace);
    request.set_expert(Expert(who));
    request.set_queue(QueueName("q"));
    world_.routing().Do(&work_routing::Core::ClaimNext, request).status().IgnoreError();
    return world_.routing().With(made);
  };
  EXPECT_EQ(claim("ada"), "-");
  EXPECT_EQ(claim("bea"), "bea");
  // Until the cause is removed.
  v1::ResumeSamplingRequest resume;
  resume.set_name(stopped.name());
  EXPECT_EQ(Outcome(world_.Do(&Core::ResumeSampling, resume).status()), "FIELD_REQUIRED");
  resume.set_reason("trained, and the checklist is mended");
  ASSERT_TRUE(world_.Do(&Core::ResumeSampling, resume).ok());
  EXPECT_EQ(State().state(), v1::SamplingState::STATE_TIGHTENED);
  EXPECT_EQ(Outcome(world_.Do(&Core::ResumeSampling, resume).status()), "STATE_FORBIDS");
  const std::string again = world_.routing().Submit(item).name();
  routing::ClaimNextRequest request;
  request.set_parent(kWorkspace);
  request.set_expert(Expert("ada"));
  request.set_queue(QueueName("q"));
  ASSERT_TRUE(world_.routing().Do(&work_routing::Core::ClaimNext, request).ok());
  EXPECT_EQ(world_.routing().With(again), "ada");
}

TEST_F(Lots, AnAuditorRepeatsTheDraw) {
  const std::vector<std::string> items = Fill();
  v1::ReproduceSampleRequest request;
  request.set_name(LotOf(items[0]).name());
  const auto again = world_.Ask(&Core::ReproduceSample, request);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->agrees());
  EXPECT_EQ(again->reviews_size(), kSample);
  request.set_seed("winter");
  EXPECT_FALSE(world_.Ask(&Core::ReproduceSample, request)->agrees());
}

TEST_F(Lots, WhoIsJudgedDoesNotSeeWhatIsDrawn) {
  const std::vector<std::string> items = Fill(2);
  const std::string lot = LotOf(items[0]).name();
  world_.grant.roles = partition::Roles();
  world_.grant.roles.Add(type::v1::ROLE_LEAD);
  EXPECT_EQ(LotOf(items[0]).seed(), "");
  EXPECT_EQ(LotOf(items[0]).positions_size(), 0);
  v1::ReproduceSampleRequest request;
  request.set_name(lot);
  EXPECT_EQ(Outcome(world_.Ask(&Core::ReproduceSample, request).status()), "STATE_FORBIDS");
  v1::GetReviewPolicyRequest get;
  get.set_name(policy_);
  EXPECT_EQ(world_.Ask(&Core::GetReviewPolicy, get)->review_policy().sampling().seed(), "");
}

TEST_F(Lots, ADryRunSaysWhatAPolicyWouldHaveMadeOfTheResults) {
  Publish(ReviewWorld::Strict());  // everything is judged
  const std::vector<std::string> items = Fill(2 * kLot);
  JudgeAll(items, v1::VERDICT_REWORK);
  v1::DryRunReviewPolicyRequest request;
  request.set_parent(kWorkspace);
  *request.mutable_review_policy() = Sampled();
  const auto run = world_.Ask(&Core::DryRunReviewPolicy, request);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->results(), 2 * kLot);
  EXPECT_EQ(run->defective(), 1);
  EXPECT_EQ(run->judged_in_full(), 0);
  EXPECT_EQ(run->sampled(), 2 * kSample);
  EXPECT_EQ(run->not_sampled(), 2 * (kLot - kSample));
  EXPECT_EQ(run->accepted_lots() + run->rejected_lots(), 2);
  // The one defective result was drawn, or has slipped through.
  EXPECT_EQ(run->escapes() + run->rejected_lots(), 1);
  request.mutable_review_policy()->clear_sampling();
  EXPECT_EQ(world_.Ask(&Core::DryRunReviewPolicy, request)->judged_in_full(), 2 * kLot);
  request.mutable_review_policy()->clear_stages();
  EXPECT_EQ(Outcome(world_.Ask(&Core::DryRunReviewPolicy, request).status()), "FIELD_REQUIRED");
}

TEST_F(Lots, WhatTheTablesDoNotKnowIsRefused) {
  ReviewWorld world;
  const auto refused = [&](const std::string& aql, int size, const std::string& field) {
    v1::ReviewPolicy policy = Sampled();
    policy.mutable_sampling()->set_aql(aql);
    policy.mutable_sampling()->set_lot_size(size);
    const absl::Status status = world.Publish(policy).status();
    EXPECT_EQ(Outcome(status), "INVALID_FIELD") << status;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), field);
  };
  refused("0.7", 8, "review_policy.sampling.aql");
  refused("15", 8, "review_policy.sampling.aql");
  refused("", 8, "review_policy.sampling.aql");
  refused("4.0", 1, "review_policy.sampling.lot_size");
  refused("4.0", 10'001, "review_policy.sampling.lot_size");
}

}  // namespace
}  // namespace tideline::review
