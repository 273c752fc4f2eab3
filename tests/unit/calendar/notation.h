// SPDX-License-Identifier: Apache-2.0
// A short notation for calendars and instants, so that tests read as tables. Aborts on a slip in a
// test's own text.
//
//   Rules("Europe/Warsaw", "mon-fri 09:00-12:00 13:00-17:00; sat 22:00-06:00; 2024-12-24 none;"
//                          "2024-12-25 holiday; 2024-12-31 holiday 12:00-24:00;"
//                          "2024-12-28 only 10:00-14:00; 2024-12-29 also 10:00-12:00")
#pragma once

#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/calendar/calendar.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline::testing {

// An interval that ends before it starts goes over midnight. "always" is the whole text for a
// calendar that is always open.
type::v1::CalendarRules Rules(absl::string_view zone, absl::string_view text);

std::shared_ptr<const Calendar> Make(absl::string_view zone, absl::string_view text);

// "2024-03-31 02:30" on the zone's clock (the first of two such readings; the instant of the change
// if the clock skips it), or with a "Z" after it on UTC's; seconds may follow.
absl::Time At(absl::string_view text, absl::string_view zone = "UTC");

// "2024-03-31 02:30:00+0200".
std::string Show(absl::Time time, absl::string_view zone = "UTC");

}  // namespace tideline::testing
