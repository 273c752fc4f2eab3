// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/holidays.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/holiday_list.h"

namespace tideline {
namespace {

constexpr std::array<absl::string_view, 7> kColumns = {"country", "date", "start_utc", "end_utc",
                                                       "type",    "rule", "name"};
enum Column { kCountry, kDate, kStart, kEnd, kType, kRule, kName };

// Splits RFC 4180 text: fields may be quoted, and then hold commas, line ends and doubled quotes.
class Rows {
 public:
  explicit Rows(absl::string_view text) : rest_(text) {
    absl::ConsumePrefix(&rest_, "\xEF\xBB\xBF");
  }

  bool done() const { return rest_.empty(); }
  int line() const { return row_line_; }

  // The next row; nullopt if a quote is not closed or stands within a bare field.
  std::optional<std::vector<std::string>> Next() {
    row_line_ = line_;
    std::vector<std::string> fields(1);
    bool quoted = false, fresh = true, broken = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\n') ++line_;
      if (quoted) {
        if (c != '"') {
          fields.back() += c;
        } else if (!rest_.empty() && rest_.front() == '"') {
          rest_.remove_prefix(1);
          fields.back() += '"';
        } else {
          quoted = false;
        }
        continue;
      }
      if (c == '\n') break;
      if (c == '\r') continue;
      if (c == ',') {
        fields.emplace_back();
        fresh = true;
        continue;
      }
      if (c == '"') {
        quoted = fresh;
        broken |= !fresh;
      } else {
        fields.back() += c;
      }
      fresh = false;
    }
    if (quoted || broken) return std::nullopt;
    return fields;
  }

 private:
  absl::string_view rest_;
  int line_ = 1;
  int row_line_ = 1;
};

// Takes one row with all its columns.
void Take(int line, const std::vector<std::string>& row, calendar::HolidayList& list) {
  const HolidayImport& options = list.options();
  if (row[kCountry] != options.country_code) {
    ++list.result().other_countries;
    return;
  }
  if (std::find(options.types.begin(), options.types.end(), row[kType]) == options.types.end()) {
    ++list.result().other_types;
    return;
  }
  absl::Time start, end;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, row[kStart], &start, &error)) {
    return list.Fail(line, "start_utc", "is not an RFC 3339 instant");
  }
  if (!absl::ParseTime(absl::RFC3339_full, row[kEnd], &end, &error)) {
    return list.Fail(line, "end_utc", "is not an RFC 3339 instant");
  }
  const absl::CivilSecond from = list.zone().At(start).cs;
  const absl::CivilSecond to = list.zone().At(end).cs;
  if (!list.Check(line, "start_utc", "end_utc", from, to)) return;
  absl::CivilDay date;
  if (!absl::ParseCivilTime(row[kDate], &date)) return list.Fail(line, "date", "is not a date");
  // Lists name the day after an evening on which a holiday begins; more is a slip of the list.
  const absl::CivilDay first(from);
  if (date - first > 1 || first - date > 1) {
    return list.Fail(line, "date",
                     absl::StrCat("does not fit start_utc, which is on ",
                                  absl::FormatCivilTime(first), " in the zone"));
  }
  if (!list.Add(line, "name", row[kName], from, to)) ++list.result().other_years;
}

}  // namespace

absl::StatusOr<ImportedHolidays> ParseHolidays(absl::string_view csv,
                                               const HolidayImport& options) {
  TL_ASSIGN_OR_RETURN(auto list, calendar::HolidayList::Create(csv, "csv", options));
  Rows rows(csv);
  const auto header = rows.Next();
  if (!header || !std::equal(header->begin(), header->end(), kColumns.begin(), kColumns.end())) {
    return InvalidField(
        "csv", absl::StrCat("does not begin with the columns ", absl::StrJoin(kColumns, ",")));
  }
  while (!rows.done()) {
    const auto row = rows.Next();
    if (row && row->size() == 1 && row->front().empty()) continue;  // an empty line
    ++list.result().rows;
    if (!row) {
      list.Fail(rows.line(), "", "has a quote that is not closed or out of place");
    } else if (row->size() != kColumns.size()) {
      list.Fail(rows.line(), "",
                absl::StrFormat("has %d columns, not %d", row->size(), kColumns.size()));
    } else {
      Take(rows.line(), *row, list);
    }
  }
  return std::move(list).Finish();
}

}  // namespace tideline
