// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/doctor.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tideline::cli {
namespace {

using Level = Finding::Level;

// "check: level" of the finding about `check`, with detail and remedy for messages.
const Finding& About(const std::vector<Finding>& findings, const std::string& check) {
  for (const Finding& finding : findings) {
    if (finding.check == check) return finding;
  }
  ADD_FAILURE() << "nothing about " << check;
  return findings.front();
}

TEST(DoctorTest, ExpositionsAreReadWithLabelsAndEscapes) {
  const auto samples = ParseMetrics(
      "# HELP a_total b\n"
      "# TYPE a_total counter\n"
      "a_total 3\n"
      "b{x=\"1\",y=\"say \\\"hi\\\", you\"} 4.5 1700000000\n"
      "c{} 1e3\n"
      "broken\n"
      "d{x=\"open} 1\n");
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].name, "a_total");
  EXPECT_EQ(samples[0].value, 3);
  EXPECT_EQ(samples[1].labels.at("y"), "say \"hi\", you");
  EXPECT_EQ(samples[1].value, 4.5);
  EXPECT_EQ(samples[2].value, 1000);
}

TEST(DoctorTest, AHealthySuiteHasNothingToMend) {
  const auto findings = JudgeMetrics(ParseMetrics(R"(
tideline_skill_registry_partitions 16
tideline_skill_registry_partitions_serving 16
tideline_work_routing_partitions 16
tideline_work_routing_partitions_serving 16
tideline_work_routing_follower_lag_commits{upstream="skill_registry"} 2
tideline_work_routing_anomalies 0
tideline_work_routing_calls_owed 0
)"));
  EXPECT_EQ(findings.size(), 5u);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.level, Level::kOk) << finding.check << ": " << finding.detail;
    EXPECT_EQ(finding.remedy, "") << finding.check;
  }
}

TEST(DoctorTest, TroubleIsNamedWithItsPlaceAndRemedy) {
  const auto findings = JudgeMetrics(ParseMetrics(R"(
tideline_skill_registry_partitions 16
tideline_skill_registry_partitions_serving 16
tideline_work_routing_partitions 16
tideline_work_routing_partitions_serving 15
tideline_work_routing_follower_lag_commits{upstream="skill_registry"} 50000
tideline_work_routing_anomalies 2
tideline_work_routing_calls_owed 5000
)"));
  EXPECT_EQ(About(findings, "skill_registry serves").level, Level::kOk);
  EXPECT_EQ(About(findings, "work_routing serves").level, Level::kFailure);
  EXPECT_EQ(About(findings, "work_routing serves").detail, "15 of 16 partitions");
  EXPECT_EQ(About(findings, "followers keep up").level, Level::kWarning);
  EXPECT_NE(About(findings, "followers keep up").detail.find("upstream=skill_registry"),
            std::string::npos);
  EXPECT_EQ(About(findings, "no anomalies").level, Level::kWarning);
  EXPECT_EQ(About(findings, "owed calls leave").level, Level::kWarning);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.remedy.empty(), finding.level == Level::kOk) << finding.check;
  }
}

TEST(DoctorTest, AnomaliesAreShownUpToAFewAndThenCounted) {
  EXPECT_TRUE(JudgeAnomalies("").empty());
  const auto two = JudgeAnomalies("a/0 up 1.0 x: why\nb/3 up 2.1 y: why not\n");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[1].level, Level::kWarning);
  EXPECT_EQ(two[1].detail, "b/3 up 2.1 y: why not");
  const auto many = JudgeAnomalies("1\n2\n3\n4\n5\n6\n7\n");
  ASSERT_EQ(many.size(), 6u);
  EXPECT_EQ(many[5].detail, "2 more");
}

TEST(DoctorTest, AClockThatNothingKeepsRightIsAWarning) {
  EXPECT_EQ(JudgeClock(true, absl::Milliseconds(3)).level, Level::kOk);
  EXPECT_EQ(JudgeClock(false, absl::Seconds(16)).level, Level::kWarning);
  EXPECT_NE(JudgeClock(false, absl::Seconds(16)).remedy, "");
}

TEST(DoctorTest, WhatIsNotMeasuredIsSkippedNotPassed) {
  EXPECT_EQ(About(JudgeMetrics({}), "partitions serve").level, Level::kSkipped);
  EXPECT_EQ(About(JudgeMetrics({}), "no anomalies").level, Level::kSkipped);
}

journal::StoreInfo GoodStore() {
  journal::StoreInfo store;
  store.description = "Redis 7.0.15";
  store.durable = true;
  store.used_bytes = 10;
  store.max_bytes = 100;
  return store;
}

TEST(DoctorTest, AGoodStorePasses) {
  for (const Finding& finding : JudgeStore(GoodStore())) {
    EXPECT_EQ(finding.level, Level::kOk) << finding.check;
  }
}

TEST(DoctorTest, AStoreThatMayLoseOrForgetFails) {
  journal::StoreInfo store = GoodStore();
  store.durable = false;
  store.evicts = true;
  store.used_bytes = 90;
  const auto findings = JudgeStore(store);
  EXPECT_EQ(About(findings, "store durable").level, Level::kFailure);
  EXPECT_EQ(About(findings, "store durable").remedy, "set appendonly yes and appendfsync always");
  EXPECT_EQ(About(findings, "store keeps everything").level, Level::kFailure);
  EXPECT_EQ(About(findings, "store memory").level, Level::kFailure);
}

TEST(DoctorTest, AStoreThatIsAwayFails) {
  const auto findings = JudgeStore(absl::UnavailableError("connection refused"));
  EXPECT_EQ(About(findings, "store reachable").level, Level::kFailure);
  EXPECT_EQ(findings.size(), 1u);
}

}  // namespace
}  // namespace tideline::cli
