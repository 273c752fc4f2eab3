// SPDX-License-Identifier: Apache-2.0
// A team's calendar as the shifts (common/calendar/shift.h) that a Matcher asks for. Pure.
#pragma once

#include <memory>

#include "common/calendar/calendar.h"
#include "common/calendar/shift.h"
#include "services/work_routing/core/matcher.h"

namespace tideline::work_routing {

// The span of `calendar` that contains `at`.
eligibility::ShiftSpan ShiftAt(const Calendar& calendar, absl::Time at);

// For Matcher::SetCalendar; keeps the calendar. Null stays null: always on shift.
ShiftSource ShiftsOf(std::shared_ptr<const Calendar> calendar);

}  // namespace tideline::work_routing
