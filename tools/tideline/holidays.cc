// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/holidays.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "common/base/status_macros.h"
#include "common/calendar/icalendar.h"
#include "common/rpc/client.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tools/tideline/import.h"
#include "tools/tideline/names.h"

namespace tideline::cli {
namespace {

namespace v1 = skill_registry::v1;
using type::v1::Holiday;

constexpr int kYears = 10;  // ahead: no contract runs longer, and 1,000 days have room for it

auto KeyOf(const Holiday& h) {
  return std::tuple(h.date().year(), h.date().month(), h.date().day(), h.has_closed(),
                    h.closed().start_minute(), h.closed().end_minute(), h.name());
}

absl::StatusOr<v1::Calendar> ReadCalendar(Caller& caller, const std::string& name) {
  v1::GetCalendarRequest request;
  v1::GetCalendarResponse response;
  request.set_name(name);
  TL_RETURN_IF_ERROR(
      caller.Call(*Services()[0]->FindMethodByName("GetCalendar"), request, response));
  return std::move(*response.mutable_calendar());
}

// What to import, from what was given and what the calendar says.
absl::StatusOr<HolidayImport> ImportFor(const HolidayOptions& options,
                                        const v1::Calendar& calendar) {
  const std::string& country = calendar.rules().country_code();
  if (options.country.empty() && country.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("whose holidays? The calendar states no country: give --country"));
  }
  if (!options.country.empty() && !country.empty() && options.country != country) {
    return absl::InvalidArgumentError(absl::StrCat("--country: is ", options.country,
                                                   ", but the calendar's country is ", country));
  }
  HolidayImport import;
  import.country_code = country.empty() ? options.country : country;
  import.time_zone = calendar.rules().time_zone();
  if (!options.types.empty()) import.types = options.types;
  import.first_year = options.first_year;
  if (import.first_year == 0) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(import.time_zone, &zone)) zone = absl::UTCTimeZone();
    import.first_year = static_cast<int>(absl::ToCivilYear(MachineTime().Wall(), zone).year());
  }
  import.last_year = options.last_year == 0 ? import.first_year + kYears : options.last_year;
  if (import.last_year < import.first_year) {
    return absl::InvalidArgumentError("--last-year: is before the first year");
  }
  return import;
}

absl::StatusOr<ImportedHolidays> Parse(absl::string_view text, const HolidayImport& import) {
  absl::string_view begin = text.substr(0, 32);
  if (absl::StartsWith(begin, "\xEF\xBB\xBF")) begin.remove_prefix(3);
  return absl::StartsWithIgnoreCase(begin, "BEGIN:VCALENDAR") ? ParseICalendar(text, import)
                                                              : ParseHolidays(text, import);
}

std::string Summary(const ImportedHolidays& imported, int added, int all) {
  return absl::StrFormat(
      "%d entries read; left out: %d of other countries, %d of other types, %d of other years\n"
      "%d holidays, %d of them new; the calendar lists %d\n",
      imported.rows, imported.other_countries, imported.other_types, imported.other_years,
      imported.holidays.size(), added, all);
}

}  // namespace

int MergeHolidays(const ImportedHolidays& imported, const HolidayImport& import, bool replace,
                  type::v1::CalendarRules& rules) {
  std::vector<Holiday> all;
  std::set<decltype(KeyOf(Holiday()))> before, now;
  for (const Holiday& holiday : rules.holidays()) {
    before.insert(KeyOf(holiday));
    const int year = holiday.date().year();
    if (replace && year >= import.first_year && year <= import.last_year) continue;
    if (now.insert(KeyOf(holiday)).second) all.push_back(holiday);
  }
  int added = 0;
  for (const Holiday& holiday : imported.holidays) {
    if (!now.insert(KeyOf(holiday)).second) continue;
    added += before.contains(KeyOf(holiday)) ? 0 : 1;
    all.push_back(holiday);
  }
  std::sort(all.begin(), all.end(),
            [](const Holiday& a, const Holiday& b) { return KeyOf(a) < KeyOf(b); });
  rules.clear_holidays();
  for (Holiday& holiday : all) *rules.add_holidays() = std::move(holiday);
  rules.set_country_code(import.country_code);
  return added;
}

absl::Status RunHolidayImport(const HolidayOptions& options, const Session& session) {
  if (session.workspace.empty() && !absl::StartsWith(options.calendar, "workspaces/")) {
    return absl::InvalidArgumentError(
        "which workspace? Give --workspace or set TIDELINE_WORKSPACE");
  }
  TL_ASSIGN_OR_RETURN(const std::string text, ReadAll(options.file));
  Caller caller(session.caller);
  TL_ASSIGN_OR_RETURN(
      v1::Calendar calendar,
      ReadCalendar(caller, absl::StartsWith(options.calendar, "workspaces/")
                               ? options.calendar
                               : absl::StrCat("workspaces/", ShortName(session.workspace),
                                              "/calendars/", options.calendar)));
  TL_ASSIGN_OR_RETURN(const HolidayImport import, ImportFor(options, calendar));
  TL_ASSIGN_OR_RETURN(const ImportedHolidays imported, Parse(text, import));
  for (const auto& error : imported.errors) {
    *session.err << "line " << error.line << ": "
                 << (error.column.empty() ? "" : error.column + ": ") << error.message << "\n";
  }
  if (!imported.errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(imported.errors.size(), " errors in ", options.file, "; nothing was sent"));
  }
  if (imported.holidays.empty()) {
    *session.err << Summary(imported, 0, calendar.rules().holidays_size());
    return absl::InvalidArgumentError(absl::StrCat(options.file, ": no holidays of ",
                                                   import.country_code, " from ", import.first_year,
                                                   " to ", import.last_year, "; nothing was sent"));
  }
  const int added = MergeHolidays(imported, import, options.replace, *calendar.mutable_rules());
  const int all = calendar.rules().holidays_size();
  if (options.dry_run) {
    *session.out << "dry run, nothing changed: " << Summary(imported, added, all);
    return absl::OkStatus();
  }
  v1::UpdateCalendarRequest request;
  v1::UpdateCalendarResponse response;
  request.set_request_id(rpc::MakeRequestId());
  request.mutable_update_mask()->add_paths("rules");
  *request.mutable_calendar() = std::move(calendar);  // with its etag: nobody's change is lost
  TL_RETURN_IF_ERROR(
      caller.Call(*Services()[0]->FindMethodByName("UpdateCalendar"), request, response));
  *session.out << Summary(imported, added, all);
  return absl::OkStatus();
}

}  // namespace tideline::cli
