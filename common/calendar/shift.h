// SPDX-License-Identifier: Apache-2.0
// Shifts in a calendar. A calendar knows open hours; a shift is a run of them with short closed
// times, the breaks, in between: during lunch a team is on shift, although nobody works. Routing,
// handoff and clocks share this one notion. Pure; any thread.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "common/calendar/calendar.h"

namespace tideline {

// Closed time up to this long between open hours is a break within one shift: longer than any
// usual lunch, shorter than any rest between two shifts.
inline constexpr absl::Duration kLongestBreak = absl::Hours(3);

// Most open stretches that are joined into one shift, so that a calendar that is hardly ever
// closed for long cannot make one shift of the whole year.
inline constexpr int kMaxShiftStretches = 16;

// Where the shift that runs at `at` (breaks are within it) ends, or the next one if none runs.
// InfiniteFuture if it never ends or there is none.
absl::Time ShiftEnd(const Calendar& calendar, absl::Time at);

// Whether a shift runs at `at`.
bool OnShift(const Calendar& calendar, absl::Time at);

// The time within [from, to) during which a shift runs, in order and joined: open stretches with
// their breaks. A break at either end of the range is seen as a whole.
std::vector<TimeSpan> Shifts(const Calendar& calendar, absl::Time from, absl::Time to);

}  // namespace tideline
