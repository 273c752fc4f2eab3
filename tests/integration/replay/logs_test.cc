// SPDX-License-Identifier: Apache-2.0
// The real logs, whole, through a suite over Redis. They are not part of the repository:
// TIDELINE_DATA names their folder, by default shared/data beside the source; where they are not,
// the tests say that they skip.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "tools/replay/replay.h"

namespace tideline::replay {
namespace {

std::string DataFile(const std::string& name) {
  if (const char* folder = std::getenv("TIDELINE_DATA")) return std::string(folder) + "/" + name;
  const char* source = std::getenv("TIDELINE_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/../shared/data/" + name;
}

std::map<std::string, int64_t> SuiteColumn(const Report& report) {
  std::map<std::string, int64_t> column;
  for (const Row& row : report.reconciliation.rows) column[row.key] = row.suite;
  return column;
}

TEST(Logs, VinstReconciles) {
  const std::string file = DataFile("vinst-incidents.csv.xz");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  const absl::StatusOr<Report> report = Replay({.source = Source::kVinst, .file = file});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatReport(*report);
  std::map<std::string, int64_t> suite = SuiteColumn(*report);
  EXPECT_EQ(suite["items"], 7554);
  EXPECT_EQ(suite["moves"], 9454);
  EXPECT_EQ(suite["moves_from_holder"], 8747);
  EXPECT_EQ(suite["moves_from_queue"], 598);
  EXPECT_EQ(suite["moves_from_result"], 109);
  EXPECT_EQ(suite["moves_after_reopen"], 99);
  EXPECT_EQ(suite["closed_elsewhere"], 10);
  EXPECT_EQ(suite["moves_by_handoff"], 9454);
  EXPECT_EQ(report->handoffs.transferred, 9454);
  EXPECT_EQ(report->handoffs.by_people + report->handoffs.by_teams, 9454);
  EXPECT_GT(report->handoffs.joint_sessions, 0) << "the ping-pong guard sees to and fro";
  EXPECT_EQ(report->statistics.differences, "");
  EXPECT_EQ(suite["returns"], 3286);
  EXPECT_EQ(suite["reopens"], 580);
}

TEST(Logs, ServiceNowReconciles) {
  const std::string file = DataFile("servicenow-incidents.csv.xz");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  const absl::StatusOr<Report> report = Replay({.source = Source::kServiceNow, .file = file});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatReport(*report);
  std::map<std::string, int64_t> suite = SuiteColumn(*report);
  EXPECT_EQ(suite["items"], 24918);
  EXPECT_EQ(suite["moves"], 19087);
  EXPECT_EQ(suite["returned_items"], 2628);
  EXPECT_EQ(suite["reopens"], 331);
}

}  // namespace
}  // namespace tideline::replay
