// SPDX-License-Identifier: Apache-2.0
// An item's clock as a timeline for people: each stretch with whether the clock ran, why, whose it
// was, how much working time it had, and what that adds up to. Pure; thread-safe.
#pragma once

#include <string>

#include "tideline/sla_monitor/v1/resources.pb.h"

namespace tideline::cli {

// Several lines. Times are UTC. Adds the running intervals up itself and says so if that were not
// what the reading says.
std::string FormatTimeline(const sla_monitor::v1::Reading& reading);

}  // namespace tideline::cli
