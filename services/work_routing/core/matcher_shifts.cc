// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_shifts.h"

#include <utility>

namespace tideline::work_routing {
namespace {

// Working time from `closing` on in the shift whose stretch ends there.
absl::Duration WorkAfter(const Calendar& calendar, absl::Time closing) {
  absl::Duration work = absl::ZeroDuration();
  for (int i = 0; i < kMaxShiftStretches && closing < absl::InfiniteFuture(); ++i) {
    absl::Time opening = calendar.NextOpening(closing);
    if (opening - closing > kLongestBreak) break;
    closing = calendar.NextClosing(opening);
    work += closing - opening;
  }
  return work;
}

}  // namespace

eligibility::ShiftSpan ShiftAt(const Calendar& calendar, absl::Time at) {
  eligibility::ShiftSpan span;
  if (calendar.IsOpen(at)) {
    span.until = calendar.NextClosing(at);
    span.work_after = WorkAfter(calendar, span.until);
    return span;
  }
  span.working = false;
  span.until = calendar.NextOpening(at);
  // Closed: a break when open time ended a short while before the next begins.
  absl::Time closed = calendar.LastClosing(at);
  span.on = span.until < absl::InfiniteFuture() && span.until - closed <= kLongestBreak;
  if (span.on) {
    absl::Time closing = calendar.NextClosing(span.until);
    span.work_after = (closing - span.until) + WorkAfter(calendar, closing);
  }
  return span;
}

ShiftSource ShiftsOf(std::shared_ptr<const Calendar> calendar) {
  if (calendar == nullptr) return nullptr;
  return [calendar = std::move(calendar)](absl::Time at) { return ShiftAt(*calendar, at); };
}

}  // namespace tideline::work_routing
