// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/holidays.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/calendar/calendar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/data_file.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::string_view kHeader = "country,date,start_utc,end_utc,type,rule,name\n";

HolidayImport Poland() {
  return {
      .country_code = "PL", .time_zone = "Europe/Warsaw", .types = {"public", "bank", "optional"}};
}

std::string Line(absl::string_view date, absl::string_view start, absl::string_view end,
                 absl::string_view name, absl::string_view type = "public",
                 absl::string_view country = "PL") {
  return absl::StrFormat("%s,%s,%s:00.000Z,%s:00.000Z,%s,\"rule\",%s\n", country, date, start, end,
                         type, name);
}

// "2024-05-01 name", with the closed part if it is not the whole day.
std::vector<std::string> Listed(const ImportedHolidays& imported) {
  std::vector<std::string> lines;
  for (const auto& holiday : imported.holidays) {
    EXPECT_EQ(holiday.country_code(), "PL");
    lines.push_back(absl::StrFormat("%04d-%02d-%02d %s", holiday.date().year(),
                                    holiday.date().month(), holiday.date().day(), holiday.name()));
    if (holiday.has_closed()) {
      absl::StrAppendFormat(&lines.back(), " %d-%d", holiday.closed().start_minute(),
                            holiday.closed().end_minute());
    }
  }
  return lines;
}

std::vector<std::string> Errors(const ImportedHolidays& imported) {
  std::vector<std::string> lines;
  for (const auto& error : imported.errors) {
    lines.push_back(absl::StrCat(error.line, ":", error.column));
  }
  return lines;
}

ImportedHolidays Parse(const std::string& rows, const HolidayImport& options = Poland()) {
  auto imported = ParseHolidays(absl::StrCat(kHeader, rows), options);
  EXPECT_TRUE(imported.ok()) << imported.status();
  return imported.ok() ? *std::move(imported) : ImportedHolidays();
}

TEST(HolidaysTest, TakesWholeDaysAlsoThoseOf23And25Hours) {
  const auto imported = Parse(Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "work") +
                              Line("2024-03-31", "2024-03-30T23:00", "2024-03-31T22:00", "easter") +
                              Line("2024-10-27", "2024-10-26T22:00", "2024-10-27T23:00", "long"));
  EXPECT_THAT(Listed(imported),
              ElementsAre("2024-03-31 easter", "2024-05-01 work", "2024-10-27 long"));
  EXPECT_THAT(imported.errors, IsEmpty());
  EXPECT_EQ(imported.rows, 3);
}

TEST(HolidaysTest, TakesPartsOfDaysAndSeveralDays) {
  const auto imported = Parse(Line("2024-12-24", "2024-12-24T11:00", "2024-12-24T23:00", "eve") +
                              Line("2024-02-14", "2024-02-13T23:00", "2024-02-14T13:00", "ash") +
                              Line("2024-06-17", "2024-06-16T16:00", "2024-06-19T10:00", "feast"));
  EXPECT_THAT(Listed(imported),
              ElementsAre("2024-02-14 ash 0-840", "2024-06-16 feast 1080-1440", "2024-06-17 feast",
                          "2024-06-18 feast", "2024-06-19 feast 0-720", "2024-12-24 eve 720-1440"));
}

TEST(HolidaysTest, CountsWhatItLeavesOut) {
  HolidayImport options = Poland();
  options.first_year = options.last_year = 2024;
  const auto imported = Parse(
      Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "work") +
          Line("2023-05-01", "2023-04-30T22:00", "2023-05-01T22:00", "earlier") +
          Line("2024-05-02", "2024-05-01T22:00", "2024-05-02T22:00", "flag", "observance") +
          Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "arbete", "public", "SE"),
      options);
  EXPECT_THAT(Listed(imported), ElementsAre("2024-05-01 work"));
  EXPECT_EQ(imported.rows, 4);
  EXPECT_EQ(imported.other_years, 1);
  EXPECT_EQ(imported.other_types, 1);
  EXPECT_EQ(imported.other_countries, 1);
}

TEST(HolidaysTest, ReadsQuotedFields) {
  const auto imported = Parse(
      Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "\"one, \"\"two\"\"\"") + "\r\n" +
      "PL,2024-05-03,2024-05-02T22:00:00.000Z,2024-05-03T22:00:00.000Z,public,\"a\nb\",three\r\n" +
      Line("nonsense", "2024-05-03T22:00", "2024-05-04T22:00", "x"));
  EXPECT_THAT(Listed(imported), ElementsAre("2024-05-01 one, \"two\"", "2024-05-03 three"));
  EXPECT_THAT(Errors(imported), ElementsAre("6:date"));
}

TEST(HolidaysTest, NamesTheLineAndColumnOfEachBadRowAndTakesTheRest) {
  const auto imported = Parse(
      "PL,2024-05-01\n"                                                                     // 2
      + Line("2024-05-01", "2024-04-30T22", "2024-05-01T22:00", "x")                        // 3
      + Line("2024-05-01", "2024-04-30T22:00", "soon", "x")                                 // 4
      + Line("2024-05-01", "2024-05-01T22:00", "2024-05-01T22:00", "x")                     // 5
      + Line("2024-05-01", "2024-04-30T22:00", "2025-05-01T22:00", "x")                     // 6
      + Line("2024-02-30", "2024-04-30T22:00", "2024-05-01T22:00", "x")                     // 7
      + Line("2024-05-11", "2024-04-30T22:00", "2024-05-01T22:00", "x")                     // 8
      + Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "")                      // 9
      + Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", std::string(201, 'x'))   // 10
      + Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "x\"y")                  // 11
      + "PL,2024-05-01,2024-04-30T22:00:07Z,2024-05-01T22:00:00Z,public,r,x\n"              // 12
      + Line("2024-05-01", "2024-04-30T22:00", "2024-05-01T22:00", "good") + "PL,\"open");  // 14
  EXPECT_THAT(Errors(imported),
              ElementsAre("2:", "3:start_utc", "4:end_utc", "5:end_utc", "6:end_utc", "7:date",
                          "8:date", "9:name", "10:name", "11:", "12:start_utc", "14:"));
  EXPECT_THAT(Listed(imported), ElementsAre("2024-05-01 good"));
  EXPECT_EQ(imported.rows, 13);
}

TEST(HolidaysTest, RefusesTextsAndOptionsAsAWhole) {
  const std::string good(kHeader);
  const auto field = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const auto request = BadRequestOf(status);
    return absl::StrCat(ReasonName(ReasonOf(status)), " ",
                        request.field_violations_size() ? request.field_violations(0).field() : "");
  };
  EXPECT_TRUE(ParseHolidays(good, Poland()).ok());
  EXPECT_TRUE(ParseHolidays("\xEF\xBB\xBF" + good, Poland()).ok());
  EXPECT_EQ(field(ParseHolidays("", Poland()).status()), "INVALID_FIELD csv");
  EXPECT_EQ(field(ParseHolidays("date,name\n", Poland()).status()), "INVALID_FIELD csv");
  EXPECT_EQ(field(ParseHolidays(good + "\xC3(", Poland()).status()), "INVALID_FIELD csv");
  EXPECT_EQ(field(ParseHolidays(std::string(kMaxHolidayBytes + 1, ' '), Poland()).status()),
            "INVALID_FIELD csv");
  EXPECT_EQ(field(ParseHolidays(good, {.country_code = "pl", .time_zone = "UTC"}).status()),
            "INVALID_FIELD country_code");
  EXPECT_EQ(field(ParseHolidays(good, {.country_code = "PL", .time_zone = "Mars"}).status()),
            "TIME_ZONE_UNKNOWN time_zone");
}

TEST(HolidaysTest, ReadsThePublishedList) {
  const auto text = ReadData("holidays.csv.xz");
  if (!text) GTEST_SKIP() << "holidays.csv.xz is not there; set TIDELINE_DATA to its folder";
  const std::map<std::string, std::string> zones = {
      {"PL", "Europe/Warsaw"},   {"SE", "Europe/Stockholm"}, {"IN", "Asia/Kolkata"},
      {"GB", "Europe/London"},   {"US", "America/New_York"}, {"BR", "America/Sao_Paulo"},
      {"TR", "Europe/Istanbul"}, {"KR", "Asia/Seoul"},       {"PH", "Asia/Manila"}};
  for (const auto& [country, zone] : zones) {
    auto imported = ParseHolidays(*text, {.country_code = country, .time_zone = zone});
    ASSERT_TRUE(imported.ok()) << imported.status();
    EXPECT_EQ(imported->rows, 11'770);
    EXPECT_THAT(imported->errors, IsEmpty()) << country;
    EXPECT_GT(imported->holidays.size(), 100u) << country;
    type::v1::CalendarRules rules = Rules(zone, "mon-fri 09:00-17:00");
    rules.set_country_code(country);
    for (const auto& holiday : imported->holidays) *rules.add_holidays() = holiday;
    EXPECT_TRUE(Calendar::Create(rules).ok()) << Calendar::Create(rules).status();
  }
  // Poland's Constitution Day of 2024 was a Friday; Monday is the next working day.
  auto poland = ParseHolidays(*text, {.country_code = "PL", .time_zone = "Europe/Warsaw"});
  type::v1::CalendarRules rules = Rules("Europe/Warsaw", "mon-fri 09:00-17:00");
  rules.set_country_code("PL");
  for (const auto& holiday : poland->holidays) *rules.add_holidays() = holiday;
  auto made = Calendar::Create(rules);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->NextOpening(At("2024-05-02 17:00", "Europe/Warsaw")),
            At("2024-05-06 09:00", "Europe/Warsaw"));
}

}  // namespace
}  // namespace tideline::testing
