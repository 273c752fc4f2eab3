// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/calendar/notation.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"

namespace tideline::testing {
namespace {

using type::v1::DayException;
using type::v1::DayInterval;

constexpr absl::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

void Need(bool right, absl::string_view text) {
  if (right) return;
  std::fprintf(stderr, "cannot read '%s'\n", std::string(text).c_str());
  std::abort();
}

int Minute(absl::string_view text) {
  int hour = 0, minute = 0;
  Need(text.size() == 5 && absl::SimpleAtoi(text.substr(0, 2), &hour) &&
           absl::SimpleAtoi(text.substr(3), &minute),
       text);
  return hour * 60 + minute;
}

void Interval(absl::string_view text, DayInterval& interval) {
  const std::vector<absl::string_view> ends = absl::StrSplit(text, '-');
  Need(ends.size() == 2, text);
  interval.set_start_minute(Minute(ends[0]));
  int end = Minute(ends[1]);
  if (end <= interval.start_minute()) end += 1440;
  interval.set_end_minute(end);
}

int Weekday(absl::string_view text) {
  for (int day = 0; day < 7; ++day) {
    if (kDays[day] == text) return day;
  }
  Need(false, text);
  return 0;
}

absl::TimeZone Zone(absl::string_view name) {
  absl::TimeZone zone;
  Need(absl::LoadTimeZone(name, &zone), name);
  return zone;
}

void Day(const std::vector<absl::string_view>& words, type::v1::CalendarRules& rules) {
  absl::CivilDay day;
  Need(absl::ParseCivilTime(words[0], &day) && words.size() >= 2, words[0]);
  type::v1::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  if (words[1] == "holiday") {
    auto& holiday = *rules.add_holidays();
    *holiday.mutable_date() = date;
    if (words.size() > 2) Interval(words[2], *holiday.mutable_closed());
    return;
  }
  auto& exception = *rules.add_exceptions();
  *exception.mutable_date() = date;
  exception.set_kind(words[1] == "none"   ? DayException::KIND_CLOSED
                     : words[1] == "only" ? DayException::KIND_REPLACED
                     : words[1] == "also" ? DayException::KIND_EXTRA
                                          : DayException::KIND_UNSPECIFIED);
  for (size_t i = 2; i < words.size(); ++i) Interval(words[i], *exception.add_intervals());
}

}  // namespace

type::v1::CalendarRules Rules(absl::string_view zone, absl::string_view text) {
  type::v1::CalendarRules rules;
  rules.set_time_zone(std::string(zone));
  if (text == "always") {
    rules.set_always_open(true);
    return rules;
  }
  for (absl::string_view part : absl::StrSplit(text, ';', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> words = absl::StrSplit(part, ' ', absl::SkipWhitespace());
    if (absl::ascii_isdigit(words[0][0])) {
      Day(words, rules);
      continue;
    }
    const std::vector<absl::string_view> days = absl::StrSplit(words[0], '-');
    const int first = Weekday(days.front());
    for (int day = first; day <= first + (Weekday(days.back()) - first + 7) % 7; ++day) {
      auto& hours = *rules.add_weekly_hours();
      hours.set_day(static_cast<type::v1::DayOfWeek>(day % 7 + 1));
      for (size_t i = 1; i < words.size(); ++i) Interval(words[i], *hours.add_intervals());
    }
  }
  return rules;
}

std::shared_ptr<const Calendar> Make(absl::string_view zone, absl::string_view text) {
  auto made = Calendar::Create(Rules(zone, text));
  Need(made.ok(), made.status().ToString());
  return *made;
}

absl::Time At(absl::string_view text, absl::string_view zone) {
  const absl::string_view whole = text;
  if (absl::ConsumeSuffix(&text, "Z")) zone = "UTC";
  absl::CivilSecond second;
  absl::CivilMinute minute;
  std::string joined(text);
  if (joined.size() > 10) joined[10] = 'T';
  if (!absl::ParseCivilTime(joined, &second)) {
    Need(absl::ParseCivilTime(joined, &minute), whole);
    second = absl::CivilSecond(minute);
  }
  return absl::FromCivil(second, Zone(zone));
}

std::string Show(absl::Time time, absl::string_view zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E*S%z", time, Zone(zone));
}

}  // namespace tideline::testing
