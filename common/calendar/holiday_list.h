// SPDX-License-Identifier: Apache-2.0
// What all formats of published holidays have in common: the checks of text and options, the cut of
// a stretch of time into the dates it closes, the order, the limits. Not thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/calendar/holidays.h"

namespace tideline::calendar {

class HolidayList {
 public:
  // INVALID_ARGUMENT as ParseHolidays says; `format` is the field that a bad text is reported on.
  // `options` outlives the list.
  static absl::StatusOr<HolidayList> Create(absl::string_view text, absl::string_view format,
                                            const HolidayImport& options);

  const HolidayImport& options() const { return *options_; }
  const absl::TimeZone& zone() const { return zone_; }
  // The counts of what was read and left out are the caller's.
  ImportedHolidays& result() { return result_; }

  // Notes an error. Over kMaxRowErrors only the first are kept: a file of another kind has as many
  // errors as lines.
  void Fail(int line, absl::string_view column, std::string message);

  // Whether [from, to) on the zone's clock is something that a holiday can be: else notes an error
  // on the column and returns false.
  bool Check(int line, absl::string_view start_column, absl::string_view end_column,
             const absl::CivilSecond& from, const absl::CivilSecond& to);

  // Adds one holiday for each date that [from, to) touches, with the part of it that is closed.
  // False if all of them lie in other years. The stretch has passed Check.
  bool Add(int line, absl::string_view name_column, const std::string& name,
           const absl::CivilSecond& from, const absl::CivilSecond& to);

  ImportedHolidays Finish() &&;

 private:
  HolidayList(const HolidayImport& options, absl::TimeZone zone)
      : options_(&options), zone_(zone) {}

  const HolidayImport* options_;
  absl::TimeZone zone_;
  ImportedHolidays result_;
};

}  // namespace tideline::calendar
