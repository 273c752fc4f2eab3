// SPDX-License-Identifier: Apache-2.0
// Working time on one clock that never jumps: a week that repeats, except on listed days. A
// calendar in a zone is this line, cut and shifted at each change of the zone's offset.
//
// Positions are microseconds since 1970-01-01 00:00 on that clock, from kLineBegin on. All answers
// are closed forms over prefix sums: a few binary searches, however far apart the positions are.
// Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace tideline::calendar {

inline constexpr int64_t kMinute = 60'000'000;
inline constexpr int64_t kDay = 24 * 60 * kMinute;
inline constexpr int64_t kWeek = 7 * kDay;
inline constexpr int64_t kLineBegin = -3 * kDay;  // Monday, 1969-12-29
inline constexpr int64_t kNever = INT64_MAX;

// A half-open stretch [start, end), in microseconds of whatever it is counted from.
struct Piece {
  int64_t start = 0;
  int64_t end = 0;
  friend bool operator==(const Piece&, const Piece&) = default;
};
using Pieces = std::vector<Piece>;

// Sorted, with touching and overlapping pieces joined and empty ones gone.
Pieces Merge(Pieces pieces);
// What `pieces` and [from, to) share, counted from `from`.
Pieces Cut(const Pieces& pieces, int64_t from, int64_t to);
// What of `pieces` lies outside `hole`.
Pieces Without(const Pieces& pieces, const Piece& hole);
int64_t TotalOf(const Pieces& pieces);

class Line {
 public:
  // `week`: merged pieces within [0, kWeek), from Monday 00:00. `days`: by day number since
  // 1970-01-01, the merged pieces within [0, kDay) that hold instead of the week's.
  Line(const Pieces& week, const std::map<int64_t, Pieces>& days);

  // Working time from kLineBegin to `at`.
  int64_t Worked(int64_t at) const;
  // Earliest position by which `worked` (over zero) has been worked, so work ends or goes on there;
  // kNever if the line never gets that far.
  int64_t First(int64_t worked) const;
  // Latest position at which no more than `worked` has been worked, so work goes on there; kNever
  // if it never goes on.
  int64_t Last(int64_t worked) const;

  // The week and the days as given, for building lines out of lines.
  const Pieces& week() const { return week_pieces_; }
  const std::vector<int64_t>& days() const { return day_numbers_; }

 private:
  struct Stretch {
    int64_t start;
    int64_t end;
    int64_t before;  // working time before it, within its week or day
  };
  struct Day {
    int64_t start;         // position of its 00:00
    int64_t worked_start;  // Worked there
    int64_t worked_end;    // Worked at its 24:00
    int64_t delta_after;   // Worked less what the weeks alone give, after it
    uint32_t first;        // its stretches in stretches_
    uint32_t count;
  };
  // By the weeks alone.
  int64_t WeeklyWorked(int64_t at) const;
  int64_t WeeklyFirst(int64_t worked) const;
  int64_t WeeklyLast(int64_t worked) const;

  Pieces week_pieces_;
  std::vector<int64_t> day_numbers_;
  std::vector<Stretch> week_;
  int64_t week_total_ = 0;
  std::vector<Day> days_;
  std::vector<Stretch> stretches_;
};

}  // namespace tideline::calendar
