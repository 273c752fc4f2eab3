// SPDX-License-Identifier: Apache-2.0
// What a clock reads: legs, pauses, budgets, handoffs, custody, calendars; and that the parts add
// up.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/sla_monitor/monitor_world.h"

namespace tideline::sla_monitor {
namespace {

using type::v1::SlaRules;

constexpr Micros kHour = 3'600'000'000;

// "accept 2h0m0s, first_draft 1h0m0s": what each leg took.
std::string Legs(const v1::Reading& reading) {
  std::vector<std::string> legs;
  for (const v1::LegReading& leg : reading.legs()) {
    legs.push_back(absl::StrCat(type::v1::Leg_Name(leg.leg()).substr(4),
                                leg.handoff() > 0 ? absl::StrCat(" ", leg.handoff()) : "", " ",
                                absl::FormatDuration(absl::Microseconds(ToMicros(leg.elapsed())))));
  }
  std::string text;
  for (const std::string& leg : legs) absl::StrAppend(&text, text.empty() ? "" : ", ", leg);
  return text;
}

// "open 1h, on hold 2h": the intervals.
std::string Intervals(const v1::Reading& reading) {
  std::string text;
  for (const v1::Interval& interval : reading.intervals()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", interval.running() ? "+" : "-",
                    v1::Interval::Why_Name(interval.why()).substr(4), " ",
                    absl::FormatDuration(absl::Microseconds(ToMicros(interval.working()))));
  }
  return text;
}

void ExpectSums(const v1::Reading& reading) {
  Micros intervals = 0, paused = 0, legs = 0, parties = 0;
  Micros before = ToMicros(reading.clock().create_time());
  for (const v1::Interval& interval : reading.intervals()) {
    EXPECT_EQ(ToMicros(interval.start_time()), before);
    before = ToMicros(interval.end_time());
    if (interval.running()) intervals += ToMicros(interval.working());
    if (interval.why() == v1::Interval::WHY_ON_HOLD || interval.why() == v1::Interval::WHY_PAUSE) {
      paused += ToMicros(interval.working());
    }
  }
  EXPECT_EQ(before, ToMicros(reading.read_time()));
  for (const v1::LegReading& leg : reading.legs()) legs += ToMicros(leg.elapsed());
  for (const v1::PartyReading& party : reading.parties()) parties += ToMicros(party.elapsed());
  EXPECT_EQ(intervals, ToMicros(reading.elapsed()));
  EXPECT_EQ(legs, ToMicros(reading.elapsed()));
  EXPECT_EQ(parties, ToMicros(reading.elapsed()));
  EXPECT_EQ(paused, ToMicros(reading.paused()));
  EXPECT_EQ(ToMicros(reading.remaining()),
            ToMicros(reading.clock().target()) - ToMicros(reading.elapsed()));
}

class ClocksTest : public ::testing::Test {
 protected:
  MonitorWorld world_;
};

TEST_F(ClocksTest, LegsAreCountedInOrderAndAddUp) {
  world_.Policy(Rules(absl::Hours(20)));
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Hours(2));
  world_.Assign("a");
  world_.Pass(absl::Hours(3));
  world_.Result("a");
  world_.Pass(absl::Hours(1));
  world_.Return("a");
  world_.Pass(absl::Minutes(30));
  world_.Result("a");
  world_.Pass(absl::Minutes(15));
  world_.Complete("a");
  world_.Pass(absl::Hours(5));
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(Legs(reading), "ACCEPT 2h, FIRST_DRAFT 3h, REVIEW 1h, RESOLVE 45m");
  EXPECT_EQ(ToMicros(reading.elapsed()), kHour * 27 / 4);
  EXPECT_EQ(reading.clock().state(), v1::Clock::STATE_STOPPED);
  EXPECT_EQ(reading.clock().outcome(), v1::Clock::OUTCOME_ATTAINED);
  EXPECT_EQ(reading.read_time().seconds(), reading.clock().stop_time().seconds());
  ExpectSums(reading);
}

TEST_F(ClocksTest, AHoldStopsTheClockOnlyAsLongAsTheBudgetLasts) {
  SlaRules rules = Rules(absl::Hours(10));
  SetBudget(absl::Hours(2), rules);
  world_.Policy(rules);
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Hold("a");
  EXPECT_EQ(world_.Read("a").clock().state(), v1::Clock::STATE_PAUSED);
  world_.Pass(absl::Hours(1));
  world_.Resume("a");
  world_.Pass(absl::Hours(1));
  world_.Hold("a");
  world_.Pass(absl::Hours(3));
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(Intervals(reading), "+OPEN 1h, -ON_HOLD 1h, +OPEN 1h, -ON_HOLD 1h, +BUDGET_USED 2h");
  EXPECT_EQ(reading.clock().state(), v1::Clock::STATE_RUNNING);
  EXPECT_EQ(reading.intervals(1).reason(), "waits for data");
  EXPECT_EQ(reading.intervals(1).agreed_by(), "client");
  ExpectSums(reading);
}

TEST_F(ClocksTest, AHoldToWhichNobodyAgreedStopsNothingWhereThePolicyAsksForThat) {
  SlaRules rules = Rules(absl::Hours(10));
  SetBudget(absl::Hours(5), rules);
  rules.set_pause_needs_agreement(true);
  world_.Policy(rules);
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Hold("a", "");
  world_.Pass(absl::Hours(1));
  EXPECT_EQ(Intervals(world_.Read("a")), "+NOT_AGREED 1h");
  world_.Resume("a");
  world_.Hold("a", "client");
  world_.Pass(absl::Hours(1));
  EXPECT_EQ(Intervals(world_.Read("a")), "+NOT_AGREED 1h, -ON_HOLD 1h");
}

TEST_F(ClocksTest, WithoutABudgetNoHoldStopsTheClock) {
  world_.Policy(Rules(absl::Hours(10)));
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Hold("a");
  world_.Pass(absl::Hours(1));
  EXPECT_EQ(Intervals(world_.Read("a")), "+BUDGET_USED 1h");
}

TEST_F(ClocksTest, AHandoffIsALegOfItsOwnAndGoesToWhoWasAccountable) {
  world_.Policy(Rules(absl::Hours(20)));
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Hours(1));
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Transfer("a", "day");
  world_.Pass(absl::Hours(2));
  world_.Assign("a", "bob");
  world_.Pass(absl::Hours(1));
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(Legs(reading), "ACCEPT 1h, FIRST_DRAFT 2h, HANDOFF 1 2h");
  ASSERT_EQ(reading.parties_size(), 2);
  EXPECT_EQ(reading.parties(0).party().team(), Name("teams", "t1"));
  EXPECT_EQ(ToMicros(reading.parties(0).elapsed()), 2 * kHour);
  EXPECT_EQ(reading.parties(1).party().organization(), Name("organizations", "vendor"));
  EXPECT_EQ(ToMicros(reading.parties(1).elapsed()), 3 * kHour);
  EXPECT_TRUE(reading.parties(1).current());
  ExpectSums(reading);
}

TEST_F(ClocksTest, ATransferBeforeAnybodyAcceptedIsStillWaiting) {
  world_.Policy(Rules(absl::Hours(20)));
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Hours(1));
  world_.Transfer("a", "day");
  world_.Pass(absl::Hours(1));
  EXPECT_EQ(Legs(world_.Read("a")), "ACCEPT 2h");
}

TEST_F(ClocksTest, TheClientClockAndTheCustodyClockKeepTheirOwnCalendars) {
  world_.OfficeHours("tokyo", "Asia/Tokyo");
  world_.Policy(Rules(absl::Hours(40)), "tokyo");
  world_.Engagement();
  world_.Submit("a");  // 18:00 in Tokyo
  world_.Transfer("a", "day");
  world_.Pass(absl::Hours(24));
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(ToMicros(reading.elapsed()), 8 * kHour);  // one day in Tokyo
  EXPECT_EQ(reading.calendar(), Name("calendars", "tokyo"));
  ASSERT_EQ(reading.parties_size(), 1);
  EXPECT_EQ(ToMicros(reading.parties(0).custody_elapsed()), 8 * kHour);  // nine to five in London
  EXPECT_EQ(reading.parties(0).calendar(), Name("calendars", "office"));
  world_.Pass(absl::Hours(4));
  EXPECT_EQ(ToMicros(world_.Read("a").elapsed()), 8 * kHour);  // Tokyo sleeps
  EXPECT_EQ(ToMicros(world_.Read("a").parties(0).custody_elapsed()), 12 * kHour);
  ExpectSums(world_.Read("a"));
}

TEST_F(ClocksTest, AClockThatStartsWithAcceptanceHasNotStartedBefore) {
  SlaRules rules = Rules(absl::Hours(4));
  rules.set_start(SlaRules::START_ACCEPTED);
  world_.Policy(rules);
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Hours(6));
  EXPECT_EQ(world_.Read("a").clock().state(), v1::Clock::STATE_NOT_STARTED);
  EXPECT_FALSE(world_.Read("a").clock().has_due_time());
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  EXPECT_EQ(Intervals(world_.Read("a")), "-BEFORE_START 6h, +OPEN 1h");
  EXPECT_EQ(world_.Alerts("a"), "");
}

TEST_F(ClocksTest, AClockThatStopsAtTheFirstResultStopsForGood) {
  SlaRules rules = Rules(absl::Hours(4));
  rules.set_stop(SlaRules::STOP_FIRST_RESULT);
  world_.Policy(rules);
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Result("a");
  world_.Pass(absl::Hours(9));
  world_.Return("a");
  world_.Pass(absl::Hours(9));
  EXPECT_EQ(ToMicros(world_.Read("a").elapsed()), kHour);
  EXPECT_EQ(world_.Read("a").clock().outcome(), v1::Clock::OUTCOME_ATTAINED);
}

TEST_F(ClocksTest, AReopenedItemRunsOnWithoutTheTimeInBetween) {
  world_.Policy(Rules(absl::Hours(4)));
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Result("a");
  world_.Complete("a");
  world_.Pass(absl::Hours(48));
  world_.Reopen("a");
  EXPECT_EQ(world_.Read("a").clock().outcome(), v1::Clock::OUTCOME_UNSPECIFIED);
  world_.Pass(absl::Hours(1));
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(ToMicros(reading.elapsed()), 2 * kHour);
  EXPECT_EQ(Intervals(reading), "+OPEN 1h, -FINISHED 48h, +OPEN 1h");
  EXPECT_EQ(Legs(reading), "ACCEPT 0, FIRST_DRAFT 1h, REVIEW 0, RESOLVE 1h");
  ExpectSums(reading);
}

TEST_F(ClocksTest, WhatIsDoneAtOnceIsDoneInTime) {
  world_.Policy(Rules(absl::Hours(4)));
  world_.Engagement();
  world_.Submit("a");
  world_.Assign("a");
  world_.Result("a");
  world_.Complete("a");
  const v1::Reading reading = world_.Read("a");
  EXPECT_EQ(reading.clock().outcome(), v1::Clock::OUTCOME_ATTAINED);
  EXPECT_EQ(Legs(reading), "ACCEPT 0, FIRST_DRAFT 0, REVIEW 0");
  EXPECT_EQ(reading.intervals_size(), 0);
}

TEST_F(ClocksTest, WhatIsNotPromisedHasNoClock) {
  SlaRules rules = Rules(absl::Hours(4));
  rules.add_work_types("search");
  world_.Policy(rules);
  world_.Engagement();
  world_.Engagement("none", "");
  world_.Submit("a", "none");
  world_.Submit("b", "deal", type::v1::IMPACT_CLASS_HIGH, absl::ZeroDuration(), "search");
  world_.Submit("c", "deal", type::v1::IMPACT_CLASS_LOW, absl::ZeroDuration(), "translation");
  world_.Submit("d", "deal", type::v1::IMPACT_CLASS_LOW, absl::ZeroDuration(), "search");
  for (const char* id : {"a", "b", "c"}) {
    v1::GetClocksRequest request;
    request.set_name(ItemName(id));
    EXPECT_EQ(Outcome(world_.Ask(&Core::GetClocks, request).status()), "RESOURCE_NOT_FOUND") << id;
  }
  EXPECT_EQ(world_.Read("d").clock().work_type(), "search");
}

TEST_F(ClocksTest, APinnedItemKeepsPolicyAndCalendarAndARecalculatedOneDoesNot) {
  SlaRules rules = Rules(absl::Hours(4));
  world_.Policy(rules, "", "pinned");
  rules.set_revision(SlaRules::REVISION_RECALCULATED);
  world_.Policy(rules, "", "moving");
  world_.Engagement("p", "pinned");
  world_.Engagement("m", "moving");
  world_.Submit("a", "p");
  world_.Submit("b", "m");
  rules = Rules(absl::Hours(8));
  world_.Policy(rules, "", "pinned");
  rules.set_revision(SlaRules::REVISION_RECALCULATED);
  world_.Policy(rules, "", "moving");
  world_.Rest();
  EXPECT_EQ(ToMicros(world_.Read("a").clock().target()), 4 * kHour);
  EXPECT_EQ(world_.Read("a").clock().policy_revision(), 1);
  EXPECT_EQ(ToMicros(world_.Read("b").clock().target()), 8 * kHour);
  EXPECT_EQ(world_.Read("b").clock().policy_revision(), 2);
  world_.Submit("c", "p");
  EXPECT_EQ(ToMicros(world_.Read("c").clock().target()), 8 * kHour);
}

TEST_F(ClocksTest, AHolidayThatIsDeclaredLaterReachesOnlyRecalculatedItems) {
  SlaRules rules = Rules(absl::Hours(16));
  world_.Policy(rules, "office", "pinned");
  rules.set_revision(SlaRules::REVISION_RECALCULATED);
  world_.Policy(rules, "office", "moving");
  world_.Engagement("p", "pinned");
  world_.Engagement("m", "moving");
  world_.Submit("a", "p");
  world_.Submit("b", "m");
  const auto due = [&](const char* id) {
    return ToMicros(world_.Read(id).clock().due_time()) -
           ToMicros(world_.Read(id).clock().create_time());
  };
  EXPECT_EQ(due("a"), 32 * kHour);  // Tuesday at five
  world_.OfficeHours("office", "Asia/Tokyo");
  world_.Rest();
  EXPECT_EQ(due("a"), 32 * kHour);
  EXPECT_EQ(due("b"), 47 * kHour);  // Wednesday at five in Tokyo: Monday there was over
}

TEST_F(ClocksTest, RecomputingAfterARestartGivesTheSameToTheMicrosecond) {
  SlaRules rules = Rules(absl::Hours(9));
  SetLeg(type::v1::LEG_ACCEPT, absl::Hours(1), rules);
  SetBudget(absl::Hours(1), rules);
  world_.Policy(rules, "office");
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Microseconds(1'234'567));
  world_.Assign("a");
  world_.Pass(absl::Milliseconds(98'765'432));
  world_.Hold("a");
  world_.Pass(absl::Microseconds(7'654'321'987));
  const std::string before = world_.Read("a").SerializeAsString();
  ExpectSums(world_.Read("a"));
  EXPECT_EQ(world_.Reborn()->Read("a").SerializeAsString(), before);
}

TEST_F(ClocksTest, ARetiredItemsClockGoes) {
  world_.Policy(Rules(absl::Hours(4)));
  world_.Engagement();
  world_.Submit("a");
  world_.Pass(absl::Hours(5));
  world_.Complete("a");
  world_.Retire("a");
  EXPECT_EQ(world_.CountEvents(v1::Event::kClockRetired), 1);
  EXPECT_TRUE(world_.records().at("clock").empty());
  EXPECT_EQ(world_.core().NextWake(), absl::InfiniteFuture());
}

}  // namespace
}  // namespace tideline::sla_monitor
