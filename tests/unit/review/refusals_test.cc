// SPDX-License-Identifier: Apache-2.0
// What is refused, with code, reason and field.
#include <functional>

#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

std::string FieldOf(const absl::Status& status) {
  const auto request = BadRequestOf(status);
  if (request.field_violations_size() > 0) return request.field_violations(0).field();
  const auto info = InfoOf(status);
  const auto field = info.metadata().find("field");
  return field == info.metadata().end() ? "" : field->second;
}

std::string MetadataOf(const absl::Status& status, const std::string& key) {
  const auto info = InfoOf(status);
  const auto value = info.metadata().find(key);
  return value == info.metadata().end() ? "" : value->second;
}

struct Bad {
  const char* what;
  std::function<void(v1::ReviewPolicy&)> change;
  const char* outcome;
  const char* field;
};

TEST(Policy, WhatMakesNoSenseIsRefused) {
  ReviewWorld world;
  const Bad all[] = {
      {"weights", [](auto& p) { p.mutable_rubric()->mutable_criteria(0)->set_weight(60); },
       "INVALID_FIELD", "review_policy.rubric.criteria"},
      {"twice", [](auto& p) { p.mutable_rubric()->mutable_criteria(1)->set_id("right"); },
       "INVALID_FIELD", "review_policy.rubric.criteria[1].id"},
      {"nothing to pass", [](auto& p) { p.mutable_rubric()->clear_criteria(); }, "INVALID_FIELD",
       "review_policy.rubric.pass_percent"},
      {"no stage", [](auto& p) { p.clear_stages(); }, "FIELD_REQUIRED", "review_policy.stages"},
      {"queue", [](auto& p) { p.mutable_stages(0)->set_queue(QueueName("none")); },
       "REFERENCE_NOT_FOUND", "review_policy.stages[0].queue"},
      {"skill", [](auto& p) { p.mutable_stages(0)->add_requirements()->set_skill(Skill("none")); },
       "REFERENCE_NOT_FOUND", "review_policy.stages[0].requirements[0].skill"},
      {"engagement", [](auto& p) { p.set_engagement(Name("engagements", "none")); },
       "REFERENCE_NOT_FOUND", "review_policy.engagement"},
      {"escalation", [](auto& p) { p.set_escalation_queue(QueueName("none")); },
       "REFERENCE_NOT_FOUND", "review_policy.escalation_queue"},
      {"nobody is so good",
       [](auto& p) {
         auto& need = *p.mutable_stages(0)->add_requirements();
         need.set_skill(Skill("law"));
         need.set_min_level(type::v1::LEVEL_AUTHORITY);
       },
       "NO_REVIEWER", "review_policy.stages[0]"},
  };
  for (const Bad& bad : all) {
    v1::ReviewPolicy policy = ReviewWorld::Strict();
    bad.change(policy);
    const absl::Status status = world.Publish(policy).status();
    EXPECT_EQ(Outcome(status), bad.outcome) << bad.what << ": " << status;
    EXPECT_EQ(FieldOf(status), bad.field) << bad.what;
    EXPECT_EQ(world.log().find("BUT CHANGED"), std::string::npos);
  }
}

TEST(Policy, OneForTheSameWorkExistsAlready) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict(), "one").ok());
  EXPECT_EQ(Outcome(world.Publish(ReviewWorld::Strict(), "two").status()), "RESOURCE_EXISTS");
  v1::UpdateReviewPolicyRequest update;
  update.mutable_review_policy()->set_name(Name("reviewPolicies", "one"));
  update.mutable_review_policy()->set_etag("1.1");
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateReviewPolicy, update).status()), "ETAG_MISMATCH");
  v1::DeleteReviewPolicyRequest remove;
  remove.set_name(Name("reviewPolicies", "none"));
  EXPECT_EQ(Outcome(world.Do(&Core::DeleteReviewPolicy, remove).status()), "RESOURCE_NOT_FOUND");
}

TEST(Policy, ADryRunChangesNothing) {
  ReviewWorld world;
  v1::CreateReviewPolicyRequest request;
  request.set_parent(kWorkspace);
  request.set_review_policy_id("dry");
  *request.mutable_review_policy() = ReviewWorld::Strict();
  request.set_validate_only(true);
  const auto response = world.Do(&Core::CreateReviewPolicy, request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->review_policy().revision(), 1);
  v1::GetReviewPolicyRequest get;
  get.set_name(Name("reviewPolicies", "dry"));
  EXPECT_EQ(Outcome(world.Ask(&Core::GetReviewPolicy, get).status()), "RESOURCE_NOT_FOUND");
}

class Verdicts : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.Publish(ReviewWorld::Strict()).ok());
    item_ = world_.Held("ann");
    // ada had it before ann gave it on: through delegation, say.
    routing::TransferWorkItemRequest request;
    for (const char* id : {"ada", "ann"}) {
      request.set_name(item_);
      request.set_custody_epoch(world_.routing().Get(item_).custody().epoch());
      request.set_expert(Expert(id));
      ASSERT_TRUE(world_.routing().Do(&work_routing::Core::TransferWorkItem, request).ok());
    }
    world_.HandIn(item_);
    review_ = world_.Last(item_).name();
    world_.Assign(review_, "ben");
  }

  v1::SubmitReviewRequest Good() {
    v1::SubmitReviewRequest request;
    request.set_name(review_);
    request.set_checksum(world_.Get(review_).checksum());
    request.set_verdict(v1::VERDICT_APPROVED);
    request.set_expert(Expert("ben"));
    for (const char* id : {"right", "clear"}) {
      v1::CriterionScore& one = *request.add_scores();
      one.set_criterion(id);
      one.set_percent(90);
    }
    return request;
  }
  void Refused(const v1::SubmitReviewRequest& request, const std::string& outcome,
               const std::string& field) {
    const absl::Status status = world_.Do(&Core::SubmitReview, request).status();
    EXPECT_EQ(Outcome(status), outcome) << status;
    EXPECT_EQ(FieldOf(status), field) << status;
    EXPECT_EQ(world_.StateOf(item_), "IN_REVIEW");
  }

  ReviewWorld world_;
  std::string item_;
  std::string review_;
};

TEST_F(Verdicts, OnesOwnWork) {
  v1::SubmitReviewRequest request = Good();
  request.set_expert(Expert("ann"));
  Refused(request, "SAME_PERSON", "expert");
}

TEST_F(Verdicts, OnesOwnWorkUnderAnotherName) {
  for (const char* id : {"ann", "cem"}) {
    registry::Expert expert;
    expert.set_name(Expert(id));
    expert.set_person("one-and-the-same");
    expert.set_team(Team(id[0] == 'a' ? "kr" : "ch"));
    world_.routing().Put(expert);
  }
  v1::SubmitReviewRequest request = Good();
  request.set_expert(Expert("cem"));
  Refused(request, "SAME_PERSON", "expert");
}

TEST_F(Verdicts, AFormerHolder) {
  v1::SubmitReviewRequest request = Good();
  request.set_expert(Expert("ada"));
  const absl::Status status = world_.Do(&Core::SubmitReview, request).status();
  EXPECT_EQ(Outcome(status), "NOT_INDEPENDENT");
  EXPECT_EQ(MetadataOf(status, "rule"), "FORMER_HOLDER");
}

TEST_F(Verdicts, WhomRoutingDidNotFind) {
  v1::SubmitReviewRequest request = Good();
  request.set_expert(Expert("cal"));
  Refused(request, "STATE_FORBIDS", "");
}

TEST_F(Verdicts, InSomebodyElsesName) {
  world_.grant.roles = partition::Roles();
  world_.grant.roles.Add(type::v1::ROLE_REVIEWER);
  world_.grant.expert = Expert("cal");
  EXPECT_EQ(Outcome(world_.Do(&Core::SubmitReview, Good()).status()), "NOT_YOURS");
}

TEST_F(Verdicts, OfAnotherVersion) {
  v1::SubmitReviewRequest request = Good();
  request.set_checksum("sha256:of-something-else");
  Refused(request, "ETAG_MISMATCH", "checksum");
  request.clear_checksum();
  Refused(request, "FIELD_REQUIRED", "checksum");
  request = Good();
  request.set_etag("1.0");
  Refused(request, "ETAG_MISMATCH", "");
}

TEST_F(Verdicts, WithoutAVerdict) {
  v1::SubmitReviewRequest request = Good();
  request.clear_verdict();
  Refused(request, "FIELD_REQUIRED", "verdict");
}

TEST_F(Verdicts, ReworkWithoutFindings) {
  v1::SubmitReviewRequest request = Good();
  request.set_verdict(v1::VERDICT_REWORK);
  Refused(request, "FIELD_REQUIRED", "findings");
}

TEST_F(Verdicts, FindingsThatNameNoCriterionSeverityOrAction) {
  v1::SubmitReviewRequest request = Good();
  v1::Finding& finding = *request.add_findings();
  finding.set_criterion("beauty");
  finding.set_severity(v1::SEVERITY_MINOR);
  finding.set_action("Make it pretty");
  Refused(request, "INVALID_FIELD", "findings[0].criterion");
  finding.set_criterion("clear");
  finding.clear_severity();
  Refused(request, "FIELD_REQUIRED", "findings[0].severity");
  finding.set_severity(v1::SEVERITY_MINOR);
  finding.clear_action();
  Refused(request, "FIELD_REQUIRED", "findings[0].action");
}

TEST_F(Verdicts, ScoresThatAreNotThoseOfTheRubric) {
  v1::SubmitReviewRequest request = Good();
  request.mutable_scores(1)->set_criterion("beauty");
  Refused(request, "INVALID_FIELD", "scores[1].criterion");
  request.mutable_scores(1)->set_criterion("right");
  Refused(request, "INVALID_FIELD", "scores[1].criterion");
  request.mutable_scores()->RemoveLast();
  Refused(request, "FIELD_REQUIRED", "scores");
  request = Good();
  request.mutable_scores(0)->set_percent(101);
  Refused(request, "INVALID_FIELD", "scores[0].percent");
}

TEST_F(Verdicts, ApprovalThatTheRubricForbids) {
  v1::SubmitReviewRequest request = Good();
  request.mutable_scores(0)->set_percent(70);
  Refused(request, "RUBRIC_NOT_MET", "verdict");
  request = Good();
  v1::Finding& finding = *request.add_findings();
  finding.set_criterion("right");
  finding.set_severity(v1::SEVERITY_MAJOR);
  finding.set_action("Cite D2");
  Refused(request, "RUBRIC_NOT_MET", "verdict");
  finding.set_severity(v1::SEVERITY_CRITICAL);
  Refused(request, "RUBRIC_NOT_MET", "verdict");
  finding.set_severity(v1::SEVERITY_MINOR);
  *request.add_findings() = finding;
  EXPECT_TRUE(world_.Do(&Core::SubmitReview, request).ok());
}

TEST_F(Verdicts, Twice) {
  ASSERT_TRUE(world_.Do(&Core::SubmitReview, Good()).ok());
  EXPECT_EQ(Outcome(world_.Do(&Core::SubmitReview, Good()).status()), "STATE_FORBIDS");
}

TEST_F(Verdicts, OfAnotherWorkspaceLookAbsent) {
  v1::GetReviewRequest request;
  request.set_name("workspaces/other/reviews/r");
  EXPECT_EQ(Outcome(world_.Ask(&Core::GetReview, request).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(Verdicts, NothingIsToBeArbitrated) {
  EXPECT_EQ(Outcome(world_.Arbitrate(review_, "cal", v1::VERDICT_APPROVED).status()),
            "STATE_FORBIDS");
}

TEST(Staffing, AResultThatNobodyMayJudgeRaisesAnAlarm) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.mutable_stages(0)->mutable_independence()->set_other_organization(true);
  ASSERT_TRUE(world.Publish(policy).ok());
  world.routing().RemoveExpert("cal");
  world.routing().RemoveExpert("cem");
  const std::string item = world.Done("ann");
  EXPECT_TRUE(world.HasAlarm(v1::ReviewAlarm::KIND_NO_REVIEWER, world.Last(item).name()));
}

TEST(Blind, AReviewerIsNotShownWhoseWorkItIs) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_blind(true);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  EXPECT_EQ(world.Last(item).doer(), Expert("ann"));
  world.grant.roles = partition::Roles();
  world.grant.roles.Add(type::v1::ROLE_REVIEWER);
  world.grant.expert = Expert("ben");
  EXPECT_EQ(world.Last(item).doer(), "");
  EXPECT_EQ(world.Last(item).doer_team(), "");
}

}  // namespace
}  // namespace tideline::review
