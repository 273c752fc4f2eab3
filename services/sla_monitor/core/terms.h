// SPDX-License-Identifier: Apache-2.0
// One state of an SLA policy and its calendar, read into plain values. What was promised does not
// change after the fact: a change of either makes new terms, and an item that is pinned keeps its
// own, calendar and all.
//
// Immutable once made; owned by their Workspace.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/calendar/calendar.h"
#include "services/sla_monitor/core/micros.h"
#include "services/sla_monitor/core/records.pb.h"
#include "tideline/type/v1/sla.pb.h"

namespace tideline::sla_monitor {

using type::v1::ImpactClass;
using type::v1::Leg;
inline constexpr size_t kLegs = type::v1::Leg_ARRAYSIZE;

// What is promised to one impact class.
struct Targets {
  Micros client = 0;
  std::array<Micros, kLegs> legs{};  // kNever: no target of its own
  Micros pause_budget = 0;
};

struct Terms {
  // INVALID_ARGUMENT when the calendar's rules do not hold together (its owner checked them) or its
  // zone does not load.
  static absl::StatusOr<std::unique_ptr<Terms>> Create(core::v1::StoredTerms record);

  core::v1::StoredTerms record;
  std::shared_ptr<const Calendar> calendar;
  absl::TimeZone zone;                                                            // of its days
  std::array<std::unique_ptr<Targets>, type::v1::ImpactClass_ARRAYSIZE> classes;  // null: none

  const type::v1::SlaRules& rules() const { return record.rules(); }
  const Targets* For(ImpactClass impact_class) const;
  // Whether an item of this work type and depth is held against them.
  bool Covers(absl::string_view work_type, int depth) const;
  bool pinned() const {
    return record.rules().revision() != type::v1::SlaRules::REVISION_RECALCULATED;
  }
  // Days since 1970 on the calendar's wall.
  int32_t DayOf(Micros at) const {
    return static_cast<int32_t>(absl::ToCivilDay(FromMicros(at), zone) - absl::CivilDay(1970));
  }

  Micros Add(Micros from, Micros working) const {
    return ToMicros(calendar->Add(FromMicros(from), absl::Microseconds(working)));
  }
  Micros Measure(Micros from, Micros to) const {
    return absl::ToInt64Microseconds(calendar->Measure(FromMicros(from), FromMicros(to)));
  }
};

}  // namespace tideline::sla_monitor
