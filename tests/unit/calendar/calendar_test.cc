// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/calendar.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::string_view kOffice = "mon-fri 09:00-12:00 13:00-17:00";
constexpr absl::string_view kNight = "mon-fri 22:00-06:00";

TEST(CalendarTest, AddsAndSubtractsWorkingTime) {
  const struct {
    absl::string_view zone, hours, from, working, to;
  } kTable[] = {
      // Within a day, over a break, a night, a weekend; 2024-03-04 is a Monday.
      {"Europe/Warsaw", kOffice, "2024-03-04 09:00", "2h", "2024-03-04 11:00"},
      {"Europe/Warsaw", kOffice, "2024-03-04 11:00", "90m", "2024-03-04 13:30"},
      {"Europe/Warsaw", kOffice, "2024-03-04 16:30", "1h", "2024-03-05 09:30"},
      {"Europe/Warsaw", kOffice, "2024-03-08 16:30", "1h", "2024-03-11 09:30"},
      {"Europe/Warsaw", kOffice, "2024-03-09 10:00", "1h", "2024-03-11 10:00"},
      // Done at the closing, not at the next opening.
      {"Europe/Warsaw", kOffice, "2024-03-04 09:00", "3h", "2024-03-04 12:00"},
      {"Europe/Warsaw", kOffice, "2024-03-04 09:00", "35h", "2024-03-08 17:00"},
      {"Europe/Warsaw", kOffice, "2024-03-04 09:00", "35h1us", "2024-03-11 09:00:00.000001"},
      // Nothing to do takes no time, also when closed.
      {"Europe/Warsaw", kOffice, "2024-03-09 10:00", "0", "2024-03-09 10:00"},
      // Back: to the opening, not to the closing before.
      {"Europe/Warsaw", kOffice, "2024-03-04 17:00", "-4h", "2024-03-04 13:00"},
      {"Europe/Warsaw", kOffice, "2024-03-11 10:00", "-2h", "2024-03-08 16:00"},
      {"Europe/Warsaw", kOffice, "2024-03-11 09:00", "-35h", "2024-03-04 09:00"},
      // Split week, Friday off.
      {"Asia/Amman", "sun-thu 08:00-16:00", "2024-03-07 15:00", "2h", "2024-03-10 09:00"},
      // Shifts over midnight.
      {"Europe/London", kNight, "2024-06-03 23:00", "7h", "2024-06-04 06:00"},
      {"Europe/London", kNight, "2024-06-03 23:00", "8h", "2024-06-04 23:00"},
      {"Europe/London", kNight, "2024-06-08 05:00", "2h", "2024-06-10 23:00"},
      {"Europe/London", "sun 22:00-06:00", "2024-06-03 05:00", "2h", "2024-06-09 23:00"},
      // Always open.
      {"UTC", "always", "2024-03-09 10:00", "100h", "2024-03-13 14:00"},
      {"Europe/Warsaw", "mon-sun 00:00-24:00", "2024-03-30 12:00", "24h", "2024-03-31 13:00"},
  };
  for (const auto& row : kTable) {
    absl::Duration working;
    ASSERT_TRUE(absl::ParseDuration(row.working, &working)) << row.working;
    absl::string_view whole = row.to;
    absl::Duration rest;
    if (whole.size() > 19) {
      rest = absl::Microseconds(1);
      whole = whole.substr(0, 19);
    }
    const auto calendar = Make(row.zone, row.hours);
    EXPECT_EQ(Show(calendar->Add(At(row.from, row.zone), working), row.zone),
              Show(At(whole, row.zone) + rest, row.zone))
        << row.hours << " from " << row.from << " + " << row.working;
  }
}

TEST(CalendarTest, AShiftOverMidnightGoesOnTheNextDay) {
  const auto calendar = Make("Europe/London", kNight);
  EXPECT_EQ(calendar->Add(At("2024-06-03 23:00", "Europe/London"), absl::Hours(7)),
            At("2024-06-04 06:00", "Europe/London"));
  EXPECT_EQ(calendar->NextClosing(At("2024-06-03 23:00", "Europe/London")),
            At("2024-06-04 06:00", "Europe/London"));
  EXPECT_FALSE(calendar->IsOpen(At("2024-06-03 05:00", "Europe/London")));  // no shift on Sunday
  EXPECT_TRUE(calendar->IsOpen(At("2024-06-08 05:00", "Europe/London")));   // Friday's
}

// What a day's hours come to on the nights when clocks change.
TEST(CalendarTest, CountsWhatTheClockShows) {
  const struct {
    absl::string_view zone, hours, from, to, working, why;
  } kTable[] = {
      {"Europe/Warsaw", "mon-sun 22:00-06:00", "2024-03-30 12:00", "2024-03-31 12:00", "7h",
       "02:00 to 03:00 is skipped"},
      {"Europe/Warsaw", "mon-sun 22:00-06:00", "2024-10-26 12:00", "2024-10-27 12:00", "9h",
       "02:00 to 03:00 comes twice"},
      {"Europe/Warsaw", "sun 02:00-02:30", "2024-10-27 00:00", "2024-10-28 00:00", "1h",
       "both times"},
      {"Europe/Warsaw", "sun 02:00-02:30", "2024-03-31 00:00", "2024-04-01 00:00", "0", "never"},
      {"Europe/Warsaw", "sun 02:30-03:30", "2024-03-31 00:00", "2024-04-01 00:00", "30m",
       "from the first instant after the gap"},
      {"Australia/Lord_Howe", "mon-sun 00:00-24:00", "2024-04-07 00:00", "2024-04-08 00:00",
       "24h30m", "DST of half an hour ends"},
      {"Australia/Lord_Howe", "mon-sun 01:30-02:00", "2024-04-07 00:00", "2024-04-08 00:00", "1h",
       "the repeated half hour"},
      {"America/Sao_Paulo", "mon-sun 00:00-08:00", "2018-11-04 00:00", "2018-11-05 00:00", "7h",
       "the day begins at 01:00"},
      {"America/Sao_Paulo", "mon-sun 22:00-24:00", "2018-02-17 12:00", "2018-02-18 12:00", "3h",
       "23:00 comes twice, before midnight"},
      {"Pacific/Apia", "mon-fri 09:00-17:00", "2011-12-26 00:00", "2012-01-02 00:00", "32h",
       "Friday the 30th never came"},
      {"Pacific/Apia", "mon-sun 22:00-06:00", "2011-12-29 12:00", "2011-12-31 12:00", "8h",
       "the clock went from Thursday's 24:00 to Saturday's 00:00"},
      {"Asia/Kathmandu", "mon-sun 09:00-17:00", "2024-03-04 03:15Z", "2024-03-04 04:15Z", "1h",
       "09:00 is 03:15 UTC"},
      {"Asia/Kolkata", "mon-sun 09:00-17:00", "2024-03-04 03:15Z", "2024-03-04 04:15Z", "45m",
       "09:00 is 03:30 UTC"},
      {"Pacific/Chatham", "mon-sun 02:00-04:00", "2024-04-07 00:00", "2024-04-08 00:00", "3h",
       "02:45 to 03:45 comes twice"},
      {"Asia/Pyongyang", "mon-sun 00:00-24:00", "2018-05-04 00:00", "2018-05-05 00:00", "23h30m",
       "the zone moved on by half an hour"},
  };
  for (const auto& row : kTable) {
    absl::Duration working;
    ASSERT_TRUE(absl::ParseDuration(row.working, &working)) << row.working;
    EXPECT_EQ(Make(row.zone, row.hours)->Measure(At(row.from, row.zone), At(row.to, row.zone)),
              working)
        << row.zone << " " << row.hours << ": " << row.why;
  }
}

TEST(CalendarTest, HolidaysAndExceptionsDecideAboutTheShiftsThatBeginOnTheirDay) {
  // 2024-05-01 is a Wednesday.
  const struct {
    absl::string_view hours, listed, working, why;
  } kTable[] = {
      {kOffice, "", "14h", "two days"},
      {kOffice, "2024-05-01 holiday", "7h", "one day off"},
      {kOffice, "2024-05-01 holiday 12:00-24:00", "10h", "the afternoon off"},
      {kOffice, "2024-05-01 holiday 00:00-12:00", "11h", "the morning off"},
      {kOffice, "2024-05-01 holiday 10:00-11:00; 2024-05-01 holiday 14:00-15:00", "12h", "two"},
      {kOffice, "2024-05-01 none", "7h", "closed"},
      {kOffice, "2024-05-01 only 20:00-21:00", "8h", "replaced"},
      {kOffice, "2024-05-01 also 20:00-21:00", "15h", "extra"},
      {kOffice, "2024-05-01 also 16:00-21:00", "18h", "extra hours may overlap"},
      {kOffice, "2024-05-01 holiday; 2024-05-01 also 10:00-11:00", "8h", "extra on a holiday"},
      {kOffice, "2024-05-01 holiday; 2024-05-01 only 10:00-12:00", "9h", "stronger than it"},
      {kNight, "", "16h", "tails of Tuesday and Wednesday, shifts of Wednesday and Thursday"},
      {kNight, "2024-05-01 holiday", "8h", "Wednesday's shift, also after midnight"},
      {kNight, "2024-05-01 holiday 00:00-12:00", "16h", "its hours before noon are Tuesday's"},
      {kNight, "2024-05-01 holiday 12:00-24:00", "8h", "to midnight is to the end of the shift"},
      {kNight, "2024-05-01 holiday 12:00-23:00", "15h", "an hour of the shift"},
      {kNight, "2024-05-01 only 22:00-02:00", "12h", "a shorter shift"},
      {kNight, "2024-05-02 also 00:00-08:00", "18h", "overlaps Wednesday's night: counts once"},
  };
  for (const auto& row : kTable) {
    absl::Duration working;
    ASSERT_TRUE(absl::ParseDuration(row.working, &working));
    const auto calendar =
        Make("Europe/Warsaw", std::string(row.hours) + ";" + std::string(row.listed));
    EXPECT_EQ(calendar->Measure(At("2024-05-01 00:00", "Europe/Warsaw"),
                                At("2024-05-03 00:00", "Europe/Warsaw")),
              working)
        << row.hours << "; " << row.listed << ": " << row.why;
  }
}

TEST(CalendarTest, FindsOpeningsAndClosingsBothWays) {
  const auto c = Make("Europe/Warsaw", kOffice);
  const auto at = [](absl::string_view text) { return At(text, "Europe/Warsaw"); };
  const struct {
    absl::string_view from;
    bool open;
    absl::string_view next_opening, next_closing, last_opening, last_closing;
  } kTable[] = {
      {"2024-03-04 10:00", true, "2024-03-04 10:00", "2024-03-04 12:00", "2024-03-04 09:00",
       "2024-03-01 17:00"},
      {"2024-03-04 09:00", true, "2024-03-04 09:00", "2024-03-04 12:00", "2024-03-04 09:00",
       "2024-03-01 17:00"},
      {"2024-03-04 12:00", false, "2024-03-04 13:00", "2024-03-04 12:00", "2024-03-04 09:00",
       "2024-03-04 12:00"},
      {"2024-03-04 12:30", false, "2024-03-04 13:00", "2024-03-04 12:30", "2024-03-04 09:00",
       "2024-03-04 12:00"},
      {"2024-03-09 00:00", false, "2024-03-11 09:00", "2024-03-09 00:00", "2024-03-08 13:00",
       "2024-03-08 17:00"},
  };
  for (const auto& row : kTable) {
    SCOPED_TRACE(std::string(row.from));
    const absl::Time from = at(row.from);
    EXPECT_EQ(c->IsOpen(from), row.open);
    EXPECT_EQ(c->NextOpening(from), at(row.next_opening));
    EXPECT_EQ(c->NextClosing(from), at(row.next_closing));
    EXPECT_EQ(c->LastOpening(from), at(row.last_opening));
    EXPECT_EQ(c->LastClosing(from), at(row.last_closing));
  }
}

TEST(CalendarTest, TouchingHoursAreOneStretchAlsoOverMidnightAndTheWeeksEnd) {
  const auto c = Make("Europe/Warsaw",
                      "fri 12:00-18:00 18:00-24:00; sat-sun 00:00-24:00;"
                      "mon 00:00-06:00");
  const auto at = [](absl::string_view text) { return At(text, "Europe/Warsaw"); };
  EXPECT_EQ(c->NextClosing(at("2024-03-29 12:00")), at("2024-04-01 06:00"));
  EXPECT_EQ(c->LastOpening(at("2024-04-01 05:00")), at("2024-03-29 12:00"));
  EXPECT_THAT(c->Open(at("2024-03-28 00:00"), at("2024-04-06 00:00"), 10),
              ElementsAre(TimeSpan{at("2024-03-29 12:00"), at("2024-04-01 06:00")},
                          TimeSpan{at("2024-04-05 12:00"), at("2024-04-06 00:00")}));
}

TEST(CalendarTest, ListsOpenAndClosedStretchesUpToALimit) {
  const auto c = Make("UTC", kOffice);
  const absl::Time from = At("2024-03-04 10:00"), to = At("2024-03-05 11:00");
  EXPECT_THAT(c->Open(from, to, 10),
              ElementsAre(TimeSpan{At("2024-03-04 10:00"), At("2024-03-04 12:00")},
                          TimeSpan{At("2024-03-04 13:00"), At("2024-03-04 17:00")},
                          TimeSpan{At("2024-03-05 09:00"), At("2024-03-05 11:00")}));
  EXPECT_THAT(c->Closed(from, to, 10),
              ElementsAre(TimeSpan{At("2024-03-04 12:00"), At("2024-03-04 13:00")},
                          TimeSpan{At("2024-03-04 17:00"), At("2024-03-05 09:00")}));
  EXPECT_EQ(c->Open(from, to, 2).size(), 2u);
  EXPECT_THAT(c->Open(to, from, 10), IsEmpty());
}

TEST(CalendarTest, SaysSoWhenThereIsNoSuchInstant) {
  // One hour in all of time.
  const auto once = Make("UTC", "2024-03-04 only 10:00-11:00");
  const absl::Time before = At("2024-03-01 00:00"), after = At("2024-03-10 00:00");
  EXPECT_EQ(once->Add(before, absl::Hours(1)), At("2024-03-04 11:00"));
  EXPECT_EQ(once->Add(before, absl::Hours(1) + absl::Microseconds(1)), absl::InfiniteFuture());
  EXPECT_EQ(once->Add(after, absl::Microseconds(1)), absl::InfiniteFuture());
  EXPECT_EQ(once->Subtract(after, absl::Hours(1)), At("2024-03-04 10:00"));
  EXPECT_EQ(once->Subtract(after, absl::Hours(2)), absl::InfinitePast());
  EXPECT_EQ(once->NextOpening(after), absl::InfiniteFuture());
  EXPECT_EQ(once->LastOpening(before), absl::InfinitePast());
  EXPECT_EQ(once->LastClosing(before), absl::InfinitePast());
  EXPECT_EQ(once->LastClosing(after), At("2024-03-04 11:00"));
  EXPECT_EQ(once->Add(before, absl::InfiniteDuration()), absl::InfiniteFuture());
  EXPECT_EQ(once->Measure(absl::InfinitePast(), absl::InfiniteFuture()), absl::Hours(1));
}

TEST(CalendarTest, KnowsTheYears1970To2199) {
  const auto always = Calendar::Always();
  const absl::Time begin = At("1970-01-01 00:00"), end = At("2200-01-01 00:00");
  EXPECT_TRUE(always->IsOpen(begin));
  EXPECT_FALSE(always->IsOpen(begin - absl::Microseconds(1)));
  EXPECT_TRUE(always->IsOpen(end - absl::Microseconds(1)));
  EXPECT_FALSE(always->IsOpen(end));
  EXPECT_EQ(always->Measure(absl::InfinitePast(), absl::InfiniteFuture()), end - begin);
  EXPECT_EQ(always->NextOpening(absl::InfinitePast()), begin);
  EXPECT_EQ(always->NextClosing(begin), absl::InfiniteFuture());
  EXPECT_EQ(always->LastOpening(end), begin);
  EXPECT_EQ(always->Add(begin, end - begin), end);
  EXPECT_EQ(always->Add(begin, end - begin + absl::Microseconds(1)), absl::InfiniteFuture());
  EXPECT_EQ(always->Subtract(end, end - begin), begin);
}

TEST(CalendarTest, CountsWholeMicroseconds) {
  const auto always = Calendar::Always();
  const absl::Time at = At("2024-03-04 10:00");
  EXPECT_EQ(always->Add(at, absl::Nanoseconds(999)), at);
  EXPECT_EQ(always->Add(at, absl::Nanoseconds(1999)), at + absl::Microseconds(1));
  EXPECT_EQ(always->Measure(at, at + absl::Nanoseconds(1999)), absl::Microseconds(1));
}

TEST(CalendarTest, AddsAHundredThousandHours) {
  const auto c = Make("Europe/Warsaw", "mon-fri 09:00-17:00");
  // 12,500 days of work are 2,500 weeks, and the last ends on a Friday.
  EXPECT_EQ(c->Add(At("2024-03-04 09:00", "Europe/Warsaw"), absl::Hours(100'000)),
            At("2072-01-29 17:00", "Europe/Warsaw"));
}

}  // namespace
}  // namespace tideline::testing
