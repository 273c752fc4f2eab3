// SPDX-License-Identifier: Apache-2.0
// Appeals and overrides.
#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

absl::StatusOr<v1::Review> Appeal(ReviewWorld& world, const std::string& review,
                                  const std::string& expert) {
  v1::AppealReviewRequest request;
  request.set_name(review);
  request.set_reason("D1 is the closer one");
  request.set_expert(Expert(expert));
  auto response = world.Do(&Core::AppealReview, request);
  if (!response.ok()) return response.status();
  return response->review();
}

class Returned : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.Publish(ReviewWorld::Strict()).ok());
    item_ = world_.Done("ann");
    ASSERT_TRUE(world_.Judge(item_, "ben", v1::VERDICT_REWORK).ok());
    review_ = world_.Last(item_).name();
  }

  ReviewWorld world_;
  std::string item_;
  std::string review_;
};

TEST_F(Returned, AnUpheldAppealApprovesTheContentWhenItComesAgain) {
  ASSERT_TRUE(Appeal(world_, review_, "ann").ok());
  // Neither the doer nor the reviewer decides it.
  EXPECT_EQ(Outcome(world_.Arbitrate(review_, "ben", v1::VERDICT_APPROVED).status()),
            "NOT_INDEPENDENT");
  EXPECT_EQ(Outcome(world_.Arbitrate(review_, "ann", v1::VERDICT_APPROVED).status()),
            "SAME_PERSON");
  ASSERT_TRUE(world_.Arbitrate(review_, "cal", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world_.Get(review_).state(), v1::Review::STATE_APPROVED);
  EXPECT_TRUE(world_.Get(review_).appeal().upheld());
  EXPECT_EQ(world_.routing().StateOf(item_), "ASSIGNED");
  world_.HandIn(item_);  // as it was
  EXPECT_EQ(world_.Last(item_).basis(), v1::Review::BASIS_APPROVED_BEFORE);
  EXPECT_EQ(world_.routing().StateOf(item_), "COMPLETED");
}

TEST_F(Returned, AnUpheldAppealHoldsForThatContentAlone) {
  ASSERT_TRUE(Appeal(world_, review_, "ann").ok());
  ASSERT_TRUE(world_.Arbitrate(review_, "cal", v1::VERDICT_APPROVED).ok());
  world_.HandIn(item_, "something else");
  EXPECT_EQ(world_.StateOf(item_), "IN_REVIEW");
  EXPECT_EQ(world_.routing().StateOf(item_), "SUBMITTED");
}

TEST_F(Returned, ARejectedAppealChangesNothing) {
  ASSERT_TRUE(Appeal(world_, review_, "ann").ok());
  ASSERT_TRUE(world_.Arbitrate(review_, "cal", v1::VERDICT_REWORK).ok());
  EXPECT_EQ(world_.Get(review_).state(), v1::Review::STATE_RETURNED);
  EXPECT_TRUE(world_.Get(review_).appeal().has_upheld());
  EXPECT_FALSE(world_.Get(review_).appeal().upheld());
  EXPECT_EQ(Outcome(Appeal(world_, review_, "ann").status()), "STATE_FORBIDS");
}

TEST_F(Returned, OnlyTheDoerAppealsAndInTime) {
  EXPECT_EQ(Outcome(Appeal(world_, review_, "ben").status()), "NOT_YOURS");
  world_.Pass(absl::Hours(25));
  EXPECT_EQ(Outcome(Appeal(world_, review_, "ann").status()), "WINDOW_CLOSED");
}

TEST_F(Returned, AnAppealThatAnotherResultOvertakesIsDropped) {
  ASSERT_TRUE(Appeal(world_, review_, "ann").ok());
  world_.HandIn(item_, "second thoughts");
  EXPECT_EQ(world_.Get(review_).opinions(1).state(), v1::Opinion::STATE_DROPPED);
  EXPECT_FALSE(world_.Get(review_).appeal().has_upheld());
}

class Overridden : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.Publish(ReviewWorld::Strict()).ok());
    registry::Resource resource;
    registry::AuthorityGrant& grant = *resource.mutable_authority_grant();
    grant.set_name(Name("authorityGrants", "cal"));
    grant.set_expert(Expert("cal"));
    grant.set_max_impact_class(type::v1::IMPACT_CLASS_MEDIUM);
    world_.routing().Put(resource, grant.name());
    item_ = world_.Done("ann");
    review_ = world_.Last(item_).name();
  }

  v1::OverrideReviewRequest Good() {
    v1::OverrideReviewRequest request;
    request.set_name(review_);
    request.set_checksum(world_.Get(review_).checksum());
    request.set_verdict(v1::VERDICT_APPROVED);
    request.set_authority_grant(Name("authorityGrants", "cal"));
    request.set_reason("the client waits");
    *request.mutable_expire_time() = ToProto(world_.now() + absl::Hours(48));
    request.set_expert(Expert("cal"));
    return request;
  }
  std::string Try(const v1::OverrideReviewRequest& request) {
    return Outcome(world_.Do(&Core::OverrideReview, request).status());
  }

  ReviewWorld world_;
  std::string item_;
  std::string review_;
};

TEST_F(Overridden, ItIsDoneAndListedForEver) {
  ASSERT_EQ(Try(Good()), "OK");
  EXPECT_EQ(world_.StateOf(item_), "APPROVED");
  EXPECT_EQ(world_.routing().StateOf(item_), "COMPLETED");
  EXPECT_EQ(world_.Get(review_).opinions(0).state(), v1::Opinion::STATE_DROPPED);
  world_.Pass(absl::Hours(24 * 30));  // the item and its review are gone by then
  v1::ListOverridesRequest list;
  list.set_parent(kWorkspace);
  const auto all = world_.Ask(&Core::ListOverrides, list);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->overrides_size(), 1);
  EXPECT_EQ(all->overrides(0).reason(), "the client waits");
  EXPECT_EQ(all->overrides(0).expert(), Expert("cal"));
  EXPECT_EQ(all->overrides(0).overridden_state(), v1::Review::STATE_IN_REVIEW);
  EXPECT_TRUE(all->overrides(0).expired());
}

TEST_F(Overridden, WhenItEndsSomebodyHasToLook) {
  ASSERT_EQ(Try(Good()), "OK");
  world_.Pass(absl::Hours(47));
  EXPECT_FALSE(world_.HasAlarm(v1::ReviewAlarm::KIND_OVERRIDE_EXPIRED, review_));
  world_.Pass(absl::Hours(2));
  EXPECT_TRUE(world_.HasAlarm(v1::ReviewAlarm::KIND_OVERRIDE_EXPIRED, review_));
}

TEST_F(Overridden, AnApprovalIsUndone) {
  ASSERT_TRUE(world_.Judge(item_, "ben", v1::VERDICT_APPROVED).ok());
  v1::OverrideReviewRequest request = Good();
  request.set_verdict(v1::VERDICT_REWORK);
  ASSERT_EQ(Try(request), "OK");
  EXPECT_EQ(world_.StateOf(item_), "RETURNED");
  EXPECT_EQ(world_.routing().With(item_), "ann");
}

TEST_F(Overridden, WhatIsMissingIsRefused) {
  v1::OverrideReviewRequest request = Good();
  request.clear_reason();
  EXPECT_EQ(Try(request), "FIELD_REQUIRED");
  request = Good();
  request.clear_expire_time();
  EXPECT_EQ(Try(request), "FIELD_REQUIRED");
  request = Good();
  *request.mutable_expire_time() = ToProto(world_.now());
  EXPECT_EQ(Try(request), "INVALID_FIELD");
  *request.mutable_expire_time() = ToProto(world_.now() + absl::Hours(24 * 400));
  EXPECT_EQ(Try(request), "INVALID_FIELD");
  request = Good();
  request.set_checksum("sha256:of-something-else");
  EXPECT_EQ(Try(request), "ETAG_MISMATCH");
  request = Good();
  request.set_verdict(v1::VERDICT_ESCALATED);
  EXPECT_EQ(Try(request), "FIELD_REQUIRED");
  request = Good();
  request.set_authority_grant(Name("authorityGrants", "none"));
  EXPECT_EQ(Try(request), "REFERENCE_NOT_FOUND");
}

TEST_F(Overridden, AuthorityIsOnesOwnAndCoversIt) {
  v1::OverrideReviewRequest request = Good();
  request.set_expert(Expert("ben"));
  EXPECT_EQ(Try(request), "NO_AUTHORITY");
  request.set_expert(Expert("ann"));
  EXPECT_EQ(Try(request), "SAME_PERSON");
  routing::WorkItem work;
  work.set_impact_class(type::v1::IMPACT_CLASS_CRITICAL);
  item_ = world_.Done("ann", work);
  review_ = world_.Last(item_).name();
  EXPECT_EQ(Try(Good()), "NO_AUTHORITY");
}

}  // namespace
}  // namespace tideline::review
