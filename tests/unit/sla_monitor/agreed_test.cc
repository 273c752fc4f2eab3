// SPDX-License-Identifier: Apache-2.0
// What the parties agree on afterwards: starts, pauses, exclusions; and what is refused of it.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/sla_monitor/monitor_world.h"

namespace tideline::sla_monitor {
namespace {

class AgreedTest : public ::testing::Test {
 protected:
  AgreedTest() {
    type::v1::SlaRules rules = Rules(absl::Hours(4));
    rules.add_warn_percents(50);
    SetBudget(absl::Hours(3), rules);
    world_.Policy(rules);
    world_.Policy(Rules(absl::Hours(4)), "", "strict");
    world_.Engagement();
    world_.Engagement("hard", "strict");
    world_.Submit("a");
    world_.Assign("a");
    start_ = world_.now();
  }

  v1::AddPauseRequest Pause(absl::Duration from, absl::Duration to) const {
    v1::AddPauseRequest request;
    request.set_name(ItemName("a"));
    v1::Pause& pause = *request.mutable_pause();
    SetTime(ToMicros(start_ + from), pause.mutable_start_time());
    SetTime(ToMicros(start_ + to), pause.mutable_end_time());
    pause.set_reason("the client's system was down");
    pause.set_asked_by("vendor");
    pause.set_agreed_by("client");
    return request;
  }
  v1::MoveClockStartRequest Start(absl::Duration at) const {
    v1::MoveClockStartRequest request;
    request.set_name(ItemName("a"));
    v1::StartChange& change = *request.mutable_change();
    SetTime(ToMicros(start_ + at), change.mutable_start_time());
    change.set_reason("the brief was not complete");
    change.set_asked_by("vendor");
    change.set_agreed_by("client");
    return request;
  }
  std::string Try(const v1::AddPauseRequest& request) {
    const absl::Status status = world_.Do(&Core::AddPause, request).status();
    EXPECT_EQ(world_.log().find("BUT CHANGED"), std::string::npos);
    return absl::StrCat(Outcome(status), " ", FieldOf(status));
  }
  std::string Try(const v1::MoveClockStartRequest& request) {
    const absl::Status status = world_.Do(&Core::MoveClockStart, request).status();
    EXPECT_EQ(world_.log().find("BUT CHANGED"), std::string::npos);
    return absl::StrCat(Outcome(status), " ", FieldOf(status));
  }

  MonitorWorld world_;
  absl::Time start_;
};

TEST_F(AgreedTest, APauseOfThePastRetractsABreachAndItComesBackWhenItIsDue) {
  world_.Pass(absl::Hours(5));
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h");
  ASSERT_EQ(Try(Pause(absl::Hours(1), absl::Hours(3))), "OK ");
  // The warning's ground moved but stands.
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h gone");
  EXPECT_EQ(ToMicros(world_.Read("a").clock().due_time()), ToMicros(start_ + absl::Hours(6)));
  world_.Pass(absl::Hours(5));
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h gone, breach-r1-2 at 6h");
  const v1::Reading reading = world_.Read("a");
  ASSERT_EQ(reading.intervals_size(), 3);
  EXPECT_EQ(reading.intervals(1).why(), v1::Interval::WHY_PAUSE);
  EXPECT_EQ(reading.intervals(1).pause(), "p1");
  EXPECT_EQ(reading.intervals(1).asked_by(), "vendor");
  EXPECT_EQ(reading.intervals(1).agreed_by(), "client");
}

TEST_F(AgreedTest, APauseThatIsTakenBackStaysInTheHistory) {
  world_.Pass(absl::Hours(5));
  ASSERT_EQ(Try(Pause(absl::Hours(1), absl::Hours(3))), "OK ");
  v1::RemovePauseRequest request;
  request.set_name(ItemName("a"));
  request.set_pause("p1");
  EXPECT_EQ(FieldOf(world_.Do(&Core::RemovePause, request).status()), "reason");
  request.set_reason("it was another item");
  ASSERT_TRUE(world_.Do(&Core::RemovePause, request).ok());
  const v1::Reading reading = world_.Read("a");
  ASSERT_EQ(reading.clock().pauses_size(), 1);
  EXPECT_TRUE(reading.clock().pauses(0).has_remove_time());
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h gone, breach-r1-2 at 4h");
  request.set_pause("p9");
  EXPECT_EQ(Outcome(world_.Do(&Core::RemovePause, request).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(AgreedTest, PausesAndHoldsShareTheBudgetInOrderOfTime) {
  world_.Pass(absl::Hours(2));
  world_.Hold("a");
  world_.Pass(absl::Hours(2));
  world_.Resume("a");
  EXPECT_EQ(ToMicros(world_.Read("a").paused()),
            ToMicros(start_ + absl::Hours(2)) - ToMicros(start_));
  // Two more hours before the hold leave it one.
  ASSERT_EQ(Try(Pause(absl::ZeroDuration(), absl::Hours(2))), "OK ");
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(reading.elapsed().seconds(), 3600);
  EXPECT_EQ(reading.paused().seconds(), 3 * 3600);
  EXPECT_EQ(reading.intervals(2).why(), v1::Interval::WHY_BUDGET_USED);
}

TEST_F(AgreedTest, TheStartMayBeMovedAndTheStartsBeforeAreKept) {
  world_.Pass(absl::Hours(5));
  ASSERT_EQ(Try(Start(absl::Hours(2))), "OK ");
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h gone");
  ASSERT_EQ(Try(Start(absl::Hours(1))), "OK ");
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, breach-r1 at 4h gone, breach-r1-2 at 5h");
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(reading.clock().start_changes_size(), 2);
  EXPECT_EQ(reading.intervals(0).why(), v1::Interval::WHY_BEFORE_START);
  EXPECT_EQ(reading.elapsed().seconds(), 4 * 3600);
}

TEST_F(AgreedTest, RefusalsNameTheFieldAndTheReason) {
  world_.Pass(absl::Hours(5));
  EXPECT_EQ(Try(Start(-absl::Seconds(1))), "INVALID_FIELD change.start_time");
  EXPECT_EQ(Try(Start(absl::Hours(6))), "INVALID_FIELD change.start_time");
  EXPECT_EQ(Try(Pause(-absl::Seconds(1), absl::Hours(1))), "INVALID_FIELD pause.start_time");
  EXPECT_EQ(Try(Pause(absl::Hours(2), absl::Hours(2))), "INVALID_FIELD pause.end_time");
  EXPECT_EQ(Try(Pause(absl::Hours(2), absl::Hours(6))), "INVALID_FIELD pause.end_time");
  v1::AddPauseRequest pause = Pause(absl::Hours(1), absl::Hours(2));
  pause.mutable_pause()->clear_reason();
  EXPECT_EQ(Try(pause), "FIELD_REQUIRED pause.reason");
  pause = Pause(absl::Hours(1), absl::Hours(2));
  pause.mutable_pause()->clear_agreed_by();
  EXPECT_EQ(Try(pause), "FIELD_REQUIRED pause.agreed_by");
  pause.mutable_pause()->set_agreed_by("vendor");
  EXPECT_EQ(Try(pause), "SAME_PERSON ");
  pause = Pause(absl::Hours(1), absl::Hours(2));
  pause.mutable_pause()->clear_end_time();
  EXPECT_EQ(Try(pause), "FIELD_REQUIRED pause.end_time");
  ASSERT_EQ(Try(Pause(absl::Hours(1), absl::Hours(2))), "OK ");
  EXPECT_EQ(Try(Pause(absl::Minutes(90), absl::Hours(3))), "STATE_FORBIDS ");
  EXPECT_EQ(Try(Pause(absl::Hours(2), absl::Hours(3))), "OK ");
  pause = Pause(absl::Hours(4), absl::Hours(5));
  pause.set_etag("1.1");
  EXPECT_EQ(Try(pause), "ETAG_MISMATCH ");
  pause.set_etag(world_.Read("a").clock().etag());
  EXPECT_EQ(Try(pause), "OK ");
  pause.clear_etag();
  pause.set_name(ItemName("none"));
  EXPECT_EQ(Try(pause), "RESOURCE_NOT_FOUND ");
  world_.Submit("b", "hard");
  world_.Pass(absl::Hours(1));
  pause = Pause(absl::Hours(5), absl::Hours(6));
  pause.set_name(ItemName("b"));
  EXPECT_EQ(Try(pause), "STATE_FORBIDS ") << "its policy has no budget";
}

TEST_F(AgreedTest, AClockTakesThirtyTwoChangesAndNoMore) {
  world_.Pass(absl::Hours(1));
  for (int i = 0; i < 32; ++i) {
    ASSERT_EQ(Try(Start(absl::Minutes(i))), "OK ");
    ASSERT_EQ(Try(Pause(absl::Seconds(i), absl::Seconds(i + 1))), "OK ");
  }
  EXPECT_EQ(Try(Start(absl::Minutes(40))), "WINDOW_CLOSED ");
  EXPECT_EQ(Try(Pause(absl::Seconds(40), absl::Seconds(41))), "WINDOW_CLOSED ");
}

TEST_F(AgreedTest, AnExclusionTakesAnItemOutOfTheCountAndBack) {
  world_.Pass(absl::Hours(5));
  world_.Complete("a");
  v1::SetExclusionRequest request;
  request.set_name(ItemName("a"));
  v1::Exclusion& exclusion = *request.mutable_exclusion();
  exclusion.set_comment("storm");
  exclusion.set_asked_by("vendor");
  exclusion.set_agreed_by("client");
  EXPECT_EQ(FieldOf(world_.Do(&Core::SetExclusion, request).status()), "exclusion.reason");
  exclusion.set_reason(v1::EXCLUSION_REASON_CANCELLED);
  EXPECT_EQ(FieldOf(world_.Do(&Core::SetExclusion, request).status()), "exclusion.reason");
  exclusion.set_reason(v1::EXCLUSION_REASON_FORCE_MAJEURE);
  EXPECT_EQ(world_.Do(&Core::SetExclusion, request)->clock().outcome(),
            v1::Clock::OUTCOME_EXCLUDED);
  EXPECT_EQ(world_.Reborn()->Read("a").clock().outcome(), v1::Clock::OUTCOME_EXCLUDED);
  request.clear_exclusion();
  EXPECT_EQ(world_.Do(&Core::SetExclusion, request)->clock().outcome(), v1::Clock::OUTCOME_MISSED);
}

TEST_F(AgreedTest, WhoIsConfinedToAnotherOrganizationSeesNothing) {
  world_.grant.organization = Name("organizations", "vendor");
  v1::GetClocksRequest request;
  request.set_name(ItemName("a"));
  EXPECT_TRUE(world_.Ask(&Core::GetClocks, request).ok());
  world_.grant.organization = Name("organizations", "stranger");
  EXPECT_EQ(Outcome(world_.Ask(&Core::GetClocks, request).status()), "RESOURCE_NOT_FOUND");
  v1::ListClocksRequest list;
  list.set_parent(kWorkspace);
  EXPECT_EQ(world_.Ask(&Core::ListClocks, list)->clocks_size(), 0);
  EXPECT_EQ(Try(Start(absl::ZeroDuration())), "RESOURCE_NOT_FOUND ");
}

}  // namespace
}  // namespace tideline::sla_monitor
