// SPDX-License-Identifier: Apache-2.0
// Reads holidays from iCalendar files (RFC 5545), as calendars publish them: each VEVENT closes the
// dates it covers, recurrences included. A library of its own (tideline_icalendar), so that only
// what imports files links libical. Pure but for loading zones; any thread.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/calendar/holidays.h"

namespace tideline {

// DTSTART and DTEND or DURATION say what is closed: whole dates, or times in UTC, on the clock of
// an IANA zone (TZID), or, without a zone, on options.time_zone's. RRULE (by day or rarer), RDATE
// and EXDATE repeat it within options.first_year to last_year. SUMMARY is the name. Cancelled
// entries are left out (other_types). iCalendar knows neither countries nor types of days: all
// entries become holidays of options.country_code, and options.types does not matter.
//
// INVALID_ARGUMENT as ParseHolidays, on "ics" for a text that is no iCalendar. What is wrong with
// an entry is in `errors`, with the line of its BEGIN:VEVENT and, as `column`, the property.
absl::StatusOr<ImportedHolidays> ParseICalendar(absl::string_view ics,
                                                const HolidayImport& options);

// Occurrences of one entry: each day of two years; a holiday that recurs more often is none.
inline constexpr int kMaxOccurrences = 732;

}  // namespace tideline
