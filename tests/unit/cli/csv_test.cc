// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::cli {
namespace {

using skill_registry::v1::Expert;
using testing::ElementsAre;
using testing::HasSubstr;

// "line:cell|cell" per row, or the error.
std::vector<std::string> Rows(absl::string_view text) {
  const auto rows = ParseCsv(text);
  if (!rows.ok()) return {"error: " + std::string(rows.status().message())};
  std::vector<std::string> out;
  for (const CsvRow& row : *rows) {
    out.push_back(absl::StrCat(row.line, ":", absl::StrJoin(row.cells, "|")));
  }
  return out;
}

TEST(CsvTest, PlainRows) {
  EXPECT_THAT(Rows("a,b\n1,2\n"), ElementsAre("1:a|b", "2:1|2"));
  EXPECT_THAT(Rows("a,b\n1,"), ElementsAre("1:a|b", "2:1|"));
  EXPECT_THAT(Rows(""), ElementsAre());
}

TEST(CsvTest, QuotesHoldCommasQuotesAndLineEnds) {
  EXPECT_THAT(Rows("\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\nlast,y\n"),
              ElementsAre("1:a,b|say \"hi\"", "2:two\nlines|x", "4:last|y"));
  EXPECT_THAT(Rows("\"\",x\n"), ElementsAre("1:|x"));
}

TEST(CsvTest, SpreadsheetsByteOrderMarkAndLineEndsAreFine) {
  EXPECT_THAT(Rows("\xEF\xBB\xBF"
                   "a,b\r\n1,2\r\n\r\n3,4\r\n"),
              ElementsAre("1:a|b", "2:1|2", "4:3|4"));
}

TEST(CsvTest, BadQuotesNameTheirLine) {
  EXPECT_THAT(Rows("a\n\"b"), ElementsAre("error: line 2: a quote that is not closed"));
  EXPECT_THAT(Rows("a\nb\"c\n"), ElementsAre("error: line 2: a quote inside a field"));
  EXPECT_THAT(Rows("a\n\"b\"c\n"), ElementsAre("error: line 2: text behind a closing quote"));
}

absl::StatusOr<CsvResources> Read(absl::string_view text) {
  return ReadResources(*ParseCsv(text), Expert(), {"demo", absl::UnixEpoch()});
}

TEST(CsvTest, ColumnsAreFieldsAndListsAreSeparatedBySemicolons) {
  const auto read = Read(
      "id,Team,display-name,skills,capacity_units\n"
      "asha,night,Asha,java:expert; sql:novice,40\n"
      "bo,day,,,\n");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->errors.empty());
  ASSERT_EQ(read->resources.size(), 2u);
  EXPECT_EQ(read->resources[0]->ShortDebugString(),
            "name: \"workspaces/demo/experts/asha\" display_name: \"Asha\" "
            "team: \"workspaces/demo/teams/night\" "
            "skills { skill: \"workspaces/demo/skills/java\" level: LEVEL_EXPERT } "
            "skills { skill: \"workspaces/demo/skills/sql\" level: LEVEL_NOVICE } "
            "capacity_units: 40");
  EXPECT_EQ(read->resources[1]->ShortDebugString(),
            "name: \"workspaces/demo/experts/bo\" team: \"workspaces/demo/teams/day\"");
  EXPECT_THAT(read->lines, ElementsAre(2, 3));
}

TEST(CsvTest, EachBadRowSaysLineColumnAndWhy) {
  const auto read = Read(
      "name,capacity_units\n"
      "asha,forty\n"
      "bo\n"
      ",3\n"
      "cy,5\n");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->errors.size(), 3u);
  EXPECT_EQ(read->errors[0].line, 2);
  EXPECT_EQ(read->errors[0].column, "capacity_units");
  EXPECT_EQ(read->errors[0].message, "\"forty\" is not a whole number");
  EXPECT_EQ(read->errors[1].line, 3);
  EXPECT_EQ(read->errors[1].message, "has 1 fields; the header has 2");
  EXPECT_EQ(read->errors[2].line, 4);
  EXPECT_EQ(read->errors[2].column, "name");
  EXPECT_THAT(read->lines, ElementsAre(5));
}

TEST(CsvTest, ABadHeaderIsRefusedAsAWhole) {
  EXPECT_THAT(std::string(Read("").status().message()), HasSubstr("no header"));
  EXPECT_THAT(std::string(Read("name,tema\n").status().message()),
              HasSubstr("column \"tema\": there are name, etag, display_name"));
  EXPECT_THAT(std::string(Read("name,create_time\n").status().message()),
              HasSubstr("column \"create_time\""));
  EXPECT_THAT(std::string(Read("name,team,team\n").status().message()), HasSubstr("twice"));
  EXPECT_THAT(std::string(Read("team\n").status().message()), HasSubstr("no column \"name\""));
  EXPECT_EQ(Read("team\n").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tideline::cli
