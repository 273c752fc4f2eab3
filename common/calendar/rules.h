// SPDX-License-Identifier: Apache-2.0
// CalendarRules checked and flattened to what a Line takes: the hours of the clock's dates, with
// shifts over midnight cut at midnight, and holidays and exceptions resolved. Pure but for loading
// the zone; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/calendar/line.h"
#include "common/calendar/zone.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline::calendar {

struct Checked {
  std::shared_ptr<const Zone> zone;
  Pieces week;
  std::map<int64_t, Pieces> days;  // only those that differ from the week
};

// Codes as Calendar::Create, except that a calendar without hours passes.
absl::StatusOr<Checked> Check(const type::v1::CalendarRules& rules, absl::string_view field);

// What Calendar::Create says about rules that are never open.
absl::Status NeverOpen(absl::string_view field);

}  // namespace tideline::calendar
