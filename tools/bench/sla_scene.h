// SPDX-License-Identifier: Apache-2.0
// What sla_monitor follows in bench-sla: the contract as skill_registry would tell it, and lives of
// items as work_routing would. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tideline::bench {

inline constexpr char kSlaWorkspace[] = "workspaces/bench";
inline const absl::Time kSlaStart = absl::FromUnixSeconds(1'772'442'000);  // a Monday, 09:00 UTC
inline constexpr absl::Duration kSlaTarget = absl::Hours(24);

std::string ItemName(int64_t i);

// Serialized events of skill_registry: workspace, organizations, team, calendar, policy,
// engagement. `office`: targets count in office hours; else around the clock.
std::vector<std::string> ContractEvents(bool office);

// Serialized events of work_routing: item `i` is submitted at `at`, accepted a millisecond later,
// and then held and resumed every minute until there are `stretches`.
std::vector<std::string> LifeEvents(int64_t i, absl::Time at, int stretches);

// Whether a serialized event of sla_monitor gives an alert.
bool IsAlert(const std::string& event);

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
};
Percentiles PercentilesOf(std::vector<double> values);

}  // namespace tideline::bench
