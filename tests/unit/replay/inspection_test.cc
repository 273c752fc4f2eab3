// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/inspection.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/replay/small_log.h"
#include "tools/replay/count.h"
#include "tools/replay/servicenow.h"

namespace tideline::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// The text of a small log in the form of ServiceNow's: results of groups by the week.
class Sample {
 public:
  // `results` incidents of a group, resolved in the week `week` after Monday 7 January 2030; of
  // every `nth`, the last is taken up again a week later (0: none).
  Sample& Week(absl::string_view group, int week, int results, int nth = 0) {
    for (int i = 1; i <= results; ++i) {
      const std::string number = absl::StrCat("INC", ++incidents_);
      Row(number, "New", week, i, group);
      Row(number, "Resolved", week, i, group);
      if (nth > 0 && i % nth == 0) Row(number, "Active", week + 1, i, group);
    }
    return *this;
  }
  Log Read() const { return ReadServiceNow(FromText(text_)).value(); }

 private:
  void Row(absl::string_view number, absl::string_view state, int week, int minute,
           absl::string_view group) {
    const absl::CivilDay day = absl::CivilDay(2030, 1, 7) + 7 * week;
    absl::StrAppendFormat(&text_, "%s,%s,0,%d/%d/%d %02d:%02d,L,C,S,3 - Moderate,%s,?,true\n",
                          number, state, day.day(), day.month(), day.year(), 8 + minute / 60,
                          minute % 60, group);
  }

  int incidents_ = 0;
  std::string text_ =
      "number,incident_state,reopen_count,sys_updated_at,location,category,subcategory,priority,"
      "assignment_group,assigned_to,made_sla\n";
};

InspectionReport ReportOf(const Log& log, InspectionOptions options = {}) {
  return Inspect(log, options).value();
}

TEST(InspectionTest, TakesAResultWheneverWorkEndsAndItsDefectFromItsReopening) {
  const Log log =
      SmallLog({"Q@a W@a R@a C@a", "W@a R@a W@b R@b A@b", "R@b C@b W@b", "Q@a W@a X@a"});
  const std::vector<Finished> results = ResultsOf(log);
  std::vector<std::string> seen;
  for (const Finished& result : results) {
    seen.push_back(absl::StrCat(log.teams[static_cast<size_t>(result.team)].id,
                                result.reopened ? " defective" : ""));
  }
  EXPECT_THAT(seen, ElementsAre("b defective", "a defective", "a", "b defective"));
  EXPECT_EQ(Sum(Count(log)).reopens, 3);
}

// By hand: AQL 1.0, level II. The first week's 40 come in five lots of 8, all inspected because
// n is 13; then a lot of 40 per week, n 13, Ac 0. Two points each: reduced (n 5) after the 15th.
TEST(InspectionTest, ReducesInspectionOfATeamThatDoesWell) {
  Sample sample;
  for (int week = 0; week < 20; ++week) sample.Week("good", week, 40);
  const InspectionReport report = ReportOf(sample.Read());
  EXPECT_EQ(report.by_kind[kNormalLots].lots, 15);
  EXPECT_EQ(report.by_kind[kNormalLots].inspection.inspected, 40 + 10 * 13);
  EXPECT_EQ(report.by_kind[kReducedLots].lots, 9);
  EXPECT_EQ(report.by_kind[kReducedLots].inspection.inspected, 9 * 5);
  EXPECT_EQ(report.saved, 9 * (13 - 5));
  EXPECT_EQ(report.normal.inspected, 40 + 19 * 13);
  EXPECT_EQ(report.full.inspected, 800);
  EXPECT_EQ(report.switching.escaped, 0);
  EXPECT_THAT(report.switches, ElementsAre(Pair(HasSubstr("9.3.3"), 1)));
}

// By hand: every result is defective, so every lot is rejected and screened. Two lots of the first
// week in normal inspection, its other three and two weeks in tightened; then inspection ends, is
// 100 % for the rest of four weeks, and begins again tightened.
TEST(InspectionTest, EndsInspectionOfATeamThatDoesBadlyAndFindsAll) {
  Sample sample;
  for (int week = 0; week < 10; ++week) sample.Week("bad", week, 40, 1);
  const InspectionReport report = ReportOf(sample.Read());
  EXPECT_EQ(report.by_kind[kNormalLots].lots, 2);
  EXPECT_EQ(report.by_kind[kTightenedLots].lots, 3 + 2 + 4);
  EXPECT_EQ(report.by_kind[kTightenedLots].rejected, 3 + 2 + 4);
  EXPECT_EQ(report.by_kind[kNoLots].inspection.inspected, 3 * 40);
  EXPECT_EQ(report.switching.found, 400);
  EXPECT_EQ(report.switching.inspected, 400);
  EXPECT_THAT(report.switches,
              ElementsAre(Pair(HasSubstr("9.3.1"), 1), Pair(HasSubstr("9.4: action"), 1),
                          Pair(HasSubstr("9.4: five"), 1)));
}

TEST(InspectionTest, ALotThatEndsShortDrawsTheDifference) {
  // 200 in the first full week open a lot of 200, for which n is 50 (AQL 1.0, letter G has an arrow
  // down to H); 60 come: 50 of them are inspected although fewer were drawn among the first 60.
  Sample sample;
  sample.Week("a", 0, 200).Week("a", 1, 60);
  const InspectionReport report = ReportOf(sample.Read());
  const int64_t first_week = 25 * 8;
  EXPECT_EQ(report.normal.inspected, first_week + 50);
}

TEST(InspectionTest, AWeekWithOneResultIsNoLotAndLongPausesEndReducedInspection) {
  Sample sample;
  for (int week = 0; week < 12; ++week) sample.Week("a", week, 40);
  sample.Week("a", 20, 1).Week("a", 21, 1);
  const InspectionReport report = ReportOf(sample.Read());
  EXPECT_EQ(report.by_kind[kNoLots].inspection.inspected, 2);
  EXPECT_THAT(report.switches,
              ElementsAre(Pair(HasSubstr("9.3.3"), 1), Pair(HasSubstr("9.3.4 b and c"), 1)));
}

TEST(InspectionTest, WhatIsNotFoundEscapesAndTheSeedDecidesWhat) {
  Sample sample;
  for (int week = 0; week < 12; ++week) {
    sample.Week("a", week, 100, 25).Week("b", week, 60).Week("c", week, 30, 10);
  }
  const Log log = sample.Read();
  const InspectionReport report = ReportOf(log, {.aql = "4"});
  EXPECT_EQ(report.switching.results, 12 * 190);
  EXPECT_EQ(report.switching.defects, 12 * (4 + 3));
  EXPECT_EQ(report.switching.found + report.switching.escaped, report.switching.defects);
  EXPECT_GT(report.switching.escaped, 0);
  EXPECT_GT(report.switching.found, 0);
  EXPECT_LT(report.switching.inspected, report.full.inspected);
  EXPECT_EQ(report.full.escaped, 0);
  EXPECT_EQ(FormatInspection(report), FormatInspection(ReportOf(log, {.aql = "4"})));
  EXPECT_NE(report.switching.found, ReportOf(log, {.aql = "4", .seed = 2}).switching.found);
}

TEST(InspectionTest, RefusesAnAqlThatTheTablesDoNotHave) {
  const absl::Status status = Inspect(SmallLog({"W@a R@a"}), {.aql = "0.7"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "aql");
}

}  // namespace
}  // namespace tideline::replay
