// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/shift.h"

#include <algorithm>
#include <limits>

namespace tideline {

bool OnShift(const Calendar& calendar, absl::Time at) {
  if (calendar.IsOpen(at)) return true;
  const absl::Time opening = calendar.NextOpening(at);
  return opening < absl::InfiniteFuture() && opening - calendar.LastClosing(at) <= kLongestBreak;
}

absl::Time ShiftEnd(const Calendar& calendar, absl::Time at) {
  absl::Time closing = calendar.NextClosing(calendar.NextOpening(at));
  for (int i = 0; i < kMaxShiftStretches && closing < absl::InfiniteFuture(); ++i) {
    const absl::Time opening = calendar.NextOpening(closing);
    if (opening - closing > kLongestBreak) break;
    closing = calendar.NextClosing(opening);
  }
  return closing;
}

std::vector<TimeSpan> Shifts(const Calendar& calendar, absl::Time from, absl::Time to) {
  std::vector<TimeSpan> shifts;
  for (const TimeSpan& open : calendar.Open(from - kLongestBreak, to + kLongestBreak,
                                            std::numeric_limits<size_t>::max())) {
    if (!shifts.empty() && open.from - shifts.back().to <= kLongestBreak) {
      shifts.back().to = open.to;
    } else {
      shifts.push_back(open);
    }
  }
  for (TimeSpan& shift : shifts) {
    shift.from = std::max(shift.from, from);
    shift.to = std::min(shift.to, to);
  }
  shifts.erase(std::remove_if(shifts.begin(), shifts.end(),
                              [](const TimeSpan& shift) { return shift.from >= shift.to; }),
               shifts.end());
  return shifts;
}

}  // namespace tideline
