// SPDX-License-Identifier: Apache-2.0
// Nonconformities and corrective action, in the order of ISO 9001:2015, 10.2.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

class NonconformityTest : public ::testing::Test {
 protected:
  v1::Nonconformity Wanted() const {
    v1::Nonconformity wanted;
    wanted.set_description("three claims cite the wrong document");
    wanted.set_severity(v1::SEVERITY_MAJOR);
    wanted.set_team(Team("kr"));
    return wanted;
  }
  absl::StatusOr<v1::Nonconformity> Create(const v1::Nonconformity& wanted,
                                           const std::string& id = "n1") {
    v1::CreateNonconformityRequest request;
    request.set_parent(kWorkspace);
    request.set_nonconformity_id(id);
    *request.mutable_nonconformity() = wanted;
    const auto response = world_.Do(&Core::CreateNonconformity, request);
    if (!response.ok()) return response.status();
    return response->nonconformity();
  }
  // Plans the action; what the standard asks first, too.
  absl::StatusOr<v1::Nonconformity> Plan(absl::Duration due, const std::string& owner = "ann") {
    v1::UpdateNonconformityRequest request;
    v1::Nonconformity& input = *request.mutable_nonconformity();
    input.set_name(name_);
    input.set_containment("the three were sent again");
    input.set_cause("two documents have the same title");
    input.set_action("name documents by number");
    input.set_owner(Expert(owner));
    *input.mutable_due_time() = ToProto(world_.now() + due);
    for (const char* path : {"containment", "cause", "action", "owner", "due_time"}) {
      request.mutable_update_mask()->add_paths(path);
    }
    const auto response = world_.Do(&Core::UpdateNonconformity, request);
    if (!response.ok()) return response.status();
    return response->nonconformity();
  }
  absl::StatusOr<v1::Nonconformity> Complete() {
    v1::CompleteCorrectiveActionRequest request;
    request.set_name(name_);
    const auto response = world_.Do(&Core::CompleteCorrectiveAction, request);
    if (!response.ok()) return response.status();
    return response->nonconformity();
  }
  absl::StatusOr<v1::Nonconformity> Check(bool effective, const std::string& who = "ben") {
    v1::CheckCorrectiveActionRequest request;
    request.set_name(name_);
    request.set_effective(effective);
    request.set_note("none in a month");
    request.set_expert(Expert(who));
    const auto response = world_.Do(&Core::CheckCorrectiveAction, request);
    if (!response.ok()) return response.status();
    return response->nonconformity();
  }
  v1::Nonconformity Get() {
    v1::GetNonconformityRequest request;
    request.set_name(name_);
    return world_.Ask(&Core::GetNonconformity, request)->nonconformity();
  }
  bool Alarms() { return world_.HasAlarm(v1::ReviewAlarm::KIND_ACTION_OVERDUE, name_); }

  std::string name_ = Name("nonconformities", "n1");
  ReviewWorld world_;
};

TEST_F(NonconformityTest, GoesFromDescriptionToAnEffectiveAction) {
  const auto made = Create(Wanted());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), name_);
  EXPECT_EQ(made->state(), v1::Nonconformity::STATE_OPEN);
  EXPECT_EQ(Plan(absl::Hours(24 * 7))->state(), v1::Nonconformity::STATE_PLANNED);
  EXPECT_EQ(Complete()->state(), v1::Nonconformity::STATE_DONE);
  const auto closed = Check(true);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state(), v1::Nonconformity::STATE_CLOSED);
  EXPECT_EQ(closed->checker(), Expert("ben"));
  EXPECT_TRUE(closed->has_close_time());
  EXPECT_EQ(world_.core().NextWake(), absl::InfiniteFuture());
}

TEST_F(NonconformityTest, WhatDoesNotWorkAsksForAnotherAction) {
  ASSERT_TRUE(Create(Wanted()).ok());
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  ASSERT_TRUE(Complete().ok());
  const auto again = Check(false);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), v1::Nonconformity::STATE_OPEN);
  EXPECT_EQ(again->failed_actions(), 1);
  EXPECT_EQ(again->action(), "");
  EXPECT_EQ(Outcome(Complete().status()), "FIELD_REQUIRED") << "there is no action yet";
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  ASSERT_TRUE(Complete().ok());
  EXPECT_EQ(Check(true)->state(), v1::Nonconformity::STATE_CLOSED);
}

TEST_F(NonconformityTest, AnOverdueActionAlarmsOnceAndProgressClearsIt) {
  ASSERT_TRUE(Create(Wanted()).ok());
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  world_.Pass(absl::Hours(23));
  EXPECT_FALSE(Get().overdue());
  world_.Pass(absl::Hours(1));
  EXPECT_TRUE(Get().overdue());
  EXPECT_TRUE(Alarms());
  const size_t events = world_.events().size();
  world_.Pass(absl::Hours(24 * 30));
  EXPECT_EQ(world_.events().size(), events) << "said once";
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  EXPECT_FALSE(Get().overdue());
  EXPECT_FALSE(Alarms());
  world_.Pass(absl::Hours(24));
  EXPECT_TRUE(Alarms()) << "the new time is over as well";
  ASSERT_TRUE(Complete().ok());
  EXPECT_FALSE(Alarms());
}

TEST_F(NonconformityTest, WithoutAPlanAndWithoutACheckItIsOverdueToo) {
  ASSERT_TRUE(Create(Wanted()).ok());
  world_.Pass(absl::Hours(24 * 14 - 1));
  EXPECT_FALSE(Alarms());
  world_.Pass(absl::Hours(1));
  EXPECT_TRUE(Alarms()) << "nobody planned anything for 14 days";
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  ASSERT_TRUE(Complete().ok());
  EXPECT_FALSE(Alarms());
  world_.Pass(absl::Hours(24 * 30));
  EXPECT_TRUE(Alarms()) << "nobody has looked at the effect for 30 days";
  ASSERT_TRUE(Check(true).ok());
  EXPECT_FALSE(Alarms());
}

TEST_F(NonconformityTest, ADueTimeInThePastAlarmsAtOnce) {
  v1::Nonconformity wanted = Wanted();
  *wanted.mutable_due_time() = ToProto(world_.now() - absl::Hours(1));
  ASSERT_TRUE(Create(wanted).ok());
  EXPECT_TRUE(Get().overdue());
  EXPECT_TRUE(Alarms());
}

TEST_F(NonconformityTest, RefusesStepsOutOfOrderAndOnesOwnCheck) {
  ASSERT_TRUE(Create(Wanted()).ok());
  EXPECT_EQ(Outcome(Check(true).status()), "STATE_FORBIDS");
  EXPECT_EQ(Outcome(Complete().status()), "FIELD_REQUIRED");
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  ASSERT_TRUE(Complete().ok());
  EXPECT_EQ(Outcome(Complete().status()), "STATE_FORBIDS");
  EXPECT_EQ(Outcome(Check(true, "ann").status()), "SAME_PERSON");
  ASSERT_TRUE(Check(true).ok());
  EXPECT_EQ(Outcome(Plan(absl::Hours(1)).status()), "STATE_FORBIDS") << "it is closed";
}

TEST_F(NonconformityTest, RefusesWhatIsMissingUnknownOrOutdated) {
  v1::Nonconformity wanted = Wanted();
  wanted.clear_description();
  EXPECT_EQ(Outcome(Create(wanted).status()), "FIELD_REQUIRED");
  wanted = Wanted();
  wanted.clear_severity();
  EXPECT_EQ(Outcome(Create(wanted).status()), "FIELD_REQUIRED");
  wanted = Wanted();
  wanted.set_team(Team("none"));
  EXPECT_EQ(Outcome(Create(wanted).status()), "REFERENCE_NOT_FOUND");
  wanted = Wanted();
  wanted.set_owner(Expert("nobody"));
  EXPECT_EQ(Outcome(Create(wanted).status()), "REFERENCE_NOT_FOUND");
  wanted = Wanted();
  wanted.set_subject("workspaces/other/lots/l1");
  EXPECT_EQ(Outcome(Create(wanted).status()), "INVALID_FIELD");
  ASSERT_TRUE(Create(Wanted()).ok());
  EXPECT_EQ(Outcome(Create(Wanted()).status()), "RESOURCE_EXISTS");
  v1::UpdateNonconformityRequest request;
  *request.mutable_nonconformity() = Get();
  request.mutable_nonconformity()->set_etag("1.1");
  EXPECT_EQ(Outcome(world_.Do(&Core::UpdateNonconformity, request).status()), "ETAG_MISMATCH");
  request.mutable_nonconformity()->clear_etag();
  request.mutable_update_mask()->add_paths("state");
  EXPECT_EQ(Outcome(world_.Do(&Core::UpdateNonconformity, request).status()), "INVALID_FIELD");
}

TEST_F(NonconformityTest, ListsByStateTeamAndDelay) {
  ASSERT_TRUE(Create(Wanted(), "n1").ok());
  v1::Nonconformity other = Wanted();
  other.set_team(Team("ch"));
  *other.mutable_due_time() = ToProto(world_.now() - absl::Hours(1));
  ASSERT_TRUE(Create(other, "n2").ok());
  v1::ListNonconformitiesRequest request;
  request.set_parent(kWorkspace);
  EXPECT_EQ(world_.Ask(&Core::ListNonconformities, request)->nonconformities_size(), 2);
  request.set_overdue(true);
  ASSERT_EQ(world_.Ask(&Core::ListNonconformities, request)->nonconformities_size(), 1);
  request.set_team(Team("kr"));
  EXPECT_EQ(world_.Ask(&Core::ListNonconformities, request)->nonconformities_size(), 0);
  request.set_overdue(false);
  request.add_states(v1::Nonconformity::STATE_OPEN);
  EXPECT_EQ(world_.Ask(&Core::ListNonconformities, request)->nonconformities_size(), 1);
  v1::ListNonconformitiesRequest paged;
  paged.set_parent(kWorkspace);
  paged.set_page_size(1);
  const auto first = world_.Ask(&Core::ListNonconformities, paged);
  EXPECT_EQ(first->nonconformities(0).name(), name_);
  paged.set_page_token(first->next_page_token());
  const auto second = world_.Ask(&Core::ListNonconformities, paged);
  EXPECT_EQ(second->nonconformities(0).name(), Name("nonconformities", "n2"));
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(NonconformityTest, AnotherOrganizationsIsNotThere) {
  ASSERT_TRUE(Create(Wanted()).ok());
  world_.grant.organization = Name("organizations", "rival");
  v1::GetNonconformityRequest request;
  request.set_name(name_);
  EXPECT_EQ(Outcome(world_.Ask(&Core::GetNonconformity, request).status()), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(Outcome(Create(Wanted(), "n2").status()), "NOT_YOURS");
  v1::Nonconformity own = Wanted();
  own.set_team(Team("ch"));
  EXPECT_TRUE(Create(own, "n3").ok());
}

TEST_F(NonconformityTest, IsTheSameAfterARestartAndStillAlarms) {
  ASSERT_TRUE(Create(Wanted()).ok());
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  const std::unique_ptr<ReviewWorld> again = world_.Reborn();
  EXPECT_EQ(again->Dump(), world_.Dump());
  again->Pass(absl::Hours(24));
  EXPECT_TRUE(again->HasAlarm(v1::ReviewAlarm::KIND_ACTION_OVERDUE, name_));
}

// ISO 2859-1, 9.4: five lots rejected in tightened inspection end it; an effective action lets it
// begin again.
TEST_F(NonconformityTest, IsMadeByADiscontinuationAndItsClosingEndsThat) {
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.mutable_sampling()->set_aql("10");
  policy.mutable_sampling()->set_lot_size(2);
  ASSERT_TRUE(world_.Publish(policy).ok());
  const auto state = [this] {
    v1::ListSamplingStatesRequest request;
    request.set_parent(kWorkspace);
    const auto response = world_.Ask(&Core::ListSamplingStates, request);
    return response->sampling_states_size() == 1 ? response->sampling_states(0)
                                                 : v1::SamplingState();
  };
  routing::WorkItem claim;
  claim.set_work_type("claims");
  // A lot of two is inspected in full; Re is 2. Two lots to tightened inspection, five to its end.
  for (int result = 0; result < 14; ++result) {
    EXPECT_NE(state().state(), v1::SamplingState::STATE_DISCONTINUED) << result;
    const std::string item = world_.Done("ann", claim);
    ASSERT_TRUE(world_.Judge(item, "ben", v1::VERDICT_REWORK).ok());
  }
  ASSERT_EQ(state().state(), v1::SamplingState::STATE_DISCONTINUED);
  v1::ListNonconformitiesRequest request;
  request.set_parent(kWorkspace);
  const auto made = world_.Ask(&Core::ListNonconformities, request);
  ASSERT_EQ(made->nonconformities_size(), 1);
  EXPECT_EQ(made->nonconformities(0).subject(), state().name());
  EXPECT_EQ(made->nonconformities(0).team(), Team("kr"));
  name_ = made->nonconformities(0).name();
  ASSERT_TRUE(Plan(absl::Hours(24)).ok());
  ASSERT_TRUE(Complete().ok());
  EXPECT_EQ(state().state(), v1::SamplingState::STATE_DISCONTINUED) << "done is not effective";
  ASSERT_TRUE(Check(true).ok());
  EXPECT_EQ(state().state(), v1::SamplingState::STATE_TIGHTENED);
  EXPECT_FALSE(world_.HasAlarm(v1::ReviewAlarm::KIND_DISCONTINUED, state().name()));
}

}  // namespace
}  // namespace tideline::review
