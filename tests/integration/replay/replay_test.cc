// SPDX-License-Identifier: Apache-2.0
// The sample driven through a suite: it reconciles, and a reconciliation that ought to fail does.
#include "tools/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/journal/memory_store.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/suite/suite.h"

namespace tideline::replay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::map<std::string, int64_t> SuiteColumn(const Report& report) {
  std::map<std::string, int64_t> column;
  for (const Row& row : report.reconciliation.rows) column[row.key] = row.suite;
  return column;
}

TEST(Replay, TheSampleReconcilesOverMemory) {
  const absl::StatusOr<Report> report = Replay({.store = StoreKind::kMemory});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatReport(*report);
  EXPECT_EQ(SuiteColumn(*report)["items"], 200);
  EXPECT_GT(SuiteColumn(*report)["moves"], 100);
  EXPECT_GT(report->driven.takes.offers, 100) << "the suite itself finds most people";
}

TEST(Replay, TheSampleReconcilesOverRedisAfterItsRestart) {
  const absl::StatusOr<Report> report = Replay({.seed = 2, .store = StoreKind::kRedis});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatReport(*report);
  EXPECT_THAT(report->suite, HasSubstr("appendfsync always"));
}

TEST(Replay, TheSampleReconcilesOnASuiteThatRunsByItself) {
  journal::MemoryStore store;
  auto suite = suite::Suite::Start({.store = &store, .listen = "127.0.0.1:0"});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const absl::StatusOr<Report> report = Replay({.live = (*suite)->address()});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatReport(*report);
  const absl::StatusOr<Report> again = Replay({.live = (*suite)->address()});
  ASSERT_TRUE(again.ok()) << "a second run finds a workspace of its own: " << again.status();
  EXPECT_TRUE(again->ok()) << FormatReport(*again);
}

class Spoiled : public testing::TestWithParam<Fault> {};

TEST_P(Spoiled, IsNoticedAndTheIncidentNamed) {
  const absl::StatusOr<Report> report =
      Replay({.seed = 3, .store = StoreKind::kMemory, .fault = GetParam()});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->driven.refusals, IsEmpty());
  EXPECT_FALSE(report->ok());
  ASSERT_EQ(report->reconciliation.differences.size(), 1u) << FormatReport(*report);
  EXPECT_EQ(report->reconciliation.differences[0].item, report->spoiled);
  EXPECT_THAT(report->reconciliation.differences[0].what, HasSubstr("route: log "));
  EXPECT_THAT(FormatReport(*report), HasSubstr(report->spoiled + ": route"));
}

INSTANTIATE_TEST_SUITE_P(OneMove, Spoiled,
                         testing::Values(Fault::kDrop, Fault::kDouble, Fault::kMisroute));

TEST(Replay, WritesJsonThatHoldsBothColumns) {
  const absl::StatusOr<Report> report = Replay({.limit = 20, .store = StoreKind::kMemory});
  ASSERT_TRUE(report.ok()) << report.status();
  google::protobuf::Struct json;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(FormatJson(*report), &json).ok());
  EXPECT_TRUE(json.fields().at("agrees").bool_value());
  const auto& items =
      json.fields().at("counts").struct_value().fields().at("items").struct_value().fields();
  EXPECT_EQ(items.at("log").number_value(), 20);
  EXPECT_EQ(items.at("suite").number_value(), 20);
}

TEST(Replay, SaysWhichFileIsMissing) {
  const absl::StatusOr<Report> report =
      Replay({.source = Source::kVinst, .file = "/nowhere/log.csv"});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("/nowhere/log.csv"));
}

}  // namespace
}  // namespace tideline::replay
