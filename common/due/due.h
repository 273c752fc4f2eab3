// SPDX-License-Identifier: Apache-2.0
// From what an SLA policy promises to when an item is due. work_routing orders by it and
// sla_monitor holds against it, so it lives in one place and is pure. Any thread.
//
//   due::DueTimes times = due::Compute(policy.rules(), item.impact_class(), *calendar, started);
//   absl::Time must_start = due::LatestStart(times.overall, effort_left, *team_calendar);
#pragma once

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/calendar/calendar.h"
#include "tideline/type/v1/sla.pb.h"
#include "tideline/type/v1/values.pb.h"

namespace tideline::due {

// Whether a policy's rules hold together: targets of a millisecond or more, each class and leg
// once, legs that the start and stop leave room for, the sum of the legs within the client target,
// escalations of alerts there are, and credits that fall due step by step. INVALID_ARGUMENT names
// the field below `field`, with reason TARGETS_EXCEED_CLIENT_TARGET, FIELD_REQUIRED or
// INVALID_FIELD. Called when a policy is published; the others below expect it.
absl::Status Validate(const type::v1::SlaRules& rules, absl::string_view field = "rules");

// Whether an item of this work type, made by the suite at this depth, is held against the rules.
bool Applies(const type::v1::SlaRules& rules, absl::string_view work_type, int depth);

// What the legs of one class add up to, handoffs included as often as planned.
absl::Duration SumOfLegs(const type::v1::ClassTargets& targets);

// The targets of a class; null if it has none. IMPACT_CLASS_UNSPECIFIED counts as LOW.
const type::v1::ClassTargets* FindTargets(const type::v1::SlaRules& rules,
                                          type::v1::ImpactClass impact_class);

// When a share of the client target is used up.
struct Warning {
  int percent = 0;
  absl::Time at;
  friend bool operator==(const Warning&, const Warning&) = default;
};

struct DueTimes {
  // When the client target is used up; InfiniteFuture if the policy promises this class nothing.
  absl::Time overall = absl::InfiniteFuture();
  // When each leg with a target has to be over if all before it took what they may: the sum of the
  // targets from the start to it. A leg without a target adds nothing, and neither do handoffs,
  // whose clocks start with them (LegDue). Never after `overall`.
  std::map<type::v1::Leg, absl::Time> legs;
  // One for each of the policy's shares, in order.
  std::vector<Warning> warnings;
};

// Due times of an item whose clock started at `start` and was never paused, in the working time of
// the policy's calendar.
DueTimes Compute(const type::v1::SlaRules& rules, type::v1::ImpactClass impact_class,
                 const Calendar& calendar, absl::Time start);

// `overall` after `paused` of working time in which the clock stood still: so much working time
// later, but no more than the class's pause budget.
absl::Time OverallDue(const type::v1::SlaRules& rules, type::v1::ImpactClass impact_class,
                      const Calendar& calendar, absl::Time start, absl::Duration paused);

// When a leg that began at `began` uses up its own target; InfiniteFuture if it has none.
absl::Time LegDue(const type::v1::SlaRules& rules, type::v1::ImpactClass impact_class,
                  type::v1::Leg leg, const Calendar& calendar, absl::Time began);

// The urgency of an item: when work on it has to start, or go on, for `remaining` of working time
// in the doers' calendar to be done by `due`. InfiniteFuture when nothing is due; InfinitePast when
// the calendar never had so much time.
absl::Time LatestStart(absl::Time due, absl::Duration remaining, const Calendar& calendar);

}  // namespace tideline::due
