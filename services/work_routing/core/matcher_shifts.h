// SPDX-License-Identifier: Apache-2.0
// A team's calendar as the shifts that a Matcher asks for. A calendar knows open hours; a shift is
// a run of them with short closed times, the breaks, in between. Pure.
#pragma once

#include <memory>

#include "common/calendar/calendar.h"
#include "services/work_routing/core/matcher.h"

namespace tideline::work_routing {

// Closed time up to this long between open hours is a break within one shift: longer than any
// usual lunch, shorter than any rest between two shifts.
inline constexpr absl::Duration kLongestBreak = absl::Hours(3);

// Most open stretches that are joined into one shift, so that a calendar that is hardly ever
// closed for long cannot make one shift of the whole year.
inline constexpr int kMaxShiftStretches = 16;

// The span of `calendar` that contains `at`.
eligibility::ShiftSpan ShiftAt(const Calendar& calendar, absl::Time at);

// For Matcher::SetCalendar; keeps the calendar. Null stays null: always on shift.
ShiftSource ShiftsOf(std::shared_ptr<const Calendar> calendar);

}  // namespace tideline::work_routing
