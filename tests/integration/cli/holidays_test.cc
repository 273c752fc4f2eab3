// SPDX-License-Identifier: Apache-2.0
// `tideline import holidays`, and a program that finds no zone data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/integration/cli/program.h"

namespace tideline::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCsv[] =
    "country,date,start_utc,end_utc,type,rule,name\n"
    "PL,2024-05-01,2024-04-30T22:00:00Z,2024-05-01T22:00:00Z,public,r,labour\n"
    "PL,2024-05-02,2024-05-01T22:00:00Z,2024-05-02T22:00:00Z,observance,r,flag\n"
    "SE,2024-06-06,2024-06-05T22:00:00Z,2024-06-06T22:00:00Z,public,r,nation\n";

constexpr char kIcs[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:19910503\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:constitution\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n";

class HolidaysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    program_.MakeScene();
    MakeCalendar("lodz", "PL");
  }
  void MakeCalendar(const std::string& id, const std::string& country) {
    const Ran ran = program_.Run(
        {"calendar", "create", id, "--json",
         absl::StrCat(R"({"calendar":{"rules":{"timeZone":"Europe/Warsaw","countryCode":")",
                      country, R"(","weeklyHours":[{"day":"DAY_OF_WEEK_MONDAY",)",
                      R"("intervals":[{"startMinute":540,"endMinute":1020}]}]}}})")});
    ASSERT_EQ(ran.code, 0) << ran.err;
  }
  Ran Import(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> all = {"import",       "holidays", program_.Write("holidays", text),
                                    "--first-year", "2024",     "--last-year",
                                    "2025"};
    if (std::find(more.begin(), more.end(), "--calendar") == more.end()) {
      all.insert(all.end(), {"--calendar", "lodz"});
    }
    all.insert(all.end(), more.begin(), more.end());
    return program_.Run(all);
  }
  std::string Calendar(const std::string& id = "lodz") {
    return program_.Run({"calendar", "get", id, "-o", "json"}).out;
  }

  Program program_;
};

TEST_F(HolidaysTest, ACsvsDaysOfTheCalendarsCountryAreAdded) {
  const Ran ran = Import(kCsv);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out,
              HasSubstr("3 entries read; left out: 1 of other countries, 1 of other types"));
  EXPECT_THAT(ran.out, HasSubstr("1 holidays, 1 of them new; the calendar lists 1"));
  EXPECT_THAT(Calendar(), HasSubstr("labour"));
  EXPECT_THAT(Calendar(), Not(HasSubstr("nation")));
}

TEST_F(HolidaysTest, ICalendarIsKnownByItsFirstLineAndARerunAddsNothing) {
  ASSERT_EQ(Import(kCsv).code, 0);
  const Ran ran = Import(kIcs);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 holidays, 2 of them new; the calendar lists 3"));
  EXPECT_THAT(Import(kIcs).out, HasSubstr("2 holidays, 0 of them new; the calendar lists 3"));
  EXPECT_THAT(Import(kIcs, {"--replace"}).out, HasSubstr("0 of them new; the calendar lists 2"));
}

TEST_F(HolidaysTest, ADryRunChangesNothing) {
  const Ran ran = Import(kCsv, {"--dry-run"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("dry run, nothing changed"));
  EXPECT_THAT(Calendar(), Not(HasSubstr("labour")));
}

TEST_F(HolidaysTest, AnotherCountrysHolidaysAreRefused) {
  const Ran other = Import(kCsv, {"--country", "SE"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("--country: is SE, but the calendar's country is PL"));
  MakeCalendar("gdansk", "DE");
  const Ran none = Import(kCsv, {"--calendar", "gdansk"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no holidays of DE from 2024 to 2025; nothing was sent"));
  MakeCalendar("anywhere", "");
  const Ran whose = Import(kIcs, {"--calendar", "anywhere"});
  EXPECT_EQ(whose.code, 2);
  EXPECT_THAT(whose.err, HasSubstr("give --country"));
  ASSERT_EQ(Import(kIcs, {"--calendar", "anywhere", "--country", "PL"}).code, 0);
  EXPECT_THAT(Calendar("anywhere"), HasSubstr("\"countryCode\": \"PL\""));
}

TEST_F(HolidaysTest, BadEntriesNameTheirLineAndNothingIsSent) {
  const Ran ran = Import(absl::StrCat(
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20240501\nSUMMARY:good\nEND:VEVENT\n",
      "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20240230\nSUMMARY:bad\nEND:VEVENT\nEND:VCALENDAR\n"));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("line 6: DTSTART: "));
  EXPECT_THAT(ran.err, HasSubstr("1 errors in"));
  EXPECT_THAT(Calendar(), Not(HasSubstr("good")));
}

TEST_F(HolidaysTest, WithoutZoneDataNothingStarts) {
  ::setenv("TZDIR", program_.folder().c_str(), 1);
  const Ran dev = program_.RunBare({"dev", "--store", "memory", "--port", "0", "--http-port", "0"});
  ::unsetenv("TZDIR");
  EXPECT_EQ(dev.code, 1);
  EXPECT_THAT(dev.err, HasSubstr("install tzdata"));
}

}  // namespace
}  // namespace tideline::testing
