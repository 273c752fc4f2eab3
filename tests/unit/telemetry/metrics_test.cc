// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/metrics.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, SameNameAndLabelsAreOneMetric) {
  Metrics metrics;
  metrics.GetCounter("toy_calls_total", "Calls.", {{"code", "OK"}}).Add();
  metrics.GetCounter("toy_calls_total", "Calls.", {{"code", "OK"}}).Add(2);
  metrics.GetCounter("toy_calls_total", "Calls.", {{"code", "NOT_FOUND"}}).Add();
  EXPECT_EQ(metrics.GetCounter("toy_calls_total", "", {{"code", "OK"}}).value(), 3);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP toy_calls_total Calls.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE toy_calls_total counter\n"));
  EXPECT_THAT(text, HasSubstr("toy_calls_total{code=\"OK\"} 3"));
  EXPECT_THAT(text, HasSubstr("toy_calls_total{code=\"NOT_FOUND\"} 1"));
}

TEST(Metrics, ExposesGaugesAndHistograms) {
  Metrics metrics;
  const Gauge gauge = metrics.GetGauge("toy_level", "Level.");
  gauge.Set(5);
  gauge.Add(-1.5);
  const Histogram histogram = metrics.GetHistogram("toy_seconds", "Time.", {0.1, 1});
  for (double value : {0.05, 0.1, 0.5, 5.0}) histogram.Observe(value);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("toy_level 3.5\n"));
  EXPECT_THAT(text, HasSubstr("toy_seconds_bucket{le=\"0.1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("toy_seconds_bucket{le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("toy_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("toy_seconds_count 4\n"));
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.GetCounter("toy_total", "x", {{"path", "a\"b\\c\nd"}}).Add();
  EXPECT_THAT(metrics.Expose(), HasSubstr(R"(toy_total{path="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, ADefaultHandleCountsNothing) {
  Counter().Add();
  Gauge().Set(1);
  Histogram().Observe(1);
  EXPECT_EQ(Counter().value(), 0);
}

TEST(Metrics, RefreshesBeforeExpositionWhileTheTokenLives) {
  Metrics metrics;
  int asked = 0;
  std::shared_ptr<void> token =
      metrics.OnScrape([&] { metrics.GetGauge("toy_asked", "x").Set(++asked); });
  EXPECT_THAT(metrics.Expose(), HasSubstr("toy_asked 1\n"));
  EXPECT_THAT(metrics.Expose(), HasSubstr("toy_asked 2\n"));
  token.reset();
  EXPECT_THAT(metrics.Expose(), HasSubstr("toy_asked 2\n"));
}

TEST(Metrics, CountsFromSeveralThreads) {
  Metrics metrics;
  const Counter counter = metrics.GetCounter("toy_total", "x");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) counter.Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40000);
}

TEST(CounterByLabel, BoundsTheValuesItRemembers) {
  Metrics metrics;
  CounterByLabel refusals(metrics, "toy_refusals_total", "x", "reason", {{"service", "toy"}}, 3);
  for (int i = 0; i < 10; ++i) refusals.For(absl::StrCat("R", i)).Add();
  refusals.For("R1").Add();
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("{reason=\"R1\",service=\"toy\"} 2"));
  EXPECT_THAT(text, HasSubstr("{reason=\"other\",service=\"toy\"} 7"));
  EXPECT_THAT(text, Not(HasSubstr("R3")));
}

TEST(ProcessMetrics, SayWhatTheProcessUses) {
  Metrics metrics;
  const std::shared_ptr<void> token = AddProcessMetrics(metrics, "1.2.3", "abc");
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("tideline_build_info{revision=\"abc\",version=\"1.2.3\"} 1"));
  EXPECT_GT(metrics.GetGauge("process_resident_memory_bytes", "").value(), 1e6);
  EXPECT_GT(metrics.GetGauge("process_open_fds", "").value(), 2);
  EXPECT_GE(metrics.GetGauge("process_threads", "").value(), 1);
  EXPECT_GT(metrics.GetGauge("process_start_time_seconds", "").value(), 1.6e9);
  EXPECT_GT(metrics.GetGauge("process_max_fds", "").value(), 2);
}

}  // namespace
}  // namespace tideline::telemetry
