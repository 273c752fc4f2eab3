// SPDX-License-Identifier: Apache-2.0
// Alerts: each once, at its instant, retracted by name when its ground goes; across clock steps and
// a day of downtime none early, none lost, none twice.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/sla_monitor/monitor_world.h"

namespace tideline::sla_monitor {
namespace {

using type::v1::SlaRules;

SlaRules Warned() {
  SlaRules rules = Rules(absl::Hours(4));
  rules.add_warn_percents(50);
  rules.add_warn_percents(75);
  SetLeg(type::v1::LEG_ACCEPT, absl::Hours(1), rules);
  SetBudget(absl::Hours(2), rules);
  return rules;
}

class AlertsTest : public ::testing::Test {
 protected:
  AlertsTest() {
    world_.Policy(Warned());
    world_.Engagement();
  }
  MonitorWorld world_;
};

TEST_F(AlertsTest, EachIsGivenOnceAtItsInstant) {
  world_.Submit("a");
  const absl::Time start = world_.now();
  world_.Pass(absl::Hours(1) - absl::Microseconds(1));
  EXPECT_EQ(world_.Alerts("a"), "");
  world_.Pass(absl::Microseconds(1));
  EXPECT_EQ(world_.Alerts("a"), "breach-accept-r1 at 1h");
  world_.Pass(absl::Minutes(1));
  world_.Assign("a");
  world_.Pass(absl::Hours(10));
  EXPECT_EQ(world_.Alerts("a"),
            "breach-accept-r1 at 1h, warning-50-r1 at 2h, warning-75-r1 at 3h, breach-r1 at 4h");
  const v1::Reading reading = world_.Read("a");
  for (const v1::Alert& alert : reading.alerts()) {
    EXPECT_EQ(ToMicros(alert.raise_time()), ToMicros(alert.ground_time()));
  }
  EXPECT_EQ(ToMicros(world_.Read("a").clock().due_time()), ToMicros(start + absl::Hours(4)));
  EXPECT_EQ(world_.CountEvents(v1::Event::kAlertRaised), 4);
  world_.Complete("a");
  EXPECT_EQ(world_.Read("a").clock().outcome(), v1::Clock::OUTCOME_MISSED);
  EXPECT_EQ(world_.core().NextWake(), absl::InfiniteFuture());
}

TEST_F(AlertsTest, WhatEndsAtTheVeryInstantIsInTime) {
  world_.Submit("a");
  world_.SetNow(world_.now() + absl::Hours(1));
  world_.Assign("a");
  world_.SetNow(world_.now() + absl::Hours(3));
  world_.Complete("a");
  world_.Rest();
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, warning-75-r1 at 3h");
  EXPECT_EQ(world_.Read("a").clock().outcome(), v1::Clock::OUTCOME_ATTAINED);
}

TEST_F(AlertsTest, APauseMovesEverythingThatIsStillToCome) {
  world_.Submit("a");
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Hold("a");
  world_.Pass(absl::Minutes(30));
  world_.Resume("a");
  world_.Pass(absl::Hours(10));
  EXPECT_EQ(world_.Alerts("a"),
            "warning-50-r1 at 2h30m, warning-75-r1 at 3h30m, "
            "breach-r1 at 4h30m");
}

TEST_F(AlertsTest, AHoldWithoutEndBreachesWhenItsBudgetIsUsed) {
  world_.Submit("a");
  world_.Assign("a");
  world_.Pass(absl::Hours(1));
  world_.Hold("a");
  world_.Pass(absl::Hours(100));
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 4h, warning-75-r1 at 5h, breach-r1 at 6h");
}

TEST_F(AlertsTest, ADayOfDowntimeLosesNothingAndSaysNothingTwice) {
  world_.Submit("late");
  world_.Submit("done");
  world_.Assign("late");
  world_.Assign("done");
  auto down = world_.Reborn();
  // A day later the events of the time in between come first, then the timers.
  const absl::Time start = world_.now();
  down->SetNow(start + absl::Hours(1));
  down->Complete("done");
  down->SetNow(start + absl::Hours(24));
  down->Rest();
  EXPECT_EQ(down->Alerts("late"), "warning-50-r1 at 2h, warning-75-r1 at 3h, breach-r1 at 4h");
  EXPECT_EQ(down->Alerts("done"), "");
  EXPECT_EQ(down->CountEvents(v1::Event::kAlertRetracted), 0);
  auto again = down->Reborn();
  again->Pass(absl::Hours(24));
  EXPECT_EQ(again->CountEvents(v1::Event::kAlertRaised), 3);
}

TEST_F(AlertsTest, AStepForwardGivesEachAlertOnceAndATimeThatStandsGivesNone) {
  world_.Submit("a");
  world_.Assign("a");
  world_.SetNow(world_.now() + absl::Hours(24 * 365));
  world_.Rest();
  world_.Rest();
  EXPECT_EQ(world_.CountEvents(v1::Event::kAlertRaised), 3);
  // A partition's time never goes back; while the wall does, it stands.
  world_.Submit("b");
  for (int i = 0; i < 5; ++i) world_.Rest();
  EXPECT_EQ(world_.Alerts("b"), "");
}

TEST_F(AlertsTest, AnEventThatComesLateRetractsWhatItProvesWrong) {
  world_.Submit("a");
  world_.Assign("a");
  const absl::Time start = world_.now();
  world_.Pass(absl::Hours(4));
  EXPECT_EQ(world_.CountEvents(v1::Event::kAlertRaised), 3);
  // It had been finished a millisecond before the target, and that becomes known a moment later.
  world_.SetNow(start + absl::Hours(4) - absl::Milliseconds(1));
  world_.Complete("a");
  EXPECT_EQ(world_.Alerts("a"), "warning-50-r1 at 2h, warning-75-r1 at 3h, breach-r1 at 4h gone");
  EXPECT_EQ(world_.Read("a").clock().outcome(), v1::Clock::OUTCOME_ATTAINED);
  const v1::Event* retracted = nullptr;
  for (const v1::Event& event : world_.events()) {
    if (event.has_alert_retracted()) retracted = &event;
  }
  ASSERT_NE(retracted, nullptr);
  EXPECT_EQ(retracted->header().subject(), Name("clocks", "a/alerts/breach-r1"));
  EXPECT_FALSE(retracted->alert_retracted().reason().empty());
}

TEST_F(AlertsTest, AnItemThatCannotBeDoneInTimeIsAtRiskBeforeItsSharesSaySo) {
  world_.Submit("a", "deal", type::v1::IMPACT_CLASS_LOW, absl::Hours(3));
  const absl::Time start = world_.now();
  world_.Pass(absl::Hours(1) - absl::Microseconds(1));
  EXPECT_FALSE(world_.Read("a").clock().at_risk());
  world_.Pass(absl::Microseconds(1));
  EXPECT_TRUE(world_.Read("a").clock().at_risk());
  EXPECT_EQ(world_.Alerts("a"), "breach-accept-r1 at 1h, at-risk-r1 at 1h");
  world_.Pass(absl::Minutes(30));
  world_.Assign("a");
  world_.Progress("a", 90);  // 18 minutes left of 2.5 hours
  EXPECT_FALSE(world_.Read("a").clock().at_risk());
  EXPECT_EQ(ToMicros(world_.Read("a").forecast_time()),
            ToMicros(start + absl::Minutes(90) + absl::Minutes(18)));
  v1::ListAtRiskRequest request;
  request.set_parent(kWorkspace);
  EXPECT_EQ(world_.Ask(&Core::ListAtRisk, request)->clocks_size(), 0);
  EXPECT_EQ(world_.CountEvents(v1::Event::kAlertRetracted), 0) << "it was right when it was given";
}

TEST_F(AlertsTest, TheForecastCountsInTheHoursOfWhoIsAccountable) {
  // 09:00 on Monday; 2 hours of work by 13:00 are nothing, unless the team's day begins later.
  world_.OfficeHours("lima", "America/Lima");
  registry::Resource resource;
  resource.mutable_team()->set_name(Name("teams", "far"));
  resource.mutable_team()->set_organization(Name("organizations", "vendor"));
  resource.mutable_team()->set_calendar(Name("calendars", "lima"));
  world_.Put(resource);
  world_.Submit("a", "deal", type::v1::IMPACT_CLASS_LOW, absl::Hours(2));
  EXPECT_FALSE(world_.Read("a").clock().at_risk());
  world_.Transfer("a", "far");  // nine o'clock there is 14:00
  EXPECT_TRUE(world_.Read("a").clock().at_risk());
  v1::ListAtRiskRequest request;
  request.set_parent(kWorkspace);
  const auto list = world_.Ask(&Core::ListAtRisk, request);
  ASSERT_EQ(list->clocks_size(), 1);
  EXPECT_EQ(list->clocks(0).work_item(), ItemName("a"));
}

TEST_F(AlertsTest, AQueueThatIsSlowIsPartOfTheForecast) {
  for (int i = 0; i < 4; ++i) {
    const std::string id = absl::StrCat("w", i);
    world_.Submit(id);
    world_.Pass(absl::Hours(2));
    world_.Assign(id);
    world_.Complete(id);
  }
  world_.Submit("a", "deal", type::v1::IMPACT_CLASS_LOW, absl::Hours(1));
  // Four hours less an hour of work and two of waiting.
  world_.Pass(absl::Hours(2));
  EXPECT_EQ(world_.Alerts("a"), "breach-accept-r1 at 1h, at-risk-r1 at 1h, warning-50-r1 at 2h");
}

TEST_F(AlertsTest, ListBreachesHasWhatStands) {
  world_.Submit("a");
  world_.Pass(absl::Hours(1));
  world_.Submit("b");
  world_.Assign("b");
  world_.Pass(absl::Hours(9));
  v1::ListBreachesRequest request;
  request.set_parent(kWorkspace);
  const auto all = world_.Ask(&Core::ListBreaches, request);
  ASSERT_EQ(all->alerts_size(), 3);
  EXPECT_EQ(all->alerts(0).leg(), type::v1::LEG_ACCEPT);
  request.set_client_only(true);
  request.set_page_size(1);
  const auto first = world_.Ask(&Core::ListBreaches, request);
  ASSERT_EQ(first->alerts_size(), 1);
  EXPECT_EQ(first->alerts(0).work_item(), ItemName("a"));
  request.set_page_token(first->next_page_token());
  const auto second = world_.Ask(&Core::ListBreaches, request);
  ASSERT_EQ(second->alerts_size(), 1);
  EXPECT_EQ(second->alerts(0).work_item(), ItemName("b"));
  request.set_page_token("what");
  EXPECT_EQ(Outcome(world_.Ask(&Core::ListBreaches, request).status()), "PAGE_TOKEN_INVALID");
}

TEST_F(AlertsTest, AWatchBeginsWithWhatStandsAndShowsItsContractsAlertsAlone) {
  world_.Engagement("other");
  world_.Submit("a");
  world_.Pass(absl::Hours(1));
  v1::WatchAlertsRequest request;
  request.set_parent(kWorkspace);
  request.set_engagement(Name("engagements", "deal"));
  Call call;
  call.workspace = kWorkspace;
  const auto start = world_.core().WatchAlerts(call, request);
  ASSERT_TRUE(start.ok());
  ASSERT_EQ(start->snapshot.size(), 1u);
  EXPECT_EQ(start->snapshot[0].alerts_size(), 1);
  const size_t before = world_.events().size();
  world_.Submit("b", "other");
  world_.Pass(absl::Hours(1));
  int shown = 0;
  for (size_t i = before; i < world_.events().size(); ++i) {
    const v1::Event& event = world_.events()[i];
    const auto seen =
        start->show(event.header().subject(), event.header().revision(), event.SerializeAsString());
    if (!seen.has_value()) continue;
    ++shown;
    EXPECT_EQ(seen->event().alert_raised().alert().work_item(), ItemName("a"));
  }
  EXPECT_EQ(shown, 1);  // a's half; b's accept is another contract's
  call.grant.organization = Name("organizations", "stranger");
  EXPECT_EQ(Outcome(world_.core().WatchAlerts(call, request).status()), "NOT_YOURS");
}

TEST_F(AlertsTest, ANewPolicyRetractsWhatItDoesNotSay) {
  SlaRules rules = Rules(absl::Hours(2));
  rules.set_revision(SlaRules::REVISION_RECALCULATED);
  world_.Policy(rules, "", "moving");
  world_.Engagement("m", "moving");
  world_.Submit("a", "m");
  world_.Pass(absl::Hours(3));
  EXPECT_EQ(world_.Alerts("a"), "breach-r1 at 2h");
  rules.mutable_classes(0)->mutable_client_target()->set_seconds(5 * 3600);
  world_.Policy(rules, "", "moving");
  world_.Rest();
  EXPECT_EQ(world_.Alerts("a"), "breach-r1 at 2h gone");
  world_.Pass(absl::Hours(3));
  EXPECT_EQ(world_.Alerts("a"), "breach-r1 at 2h gone, breach-r2 at 5h");
}

}  // namespace
}  // namespace tideline::sla_monitor
