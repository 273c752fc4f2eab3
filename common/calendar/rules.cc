// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace tideline::calendar {
namespace {

using type::v1::CalendarRules;
using type::v1::DayException;
using type::v1::DayInterval;
using type::v1::Holiday;

constexpr int kMinutesPerDay = 24 * 60;
constexpr int kMaxIntervals = 24;      // as the proto states and explains
constexpr int kMaxListedDays = 1000;   // of each kind, as the proto states and explains
constexpr size_t kMaxText = 200;
constexpr absl::CivilDay kFirstDay(1970, 1, 1);

std::string At(absl::string_view field, absl::string_view child, int index) {
  return absl::StrFormat("%s.%s[%d]", field, child, index);
}

absl::Status TooMany(absl::string_view field, absl::string_view child, int size, int most) {
  return InvalidField(absl::StrCat(field, ".", child),
                      absl::StrFormat("has %d elements; the limit is %d", size, most));
}

std::string Clock(int minute) {
  return absl::StrFormat("%02d:%02d", minute / 60, minute % 60);
}

absl::StatusOr<Piece> CheckInterval(const DayInterval& interval, absl::string_view field) {
  const int start = interval.start_minute();
  const int end = interval.end_minute();
  if (start < 0 || start >= kMinutesPerDay) {
    return InvalidField(absl::StrCat(field, ".start_minute"),
                        absl::StrFormat("is %d; a day begins at 0 and ends before 1440", start));
  }
  if (end <= start) {
    return InvalidField(absl::StrCat(field, ".end_minute"),
                        absl::StrFormat("is %d, which is not after the start, %d; over midnight "
                                        "minutes go on counting: 06:00 of the next day is 1800",
                                        end, start),
                        Reason::REASON_HOURS_OVERLAP);
  }
  if (end - start > kMinutesPerDay) {
    return InvalidField(absl::StrCat(field, ".end_minute"),
                        absl::StrFormat("is %d, over 24 hours after the start, %d", end, start),
                        Reason::REASON_HOURS_OVERLAP);
  }
  return Piece{start * kMinute, end * kMinute};
}

struct Named {
  Piece piece;
  std::string field;
};

// Refuses overlaps among intervals, and of the last with the first a `period` later (zero: none).
absl::Status CheckOverlap(std::vector<Named> all, int64_t period) {
  std::sort(all.begin(), all.end(), [](const Named& a, const Named& b) {
    return std::pair(a.piece.start, a.field) < std::pair(b.piece.start, b.field);
  });
  for (size_t i = 0; i < all.size(); ++i) {
    const bool last = i + 1 == all.size();
    if (last && period == 0) break;
    const Named& next = all[last ? 0 : i + 1];
    if (all[i].piece.end <= next.piece.start + (last ? period : 0)) continue;
    const int minute = static_cast<int>(next.piece.start % kDay / kMinute);
    return InvalidField(next.field, absl::StrFormat("begins at %s, before %s ends", Clock(minute),
                                                    all[i].field),
                        Reason::REASON_HOURS_OVERLAP);
  }
  return absl::OkStatus();
}

template <typename Intervals>
absl::StatusOr<std::vector<Named>> CheckIntervals(const Intervals& intervals,
                                                  absl::string_view field) {
  if (intervals.size() > kMaxIntervals) {
    return TooMany(field, "intervals", intervals.size(), kMaxIntervals);
  }
  std::vector<Named> all;
  for (int i = 0; i < intervals.size(); ++i) {
    std::string path = At(field, "intervals", i);
    TL_ASSIGN_OR_RETURN(Piece piece, CheckInterval(intervals[i], path));
    all.push_back({piece, std::move(path)});
  }
  TL_RETURN_IF_ERROR(CheckOverlap(all, 0));
  return all;
}

Pieces PiecesOf(const std::vector<Named>& all) {
  Pieces pieces;
  for (const Named& named : all) pieces.push_back(named.piece);
  return Merge(std::move(pieces));
}

// By day of the week, Monday first: the hours that begin on it.
using Week = std::array<Pieces, 7>;

absl::StatusOr<Week> CheckWeek(const CalendarRules& rules, absl::string_view field) {
  if (rules.weekly_hours_size() > 7) return TooMany(field, "weekly_hours", rules.weekly_hours_size(), 7);
  Week week;
  std::vector<Named> all;
  std::set<int> seen;
  for (int i = 0; i < rules.weekly_hours_size(); ++i) {
    const auto& hours = rules.weekly_hours(i);
    const std::string path = At(field, "weekly_hours", i);
    if (hours.day() < 1 || hours.day() > 7) {
      return InvalidField(absl::StrCat(path, ".day"), "is not a day of the week",
                          hours.day() == 0 ? Reason::REASON_FIELD_REQUIRED
                                           : Reason::REASON_INVALID_FIELD);
    }
    if (!seen.insert(hours.day()).second) {
      return InvalidField(absl::StrCat(path, ".day"),
                          absl::StrCat(DayOfWeek_Name(hours.day()), " is listed twice"));
    }
    TL_ASSIGN_OR_RETURN(std::vector<Named> named, CheckIntervals(hours.intervals(), path));
    const int day = hours.day() - 1;
    week[day] = PiecesOf(named);
    for (Named& one : named) {
      one.piece.start += day * kDay;
      one.piece.end += day * kDay;
      all.push_back(std::move(one));
    }
  }
  TL_RETURN_IF_ERROR(CheckOverlap(std::move(all), kWeek));
  return week;
}

absl::Status CheckCountry(absl::string_view code, absl::string_view field) {
  if (code.empty()) return absl::OkStatus();
  if (code.size() == 2 && absl::ascii_isupper(code[0]) && absl::ascii_isupper(code[1])) {
    return absl::OkStatus();
  }
  return InvalidField(field, "is not two capitals of ISO 3166-1");
}

// The parts of each date that holidays close. A part that ends at midnight closes the night too.
absl::StatusOr<std::map<int64_t, Pieces>> CheckHolidays(const CalendarRules& rules,
                                                        absl::string_view field) {
  if (rules.holidays_size() > kMaxListedDays) {
    return TooMany(field, "holidays", rules.holidays_size(), kMaxListedDays);
  }
  std::map<int64_t, Pieces> closed;
  for (int i = 0; i < rules.holidays_size(); ++i) {
    const Holiday& holiday = rules.holidays(i);
    const std::string path = At(field, "holidays", i);
    TL_ASSIGN_OR_RETURN(int64_t day, DayNumber(holiday.date(), absl::StrCat(path, ".date")));
    if (holiday.name().size() > kMaxText) {
      return InvalidField(absl::StrCat(path, ".name"), "is over 200 bytes");
    }
    if (!holiday.country_code().empty() && holiday.country_code() != rules.country_code()) {
      return InvalidField(
          absl::StrCat(path, ".country_code"),
          absl::StrFormat("is '%s', but the calendar's country is '%s'", holiday.country_code(),
                          rules.country_code()));
    }
    Piece part{0, 2 * kDay};
    if (holiday.has_closed()) {
      TL_ASSIGN_OR_RETURN(part, CheckInterval(holiday.closed(), absl::StrCat(path, ".closed")));
      if (part.end >= kDay) part.end = 2 * kDay;
    }
    closed[day].push_back(part);
  }
  return closed;
}

struct Exception {
  DayException::Kind kind;
  Pieces pieces;
};

absl::StatusOr<std::map<int64_t, Exception>> CheckExceptions(const CalendarRules& rules,
                                                             absl::string_view field) {
  if (rules.exceptions_size() > kMaxListedDays) {
    return TooMany(field, "exceptions", rules.exceptions_size(), kMaxListedDays);
  }
  std::map<int64_t, Exception> exceptions;
  for (int i = 0; i < rules.exceptions_size(); ++i) {
    const DayException& exception = rules.exceptions(i);
    const std::string path = At(field, "exceptions", i);
    const std::string date = absl::StrCat(path, ".date");
    TL_ASSIGN_OR_RETURN(int64_t day, DayNumber(exception.date(), date));
    if (exceptions.contains(day)) return InvalidField(date, "is listed twice");
    if (exception.reason().size() > kMaxText) {
      return InvalidField(absl::StrCat(path, ".reason"), "is over 200 bytes");
    }
    const auto kind = exception.kind();
    if (kind == DayException::KIND_UNSPECIFIED || !DayException::Kind_IsValid(kind)) {
      return InvalidField(absl::StrCat(path, ".kind"), "is not stated or not known",
                          kind == 0 ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
    }
    const bool closed = kind == DayException::KIND_CLOSED;
    if (closed != exception.intervals().empty()) {
      return InvalidField(absl::StrCat(path, ".intervals"),
                          closed ? "are given although the day is closed" : "are missing",
                          closed ? Reason::REASON_INVALID_FIELD : Reason::REASON_FIELD_REQUIRED);
    }
    TL_ASSIGN_OR_RETURN(std::vector<Named> named, CheckIntervals(exception.intervals(), path));
    exceptions[day] = {kind, PiecesOf(named)};
  }
  return exceptions;
}

int WeekdayOf(int64_t day) { return static_cast<int>((day + 3) % 7); }  // 1970-01-01: Thursday

// What the clock's date `day` has, given the hours that begin on it and on the day before.
Pieces OnClock(const Pieces& own, const Pieces& before) {
  Pieces pieces = Cut(own, 0, kDay);
  for (const Piece& piece : Cut(before, kDay, 2 * kDay)) pieces.push_back(piece);
  return Merge(std::move(pieces));
}

class Days {
 public:
  Days(const Week& week, std::map<int64_t, Pieces> closed, std::map<int64_t, Exception> exceptions)
      : week_(week), closed_(std::move(closed)), exceptions_(std::move(exceptions)) {}

  // Listed days, and those after them (whose night they may change), that differ from the week.
  std::map<int64_t, Pieces> Differing() const {
    std::set<int64_t> touched;
    for (const auto& [day, parts] : closed_) touched.insert({day, day + 1});
    for (const auto& [day, exception] : exceptions_) touched.insert({day, day + 1});
    std::map<int64_t, Pieces> days;
    for (int64_t day : touched) {
      Pieces pieces = OnClock(Own(day), Own(day - 1));
      if (pieces == OnClock(week_[WeekdayOf(day)], week_[WeekdayOf(day + 6)])) continue;
      days[day] = std::move(pieces);
    }
    return days;
  }

 private:
  // The hours that begin on `day`.
  Pieces Own(int64_t day) const {
    auto exception = exceptions_.find(day);
    const bool extra =
        exception != exceptions_.end() && exception->second.kind == DayException::KIND_EXTRA;
    if (exception != exceptions_.end() && !extra) return exception->second.pieces;
    Pieces own = week_[WeekdayOf(day + 7)];  // + 7: the day before the first has a number below zero
    auto closed = closed_.find(day);
    if (closed != closed_.end()) {
      for (const Piece& part : closed->second) own = Without(own, part);
    }
    if (extra) {
      own.insert(own.end(), exception->second.pieces.begin(), exception->second.pieces.end());
    }
    return Merge(std::move(own));
  }

  const Week& week_;
  std::map<int64_t, Pieces> closed_;
  std::map<int64_t, Exception> exceptions_;
};

}  // namespace

absl::Status NeverOpen(absl::string_view field) {
  return InvalidField(absl::StrCat(field, ".weekly_hours"), "leave no time that is ever open",
                      Reason::REASON_FIELD_REQUIRED);
}

absl::StatusOr<int64_t> DayNumber(const type::v1::Date& date, absl::string_view field) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) {
    return InvalidField(field, "is missing", Reason::REASON_FIELD_REQUIRED);
  }
  if (date.year() < 1970 || date.year() > 2199) {
    return InvalidField(absl::StrCat(field, ".year"),
                        absl::StrFormat("is %d; calendars cover 1970 to 2199", date.year()));
  }
  if (date.month() < 1 || date.month() > 12) {
    return InvalidField(absl::StrCat(field, ".month"),
                        absl::StrFormat("is %d, not 1 to 12", date.month()));
  }
  const absl::CivilDay day(date.year(), date.month(), date.day());
  if (date.day() < 1 || day.month() != date.month()) {
    return InvalidField(absl::StrCat(field, ".day"),
                        absl::StrFormat("is %d, which %04d-%02d does not have", date.day(),
                                        date.year(), date.month()));
  }
  return day - kFirstDay;
}

absl::StatusOr<Checked> Check(const CalendarRules& rules, absl::string_view field) {
  Checked checked;
  const std::string zone_field = absl::StrCat(field, ".time_zone");
  if (rules.time_zone().empty()) {
    return InvalidField(zone_field, "is missing; \"UTC\" is one", Reason::REASON_FIELD_REQUIRED);
  }
  checked.zone = FindZone(rules.time_zone());
  if (checked.zone == nullptr) {
    return InvalidField(zone_field,
                        absl::StrFormat("'%s' is not an IANA time zone of this installation",
                                        absl::CHexEscape(rules.time_zone().substr(0, 64))),
                        Reason::REASON_TIME_ZONE_UNKNOWN);
  }
  TL_RETURN_IF_ERROR(CheckCountry(rules.country_code(), absl::StrCat(field, ".country_code")));
  TL_ASSIGN_OR_RETURN(Week week, CheckWeek(rules, field));
  TL_ASSIGN_OR_RETURN(auto closed, CheckHolidays(rules, field));
  TL_ASSIGN_OR_RETURN(auto exceptions, CheckExceptions(rules, field));
  if (rules.always_open()) {
    if (rules.weekly_hours_size() + rules.holidays_size() + rules.exceptions_size() > 0) {
      return InvalidField(absl::StrCat(field, ".always_open"),
                          "leaves no room for weekly hours, holidays or exceptions");
    }
    checked.week = {{0, kWeek}};
    return checked;
  }
  for (int day = 0; day < 7; ++day) {
    for (const Piece& piece : OnClock(week[day], week[(day + 6) % 7])) {
      checked.week.push_back({piece.start + day * kDay, piece.end + day * kDay});
    }
  }
  checked.week = Merge(std::move(checked.week));
  checked.days = Days(week, std::move(closed), std::move(exceptions)).Differing();
  return checked;
}

}  // namespace tideline::calendar
