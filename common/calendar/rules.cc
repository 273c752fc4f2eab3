// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
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
constexpr int kMaxIntervals = 24;     // as the proto states and explains
constexpr int kMaxListedDays = 1000;  // of each kind, as the proto states and explains
constexpr size_t kMaxText = 200;
constexpr absl::CivilDay kFirstDay(1970, 1, 1);

// Where a value stands, put into words only for a refusal: calendars list thousands of days. Refers
// to what it was made from, which must outlive it.
class Path {
 public:
  explicit Path(absl::string_view field) : name_(field) {}
  Path(const Path& parent, absl::string_view child, int index = -1)
      : parent_(&parent), name_(child), index_(index) {}
  std::string Text() const {
    if (parent_ == nullptr) return std::string(name_);
    std::string text = absl::StrCat(parent_->Text(), ".", name_);
    if (index_ >= 0) absl::StrAppend(&text, "[", index_, "]");
    return text;
  }

 private:
  const Path* parent_ = nullptr;
  absl::string_view name_;
  int index_ = -1;
};

absl::Status Invalid(const Path& path, absl::string_view message,
                     Reason reason = Reason::REASON_INVALID_FIELD) {
  return InvalidField(path.Text(), message, reason);
}

absl::Status TooMany(const Path& path, int size, int most) {
  return Invalid(path, absl::StrFormat("has %d elements; the limit is %d", size, most));
}

// Days since 1970-01-01.
absl::StatusOr<int64_t> DayNumber(const type::v1::Date& date, const Path& path) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) {
    return Invalid(path, "is missing", Reason::REASON_FIELD_REQUIRED);
  }
  if (date.year() < 1970 || date.year() > 2199) {
    return Invalid(Path(path, "year"),
                   absl::StrFormat("is %d; calendars cover 1970 to 2199", date.year()));
  }
  if (date.month() < 1 || date.month() > 12) {
    return Invalid(Path(path, "month"), absl::StrFormat("is %d, not 1 to 12", date.month()));
  }
  const absl::CivilDay day(date.year(), date.month(), date.day());
  if (date.day() < 1 || day.month() != date.month()) {
    return Invalid(Path(path, "day"), absl::StrFormat("is %d, which %04d-%02d does not have",
                                                      date.day(), date.year(), date.month()));
  }
  return day - kFirstDay;
}

std::string Clock(int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); }

absl::StatusOr<Piece> CheckInterval(const DayInterval& interval, const Path& path) {
  const int start = interval.start_minute();
  const int end = interval.end_minute();
  if (start < 0 || start >= kMinutesPerDay) {
    return Invalid(Path(path, "start_minute"),
                   absl::StrFormat("is %d; a day begins at 0 and ends before 1440", start));
  }
  if (end <= start) {
    return Invalid(Path(path, "end_minute"),
                   absl::StrFormat("is %d, which is not after the start, %d; over midnight "
                                   "minutes go on counting: 06:00 of the next day is 1800",
                                   end, start),
                   Reason::REASON_HOURS_OVERLAP);
  }
  if (end - start > kMinutesPerDay) {
    return Invalid(Path(path, "end_minute"),
                   absl::StrFormat("is %d, over 24 hours after the start, %d", end, start),
                   Reason::REASON_HOURS_OVERLAP);
  }
  return Piece{start * kMinute, end * kMinute};
}

// An interval and where it stands: the day's index in the week (no matter elsewhere) and its own.
struct Named {
  Piece piece;
  int day = 0;
  int index = 0;
};

// Refuses overlaps among intervals, and of the last with the first a `period` later (zero: none).
// `text` puts an interval's path into words.
template <typename Text>
absl::Status CheckOverlap(std::vector<Named> all, int64_t period, const Text& text) {
  std::sort(all.begin(), all.end(), [](const Named& a, const Named& b) {
    return std::tuple(a.piece.start, a.day, a.index) < std::tuple(b.piece.start, b.day, b.index);
  });
  for (size_t i = 0; i < all.size(); ++i) {
    const bool last = i + 1 == all.size();
    if (last && period == 0) break;
    const Named& next = all[last ? 0 : i + 1];
    if (all[i].piece.end <= next.piece.start + (last ? period : 0)) continue;
    const int minute = static_cast<int>(next.piece.start % kDay / kMinute);
    return InvalidField(
        text(next), absl::StrFormat("begins at %s, before %s ends", Clock(minute), text(all[i])),
        Reason::REASON_HOURS_OVERLAP);
  }
  return absl::OkStatus();
}

// The intervals of one day, each from that day's 00:00.
template <typename Intervals>
absl::StatusOr<std::vector<Named>> CheckIntervals(const Intervals& intervals, const Path& path) {
  if (intervals.size() > kMaxIntervals) {
    return TooMany(Path(path, "intervals"), intervals.size(), kMaxIntervals);
  }
  std::vector<Named> all;
  for (int i = 0; i < intervals.size(); ++i) {
    TL_ASSIGN_OR_RETURN(Piece piece, CheckInterval(intervals[i], Path(path, "intervals", i)));
    all.push_back({.piece = piece, .index = i});
  }
  TL_RETURN_IF_ERROR(CheckOverlap(
      all, 0, [&path](const Named& named) { return Path(path, "intervals", named.index).Text(); }));
  return all;
}

Pieces PiecesOf(const std::vector<Named>& all) {
  Pieces pieces;
  for (const Named& named : all) pieces.push_back(named.piece);
  return Merge(std::move(pieces));
}

// By day of the week, Monday first: the hours that begin on it.
using Week = std::array<Pieces, 7>;

absl::StatusOr<Week> CheckWeek(const CalendarRules& rules, const Path& root) {
  if (rules.weekly_hours_size() > 7) {
    return TooMany(Path(root, "weekly_hours"), rules.weekly_hours_size(), 7);
  }
  Week week;
  std::vector<Named> all;
  std::set<int> seen;
  for (int i = 0; i < rules.weekly_hours_size(); ++i) {
    const auto& hours = rules.weekly_hours(i);
    const Path path(root, "weekly_hours", i);
    if (hours.day() < 1 || hours.day() > 7) {
      return Invalid(
          Path(path, "day"), "is not a day of the week",
          hours.day() == 0 ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
    }
    if (!seen.insert(hours.day()).second) {
      return Invalid(Path(path, "day"),
                     absl::StrCat(DayOfWeek_Name(hours.day()), " is listed twice"));
    }
    TL_ASSIGN_OR_RETURN(std::vector<Named> named, CheckIntervals(hours.intervals(), path));
    const int day = hours.day() - 1;
    week[day] = PiecesOf(named);
    for (Named& one : named) {
      one.piece.start += day * kDay;
      one.piece.end += day * kDay;
      one.day = i;
      all.push_back(one);
    }
  }
  TL_RETURN_IF_ERROR(CheckOverlap(std::move(all), kWeek, [&root](const Named& named) {
    const Path day(root, "weekly_hours", named.day);
    return Path(day, "intervals", named.index).Text();
  }));
  return week;
}

absl::Status CheckCountry(absl::string_view code, const Path& path) {
  if (code.empty()) return absl::OkStatus();
  if (code.size() == 2 && absl::ascii_isupper(code[0]) && absl::ascii_isupper(code[1])) {
    return absl::OkStatus();
  }
  return Invalid(path, "is not two capitals of ISO 3166-1");
}

// The parts of each date that holidays close. A part that ends at midnight closes the night too.
absl::StatusOr<std::map<int64_t, Pieces>> CheckHolidays(const CalendarRules& rules,
                                                        const Path& root) {
  if (rules.holidays_size() > kMaxListedDays) {
    return TooMany(Path(root, "holidays"), rules.holidays_size(), kMaxListedDays);
  }
  std::map<int64_t, Pieces> closed;
  for (int i = 0; i < rules.holidays_size(); ++i) {
    const Holiday& holiday = rules.holidays(i);
    const Path path(root, "holidays", i);
    TL_ASSIGN_OR_RETURN(int64_t day, DayNumber(holiday.date(), Path(path, "date")));
    if (holiday.name().size() > kMaxText) {
      return Invalid(Path(path, "name"), "is over 200 bytes");
    }
    if (!holiday.country_code().empty() && holiday.country_code() != rules.country_code()) {
      return Invalid(Path(path, "country_code"),
                     absl::StrFormat("is '%s', but the calendar's country is '%s'",
                                     holiday.country_code(), rules.country_code()));
    }
    Piece part{0, 2 * kDay};
    if (holiday.has_closed()) {
      TL_ASSIGN_OR_RETURN(part, CheckInterval(holiday.closed(), Path(path, "closed")));
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
                                                             const Path& root) {
  if (rules.exceptions_size() > kMaxListedDays) {
    return TooMany(Path(root, "exceptions"), rules.exceptions_size(), kMaxListedDays);
  }
  std::map<int64_t, Exception> exceptions;
  for (int i = 0; i < rules.exceptions_size(); ++i) {
    const DayException& exception = rules.exceptions(i);
    const Path path(root, "exceptions", i);
    TL_ASSIGN_OR_RETURN(int64_t day, DayNumber(exception.date(), Path(path, "date")));
    if (exceptions.contains(day)) return Invalid(Path(path, "date"), "is listed twice");
    if (exception.reason().size() > kMaxText) {
      return Invalid(Path(path, "reason"), "is over 200 bytes");
    }
    const auto kind = exception.kind();
    if (kind == DayException::KIND_UNSPECIFIED || !DayException::Kind_IsValid(kind)) {
      return Invalid(Path(path, "kind"), "is not stated or not known",
                     kind == 0 ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
    }
    const bool closed = kind == DayException::KIND_CLOSED;
    if (closed != exception.intervals().empty()) {
      return Invalid(Path(path, "intervals"),
                     closed ? "are given although the day is closed" : "are missing",
                     closed ? Reason::REASON_INVALID_FIELD : Reason::REASON_FIELD_REQUIRED);
    }
    TL_ASSIGN_OR_RETURN(std::vector<Named> named, CheckIntervals(exception.intervals(), path));
    exceptions[day] = {kind, PiecesOf(named)};
  }
  return exceptions;
}

// Monday is 0; 1970-01-01 was a Thursday. The day before it is asked for too.
int WeekdayOf(int64_t day) { return static_cast<int>((day + 10) % 7); }

// Whether hours that begin on a day go on after its midnight.
bool HasNight(const Pieces& own) { return !own.empty() && own.back().end > kDay; }

// What the clock's date has, given the hours that begin on it and on the day before.
Pieces OnClock(const Pieces& own, const Pieces& before) {
  if (!HasNight(own) && !HasNight(before)) return own;
  Pieces pieces = Cut(own, 0, kDay);
  for (const Piece& piece : Cut(before, kDay, 2 * kDay)) pieces.push_back(piece);
  return Merge(std::move(pieces));
}

// The hours of listed days, and how they change the clock's dates.
class Days {
 public:
  Days(const Week& week, const std::map<int64_t, Pieces>& closed,
       const std::map<int64_t, Exception>& exceptions)
      : week_(week) {
    for (int day = 0; day < 7; ++day) usual_[day] = OnClock(week[day], week[(day + 6) % 7]);
    for (const auto& [day, parts] : closed) {
      Pieces own = week_[WeekdayOf(day)];
      for (const Piece& part : parts) own = Without(own, part);
      own_.emplace_hint(own_.end(), day, std::move(own));
    }
    for (const auto& [day, exception] : exceptions) {
      Pieces pieces = exception.pieces;
      if (exception.kind == DayException::KIND_EXTRA) {
        const Pieces& left = Own(day);
        pieces.insert(pieces.end(), left.begin(), left.end());
        pieces = Merge(std::move(pieces));
      }
      own_.insert_or_assign(day, std::move(pieces));
    }
  }

  // What the clock's days of the week have.
  const Week& usual() const { return usual_; }

  // Listed days, and those after them whose night they change, that differ from the week.
  std::map<int64_t, Pieces> Differing() const {
    std::map<int64_t, Pieces> days;
    const auto add = [&](int64_t day) {
      Pieces pieces = OnClock(Own(day), Own(day - 1));
      if (pieces != usual_[WeekdayOf(day)]) days.insert_or_assign(day, std::move(pieces));
    };
    for (const auto& [day, own] : own_) {
      add(day);
      if (HasNight(own) || HasNight(week_[WeekdayOf(day)])) add(day + 1);
    }
    return days;
  }

 private:
  // The hours that begin on `day`.
  const Pieces& Own(int64_t day) const {
    auto listed = own_.find(day);
    return listed == own_.end() ? week_[WeekdayOf(day)] : listed->second;
  }

  const Week& week_;
  Week usual_;
  std::map<int64_t, Pieces> own_;  // of listed days
};

}  // namespace

absl::Status NeverOpen(absl::string_view field) {
  return InvalidField(absl::StrCat(field, ".weekly_hours"), "leave no time that is ever open",
                      Reason::REASON_FIELD_REQUIRED);
}

absl::StatusOr<Checked> Check(const CalendarRules& rules, absl::string_view field) {
  Checked checked;
  const Path root(field);
  if (rules.time_zone().empty()) {
    return Invalid(Path(root, "time_zone"), "is missing; \"UTC\" is one",
                   Reason::REASON_FIELD_REQUIRED);
  }
  checked.zone = FindZone(rules.time_zone());
  if (checked.zone == nullptr) {
    return Invalid(Path(root, "time_zone"),
                   absl::StrFormat("'%s' is not an IANA time zone of this installation",
                                   absl::CHexEscape(rules.time_zone().substr(0, 64))),
                   Reason::REASON_TIME_ZONE_UNKNOWN);
  }
  TL_RETURN_IF_ERROR(CheckCountry(rules.country_code(), Path(root, "country_code")));
  TL_ASSIGN_OR_RETURN(Week week, CheckWeek(rules, root));
  TL_ASSIGN_OR_RETURN(auto closed, CheckHolidays(rules, root));
  TL_ASSIGN_OR_RETURN(auto exceptions, CheckExceptions(rules, root));
  if (rules.always_open()) {
    if (rules.weekly_hours_size() + rules.holidays_size() + rules.exceptions_size() > 0) {
      return Invalid(Path(root, "always_open"),
                     "leaves no room for weekly hours, holidays or exceptions");
    }
    checked.week = {{0, kWeek}};
    return checked;
  }
  const Days days(week, closed, exceptions);
  for (int day = 0; day < 7; ++day) {
    for (const Piece& piece : days.usual()[day]) {
      checked.week.push_back({piece.start + day * kDay, piece.end + day * kDay});
    }
  }
  checked.week = Merge(std::move(checked.week));
  checked.days = days.Differing();
  return checked;
}

}  // namespace tideline::calendar
