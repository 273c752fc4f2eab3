// SPDX-License-Identifier: Apache-2.0
// What Calendar::Create refuses: the code, the reason and the field.
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/calendar/calendar.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using type::v1::CalendarRules;
using type::v1::DayException;

// "REASON field" of the refusal, or "ok".
std::string Verdict(const CalendarRules& rules) {
  const auto made = Calendar::Create(rules, "calendar.rules");
  if (made.ok()) return "ok";
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument) << made.status();
  const auto request = BadRequestOf(made.status());
  EXPECT_EQ(request.field_violations_size(), 1);
  return absl::StrCat(ReasonName(ReasonOf(made.status())), " ",
                      request.field_violations_size() ? request.field_violations(0).field() : "");
}

TEST(CalendarRulesTest, RefusesOverlapsAndSlips) {
  const struct {
    absl::string_view text, verdict;
  } kTable[] = {
      {"mon-fri 09:00-17:00", "ok"},
      {"always", "ok"},
      {"mon 09:00-12:00 12:00-17:00", "ok"},
      {"mon 13:00-17:00 09:00-13:00", "ok"},
      {"mon 09:00-12:01 12:00-17:00", "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[1]"},
      {"mon 12:00-17:00 09:00-12:01", "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0]"},
      {"mon 09:00-17:00 09:00-17:00", "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[1]"},
      // Over midnight, and over the week's end.
      {"mon 22:00-06:00; tue 06:00-08:00", "ok"},
      {"mon 22:00-06:00; tue 05:59-08:00",
       "HOURS_OVERLAP calendar.rules.weekly_hours[1].intervals[0]"},
      {"sun 22:00-06:00; mon 05:59-08:00",
       "HOURS_OVERLAP calendar.rules.weekly_hours[1].intervals[0]"},
      {"mon-sun 12:00-12:00", "ok"},
      {"mon 09:00-17:00; tue 09:00-17:00; mon 18:00-19:00",
       "INVALID_FIELD calendar.rules.weekly_hours[2].day"},
      {"", "FIELD_REQUIRED calendar.rules.weekly_hours"},
      {"mon", "FIELD_REQUIRED calendar.rules.weekly_hours"},
      {"2024-05-01 only 10:00-11:00", "ok"},
      {"2024-05-01 only", "FIELD_REQUIRED calendar.rules.exceptions[0].intervals"},
      {"2024-05-01 also", "FIELD_REQUIRED calendar.rules.exceptions[0].intervals"},
      {"2024-05-01 none 10:00-11:00", "INVALID_FIELD calendar.rules.exceptions[0].intervals"},
      {"2024-05-01 what 10:00-11:00", "FIELD_REQUIRED calendar.rules.exceptions[0].kind"},
      {"2024-05-01 only 10:00-11:00; 2024-05-01 none",
       "INVALID_FIELD calendar.rules.exceptions[1].date"},
      {"2024-05-01 only 10:00-12:00 11:00-13:00",
       "HOURS_OVERLAP calendar.rules.exceptions[0].intervals[1]"},
      {"mon 09:00-17:00; 2024-05-01 holiday; 2024-05-01 holiday", "ok"},
      {"2024-05-01 holiday", "FIELD_REQUIRED calendar.rules.weekly_hours"},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(Verdict(Rules("Europe/Warsaw", row.text)), row.verdict) << row.text;
  }
}

TEST(CalendarRulesTest, RefusesIntervalsOutOfTheDay) {
  const struct {
    int start, end;
    absl::string_view verdict;
  } kTable[] = {
      {0, 1, "ok"},
      {0, 1440, "ok"},
      {1439, 2879, "ok"},
      {-1, 60, "INVALID_FIELD calendar.rules.weekly_hours[0].intervals[0].start_minute"},
      {1440, 1500, "INVALID_FIELD calendar.rules.weekly_hours[0].intervals[0].start_minute"},
      {60, 60, "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0].end_minute"},
      {60, 59, "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0].end_minute"},
      {60, -5, "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0].end_minute"},
      {60, 1501, "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0].end_minute"},
      {1439, 2147483647, "HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[0].end_minute"},
  };
  for (const auto& row : kTable) {
    CalendarRules rules;
    rules.set_time_zone("UTC");
    auto& hours = *rules.add_weekly_hours();
    hours.set_day(type::v1::DAY_OF_WEEK_MONDAY);
    hours.add_intervals()->set_start_minute(row.start);
    hours.mutable_intervals(0)->set_end_minute(row.end);
    EXPECT_EQ(Verdict(rules), row.verdict) << row.start << " to " << row.end;
  }
}

TEST(CalendarRulesTest, RefusesZonesThatDoNotLoad) {
  const struct {
    absl::string_view zone, verdict;
  } kTable[] = {
      {"Europe/Warsaw", "ok"},
      {"UTC", "ok"},
      {"America/Argentina/Buenos_Aires", "ok"},
      {"Etc/GMT+5", "ok"},
      {"", "FIELD_REQUIRED calendar.rules.time_zone"},
      {"Europe/Atlantis", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"Europe", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"europe/warsaw", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"localtime", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"right/Europe/Warsaw", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"/usr/share/zoneinfo/Europe/Warsaw", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"Europe/../Europe/Warsaw", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"Fixed/UTC+01:00:00", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {absl::string_view("UTC\0x", 5), "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
      {"zone.tab", "TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(Verdict(Rules(row.zone, "mon 09:00-17:00")), row.verdict) << row.zone;
  }
  EXPECT_EQ(Verdict(Rules(std::string(10'000, 'a'), "mon 09:00-17:00")),
            "TIME_ZONE_UNKNOWN calendar.rules.time_zone");
}

TEST(CalendarRulesTest, RefusesDatesThatDoNotExist) {
  const struct {
    int year, month, day;
    absl::string_view verdict;
  } kTable[] = {
      {2024, 2, 29, "ok"},
      {2023, 2, 29, "INVALID_FIELD calendar.rules.holidays[0].date.day"},
      {2024, 4, 31, "INVALID_FIELD calendar.rules.holidays[0].date.day"},
      {2024, 4, 0, "INVALID_FIELD calendar.rules.holidays[0].date.day"},
      {2024, 4, -2147483647, "INVALID_FIELD calendar.rules.holidays[0].date.day"},
      {2024, 13, 1, "INVALID_FIELD calendar.rules.holidays[0].date.month"},
      {2024, 0, 1, "INVALID_FIELD calendar.rules.holidays[0].date.month"},
      {1970, 1, 1, "ok"},
      {1969, 12, 31, "INVALID_FIELD calendar.rules.holidays[0].date.year"},
      {2199, 12, 31, "ok"},
      {2200, 1, 1, "INVALID_FIELD calendar.rules.holidays[0].date.year"},
      {0, 0, 0, "FIELD_REQUIRED calendar.rules.holidays[0].date"},
  };
  for (const auto& row : kTable) {
    CalendarRules rules = Rules("UTC", "mon-sun 00:00-24:00");
    auto& date = *rules.add_holidays()->mutable_date();
    date.set_year(row.year);
    date.set_month(row.month);
    date.set_day(row.day);
    EXPECT_EQ(Verdict(rules), row.verdict) << date.ShortDebugString();
  }
}

TEST(CalendarRulesTest, RefusesHolidaysOfAnotherCountry) {
  CalendarRules rules = Rules("Europe/Warsaw", "mon-fri 09:00-17:00; 2024-05-01 holiday");
  rules.set_country_code("PL");
  rules.mutable_holidays(0)->set_country_code("PL");
  EXPECT_EQ(Verdict(rules), "ok");
  rules.mutable_holidays(0)->set_country_code("SE");
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.holidays[0].country_code");
  rules.clear_country_code();
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.holidays[0].country_code");
  rules.set_country_code("Pl");
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.country_code");
}

TEST(CalendarRulesTest, AlwaysOpenLeavesNoRoomForHours) {
  for (absl::string_view text : {"mon 09:00-17:00", "2024-05-01 holiday", "2024-05-01 none"}) {
    CalendarRules rules = Rules("UTC", text);
    rules.set_always_open(true);
    EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.always_open") << text;
  }
}

TEST(CalendarRulesTest, HoldsItsLimits) {
  CalendarRules rules = Rules("UTC", "mon 09:00-17:00");
  for (int i = 0; i < 1000; ++i)
    *rules.add_holidays() = Rules("UTC", "2024-05-01 holiday").holidays(0);
  EXPECT_EQ(Verdict(rules), "ok");
  rules.add_holidays();
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.holidays");

  rules = Rules("UTC", "mon 09:00-17:00");
  for (int i = 0; i < 1000; ++i) {
    auto& exception = *rules.add_exceptions();
    exception.mutable_date()->set_year(2000 + i / 336);
    exception.mutable_date()->set_month(1 + i / 28 % 12);
    exception.mutable_date()->set_day(1 + i % 28);
    exception.set_kind(DayException::KIND_CLOSED);
  }
  EXPECT_EQ(Verdict(rules), "ok");
  rules.add_exceptions();
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.exceptions");

  rules = Rules("UTC", "mon 09:00-17:00");
  auto& hours = *rules.mutable_weekly_hours(0);
  hours.clear_intervals();
  for (int i = 0; i < 24; ++i) {
    hours.add_intervals()->set_start_minute(i * 60);
    hours.mutable_intervals(i)->set_end_minute(i * 60 + 30);
  }
  EXPECT_EQ(Verdict(rules), "ok");
  hours.add_intervals()->set_start_minute(45);
  hours.mutable_intervals(24)->set_end_minute(50);
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.weekly_hours[0].intervals");

  rules = Rules("UTC", "mon 09:00-17:00; 2024-05-01 holiday; 2024-05-02 none");
  rules.mutable_holidays(0)->set_name(std::string(200, 'x'));
  rules.mutable_exceptions(0)->set_reason(std::string(200, 'x'));
  EXPECT_EQ(Verdict(rules), "ok");
  rules.mutable_exceptions(0)->set_reason(std::string(201, 'x'));
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.exceptions[0].reason");
  rules.mutable_holidays(0)->set_name(std::string(201, 'x'));
  EXPECT_EQ(Verdict(rules), "INVALID_FIELD calendar.rules.holidays[0].name");
}

}  // namespace
}  // namespace tideline::testing
