// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/calendar/reference.h"

#include <algorithm>
#include <set>
#include <string>

namespace tideline::testing {
namespace {

using type::v1::CalendarRules;
using type::v1::Date;
using type::v1::DayException;
using type::v1::DayInterval;

constexpr absl::string_view kZones[] = {
    "Africa/Cairo",        "Africa/Casablanca", "America/Caracas",     "America/Los_Angeles",
    "America/Mexico_City", "America/New_York",  "America/Sao_Paulo",   "Asia/Amman",
    "Asia/Kathmandu",      "Asia/Kolkata",      "Asia/Manila",         "Asia/Pyongyang",
    "Asia/Shanghai",       "Asia/Tehran",       "Australia/Lord_Howe", "Australia/Sydney",
    "Europe/Brussels",     "Europe/Istanbul",   "Europe/London",       "Europe/Moscow",
    "Europe/Stockholm",    "Europe/Warsaw",     "Pacific/Apia",        "Pacific/Chatham"};

bool Is(const Date& date, absl::CivilDay day) {
  return date.year() == day.year() && date.month() == day.month() && date.day() == day.day();
}

template <typename Intervals>
bool Within(const Intervals& intervals, int minute) {
  return std::any_of(intervals.begin(), intervals.end(), [minute](const DayInterval& interval) {
    return interval.start_minute() <= minute && minute < interval.end_minute();
  });
}

// Whether the hours that begin on `day` hold that day's minute (over 1440: after its midnight).
bool Holds(const CalendarRules& rules, absl::CivilDay day, int minute) {
  const DayException* exception = nullptr;
  for (const DayException& each : rules.exceptions()) {
    if (Is(each.date(), day)) exception = &each;
  }
  if (exception != nullptr && Within(exception->intervals(), minute)) return true;
  if (exception != nullptr && exception->kind() != DayException::KIND_EXTRA) return false;
  for (const auto& holiday : rules.holidays()) {
    if (!Is(holiday.date(), day)) continue;
    if (!holiday.has_closed()) return false;
    const DayInterval& closed = holiday.closed();
    if (minute >= closed.start_minute() &&
        (minute < closed.end_minute() || closed.end_minute() >= 1440)) {
      return false;
    }
  }
  const int weekday = 1 + static_cast<int>(absl::GetWeekday(day));  // absl::Weekday: Monday is 0
  for (const auto& hours : rules.weekly_hours()) {
    if (hours.day() == weekday && Within(hours.intervals(), minute)) return true;
  }
  return false;
}

void Set(absl::CivilDay day, Date& date) {
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
}

void RandomInterval(Random& random, int from, int to, DayInterval& interval) {
  const int start = from + static_cast<int>(random.Below(to - from));
  interval.set_start_minute(start);
  interval.set_end_minute(start + 1 + static_cast<int>(random.Below(to - start)));
}

void RandomWeek(Random& random, CalendarRules& rules) {
  // Points of the week in order, some on the quarter hour as people have them; every second stretch
  // between them is open.
  std::set<int> points;
  const int64_t wanted = 2 * (1 + random.Below(12));
  for (int64_t i = 0; i < wanted; ++i) {
    const int64_t point = random.Below(7 * 1440);
    points.insert(static_cast<int>(random.Chance(60) ? point / 15 * 15 : point));
  }
  std::vector<int> sorted(points.begin(), points.end());
  type::v1::DayHours week[7];
  for (size_t i = 0; i + 1 < sorted.size(); i += 2) {
    for (int start = sorted[i]; start < sorted[i + 1];) {
      // Stretches over a day are cut, sometimes at midnight.
      int end = std::min(sorted[i + 1], start + 1440);
      const int midnight = (start / 1440 + 1) * 1440;
      if (end > midnight && (end == start + 1440 || random.Chance(40))) end = midnight;
      auto& interval = *week[start / 1440].add_intervals();
      interval.set_start_minute(start % 1440);
      interval.set_end_minute(start % 1440 + end - start);
      start = end;
    }
  }
  for (int day = 0; day < 7; ++day) {
    if (week[day].intervals().empty()) continue;
    week[day].set_day(static_cast<type::v1::DayOfWeek>(day + 1));
    *rules.add_weekly_hours() = week[day];
  }
}

}  // namespace

absl::Span<const absl::string_view> Zones() { return kZones; }

bool OpenByRules(const CalendarRules& rules, const absl::TimeZone& zone, absl::Time at) {
  const absl::CivilSecond shown = zone.At(at).cs;
  const absl::CivilDay day(shown);
  const int minute = shown.hour() * 60 + shown.minute();
  return Holds(rules, day, minute) || Holds(rules, day - 1, minute + 1440);
}

void Reference::Add(const CalendarRules& rules, const absl::TimeZone& zone) {
  for (int i = 0; i < minutes(); ++i) {
    if (!open_[i]) open_[i] = OpenByRules(rules, zone, time(i));
  }
}

void Reference::Sum() {
  worked_.assign(1, 0);
  for (bool open : open_) worked_.push_back(worked_.back() + open);
}

CalendarRules RandomRules(Random& random, absl::string_view zone, absl::CivilDay near) {
  CalendarRules rules;
  rules.set_time_zone(std::string(zone));
  while (rules.weekly_hours().empty()) RandomWeek(random, rules);
  for (int64_t i = random.Below(4); i > 0; --i) {
    auto& holiday = *rules.add_holidays();
    Set(near + (random.Below(11) - 5), *holiday.mutable_date());
    if (random.Chance(50)) RandomInterval(random, 0, 1440, *holiday.mutable_closed());
    if (random.Chance(20) && holiday.has_closed()) holiday.mutable_closed()->set_end_minute(1440);
  }
  std::set<absl::CivilDay> taken;
  for (int64_t i = random.Below(4); i > 0; --i) {
    const absl::CivilDay day = near + (random.Below(11) - 5);
    if (!taken.insert(day).second) continue;
    auto& exception = *rules.add_exceptions();
    Set(day, *exception.mutable_date());
    exception.set_kind(static_cast<DayException::Kind>(1 + random.Below(3)));
    if (exception.kind() == DayException::KIND_CLOSED) continue;
    RandomInterval(random, 0, 720, *exception.add_intervals());
    if (random.Chance(50)) RandomInterval(random, 720, 1440, *exception.add_intervals());
    auto& last = *exception.mutable_intervals()->rbegin();
    if (random.Chance(30) && last.start_minute() >= 720)
      last.set_end_minute(1440 + 1 + random.Below(400));
  }
  return rules;
}

}  // namespace tideline::testing
