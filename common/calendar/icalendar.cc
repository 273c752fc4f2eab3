// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/icalendar.h"

#include <libical/ical.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/holiday_list.h"
#include "common/calendar/zone.h"

namespace tideline {
namespace {

// One entry is some hundred bytes; descriptions make it a few thousand.
constexpr size_t kMaxEntryBytes = 64 * 1024;

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;
struct FreeIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};

// The text of one VEVENT. Entries are cut out here and parsed one by one, so that each error has
// its line and one bad entry spoils no other.
struct Entry {
  int line = 0;
  std::string text;
  bool closed = false;
};

class Entries {
 public:
  explicit Entries(absl::string_view text) : rest_(text) {
    absl::ConsumePrefix(&rest_, "\xEF\xBB\xBF");
  }

  // Whether the first line opens a calendar.
  bool Open() {
    const std::optional<absl::string_view> first = Line();
    return first && absl::EqualsIgnoreCase(*first, "BEGIN:VCALENDAR");
  }

  std::optional<Entry> Next() {
    std::optional<absl::string_view> line = Line();
    while (line && !absl::EqualsIgnoreCase(*line, "BEGIN:VEVENT")) line = Line();
    if (!line) return std::nullopt;
    Entry entry;
    entry.line = line_;
    for (; line && !entry.closed; line = entry.closed ? line : Line()) {
      if (entry.text.size() <= kMaxEntryBytes) absl::StrAppend(&entry.text, *line, "\r\n");
      entry.closed = absl::EqualsIgnoreCase(*line, "END:VEVENT");
    }
    return entry;
  }

 private:
  std::optional<absl::string_view> Line() {
    if (rest_.empty()) return std::nullopt;
    ++line_;
    const size_t end = rest_.find('\n');
    absl::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + 1);
    absl::ConsumeSuffix(&line, "\r");
    return line;
  }

  absl::string_view rest_;
  int line_ = 0;
};

absl::CivilSecond Civil(const icaltimetype& time) {
  return absl::CivilSecond(time.year, time.month, time.day, time.hour, time.minute, time.second);
}

// libical lets February have 30 days.
bool Exists(const icaltimetype& time) {
  return icaltime_is_valid_time(time) && !icaltime_is_null_time(time) &&
         Civil(time).day() == time.day && Civil(time).month() == time.month &&
         Civil(time).hour() == time.hour;
}

// What one entry says, on the clock of the list's zone.
class EntryReader {
 public:
  EntryReader(int line, icalcomponent* event, calendar::HolidayList& list)
      : line_(line), event_(event), list_(list) {}

  void Take() {
    if (!FindSyntaxErrors() || !FindStart() || !FindLength()) return;
    const char* summary = icalcomponent_get_summary(event_);
    name_ = summary == nullptr ? "" : summary;
    if (icalcomponent_get_first_property(event_, ICAL_RECURRENCEID_PROPERTY) != nullptr) {
      return list_.Fail(line_, "RECURRENCE-ID",
                        "changes one day of another entry; list that day "
                        "by itself, and leave it out there by EXDATE");
    }
    if (!FindExceptions()) return;
    Add(start_);
    if (!AddRecurrences() || !AddDates()) return;
    bool taken = false;
    for (const auto& [from, to] : stretches_) {
      taken |= list_.Add(line_, "SUMMARY", name_, from, to);
    }
    if (!taken) ++list_.result().other_years;
  }

 private:
  // libical keeps what it could not read as a property of its own.
  bool FindSyntaxErrors() {
    icalproperty* error = icalcomponent_get_first_property(event_, ICAL_XLICERROR_PROPERTY);
    if (error == nullptr) return true;
    list_.Fail(line_, "", absl::StrCat("cannot be read: ", icalproperty_get_xlicerror(error)));
    return false;
  }

  bool FindStart() {
    icalproperty* start = icalcomponent_get_first_property(event_, ICAL_DTSTART_PROPERTY);
    if (start == nullptr) return Fail("DTSTART", "is missing");
    start_ = icalproperty_get_dtstart(start);
    // Before common/calendar's years nothing is taken, and libical's dates end somewhere, too.
    if (!Exists(start_) || start_.year < 1600 || start_.year > 2199) {
      return Fail("DTSTART", "is not a date from 1600 to 2199");
    }
    return FindZone(start, "DTSTART", &zone_);
  }

  // The zone on whose clock a property's times are.
  bool FindZone(icalproperty* property, absl::string_view name, absl::TimeZone* zone) {
    *zone = list_.zone();
    icalparameter* id = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    if (icaltime_is_utc(icalvalue_get_datetime(icalproperty_get_value(property)))) {
      *zone = absl::UTCTimeZone();
    } else if (id != nullptr) {
      const std::string text = icalparameter_get_tzid(id);
      if (calendar::FindZone(text) == nullptr || !absl::LoadTimeZone(text, zone)) {
        return Fail(name, absl::StrCat("has TZID '", text.substr(0, 64),
                                       "', which is not an IANA time zone of this installation"));
      }
    }
    return true;
  }

  // How long it lasts, on the clock; an hour that the clock skips on the way is not asked for.
  bool FindLength() {
    icalproperty* end = icalcomponent_get_first_property(event_, ICAL_DTEND_PROPERTY);
    icalproperty* duration = icalcomponent_get_first_property(event_, ICAL_DURATION_PROPERTY);
    if (end != nullptr) {
      const icaltimetype time = icalproperty_get_dtend(end);
      if (!Exists(time) || icaltime_is_date(time) != icaltime_is_date(start_)) {
        return Fail("DTEND", "is not a time of DTSTART's kind");
      }
      absl::TimeZone zone;
      if (!FindZone(end, "DTEND", &zone)) return false;
      end_column_ = "DTEND";
      length_ = icaltime_is_date(start_)
                    ? Civil(time) - Civil(start_)
                    : absl::ToInt64Seconds(absl::FromCivil(Civil(time), zone) -
                                           absl::FromCivil(Civil(start_), zone_));
    } else if (duration != nullptr) {
      end_column_ = "DURATION";
      length_ = icaldurationtype_as_int(icalproperty_get_duration(duration));
    } else if (icaltime_is_date(start_)) {
      length_ = 24 * 60 * 60;  // RFC 5545 3.6.1
    } else {
      return Fail("DTEND", "is missing, and DTSTART is a time");
    }
    const auto [from, to] = Stretch(start_);
    return list_.Check(line_, "DTSTART", end_column_, from, to);
  }

  bool FindExceptions() {
    for (icalproperty* p = icalcomponent_get_first_property(event_, ICAL_EXDATE_PROPERTY);
         p != nullptr; p = icalcomponent_get_next_property(event_, ICAL_EXDATE_PROPERTY)) {
      const icaltimetype time = icalproperty_get_exdate(p);
      absl::TimeZone zone;
      if (!Exists(time)) return Fail("EXDATE", "is not a date");
      if (!FindZone(p, "EXDATE", &zone)) return false;
      except_.insert(icaltime_is_date(time) ? Civil(time) : ToListsClock(Civil(time), zone));
    }
    return true;
  }

  absl::CivilSecond ToListsClock(const absl::CivilSecond& at, const absl::TimeZone& zone) const {
    return zone == list_.zone() ? at : list_.zone().At(absl::FromCivil(at, zone)).cs;
  }

  // What an occurrence covers. Whole dates are dates of the list's zone, wherever they are read.
  std::pair<absl::CivilSecond, absl::CivilSecond> Stretch(const icaltimetype& start) const {
    const absl::CivilSecond from = Civil(start);
    if (icaltime_is_date(start)) return {from, from + length_};
    const absl::Time begin = absl::FromCivil(from, zone_);
    return {list_.zone().At(begin).cs, list_.zone().At(begin + absl::Seconds(length_)).cs};
  }

  // Doubles count once (RFC 5545 3.8.5).
  void Add(const icaltimetype& start) {
    const auto stretch = Stretch(start);
    const bool excepted = except_.contains(stretch.first) ||
                          except_.contains(absl::CivilSecond(absl::CivilDay(stretch.first)));
    if (!excepted) stretches_.insert(stretch);
  }

  bool AddRecurrences() {
    for (icalproperty* p = icalcomponent_get_first_property(event_, ICAL_RRULE_PROPERTY);
         p != nullptr; p = icalcomponent_get_next_property(event_, ICAL_RRULE_PROPERTY)) {
      const icalrecurrencetype rule = icalproperty_get_rrule(p);
      if (rule.freq < ICAL_DAILY_RECURRENCE || rule.freq > ICAL_YEARLY_RECURRENCE) {
        return Fail("RRULE", "does not repeat by day, week, month or year");
      }
      const std::unique_ptr<icalrecur_iterator, FreeIterator> each(
          icalrecur_iterator_new(rule, start_));
      if (each == nullptr) return Fail("RRULE", "cannot be followed");
      int count = 0;
      while (true) {
        const icaltimetype next = icalrecur_iterator_next(each.get());
        if (icaltime_is_null_time(next) || next.year > list_.options().last_year) break;
        if (next.year < list_.options().first_year - 1) continue;
        if (++count > kMaxOccurrences) {
          return Fail("RRULE", absl::StrCat("repeats over ", kMaxOccurrences, " times"));
        }
        Add(next);
      }
    }
    return true;
  }

  bool AddDates() {
    for (icalproperty* p = icalcomponent_get_first_property(event_, ICAL_RDATE_PROPERTY);
         p != nullptr; p = icalcomponent_get_next_property(event_, ICAL_RDATE_PROPERTY)) {
      const icaltimetype time = icalproperty_get_rdate(p).time;
      if (!Exists(time) || icaltime_is_date(time) != icaltime_is_date(start_)) {
        return Fail("RDATE", "is not a date of DTSTART's kind");
      }
      Add(time);
    }
    return true;
  }

  bool Fail(absl::string_view property, std::string message) {
    list_.Fail(line_, property, std::move(message));
    return false;
  }

  const int line_;
  icalcomponent* const event_;
  calendar::HolidayList& list_;
  icaltimetype start_ = icaltime_null_time();
  absl::TimeZone zone_;
  int64_t length_ = 0;  // seconds
  absl::string_view end_column_ = "DTSTART";
  std::string name_;
  std::set<absl::CivilSecond> except_;
  std::set<std::pair<absl::CivilSecond, absl::CivilSecond>> stretches_;
};

void Take(const Entry& entry, calendar::HolidayList& list) {
  if (!entry.closed) return list.Fail(entry.line, "", "has no END:VEVENT");
  if (entry.text.size() > kMaxEntryBytes) {
    return list.Fail(entry.line, "", absl::StrCat("has over ", kMaxEntryBytes, " bytes"));
  }
  if (entry.text.find('\0') != std::string::npos) {
    return list.Fail(entry.line, "", "has a NUL byte");
  }
  const Component event(icalparser_parse_string(entry.text.c_str()));
  if (event == nullptr || icalcomponent_isa(event.get()) != ICAL_VEVENT_COMPONENT) {
    return list.Fail(entry.line, "", "cannot be read");
  }
  if (icalcomponent_get_status(event.get()) == ICAL_STATUS_CANCELLED) {
    ++list.result().other_types;
    return;
  }
  EntryReader(entry.line, event.get(), list).Take();
}

}  // namespace

absl::StatusOr<ImportedHolidays> ParseICalendar(absl::string_view ics,
                                                const HolidayImport& options) {
  TL_ASSIGN_OR_RETURN(auto list, calendar::HolidayList::Create(ics, "ics", options));
  // libical's default is to abort on what it cannot read.
  static const bool lenient = [] {
    icalerror_set_errors_are_fatal(0);
    return true;
  }();
  Entries entries(ics);
  if (!lenient || !entries.Open()) {
    return InvalidField("ics", "does not begin with BEGIN:VCALENDAR");
  }
  while (const std::optional<Entry> entry = entries.Next()) {
    ++list.result().rows;
    Take(*entry, list);
  }
  return std::move(list).Finish();
}

}  // namespace tideline
