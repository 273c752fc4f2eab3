// SPDX-License-Identifier: Apache-2.0
// Reads the incident log of BPI Challenge 2013 (Volvo IT): one row per change of an incident.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "tools/replay/log.h"
#include "tools/replay/source.h"

namespace tideline::replay {

// The mapping: team = Involved ST; organization = the team's most frequent Involved Org line 3;
// site = the most common owner country among its rows; expert = (team, owner country, first name);
// skill = Product; Queued, Accepted, Accepted/Wait*, Completed/Closed and any other Completed are
// the phases; Unmatched changes nothing. The owner 'Siebel' is the system.
//
// INVALID_ARGUMENT names the line that is not of this format; DATA_LOSS as the source says.
absl::StatusOr<Log> ReadVinst(std::unique_ptr<ByteSource> source);

}  // namespace tideline::replay
