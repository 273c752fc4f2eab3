// SPDX-License-Identifier: Apache-2.0
// `tideline import holidays FILE --calendar ID`: takes published holidays (CSV or iCalendar) into a
// calendar. Not thread-safe. Blocks.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/calendar/holidays.h"
#include "tideline/type/v1/calendar.pb.h"
#include "tools/tideline/run.h"

namespace tideline::cli {

struct HolidayOptions {
  std::string file;  // "-": standard input
  std::string calendar;
  std::string country;             // empty: the calendar's
  std::vector<std::string> types;  // of a CSV's days; empty: public and bank
  int first_year = 0;              // 0: this year
  int last_year = 0;               // 0: ten years from the first
  bool replace = false;            // drop what the calendar lists for these years
  bool dry_run = false;
};

// INVALID_ARGUMENT when the file does not parse, has errors or nothing of the calendar's country;
// then nothing is sent. What the registry refuses is its error.
absl::Status RunHolidayImport(const HolidayOptions& options, const Session& session);

// Puts holidays into rules; returns how many were not there yet. With `replace`, those that the
// rules list for the import's years are dropped first. Pure.
int MergeHolidays(const ImportedHolidays& imported, const HolidayImport& import, bool replace,
                  type::v1::CalendarRules& rules);

}  // namespace tideline::cli
