// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/holiday_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/calendar/zone.h"

namespace tideline::calendar {
namespace {

using type::v1::Holiday;

// The longest holidays (school holidays) last weeks; what lasts longer is a wrong year.
constexpr int64_t kMaxSeconds = int64_t{100} * 24 * 60 * 60;
constexpr size_t kMaxName = 200;  // as the proto says
constexpr size_t kMaxRowErrors = 1000;

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

int MinuteOf(const absl::CivilSecond& at) { return at.hour() * 60 + at.minute(); }

}  // namespace

absl::StatusOr<HolidayList> HolidayList::Create(absl::string_view text, absl::string_view format,
                                                const HolidayImport& options) {
  if (text.size() > kMaxHolidayBytes) {
    return InvalidField(
        format, absl::StrFormat("has %d bytes; the limit is %d", text.size(), kMaxHolidayBytes));
  }
  if (!IsUtf8(text)) return InvalidField(format, "is not UTF-8");
  if (options.country_code.size() != 2 || !absl::ascii_isupper(options.country_code[0]) ||
      !absl::ascii_isupper(options.country_code[1])) {
    return InvalidField("country_code", "is not two capitals of ISO 3166-1");
  }
  absl::TimeZone zone;
  if (FindZone(options.time_zone) == nullptr || !absl::LoadTimeZone(options.time_zone, &zone)) {
    return InvalidField("time_zone", "is not an IANA time zone of this installation",
                        Reason::REASON_TIME_ZONE_UNKNOWN);
  }
  return HolidayList(options, zone);
}

void HolidayList::Fail(int line, absl::string_view column, std::string message) {
  if (result_.errors.size() == kMaxRowErrors) return;
  result_.errors.push_back({line, std::string(column), std::move(message)});
}

bool HolidayList::Check(int line, absl::string_view start_column, absl::string_view end_column,
                        const absl::CivilSecond& from, const absl::CivilSecond& to) {
  if (to <= from) {
    Fail(line, end_column, absl::StrCat("is not after ", start_column));
  } else if (to - from > kMaxSeconds) {
    Fail(line, end_column, absl::StrCat("is over 100 days after ", start_column));
  } else if (from.second() != 0 || to.second() != 0) {
    Fail(line, start_column, absl::StrCat("or ", end_column, " is not on a whole minute"));
  } else {
    return true;
  }
  return false;
}

bool HolidayList::Add(int line, absl::string_view name_column, const std::string& name,
                      const absl::CivilSecond& from, const absl::CivilSecond& to) {
  if (name.empty() || name.size() > kMaxName) {
    Fail(line, name_column, "is empty or over 200 bytes");
    return true;
  }
  bool taken = false;
  for (absl::CivilDay day(from); absl::CivilSecond(day) < to; ++day) {
    if (day.year() < options_->first_year || day.year() > options_->last_year) continue;
    taken = true;
    if (result_.holidays.size() == kMaxHolidays) {
      Fail(line, "",
           absl::StrFormat("is after %d days, the most that one import takes", kMaxHolidays));
      break;
    }
    Holiday& holiday = result_.holidays.emplace_back();
    holiday.mutable_date()->set_year(static_cast<int>(day.year()));
    holiday.mutable_date()->set_month(day.month());
    holiday.mutable_date()->set_day(day.day());
    holiday.set_name(name);
    holiday.set_country_code(options_->country_code);
    const int first = day == absl::CivilDay(from) ? MinuteOf(from) : 0;
    const int last = day == absl::CivilDay(to) ? MinuteOf(to) : 1440;
    if (first > 0 || last < 1440) {
      holiday.mutable_closed()->set_start_minute(first);
      holiday.mutable_closed()->set_end_minute(last);
    }
  }
  return taken;
}

ImportedHolidays HolidayList::Finish() && {
  const auto key = [](const Holiday& h) {
    return std::tuple(h.date().year(), h.date().month(), h.date().day(), h.closed().start_minute(),
                      h.closed().end_minute(), h.name());
  };
  std::sort(result_.holidays.begin(), result_.holidays.end(),
            [&](const Holiday& a, const Holiday& b) { return key(a) < key(b); });
  return std::move(result_);
}

}  // namespace tideline::calendar
