// SPDX-License-Identifier: Apache-2.0
// Items with a known answer.
#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

class Gold : public ::testing::Test {
 protected:
  void SetUp() override {
    v1::ReviewPolicy policy = ReviewWorld::Strict();
    policy.set_gold_per_mille(500);
    ASSERT_TRUE(world_.Publish(policy).ok());
    ASSERT_TRUE(world_.Do(&Core::CreateGoldItem, Good()).ok());
  }
  static v1::CreateGoldItemRequest Good() {
    v1::CreateGoldItemRequest request;
    request.set_parent(kWorkspace);
    request.set_gold_item_id("ep1");
    v1::GoldItem& gold = *request.mutable_gold_item();
    gold.set_policy(Name("reviewPolicies", "strict"));
    gold.mutable_work_item()->set_queue(QueueName("q"));
    gold.mutable_work_item()->set_title("Novelty of EP 1");
    (*gold.mutable_answer())["novel"] = "no";
    return request;
  }
  // The item with the known answer that was mixed in among some others.
  std::string MixedIn() {
    for (int i = 0; i < 20; ++i) {
      world_.Held("ann");
      for (const routing::Event& event : world_.routing().events()) {
        if (event.has_work_item_submitted() &&
            event.work_item_submitted().work_item().title() == "Novelty of EP 1") {
          return event.header().subject();
        }
      }
    }
    return "";
  }
  void Answer(const std::string& item, const std::string& who, const std::string& novel) {
    routing::TransferWorkItemRequest give;
    give.set_name(item);
    give.set_custody_epoch(world_.routing().Get(item).custody().epoch());
    give.set_expert(Expert(who));
    ASSERT_TRUE(world_.routing().Do(&work_routing::Core::TransferWorkItem, give).ok());
    routing::SubmitResultRequest request;
    request.set_name(item);
    (*request.mutable_result()->mutable_attributes())["novel"] = novel;
    ASSERT_TRUE(world_.routing().Do(&work_routing::Core::SubmitResult, request).ok());
    world_.Sync();
  }
  v1::GoldScore ScoreOf(const std::string& who) {
    v1::ListGoldScoresRequest request;
    request.set_parent(kWorkspace);
    const auto scores = world_.Ask(&Core::ListGoldScores, request);
    EXPECT_TRUE(scores.ok());
    for (const v1::GoldScore& score : scores->gold_scores()) {
      if (score.expert() == Expert(who)) return score;
    }
    return v1::GoldScore();
  }

  ReviewWorld world_;
};

TEST_F(Gold, LooksLikeAnyOther) {
  const std::string item = MixedIn();
  ASSERT_FALSE(item.empty());
  const routing::WorkItem made = world_.routing().Get(item);
  EXPECT_EQ(made.origin(), "");
  EXPECT_EQ(made.depth(), 0);
  EXPECT_TRUE(made.attributes().empty());
}

TEST_F(Gold, AWrongAnswerThatAReviewerApprovesIsAnEscape) {
  const std::string item = MixedIn();
  Answer(item, "ann", "yes");
  EXPECT_EQ(ScoreOf("ann").done(), 1);
  EXPECT_EQ(ScoreOf("ann").right(), 0);
  ASSERT_TRUE(world_.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(ScoreOf("ben").wrong_judged(), 1);
  EXPECT_EQ(ScoreOf("ben").escapes(), 1);
  EXPECT_EQ(world_.routing().StateOf(item), "COMPLETED");
}

TEST_F(Gold, ARightAnswerThatIsSentBackIsAFalseAlarm) {
  const std::string item = MixedIn();
  Answer(item, "ann", "no");
  EXPECT_EQ(ScoreOf("ann").right(), 1);
  ASSERT_TRUE(world_.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  EXPECT_EQ(ScoreOf("ben").right_judged(), 1);
  EXPECT_EQ(ScoreOf("ben").false_alarms(), 1);
  EXPECT_EQ(ScoreOf("ben").escapes(), 0);
}

TEST_F(Gold, WhatMakesNoSenseIsRefused) {
  const auto refused = [&](v1::CreateGoldItemRequest request) {
    request.set_gold_item_id("other");
    return Outcome(world_.Do(&Core::CreateGoldItem, request).status());
  };
  v1::CreateGoldItemRequest request = Good();
  EXPECT_EQ(Outcome(world_.Do(&Core::CreateGoldItem, request).status()), "RESOURCE_EXISTS");
  request.mutable_gold_item()->clear_answer();
  EXPECT_EQ(refused(request), "FIELD_REQUIRED");
  request = Good();
  request.mutable_gold_item()->set_policy(Name("reviewPolicies", "none"));
  EXPECT_EQ(refused(request), "REFERENCE_NOT_FOUND");
  request = Good();
  request.mutable_gold_item()->mutable_work_item()->set_queue(QueueName("none"));
  EXPECT_EQ(refused(request), "REFERENCE_NOT_FOUND");
  request = Good();
  request.mutable_gold_item()->mutable_work_item()->set_origin("workspaces/acme/reviews/r");
  EXPECT_EQ(refused(request), "INVALID_FIELD");
  v1::DeleteGoldItemRequest remove;
  remove.set_name(Name("goldItems", "none"));
  EXPECT_EQ(Outcome(world_.Do(&Core::DeleteGoldItem, remove).status()), "RESOURCE_NOT_FOUND");
}

}  // namespace
}  // namespace tideline::review
