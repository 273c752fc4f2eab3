// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/core/terms.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/due/due.h"

namespace tideline::sla_monitor {

absl::StatusOr<std::unique_ptr<Terms>> Terms::Create(core::v1::StoredTerms record) {
  auto terms = std::make_unique<Terms>();
  terms->zone = absl::UTCTimeZone();
  if (record.has_calendar_rules()) {
    TL_ASSIGN_OR_RETURN(terms->calendar, Calendar::Create(record.calendar_rules(), "calendar"));
    absl::LoadTimeZone(record.calendar_rules().time_zone(), &terms->zone);  // it just loaded
  } else {
    terms->calendar = Calendar::Always();
  }
  for (const type::v1::ClassTargets& one : record.rules().classes()) {
    auto targets = std::make_unique<Targets>();
    targets->client = ToMicros(one.client_target());
    targets->legs.fill(kNever);
    for (const type::v1::LegTarget& leg : one.legs()) {
      targets->legs[static_cast<size_t>(leg.leg())] = ToMicros(leg.target());
    }
    targets->pause_budget = ToMicros(one.pause_budget());
    terms->classes[static_cast<size_t>(one.impact_class())] = std::move(targets);
  }
  terms->record = std::move(record);
  return terms;
}

const Targets* Terms::For(ImpactClass impact_class) const {
  const size_t index = static_cast<size_t>(impact_class == type::v1::IMPACT_CLASS_UNSPECIFIED
                                               ? type::v1::IMPACT_CLASS_LOW
                                               : impact_class);
  return index < classes.size() ? classes[index].get() : nullptr;
}

bool Terms::Covers(absl::string_view work_type, int depth) const {
  return due::Applies(rules(), work_type, depth);
}

}  // namespace tideline::sla_monitor
