// SPDX-License-Identifier: Apache-2.0
#include "common/sampling/plan.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/data_file.h"

namespace tideline::sampling {
namespace {

constexpr absl::string_view kAqls =
    "0.010 0.015 0.025 0.040 0.065 0.10 0.15 0.25 0.40 0.65 1.0 1.5 2.5 4.0 6.5 10 15 25 40 65 100 "
    "150 250 400 650 1000";
// A lot of each range of Table I.
constexpr std::array<int64_t, 15> kLots = {2,   9,    16,   26,    51,    91,     151,   281,
                                           501, 1201, 3201, 10001, 35001, 150001, 500001};
constexpr std::array<Severity, 3> kSeverities = {Severity::kNormal, Severity::kTightened,
                                                 Severity::kReduced};
constexpr std::array<Level, 7> kLevels = {Level::kS1, Level::kS2, Level::kS3, Level::kS4,
                                          Level::kI,  Level::kII, Level::kIII};

Aql MakeAql(absl::string_view text) { return Aql::Parse(text, "aql").value(); }

std::string Show(const Plan& plan) {
  return absl::StrCat(plan.sample_size, ",", plan.accept, ",", plan.reject);
}

std::string ShowPlan(int64_t lot, Level level, absl::string_view aql, Severity severity) {
  return Show(FindPlan(lot, level, MakeAql(aql), severity, "lot_size").value());
}

// Every cell of the single plans in one order, as "n,Ac,Re;".
std::string AllCells() {
  std::string all;
  for (const Severity severity : kSeverities) {
    for (const Level level : kLevels) {
      for (const int64_t lot : kLots) {
        for (const absl::string_view aql : absl::StrSplit(kAqls, ' ')) {
          absl::StrAppend(&all, ShowPlan(lot, level, aql, severity), ";");
        }
      }
    }
  }
  return all;
}

TEST(PlanTest, EveryCellIsThatOfTheStandard) {
  // The digest of the same text made from the cells of iso2859-z14.csv.
  EXPECT_EQ(absl::BytesToHexString(Sha256(AllCells())),
            "0ad5ef775afe024ffe23796fca3e3f99d29eafe69e67614e453ce5f7b817d7f1");
}

TEST(PlanTest, EveryCellIsThatOfTheFileOfZ14) {
  const std::optional<std::string> text = testing::ReadData("iso2859-z14.csv.xz");
  if (!text.has_value()) GTEST_SKIP() << "iso2859-z14.csv.xz is not here";
  const std::map<std::string, Severity> severities = {{"Normal", Severity::kNormal},
                                                      {"Tightened", Severity::kTightened},
                                                      {"Reduced", Severity::kReduced}};
  const std::map<std::string, Level> levels = {
      {"S-1", Level::kS1}, {"S-2", Level::kS2}, {"S-3", Level::kS3}, {"S-4", Level::kS4},
      {"I", Level::kI},    {"II", Level::kII},  {"III", Level::kIII}};
  int cells = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipWhitespace())) {
    const std::vector<std::string> row = absl::StrSplit(line, ',');
    ASSERT_EQ(row.size(), 9u) << line;
    if (row[0] != "Single") continue;  // the heading, and double plans
    ++cells;
    // Both ends of the range of lots.
    std::vector<std::string> ends = absl::StrSplit(row[3], absl::ByAnyChar("-+"));
    for (const std::string& end : ends) {
      if (end.empty()) continue;
      const int64_t lot = std::stoll(end);
      EXPECT_EQ(ShowPlan(lot, levels.at(row[2]), row[4], severities.at(row[1])),
                absl::StrCat(row[6], ",", row[7], ",", row[8]))
          << line;
    }
  }
  EXPECT_EQ(cells, 8190);
}

// Known cells, and the ways in which a cell is found.
TEST(PlanTest, FollowsArrowsToTheFirstPlanInTheirDirection) {
  struct {
    int64_t lot;
    Level level;
    absl::string_view aql;
    Severity severity;
    char letter;
    absl::string_view plan;
  } const kCases[] = {
      {281, Level::kII, "2.5", Severity::kNormal, 'H', "50,3,4"},
      {500, Level::kII, "2.5", Severity::kTightened, 'H', "50,2,3"},
      {500, Level::kII, "2.5", Severity::kReduced, 'H', "20,1,4"},
      {150, Level::kII, "0.65", Severity::kNormal, 'F', "20,0,1"},       // no arrow
      {150, Level::kII, "1.0", Severity::kNormal, 'E', "13,0,1"},        // up
      {150, Level::kII, "1.5", Severity::kNormal, 'G', "32,1,2"},        // down
      {2, Level::kI, "0.010", Severity::kNormal, 'Q', "1250,0,1"},       // down to the last
      {3, Level::kIII, "1000", Severity::kNormal, 'B', "3,44,45"},       // no arrow
      {500001, Level::kIII, "1000", Severity::kNormal, 'B', "3,44,45"},  // up almost to the first
      {500001, Level::kIII, "0.025", Severity::kTightened, 'S', "3150,1,2"},
  };
  for (const auto& one : kCases) {
    const absl::StatusOr<Plan> plan =
        FindPlan(one.lot, one.level, MakeAql(one.aql), one.severity, "lot_size");
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(Show(*plan), one.plan) << one.lot << " " << one.aql;
    EXPECT_EQ(plan->letter, one.letter) << one.lot << " " << one.aql;
  }
}

TEST(PlanTest, SizesDoNotDependOnWhereALotLiesInItsRange) {
  for (const Level level : kLevels) {
    for (size_t i = 0; i + 1 < kLots.size(); ++i) {
      EXPECT_EQ(*CodeLetter(kLots[i], level, ""), *CodeLetter(kLots[i + 1] - 1, level, ""));
    }
    EXPECT_EQ(*CodeLetter(500'001, level, ""), *CodeLetter(INT64_MAX, level, ""));
  }
}

// What the switching score relies on: from Ac 2 on the plan a step tighter has the same sample.
TEST(PlanTest, AStepTighterHasTheSameSampleFromAcceptanceNumberTwoOn) {
  for (const char letter : absl::string_view("ABCDEFGHJKLMNPQR")) {
    for (const absl::string_view text : absl::StrSplit(kAqls, ' ')) {
      const Aql aql = MakeAql(text);
      const Plan plan = PlanForLetter(letter, aql, Severity::kNormal).value();
      if (plan.accept < 2) continue;
      const Plan tighter =
          PlanForLetter(plan.letter, aql.Tighter().value(), Severity::kNormal).value();
      EXPECT_EQ(tighter.letter, plan.letter) << letter << " " << text;
      EXPECT_LT(tighter.accept, plan.accept) << letter << " " << text;
    }
  }
}

TEST(PlanTest, InspectsTheWholeLotWhereTheSampleIsNotSmaller) {
  const Plan plan{.letter = 'F', .sample_size = 20, .accept = 0, .reject = 1};
  EXPECT_EQ(Inspected(plan, 21), 20);
  EXPECT_EQ(Inspected(plan, 20), 20);
  EXPECT_EQ(Inspected(plan, 7), 7);
}

TEST(PlanTest, RefusesWhatTheTablesDoNotHaveByName) {
  for (const int64_t size : {int64_t{1}, int64_t{0}, int64_t{-5}}) {
    const absl::Status status =
        FindPlan(size, Level::kII, MakeAql("1.0"), Severity::kNormal, "policy.lot_size").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD);
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "policy.lot_size");
  }
  for (const absl::string_view text : {"", "0", "0.2", "3", "-1", "1e1", "2000", "0.0100001", "ten",
                                       "1.0.0", ".65", "+1", " 1", "99999999999"}) {
    const absl::Status status = Aql::Parse(text, "policy.aql").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1) << text;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "policy.aql") << text;
  }
  for (const char letter : absl::string_view("IOSTa ")) {
    EXPECT_EQ(PlanForLetter(letter, MakeAql("1.0"), Severity::kNormal).status().code(),
              absl::StatusCode::kInvalidArgument)
        << letter;
  }
}

TEST(AqlTest, ReadsNumbersAsTheyAreWrittenAnywhere) {
  EXPECT_EQ(MakeAql("1").text(), "1.0");
  EXPECT_EQ(MakeAql("1.00").text(), "1.0");
  EXPECT_EQ(MakeAql("0.01").text(), "0.010");
  EXPECT_EQ(MakeAql("10.0").text(), "10");
  EXPECT_EQ(MakeAql("0.650"), MakeAql("0.65"));
}

TEST(AqlTest, KnowsItsNeighbourAndWhetherItIsAPercentage) {
  EXPECT_EQ(MakeAql("1.0").Tighter(), MakeAql("0.65"));
  EXPECT_EQ(MakeAql("0.010").Tighter(), std::nullopt);
  EXPECT_TRUE(MakeAql("10").is_percentage());
  EXPECT_FALSE(MakeAql("15").is_percentage());
}

}  // namespace
}  // namespace tideline::sampling
