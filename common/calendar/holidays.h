// SPDX-License-Identifier: Apache-2.0
// Reads published lists of holidays (CSV as the date-holidays project's data has them; for
// iCalendar see icalendar.h) into the holidays of a calendar. Pure but for loading the zone; any
// thread.
//
//   country,date,start_utc,end_utc,type,rule,name
//   SE,2010-01-05,2010-01-05T11:00:00.000Z,2010-01-05T23:00:00.000Z,optional,"01-05 12:00","..."
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline {

struct HolidayImport {
  // Which country's rows to take, ISO 3166-1 alpha-2; the others are skipped and counted.
  std::string country_code;
  // The zone on whose clock the list's instants begin and end: of a country with several zones, the
  // capital's. The dates that come out hold in all its zones.
  std::string time_zone;
  // Which types of days close business. Lists call a day observance when it is only remembered.
  std::vector<std::string> types = {"public", "bank"};
  // Only days within these years, both included.
  int first_year = 1970;
  int last_year = 2199;
};

struct RowError {
  int line = 0;        // in the text, from 1
  std::string column;  // empty: the row as a whole
  std::string message;
};

struct ImportedHolidays {
  // By date, then part, then name; one per date that a row touches: a row may span several dates or
  // parts of them.
  std::vector<type::v1::Holiday> holidays;
  // Rows that could not be read, the first 1,000 of them; the others are imported.
  std::vector<RowError> errors;
  int rows = 0;  // without the header
  int other_countries = 0;
  int other_types = 0;
  int other_years = 0;
};

// INVALID_ARGUMENT if the text is over kMaxHolidayBytes, is no UTF-8 or has no such header ("csv"),
// or an option is wrong ("country_code", "time_zone" with TIME_ZONE_UNKNOWN). What is wrong with a
// row is in `errors`.
absl::StatusOr<ImportedHolidays> ParseHolidays(absl::string_view csv, const HolidayImport& options);

// All countries of the world over 20 years take about 8 MiB.
inline constexpr size_t kMaxHolidayBytes = 16 * 1024 * 1024;
// Days of one import; a hundred times what a calendar holds. The rows after them are errors.
inline constexpr size_t kMaxHolidays = 100'000;

}  // namespace tideline
