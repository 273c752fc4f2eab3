// SPDX-License-Identifier: Apache-2.0
// Custody: who is accountable, how it moves, and that an item's age never does.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Custody : public ::testing::Test {
 protected:
  Custody() {
    world.Basics();
    world.AddExpert("ann", "t1", "law");
    policy.set_mode(v1::QueuePolicy::MODE_AUTO_ASSIGN);
    policy.set_completion(v1::QueuePolicy::COMPLETION_REVIEWED);
  }
  void Open() { world.AddQueue("q", policy); }
  absl::StatusOr<v1::TransferWorkItemResponse> Transfer(const std::string& name, int64_t epoch,
                                                        const std::string& team,
                                                        const std::string& expert = "") {
    v1::TransferWorkItemRequest request;
    request.set_name(name);
    request.set_custody_epoch(epoch);
    if (!team.empty()) request.set_team(Team(team));
    if (!expert.empty()) request.set_expert(Expert(expert));
    return world.Do(&Core::TransferWorkItem, request);
  }
  template <class Request, class Verb>
  absl::Status Judge(Verb verb, const std::string& name) {
    Request request;
    request.set_name(name);
    request.set_reason("not yet");
    return world.Do(verb, request).status();
  }
  absl::Status Return(const std::string& name) {
    return Judge<v1::ReturnForReworkRequest>(&Core::ReturnForRework, name);
  }
  absl::Status Reopen(const std::string& name) {
    return Judge<v1::ReopenWorkItemRequest>(&Core::ReopenWorkItem, name);
  }
  absl::Status Approve(const std::string& name, const std::string& checksum = "") {
    v1::ApproveResultRequest request;
    request.set_name(name);
    request.set_checksum(checksum);
    return world.Do(&Core::ApproveResult, request).status();
  }

  RoutingWorld world;
  v1::QueuePolicy policy;
};

TEST_F(Custody, IsOfATeamWhileAnItemWaitsAndOfAPersonWhileTheyHaveIt) {
  policy.set_mode(v1::QueuePolicy::MODE_PUSH);
  Open();
  v1::WorkItem item = world.Submit("q", "law");
  EXPECT_EQ(item.custody().team(), Team("t1"));
  EXPECT_EQ(item.custody().holder(), "");
  EXPECT_EQ(item.custody().epoch(), 1) << "an offer does not move custody";
  item = *world.Accept(item);
  EXPECT_EQ(item.custody().holder(), Expert("ann"));
  EXPECT_EQ(item.custody().epoch(), 2);
}

TEST_F(Custody, MovesToATeamWhoseMembersThenGetTheItemAgeKept) {
  world.AddExpert("bob", "t2", "law");
  policy.add_teams(Team("t1"));
  Open();
  v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Minutes(30));
  const auto moved = Transfer(item.name(), 2, "t2");
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->work_item().custody().holder(), Expert("bob"));
  EXPECT_EQ(moved->work_item().custody().team(), Team("t2"));
  EXPECT_EQ(moved->work_item().transfer_count(), 1);
  EXPECT_EQ(moved->work_item().create_time().seconds(), item.create_time().seconds());
  EXPECT_EQ(Outcome(Transfer(item.name(), 2, "t1").status()), "CUSTODY_MOVED");
  EXPECT_EQ(Outcome(Transfer(item.name(), 4, "nowhere").status()), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(Outcome(Transfer(item.name(), 4, "").status()), "FIELD_REQUIRED");
  EXPECT_EQ(Outcome(Transfer(item.name(), 4, "t1", "ann").status()), "INVALID_FIELD");
}

TEST_F(Custody, MovesOnlyToAPersonWhoMayHaveTheItem) {
  world.AddExpert("bob", "t2", "tax");
  world.AddExpert("eve", "t2", "law");
  world.Offline("eve");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  const absl::Status unskilled = Transfer(item.name(), 2, "", "bob").status();
  EXPECT_EQ(Outcome(unskilled), "NOT_ELIGIBLE");
  EXPECT_EQ(InfoOf(unskilled).metadata().at("constraint"), "SKILL");
  EXPECT_EQ(Outcome(Transfer(item.name(), 2, "", "ann").status()), "SAME_PERSON");
  EXPECT_EQ(Outcome(Transfer(item.name(), 2, "", "nobody").status()), "REFERENCE_NOT_FOUND");
  ASSERT_TRUE(Transfer(item.name(), 2, "", "eve").ok()) << "handed over before their shift";
  EXPECT_EQ(world.With(item.name()), "eve");
}

TEST_F(Custody, OfAReleasedItemGoesOnToSomebodyElse) {
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.AddExpert("bob", "t1", "law");
  v1::ReleaseWorkItemRequest request;
  request.set_name(item.name());
  request.set_custody_epoch(1);
  EXPECT_EQ(Outcome(world.Do(&Core::ReleaseWorkItem, request).status()), "CUSTODY_MOVED");
  request.set_custody_epoch(2);
  world.Pass(absl::Minutes(5));
  const auto released = world.Do(&Core::ReleaseWorkItem, request);
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(world.With(item.name()), "bob");
  EXPECT_EQ(released->work_item().create_time().seconds(), item.create_time().seconds());
  // Periods have no gap: assigned to ann, assigned to bob (it waited no time).
  ASSERT_EQ(released->work_item().periods_size(), 2);
  EXPECT_EQ(released->work_item().periods(1).holder(), Expert("bob"));
}

TEST_F(Custody, StaysWithWhoGoesOfflineWhereThePolicySaysKeep) {
  policy.set_holding(v1::QueuePolicy::HOLDING_KEEP);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Offline("ann");
  world.Pass(absl::Hours(100));
  EXPECT_EQ(world.With(item.name()), "ann");
}

TEST_F(Custody, ReturnsAfterTheHoldingTime) {
  policy.set_holding(v1::QueuePolicy::HOLDING_RETURN_AFTER);
  policy.mutable_holding_return_after()->set_seconds(3600);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Offline("ann");
  world.Pass(absl::Minutes(59));
  world.Online("ann");
  world.Pass(absl::Minutes(10));
  EXPECT_EQ(world.With(item.name()), "ann") << "came back in time";
  world.Offline("ann");
  world.Pass(absl::Minutes(59));
  EXPECT_EQ(world.With(item.name()), "ann");
  world.AddExpert("bob", "t1", "law");
  world.Pass(absl::Minutes(1));
  EXPECT_EQ(world.With(item.name()), "bob");
}

TEST_F(Custody, OfWhoLeftAndCameBackAsTheyWereIsNotTakenAgain) {
  policy.set_holding(v1::QueuePolicy::HOLDING_RETURN_AFTER);
  policy.mutable_holding_return_after()->set_seconds(60);
  Open();
  world.RemoveExpert("ann");
  registry::Expert ann;
  ann.set_name(Expert("ann"));
  ann.set_team(Team("t1"));
  ann.set_capacity_units(3);
  world.Put(ann);  // her presence was never taken away
  world.Pass(absl::Hours(1));
  const v1::WorkItem item = world.Submit("q");
  EXPECT_EQ(world.With(item.name()), "ann");
  world.Pass(absl::Hours(1));
  EXPECT_EQ(world.Get(item.name()).custody().epoch(), 2);
}

TEST_F(Custody, IsHandedOverAtOnceHoweverMuchThereIs) {
  policy.set_holding(v1::QueuePolicy::HOLDING_HAND_OVER);
  world.AddExpert("max", "t1", "law", 500);
  Open();
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back(world.Submit("q", "law").name());
  world.AddExpert("bob", "t1", "law", 1000);
  world.Offline("ann");
  world.Offline("max");
  EXPECT_LE(world.last_changes(), 500u);
  world.Rest();
  for (const std::string& name : names) EXPECT_EQ(world.With(name), "bob");
}

TEST_F(Custody, OfWhoLeavesTheRosterGoesBackWhateverThePolicy) {
  policy.set_holding(v1::QueuePolicy::HOLDING_KEEP);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.AddExpert("bob", "t1", "law");
  world.RemoveExpert("ann");
  world.Rest();
  EXPECT_EQ(world.With(item.name()), "bob");
}

TEST_F(Custody, OfReturnedWorkIsTheSamePersonsWhereTheyCan) {
  world.AddExpert("bob", "t1", "law");
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  ASSERT_TRUE(world.Finish(item).ok());
  ASSERT_TRUE(Return(item.name()).ok());
  EXPECT_EQ(world.With(item.name()), "ann");
  EXPECT_EQ(world.Get(item.name()).return_count(), 1);
  EXPECT_EQ(world.Get(item.name()).custody().epoch(), 2) << "accountable all along";
  ASSERT_TRUE(world.Finish(item).ok());
  world.Offline("ann");
  ASSERT_TRUE(Return(item.name()).ok());
  EXPECT_EQ(world.With(item.name()), "bob");
}

TEST_F(Custody, ParksWhatCameBackTooOften) {
  policy.set_max_returns(2);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.Finish(item).ok());
    ASSERT_TRUE(Return(item.name()).ok());
  }
  ASSERT_TRUE(world.Finish(item).ok());
  world.Offline("ann");
  ASSERT_TRUE(Return(item.name()).ok());
  EXPECT_EQ(world.Get(item.name()).parked_reason(), v1::WorkItem::PARKED_REASON_TOO_MANY_FAILURES);
  v1::ReprioritizeWorkItemRequest again;  // somebody looks at it: another chance
  again.set_name(item.name());
  again.set_priority(type::v1::PRIORITY_HIGH);
  ASSERT_TRUE(world.Do(&Core::ReprioritizeWorkItem, again).ok());
  world.Online("ann");
  EXPECT_EQ(world.With(item.name()), "ann");
}

TEST_F(Custody, CannotBeJudgedByTheDoerUnderAnyName) {
  world.AddExpert("bob", "t1", "law");
  registry::Expert twin;
  twin.set_name(Expert("twin"));
  twin.set_person("person-ann");
  twin.set_team(Team("t2"));
  world.Put(twin);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  ASSERT_EQ(world.With(item.name()), "ann");
  ASSERT_TRUE(world.Finish(item).ok());
  for (const char* judge : {"ann", "twin"}) {
    world.grant.expert = Expert(judge);
    EXPECT_EQ(Outcome(Approve(item.name())), "SAME_PERSON");
    EXPECT_EQ(Outcome(Return(item.name())), "SAME_PERSON");
  }
  world.grant.expert = Expert("bob");
  EXPECT_TRUE(Approve(item.name()).ok());
}

TEST_F(Custody, ApprovalIsBoundToTheResultThatWasJudged) {
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  const std::string first = world.Finish(item)->result().checksum();
  EXPECT_EQ(first.size(), 64u);
  ASSERT_TRUE(Return(item.name()).ok());
  v1::SubmitResultRequest other;
  other.set_name(item.name());
  other.mutable_result()->set_summary("done better");
  const std::string second = world.Do(&Core::SubmitResult, other)->work_item().result().checksum();
  EXPECT_NE(first, second);
  const absl::Status stale = Approve(item.name(), first);
  EXPECT_EQ(stale.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Outcome(stale), "ETAG_MISMATCH");
  EXPECT_TRUE(Approve(item.name(), second).ok());
}

TEST_F(Custody, ReopensWithinTheWindowOnly) {
  policy.mutable_reopen_window()->set_seconds(3600);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  ASSERT_TRUE(world.Finish(item).ok());
  ASSERT_TRUE(Approve(item.name()).ok());
  world.Pass(absl::Hours(1));
  ASSERT_TRUE(Reopen(item.name()).ok());
  EXPECT_EQ(world.With(item.name()), "ann");
  EXPECT_EQ(world.Get(item.name()).reopen_count(), 1);
  EXPECT_FALSE(world.Get(item.name()).has_close_time());
  ASSERT_TRUE(world.Finish(item).ok());
  ASSERT_TRUE(Approve(item.name()).ok());
  world.Pass(absl::Hours(1) + absl::Nanoseconds(1));
  const absl::Status late = Reopen(item.name());
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Outcome(late), "WINDOW_CLOSED");
}

TEST_F(Custody, HoldsKeepWhoAskedAndCountAgainstTheBudget) {
  policy.mutable_pause_budget()->set_seconds(3600);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  v1::HoldWorkItemRequest hold;
  hold.set_name(item.name());
  EXPECT_EQ(Outcome(world.Do(&Core::HoldWorkItem, hold).status()), "FIELD_REQUIRED");
  hold.mutable_hold()->set_reason("waits for papers");
  hold.mutable_hold()->set_asked_by(Name("organizations", "client"));
  hold.mutable_hold()->set_agreed_by(Expert("ann"));
  ASSERT_TRUE(world.Do(&Core::HoldWorkItem, hold).ok());
  EXPECT_EQ(world.Get(item.name()).hold().agreed_by(), Expert("ann"));
  world.Pass(absl::Minutes(40));
  v1::ResumeWorkItemRequest resume;
  resume.set_name(item.name());
  const auto resumed = world.Do(&Core::ResumeWorkItem, resume);
  EXPECT_EQ(resumed->work_item().hold_time().seconds(), 2400);
  ASSERT_EQ(resumed->work_item().periods_size(), 2) << "held at once, and in hand again";
  EXPECT_EQ(resumed->work_item().periods(0).hold().reason(), "waits for papers");
  ASSERT_TRUE(world.Do(&Core::HoldWorkItem, hold).ok());
  world.Pass(absl::Minutes(20));
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_PAUSE_BUDGET_USED, item.name()));
  ASSERT_TRUE(world.Do(&Core::ResumeWorkItem, resume).ok());
  EXPECT_FALSE(world.HasAlarm(v1::Alarm::KIND_PAUSE_BUDGET_USED, item.name()));
  EXPECT_EQ(Outcome(world.Do(&Core::HoldWorkItem, hold).status()), "WINDOW_CLOSED");
}

TEST_F(Custody, WithoutAWordOfProgressRaisesAnAlarm) {
  policy.mutable_progress_timeout()->set_seconds(600);
  Open();
  const v1::WorkItem item = world.Submit("q", "law");
  world.Pass(absl::Minutes(9));
  v1::ReportProgressRequest request;
  request.set_name(item.name());
  request.set_progress_percent(50);
  ASSERT_TRUE(world.Do(&Core::ReportProgress, request).ok());
  world.Pass(absl::Minutes(9));
  EXPECT_FALSE(world.HasAlarm(v1::Alarm::KIND_NO_PROGRESS, item.name()));
  world.Pass(absl::Minutes(1));
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_NO_PROGRESS, item.name()));
  ASSERT_TRUE(world.Do(&Core::ReportProgress, request).ok());
  EXPECT_FALSE(world.HasAlarm(v1::Alarm::KIND_NO_PROGRESS, item.name()));
}

}  // namespace
}  // namespace tideline::work_routing
