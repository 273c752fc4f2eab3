// SPDX-License-Identifier: Apache-2.0
// The readers on the real logs, against figures counted from the files by other means. The logs are
// not part of the repository: TIDELINE_DATA names their folder, by default shared/data beside the
// source.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "tools/replay/count.h"
#include "tools/replay/inspection.h"
#include "tools/replay/plan.h"
#include "tools/replay/servicenow.h"
#include "tools/replay/vinst.h"

namespace tideline::replay {
namespace {

std::string DataFile(const std::string& name) {
  if (const char* folder = std::getenv("TIDELINE_DATA")) return std::string(folder) + "/" + name;
  const char* source = std::getenv("TIDELINE_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/../shared/data/" + name;
}

std::map<Verb, int> CountVerbs(const std::vector<ItemPlan>& plans) {
  std::map<Verb, int> counts;
  for (const ItemPlan& plan : plans) {
    for (const Step& step : plan.steps) ++counts[step.verb];
  }
  return counts;
}

TEST(Data, VinstHasTheFiguresCountedFromTheFile) {
  const std::string path = DataFile("vinst-incidents.csv.xz");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  absl::StatusOr<Log> log = ReadVinst(*OpenFile(path));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->rows, 65533);
  EXPECT_EQ(log->teams.size(), 649u);
  EXPECT_EQ(log->organizations.size(), 25u);
  EXPECT_EQ(log->skills.size(), 704u);
  const Totals sum = Sum(Count(*log));
  EXPECT_EQ(sum.items, 7554);
  EXPECT_EQ(sum.moves, 9454);
  EXPECT_EQ(sum.moved_items, 3820);
  EXPECT_EQ(sum.moves_from_queue, 598);
  EXPECT_EQ(sum.moves_from_result, 109);
  EXPECT_EQ(sum.moves_from_holder, 8747);
  EXPECT_EQ(sum.returns, 3286);
  EXPECT_EQ(sum.returned_items, 1258);
  EXPECT_EQ(sum.reopens, 580);
  EXPECT_EQ(sum.reopened_items, 514);
  EXPECT_EQ(sum.closed_elsewhere, 10);
  EXPECT_EQ(sum.open, 8);
  std::map<Verb, int> verbs = CountVerbs(MakePlan(*log));
  EXPECT_EQ(verbs[Verb::kSubmit], 7554);
  EXPECT_EQ(verbs[Verb::kMove], 9454);
  EXPECT_EQ(verbs[Verb::kReopen], 580);
  EXPECT_EQ(verbs[Verb::kTakeBack], 10);
}

TEST(Data, ServiceNowHasTheFiguresCountedFromTheFile) {
  const std::string path = DataFile("servicenow-incidents.csv.xz");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  absl::StatusOr<Log> log = ReadServiceNow(*OpenFile(path));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->rows, 141712);
  const FactsById facts = Count(*log);
  const Totals sum = Sum(facts);
  EXPECT_EQ(sum.items, 24918);
  EXPECT_EQ(sum.moves, 19087);
  EXPECT_EQ(sum.moved_items, 9575);
  EXPECT_EQ(sum.returned_items, 2628);
  EXPECT_EQ(sum.reopens, 331);
  EXPECT_EQ(sum.reopened_items, 275);
  EXPECT_EQ(sum.open, 0);
  for (const Incident& incident : log->incidents) {
    EXPECT_EQ(facts.at(incident.id).reopens, incident.reopens_recorded) << incident.id;
  }
  EXPECT_EQ(CountVerbs(MakePlan(*log))[Verb::kMove], 19087);
}

// The figures are those of a simulation written apart from this code, from the two files alone.
TEST(Data, SamplingOfServiceNowIsThatOfAnotherProgram) {
  const std::string path = DataFile("servicenow-incidents.csv.xz");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  absl::StatusOr<Log> log = ReadServiceNow(*OpenFile(path));
  ASSERT_TRUE(log.ok()) << log.status();
  const absl::StatusOr<InspectionReport> report = Inspect(*log, {.aql = "1.0", .seed = 1});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->full.results, 25249);
  EXPECT_EQ(report->full.defects, 331);
  EXPECT_EQ(report->switching.inspected, 12800);
  EXPECT_EQ(report->switching.found, 181);
  EXPECT_EQ(report->switching.escaped, 150);
  EXPECT_EQ(report->by_kind[kNormalLots].lots, 1069);
  EXPECT_EQ(report->by_kind[kTightenedLots].lots, 149);
  EXPECT_EQ(report->by_kind[kReducedLots].lots, 254);
  EXPECT_EQ(report->saved, 778);
  EXPECT_EQ(report->escaped_by_saving, 4);
}

}  // namespace
}  // namespace tideline::replay
