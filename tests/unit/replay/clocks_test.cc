// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/clocks.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace tideline::replay {
namespace {

using sla_monitor::v1::Reading;
using ::testing::HasSubstr;

Reading Sample() {
  Reading reading;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        clock { create_time { seconds: 100 } }
        read_time { seconds: 400 }
        elapsed { seconds: 200 }
        intervals {
          start_time { seconds: 100 }
          end_time { seconds: 200 }
          running: true
          working { seconds: 100 }
        }
        intervals {
          start_time { seconds: 200 }
          end_time { seconds: 300 }
          working { seconds: 100 }
        }
        intervals {
          start_time { seconds: 300 }
          end_time { seconds: 400 }
          running: true
          working { seconds: 100 }
        }
        legs { elapsed { seconds: 150 } }
        legs { elapsed { seconds: 50 } }
        parties { elapsed { seconds: 200 } }
        alerts {
          name: "a"
          ground_time { seconds: 150 }
          raise_time { seconds: 150 }
          retract_time { seconds: 160 }
        }
        alerts {
          name: "a"
          ground_time { seconds: 170 }
          raise_time { seconds: 180 }
        }
      )pb",
      &reading));
  return reading;
}

TEST(TroubleTest, FindsNoneInAReadingThatAddsUp) { EXPECT_EQ(Trouble(Sample()), ""); }

TEST(TroubleTest, FindsSumsThatAreOneMicrosecondOff) {
  Reading reading = Sample();
  reading.mutable_legs(1)->mutable_elapsed()->set_nanos(1000);
  EXPECT_THAT(Trouble(reading), HasSubstr("legs give"));
  reading = Sample();
  reading.mutable_parties(0)->mutable_elapsed()->set_nanos(1000);
  EXPECT_THAT(Trouble(reading), HasSubstr("parties give"));
  reading = Sample();
  reading.mutable_intervals(0)->mutable_working()->set_nanos(1000);
  EXPECT_THAT(Trouble(reading), HasSubstr("intervals give"));
}

TEST(TroubleTest, FindsGapsAndMissingEnds) {
  Reading reading = Sample();
  reading.mutable_intervals(1)->mutable_start_time()->set_seconds(201);
  EXPECT_THAT(Trouble(reading), HasSubstr("gap"));
  reading = Sample();
  reading.mutable_clock()->mutable_create_time()->set_seconds(99);
  EXPECT_THAT(Trouble(reading), HasSubstr("gap"));
  reading = Sample();
  reading.mutable_read_time()->set_seconds(401);
  EXPECT_THAT(Trouble(reading), HasSubstr("do not reach the end"));
}

TEST(TroubleTest, FindsAlertsThatAreEarlyOrStandTwice) {
  Reading reading = Sample();
  reading.mutable_alerts(1)->mutable_raise_time()->set_seconds(169);
  EXPECT_THAT(Trouble(reading), HasSubstr("early"));
  reading = Sample();
  reading.mutable_alerts(0)->clear_retract_time();
  EXPECT_THAT(Trouble(reading), HasSubstr("twice"));
}

TEST(CompareClocksTest, NamesItemsThatReadOtherwise) {
  Log log;
  log.incidents.resize(1);
  log.incidents[0].id = "a";
  const ClockFacts clock{.elapsed = absl::Seconds(1), .bytes = "x"};
  ClockFacts other = clock;
  other.bytes = "y";
  const SlaReport report = CompareClocks({{"a", clock}}, {{"a", other}}, SlaFold("workspaces/w"),
                                         log, DefaultPolicies().policies(0));
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.same_after_restart, 0);
  EXPECT_EQ(report.same_by_journal, 0);
  EXPECT_THAT(report.trouble,
              ::testing::ElementsAre(HasSubstr("a: reads otherwise"), HasSubstr("a: ran for 1s")));
}

}  // namespace
}  // namespace tideline::replay
