// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/table.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tideline/review/v1/quality.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::cli {
namespace {

using skill_registry::v1::Expert;
using work_routing::v1::Offer;
using work_routing::v1::WorkItem;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(FormatTable({"NAME", "STATE"}, {{"a", "queued"}, {"longer", "on-hold"}}),
            "NAME    STATE\n"
            "a       queued\n"
            "longer  on-hold\n");
}

TEST(TableTest, WidthCountsCharactersNotBytes) {
  EXPECT_EQ(FormatTable({"N", "X"}, {{"Łódź", "1"}, {"abcde", "2"}}),
            "N      X\n"
            "Łódź   1\n"
            "abcde  2\n");
}

TEST(TableTest, EmptyCellsLeaveNoTrailingBlanks) {
  EXPECT_EQ(FormatTable({"A", "B"}, {{"x", ""}}), "A  B\nx\n");
}

TEST(TableTest, AListShowsTheColumnsOfItsType) {
  const auto one = Parse<Offer>(R"pb(
    name: "workspaces/demo/workItems/4711/offers/o1"
    expert: "workspaces/demo/experts/asha"
    state: STATE_PENDING
    create_time { seconds: 1800000000 }
    expire_time { seconds: 1800000300 nanos: 500000000 })pb");
  const auto two = Parse<Offer>(R"pb(name: "workspaces/demo/workItems/4712/offers/o2")pb");
  EXPECT_EQ(FormatList({&one, &two}),
            "NAME     STATE    EXPERT  CREATE TIME           EXPIRE TIME\n"
            "4711/o1  pending  asha    2027-01-15T08:00:00Z  2027-01-15T08:05:00.500Z\n"
            "4712/o2\n");
}

TEST(TableTest, LongCellsAreCutInLists) {
  auto item = Parse<WorkItem>(R"pb(name: "workspaces/demo/workItems/a")pb");
  item.set_title(absl::StrCat(std::string(200, 'x'), "\nsecond line"));
  const std::string table = FormatList({&item});
  EXPECT_NE(table.find("xxx…"), std::string::npos);
  EXPECT_EQ(table.find("second"), std::string::npos);
}

TEST(TableTest, PathsReachIntoMessages) {
  const auto item = Parse<WorkItem>(R"pb(custody { holder: "workspaces/demo/experts/bo" })pb");
  EXPECT_EQ(PathText(item, "custody.holder"), "bo");
  EXPECT_EQ(PathText(item, "custody.team"), "");
  EXPECT_EQ(PathText(item, "hold.reason"), "");
  EXPECT_EQ(PathText(item, "nothing.of.this"), "");
}

TEST(TableTest, AMessageIsShownFieldByField) {
  const auto expert = Parse<Expert>(R"pb(
    name: "workspaces/demo/experts/asha"
    team: "workspaces/demo/teams/night"
    dotted_lines: "workspaces/demo/experts/bo"
    dotted_lines: "workspaces/demo/experts/cy"
    cost_rate { currency_code: "EUR" units: 12 nanos: 500000000 }
    capacity_units: 40)pb");
  EXPECT_EQ(FormatMessage(expert),
            "name: asha\n"
            "team: night\n"
            "dotted_lines: bo, cy\n"
            "cost_rate: 12.50 EUR\n"
            "capacity_units: 40\n");
}

TEST(TableTest, MessagesInsideAreIndentedAndTheirListsAreTables) {
  const auto item = Parse<WorkItem>(R"pb(
    name: "workspaces/demo/workItems/a"
    custody { team: "workspaces/demo/teams/night" epoch: 3 }
    links { uri: "https://crm.example/1" title: "claim" })pb");
  EXPECT_EQ(FormatMessage(item),
            "name: a\n"
            "links:\n"
            "  URI                    CHECKSUM  TITLE\n"
            "  https://crm.example/1            claim\n"
            "custody:\n"
            "  team: night\n"
            "  epoch: 3\n");
}

TEST(TableTest, MapsAreSortedByKey) {
  WorkItem item;
  item.mutable_attributes()->insert({"b", "2"});
  item.mutable_attributes()->insert({"a", "1"});
  EXPECT_EQ(FormatMessage(item), "attributes: a=1, b=2\n");
}

TEST(TableTest, AListResponseIsKnownByItsPageToken) {
  EXPECT_NE(ListField(*skill_registry::v1::ListExpertsResponse::descriptor()), nullptr);
  EXPECT_EQ(ListField(*skill_registry::v1::GetExpertResponse::descriptor()), nullptr);
}

TEST(TableTest, QualityIsATableOfFiguresWithTheirIntervals) {
  const auto report = Parse<review::v1::GetQualityReportResponse>(R"pb(
    qualities {
      subject: "workspaces/w/teams/kr"
      first_pass_yield { count: 112 of: 120 value: 0.9333 low: 0.874 high: 0.966 }
      returned { count: 8 of: 140 value: 0.0571 low: 0.029 high: 0.109 }
      weighted_defects { cases: 140 value: 0.5 low: 0.25 high: 0.75 }
      escaped { of: 0 }
      missed { of: 0 }
    })pb");
  const std::string text = FormatList({&report.qualities(0)});
  EXPECT_NE(text.find("93.3 % (87.4 to 96.6) of 120"), std::string::npos) << text;
  EXPECT_NE(text.find("0.50 (0.25 to 0.75) of 140"), std::string::npos) << text;
  EXPECT_NE(text.find("none"), std::string::npos) << text;
}

TEST(TableTest, AnUndefinedFigureSaysSo) {
  const auto response = Parse<review::v1::GetAgreementResponse>("kappa { cases: 2 }");
  EXPECT_NE(FormatMessage(response).find("undefined of 2"), std::string::npos)
      << FormatMessage(response);
}

}  // namespace
}  // namespace tideline::cli
