// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/sla_timeline.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace tideline::cli {
namespace {

using ClockReading = sla_monitor::v1::Reading;
using ::testing::HasSubstr;
using ::testing::Not;

// Submitted at 09:00, accepted at 09:10, on hold from 09:30 for an hour of which the budget covers
// half, done at 11:00.
constexpr char kReading[] = R"pb(
  clock {
    work_item: "workspaces/w/workItems/claim-1"
    engagement: "workspaces/w/engagements/gold"
    policy: "workspaces/w/slaPolicies/fast"
    policy_version: 3
    impact_class: IMPACT_CLASS_HIGH
    state: STATE_STOPPED
    outcome: OUTCOME_MISSED
    due_time { seconds: 1700042400 }
    target { seconds: 3600 }
  }
  read_time { seconds: 1700046000 }
  calendar: "workspaces/w/calendars/office"
  elapsed { seconds: 5400 }
  remaining { seconds: -1800 }
  paused { seconds: 1800 }
  pause_budget { seconds: 1800 }
  intervals {
    start_time { seconds: 1700038800 }
    end_time { seconds: 1700039400 }
    running: true
    why: WHY_OPEN
    leg: LEG_ACCEPT
    party { organization: "workspaces/w/organizations/v" team: "workspaces/w/teams/night" }
    working { seconds: 600 }
    custody_working { seconds: 300 }
  }
  intervals {
    start_time { seconds: 1700039400 }
    end_time { seconds: 1700040600 }
    running: true
    why: WHY_OPEN
    leg: LEG_FIRST_DRAFT
    party { team: "workspaces/w/teams/night" holder: "workspaces/w/experts/asha" }
    working { seconds: 1200 }
  }
  intervals {
    start_time { seconds: 1700040600 }
    end_time { seconds: 1700042400 }
    why: WHY_ON_HOLD
    leg: LEG_FIRST_DRAFT
    party { team: "workspaces/w/teams/night" holder: "workspaces/w/experts/asha" }
    working { seconds: 1800 }
    reason: "no papers"
    asked_by: "workspaces/w/experts/asha"
    agreed_by: "client"
  }
  intervals {
    start_time { seconds: 1700042400 }
    end_time { seconds: 1700046000 }
    running: true
    why: WHY_BUDGET_USED
    leg: LEG_FIRST_DRAFT
    party { team: "workspaces/w/teams/night" holder: "workspaces/w/experts/asha" }
    working { seconds: 3600 }
  }
  legs {
    leg: LEG_ACCEPT
    elapsed { seconds: 600 }
    target { seconds: 900 }
    done: true
  }
  legs {
    leg: LEG_FIRST_DRAFT
    elapsed { seconds: 4800 }
    done: true
  }
  legs {
    leg: LEG_HANDOFF
    handoff: 2
    target { seconds: 60 }
    breached: true
  }
  parties {
    party { organization: "workspaces/w/organizations/v" team: "workspaces/w/teams/night" }
    elapsed { seconds: 5400 }
    custody_elapsed { seconds: 5100 }
    calendar: "workspaces/w/calendars/nights"
    current: true
  }
  alerts {
    kind: KIND_WARNING
    percent: 75
    ground_time { seconds: 1700042000 }
    raise_time { seconds: 1700042000 }
    message: "75 % used"
  }
  alerts {
    kind: KIND_BREACH
    leg: LEG_ACCEPT
    ground_time { seconds: 1700043000 }
    raise_time { seconds: 1700043000 }
    retract_time { seconds: 1700044000 }
    retract_reason: "start moved"
  }
)pb";

ClockReading Sample() {
  ClockReading reading;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kReading, &reading));
  return reading;
}

TEST(SlaTimelineTest, SaysForEachIntervalWhetherItRanWhyWhoseAndTheSum) {
  const std::string text = FormatTimeline(Sample());
  EXPECT_THAT(text, HasSubstr("claim-1: stopped, missed, due 2023-11-15T10:00:00Z\n"));
  EXPECT_THAT(text, HasSubstr("1h30m of 1h used, -30m left; paused for 30m of at most 30m\n"));
  EXPECT_THAT(
      text, HasSubstr("contract gold, policy fast version 3, class high; working time of office"));
  EXPECT_THAT(text, HasSubstr("2023-11-15T09:00:00Z  2023-11-15T09:10:00Z  runs    10m      10m    "
                              "accept       night         5m       open\n"));
  EXPECT_THAT(text, HasSubstr("stands  30m      30m    first-draft  asha (night)  0        "
                              "on hold: \"no papers\", asked by asha, agreed by client\n"));
  EXPECT_THAT(text, HasSubstr("on hold, but the pause budget is used up"));
  EXPECT_THAT(text, HasSubstr("equals the time used"));
  EXPECT_THAT(text, Not(HasSubstr("DIFFERS")));
}

TEST(SlaTimelineTest, ListsLegsPartiesAndAlerts) {
  const std::string text = FormatTimeline(Sample());
  EXPECT_THAT(text, HasSubstr("accept       10m    15m"));
  EXPECT_THAT(text, HasSubstr("handoff 2    0      1m"));
  EXPECT_THAT(text, HasSubstr("open, breached"));
  EXPECT_THAT(text, HasSubstr("night  v             1h30m  1h25m    nights            has it now"));
  EXPECT_THAT(text, HasSubstr("warning 75%"));
  EXPECT_THAT(text, HasSubstr("retracted 2023-11-15T10:26:40Z: start moved"));
}

TEST(SlaTimelineTest, AddsUpByItself) {
  ClockReading reading = Sample();
  reading.mutable_elapsed()->set_seconds(5401);
  EXPECT_THAT(FormatTimeline(reading), HasSubstr("DIFFERS from the time used, 1h30m1s"));
}

}  // namespace
}  // namespace tideline::cli
