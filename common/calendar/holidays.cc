// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/holidays.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/zone.h"

namespace tideline {
namespace {

using type::v1::Holiday;

constexpr std::array<absl::string_view, 7> kColumns = {"country", "date", "start_utc", "end_utc",
                                                       "type",    "rule", "name"};
enum Column { kCountry, kDate, kStart, kEnd, kType, kRule, kName };

// The longest holidays (school holidays) last weeks; what lasts longer is a wrong year.
constexpr absl::Duration kMaxLength = absl::Hours(24 * 100);
constexpr size_t kMaxName = 200;  // as the proto says

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

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const int more = c < 0x80                ? 0
                     : c >= 0xC2 && c < 0xE0 ? 1
                     : c >= 0xE0 && c < 0xF0 ? 2
                     : c >= 0xF0 && c < 0xF5 ? 3
                                             : -1;
    if (more < 0 || i + more >= text.size()) return false;
    for (int k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

class Importer {
 public:
  Importer(const HolidayImport& options, absl::TimeZone zone) : options_(options), zone_(zone) {}

  void Take(int line, const std::vector<std::string>& row) {
    if (row.size() != kColumns.size()) {
      return Fail(line, "", absl::StrFormat("has %d columns, not %d", row.size(), kColumns.size()));
    }
    if (row[kCountry] != options_.country_code) {
      ++result_.other_countries;
      return;
    }
    if (std::find(options_.types.begin(), options_.types.end(), row[kType]) ==
        options_.types.end()) {
      ++result_.other_types;
      return;
    }
    absl::Time start, end;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, row[kStart], &start, &error)) {
      return Fail(line, "start_utc", "is not an RFC 3339 instant");
    }
    if (!absl::ParseTime(absl::RFC3339_full, row[kEnd], &end, &error)) {
      return Fail(line, "end_utc", "is not an RFC 3339 instant");
    }
    if (end <= start) return Fail(line, "end_utc", "is not after start_utc");
    if (end - start > kMaxLength) return Fail(line, "end_utc", "is over 100 days after start_utc");
    absl::CivilDay date;
    if (!absl::ParseCivilTime(row[kDate], &date)) return Fail(line, "date", "is not a date");
    // Lists name the day after an evening on which a holiday begins; more is a slip of the list.
    const absl::CivilDay first(zone_.At(start).cs);
    if (date - first > 1 || first - date > 1) {
      return Fail(line, "date",
                  absl::StrCat("does not fit start_utc, which is on ", absl::FormatCivilTime(first),
                               " in the zone"));
    }
    if (row[kName].empty() || row[kName].size() > kMaxName) {
      return Fail(line, "name", "is empty or over 200 bytes");
    }
    Split(line, row[kName], start, end);
  }

  ImportedHolidays Finish() && {
    const auto key = [](const Holiday& h) {
      return std::tuple(h.date().year(), h.date().month(), h.date().day(),
                        h.closed().start_minute(), h.closed().end_minute(), h.name());
    };
    std::sort(result_.holidays.begin(), result_.holidays.end(),
              [&](const Holiday& a, const Holiday& b) { return key(a) < key(b); });
    return std::move(result_);
  }

  void Fail(int line, absl::string_view column, std::string message) {
    result_.errors.push_back({line, std::string(column), std::move(message)});
  }
  void CountRow() { ++result_.rows; }

 private:
  static int MinuteOf(const absl::CivilSecond& at) { return at.hour() * 60 + at.minute(); }

  // One holiday per date, with the part of it that is closed.
  void Split(int line, const std::string& name, absl::Time start, absl::Time end) {
    const absl::CivilSecond from = zone_.At(start).cs;
    const absl::CivilSecond to = zone_.At(end).cs;
    if (from.second() != 0 || to.second() != 0) {
      return Fail(line, "start_utc", "or end_utc is not on a whole minute");
    }
    bool taken = false;
    for (absl::CivilDay day(from); absl::CivilSecond(day) < to; ++day) {
      if (day.year() < options_.first_year || day.year() > options_.last_year) continue;
      taken = true;
      Holiday holiday;
      holiday.mutable_date()->set_year(static_cast<int>(day.year()));
      holiday.mutable_date()->set_month(day.month());
      holiday.mutable_date()->set_day(day.day());
      holiday.set_name(name);
      holiday.set_country_code(options_.country_code);
      const int first = day == absl::CivilDay(from) ? MinuteOf(from) : 0;
      const int last = day == absl::CivilDay(to) ? MinuteOf(to) : 1440;
      if (first > 0 || last < 1440) {
        holiday.mutable_closed()->set_start_minute(first);
        holiday.mutable_closed()->set_end_minute(last);
      }
      result_.holidays.push_back(std::move(holiday));
    }
    if (!taken) ++result_.other_years;
  }

  const HolidayImport& options_;
  absl::TimeZone zone_;
  ImportedHolidays result_;
};

}  // namespace

absl::StatusOr<ImportedHolidays> ParseHolidays(absl::string_view csv,
                                               const HolidayImport& options) {
  if (csv.size() > kMaxHolidayBytes) {
    return InvalidField(
        "csv", absl::StrFormat("has %d bytes; the limit is %d", csv.size(), kMaxHolidayBytes));
  }
  if (!IsUtf8(csv)) return InvalidField("csv", "is not UTF-8");
  if (options.country_code.size() != 2 || !absl::ascii_isupper(options.country_code[0]) ||
      !absl::ascii_isupper(options.country_code[1])) {
    return InvalidField("country_code", "is not two capitals of ISO 3166-1");
  }
  absl::TimeZone zone;
  if (calendar::FindZone(options.time_zone) == nullptr ||
      !absl::LoadTimeZone(options.time_zone, &zone)) {
    return InvalidField("time_zone", "is not an IANA time zone of this installation",
                        Reason::REASON_TIME_ZONE_UNKNOWN);
  }
  Rows rows(csv);
  const auto header = rows.Next();
  if (!header || !std::equal(header->begin(), header->end(), kColumns.begin(), kColumns.end())) {
    return InvalidField(
        "csv", absl::StrCat("does not begin with the columns ", absl::StrJoin(kColumns, ",")));
  }
  Importer importer(options, zone);
  while (!rows.done()) {
    const auto row = rows.Next();
    if (row && row->size() == 1 && row->front().empty()) continue;  // an empty line
    importer.CountRow();
    if (row) {
      importer.Take(rows.line(), *row);
    } else {
      importer.Fail(rows.line(), "", "has a quote that is not closed or out of place");
    }
  }
  return std::move(importer).Finish();
}

}  // namespace tideline
