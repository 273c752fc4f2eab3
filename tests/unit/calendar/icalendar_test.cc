// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/icalendar.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/error.h"
#include "common/calendar/calendar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

HolidayImport Poland(int first = 2024, int last = 2026) {
  return {
      .country_code = "PL", .time_zone = "Europe/Warsaw", .first_year = first, .last_year = last};
}

// One entry from its lines, with a name.
std::string Entry(std::vector<std::string> lines, absl::string_view name = "day") {
  lines.push_back(absl::StrCat("SUMMARY:", name));
  return absl::StrCat("BEGIN:VEVENT\n", absl::StrJoin(lines, "\n"), "\nEND:VEVENT\n");
}

// The calendar begins on line 1, its first entry on line 3.
std::string File(absl::string_view entries) {
  return absl::StrReplaceAll(
      absl::StrCat("BEGIN:VCALENDAR\nVERSION:2.0\n", entries, "END:VCALENDAR\n"), {{"\n", "\r\n"}});
}

ImportedHolidays Parse(absl::string_view entries, const HolidayImport& options = Poland()) {
  auto imported = ParseICalendar(File(entries), options);
  EXPECT_TRUE(imported.ok()) << imported.status();
  return imported.ok() ? *std::move(imported) : ImportedHolidays();
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

TEST(ICalendarTest, TakesWholeDates) {
  const auto imported = Parse(Entry({"DTSTART;VALUE=DATE:20240501"}, "work") +
                              Entry({"DTSTART;VALUE=DATE:20240503", "DTEND;VALUE=DATE:20240504"}) +
                              Entry({"DTSTART;VALUE=DATE:20241225", "DTEND;VALUE=DATE:20241227"},
                                    "christmas\\, both days") +
                              Entry({"DTSTART;VALUE=DATE:20240815", "DURATION:P1D"}));
  EXPECT_THAT(Errors(imported), IsEmpty());
  EXPECT_THAT(Listed(imported),
              ElementsAre("2024-05-01 work", "2024-05-03 day", "2024-08-15 day",
                          "2024-12-25 christmas, both days", "2024-12-26 christmas, both days"));
  EXPECT_EQ(imported.rows, 4);
}

TEST(ICalendarTest, TakesPartsOfDaysOnAnyClock) {
  const auto imported = Parse(Entry({"DTSTART:20241224T110000Z", "DTEND:20241224T230000Z"}, "utc") +
                              Entry({"DTSTART:20241231T120000", "DURATION:PT12H"}, "local") +
                              Entry({"DTSTART;TZID=Asia/Kolkata:20240115T123000",
                                     "DTEND;TZID=Asia/Kolkata:20240115T163000"},
                                    "tzid"));
  EXPECT_THAT(Errors(imported), IsEmpty());
  EXPECT_THAT(Listed(imported), ElementsAre("2024-01-15 tzid 480-720", "2024-12-24 utc 720-1440",
                                            "2024-12-31 local 720-1440"));
}

TEST(ICalendarTest, FollowsRecurrencesWithinTheYears) {
  const auto imported =
      Parse(Entry({"DTSTART;VALUE=DATE:19910503", "RRULE:FREQ=YEARLY"}, "may") +
            Entry({"DTSTART;VALUE=DATE:20200130", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO",
                   "EXDATE;VALUE=DATE:20250526"},
                  "last monday") +
            Entry({"DTSTART;VALUE=DATE:20240401", "RDATE;VALUE=DATE:20250421,20260406"}, "easter"));
  EXPECT_THAT(Errors(imported), IsEmpty());
  EXPECT_THAT(Listed(imported),
              ElementsAre("2024-04-01 easter", "2024-05-03 may", "2024-05-27 last monday",
                          "2025-04-21 easter", "2025-05-03 may", "2026-04-06 easter",
                          "2026-05-03 may", "2026-05-25 last monday"));
}

TEST(ICalendarTest, KeepsTheTimeOfDayOverAChangeOfTheClock) {
  const auto imported = Parse(Entry(
      {"DTSTART;TZID=Europe/Warsaw:20240330T120000", "DURATION:PT2H", "RRULE:FREQ=DAILY;COUNT=2"}));
  EXPECT_THAT(Listed(imported), ElementsAre("2024-03-30 day 720-840", "2024-03-31 day 720-840"));
}

TEST(ICalendarTest, CountsWhatItLeavesOut) {
  const auto imported =
      Parse(Entry({"DTSTART;VALUE=DATE:20240501", "STATUS:CANCELLED"}) +
            Entry({"DTSTART;VALUE=DATE:20230501"}) +
            Entry({"DTSTART;VALUE=DATE:20240501", "TRANSP:TRANSPARENT"}, "taken"));
  EXPECT_THAT(Listed(imported), ElementsAre("2024-05-01 taken"));
  EXPECT_EQ(imported.other_types, 1);
  EXPECT_EQ(imported.other_years, 1);
  EXPECT_EQ(imported.rows, 3);
}

TEST(ICalendarTest, NamesTheLineAndPropertyOfEachBadEntryAndTakesTheRest) {
  const auto imported = Parse(
      Entry({"DTEND;VALUE=DATE:20240501"}) +                                              // 3
          Entry({"DTSTART;VALUE=DATE:20240230"}) +                                        // 7
          Entry({"DTSTART;VALUE=DATE:20240501", "DTEND;VALUE=DATE:20240501"}) +           // 11
          Entry({"DTSTART;VALUE=DATE:20240501", "DTEND:20240502T000000Z"}) +              // 16
          Entry({"DTSTART:20240501T100000"}) +                                            // 21
          Entry({"DTSTART;TZID=Mars/Olympus:20240501T100000", "DURATION:PT1H"}) +         // 25
          Entry({"DTSTART;VALUE=DATE:20240501", "RRULE:FREQ=HOURLY"}) +                   // 30
          Entry({"DTSTART;VALUE=DATE:20240501", "RRULE:FREQ=DAILY"}) +                    // 35
          Entry({"DTSTART;VALUE=DATE:20240501", "RECURRENCE-ID;VALUE=DATE:20240501"}) +   // 40
          Entry({"DTSTART;VALUE=DATE:20240501"}, "") +                                    // 45
          Entry({"DTSTART;VALUE=DATE:20240501"}, std::string(201, 'x')) +                 // 49
          Entry({"DTSTART;VALUE=DATE:20240501", "DTEND;VALUE=DATE:20250501"}) +           // 53
          Entry({"DTSTART:20240501T100007", "DURATION:PT1H"}) +                           // 58
          Entry({"DTSTART;VALUE=DATE:20240502"}, "good") +                                // 63
          Entry({"DTSTART;VALUE=DATE:20240503", "X-LONG:" + std::string(70'000, 'x')}) +  // 67
          "BEGIN:VEVENT\n",                                                               // 72
      Poland(2024, 2026));
  EXPECT_THAT(Errors(imported),
              ElementsAre("3:DTSTART", "7:DTSTART", "11:DTEND", "16:DTEND", "21:DTEND",
                          "25:DTSTART", "30:RRULE", "35:RRULE", "40:RECURRENCE-ID",
                          "45:", "49:SUMMARY", "53:DTEND", "58:DTSTART", "67:", "72:"));
  EXPECT_THAT(Listed(imported), ElementsAre("2024-05-02 good"));
  EXPECT_EQ(imported.rows, 16);
}

TEST(ICalendarTest, RefusesTextsAndOptionsAsAWhole) {
  const auto field = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const auto request = BadRequestOf(status);
    return absl::StrCat(ReasonName(ReasonOf(status)), " ",
                        request.field_violations_size() ? request.field_violations(0).field() : "");
  };
  EXPECT_TRUE(ParseICalendar("\xEF\xBB\xBF" + File(""), Poland()).ok());
  EXPECT_EQ(field(ParseICalendar("", Poland()).status()), "INVALID_FIELD ics");
  EXPECT_EQ(field(ParseICalendar("country,date\n", Poland()).status()), "INVALID_FIELD ics");
  EXPECT_EQ(field(ParseICalendar(File("\xC3(\n"), Poland()).status()), "INVALID_FIELD ics");
  EXPECT_EQ(field(ParseICalendar(std::string(kMaxHolidayBytes + 1, ' '), Poland()).status()),
            "INVALID_FIELD ics");
  EXPECT_EQ(field(ParseICalendar(File(""), {.country_code = "pl", .time_zone = "UTC"}).status()),
            "INVALID_FIELD country_code");
  EXPECT_EQ(field(ParseICalendar(File(""), {.country_code = "PL", .time_zone = "Mars"}).status()),
            "TIME_ZONE_UNKNOWN time_zone");
}

TEST(ICalendarTest, HoldsItsLimits) {
  std::string entries;
  for (int i = 0; i < 1001; ++i) entries += Entry({"DTSTART:soon"});
  const auto many = Parse(entries);
  EXPECT_EQ(many.errors.size(), 1000u);
  EXPECT_EQ(many.rows, 1001);
  // Two years of days are the most of one entry.
  const auto most = Parse(Entry({"DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=DAILY;COUNT=732"}));
  EXPECT_EQ(most.holidays.size(), 732u);
  const auto daily = Parse(Entry({"DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=DAILY;COUNT=733"}));
  EXPECT_THAT(Errors(daily), ElementsAre("3:RRULE"));
  EXPECT_TRUE(daily.holidays.empty());
  entries.clear();
  for (int i = 0; i < 1001; ++i) {
    entries += Entry({"DTSTART;VALUE=DATE:20240101", "DURATION:P100D"});
  }
  const auto days = Parse(entries);
  EXPECT_EQ(days.holidays.size(), kMaxHolidays);
  EXPECT_EQ(days.errors.size(), 1u);
}

TEST(ICalendarTest, FitsACalendar) {
  const auto imported = Parse(Entry({"DTSTART;VALUE=DATE:20200503", "RRULE:FREQ=YEARLY"}) +
                              Entry({"DTSTART:20241224T110000Z", "DTEND:20241224T230000Z"}));
  type::v1::CalendarRules rules = Rules("Europe/Warsaw", "mon-fri 09:00-17:00");
  rules.set_country_code("PL");
  for (const auto& holiday : imported.holidays) *rules.add_holidays() = holiday;
  auto made = Calendar::Create(rules);
  ASSERT_TRUE(made.ok()) << made.status();
  // Constitution Day of 2024 was a Friday; on Christmas Eve the afternoon is closed.
  EXPECT_EQ((*made)->NextOpening(At("2024-05-02 17:00", "Europe/Warsaw")),
            At("2024-05-06 09:00", "Europe/Warsaw"));
  EXPECT_EQ((*made)->NextClosing(At("2024-12-24 09:00", "Europe/Warsaw")),
            At("2024-12-24 12:00", "Europe/Warsaw"));
  rules.set_country_code("SE");
  EXPECT_EQ(ReasonOf(Calendar::Create(rules).status()), Reason::REASON_INVALID_FIELD);
}

}  // namespace
}  // namespace tideline::testing
