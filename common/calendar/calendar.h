// SPDX-License-Identifier: Apache-2.0
// Working time: how much of it lies between two instants, and where so much of it ends. Every due
// time, latest start and clock of the suite is computed here, so that they agree.
//
//   TL_ASSIGN_OR_RETURN(auto calendar, Calendar::Create(record.rules(), "calendar.rules"));
//   absl::Time due = calendar->Add(submitted, absl::Hours(16));
//
// A calendar is open at an instant when the zone's clock then shows a time within the hours of the
// date it shows (type/v1/calendar.proto). So an hour that the clock repeats counts twice, and one
// that it skips, or a date, not at all. Instants and durations are taken in whole microseconds,
// rounded down; nothing is floating point. It is closed before 1970 and from 2200 on.
//
// Cost: each question a few binary searches (common/calendar/line.h), some 0.1 microseconds for Add
// and Measure at any distance and 0.5 for the end of a stretch. Making one takes about 0.2 ms with
// twenty years of holidays and 1 to 3 ms at its limits, so it is made once and kept. A calendar
// takes at most some 16 KiB, and 100 B per listed day. Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/calendar/line.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline {

// A half-open stretch of time, [from, to).
struct TimeSpan {
  absl::Time from;
  absl::Time to;
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

class Calendar {
 public:
  // Checks and compiles rules. INVALID_ARGUMENT names the field below `field`, with reason
  // TIME_ZONE_UNKNOWN, HOURS_OVERLAP (also for an interval that ends before it starts),
  // FIELD_REQUIRED (also when the calendar would never be open) or INVALID_FIELD. The limits that
  // the proto states are checked here too.
  static absl::StatusOr<std::shared_ptr<const Calendar>> Create(
      const type::v1::CalendarRules& rules, absl::string_view field = "rules");

  // Open at every instant (that calendars cover).
  static std::shared_ptr<const Calendar> Always();

  // Open whenever at least one of `members` is: follow the sun. Exact, and as fast to ask as one
  // calendar, but dearer to make: some 10 microseconds per listed day of a member. Members may be
  // unions. 1 to kMaxMembers, else INVALID_ARGUMENT on `field`.
  static absl::StatusOr<std::shared_ptr<const Calendar>> Union(
      absl::Span<const std::shared_ptr<const Calendar>> members,
      absl::string_view field = "calendars");
  static constexpr size_t kMaxMembers = 64;  // more zones with other hours do not exist

  // The earliest instant from `from` on by which `working` has been worked: at the end of a day's
  // hours rather than at the next opening. `from` itself for zero. Negative durations subtract.
  // InfiniteFuture if it is never worked.
  absl::Time Add(absl::Time from, absl::Duration working) const;

  // The latest instant up to `to` from which `working` can be worked until `to`: at an opening
  // rather than at the closing before. `to` itself for zero. InfinitePast if it never was.
  absl::Time Subtract(absl::Time to, absl::Duration working) const;

  // Working time between the instants; negative when `to` is before `from`.
  absl::Duration Measure(absl::Time from, absl::Time to) const;

  bool IsOpen(absl::Time at) const;

  // The earliest instant from `at` on that is open (closed): `at` itself when it is. InfiniteFuture
  // if there is none.
  absl::Time NextOpening(absl::Time at) const;
  absl::Time NextClosing(absl::Time at) const;

  // The latest instant up to `at` at which open time begins (ends). InfinitePast if there is none.
  absl::Time LastOpening(absl::Time at) const;
  absl::Time LastClosing(absl::Time at) const;

  // Open (closed) stretches within [from, to), in order, the first `most` of them. Touching hours
  // are one stretch.
  std::vector<TimeSpan> Open(absl::Time from, absl::Time to, size_t most) const;
  std::vector<TimeSpan> Closed(absl::Time from, absl::Time to, size_t most) const;

 private:
  // From `from` on, the clock of lines_[line] shows UTC plus `offset`.
  struct Span {
    int64_t from;
    int64_t offset;
    int64_t worked;  // working time from kBegin to `from`
    int64_t base;    // `worked` less what the line counts at `from`
    uint32_t line;
  };
  friend class UnionBuilder;

  Calendar() = default;
  // Adds up the spans, whose from, offset and line are set.
  void Compile();
  const calendar::Line& LineOf(const Span& span) const { return lines_[span.line]; }

  // In microseconds of Unix time; as in calendar::Line, with kNever.
  int64_t Worked(int64_t at) const;
  int64_t First(int64_t worked) const;
  int64_t Last(int64_t worked) const;
  // End (start) of the open stretch around `at`, which is open (open just before it).
  int64_t RunEnd(int64_t at) const;
  int64_t RunStart(int64_t at) const;

  std::vector<calendar::Line> lines_;
  std::vector<Span> spans_;
  int64_t total_ = 0;
};

// Where `wanted` is open and `cover` is not, within [from, to): the holes in coverage, in order,
// the first `most` of them.
std::vector<TimeSpan> CoverageHoles(const Calendar& wanted, const Calendar& cover, absl::Time from,
                                    absl::Time to, size_t most);

}  // namespace tideline
