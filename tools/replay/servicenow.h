// SPDX-License-Identifier: Apache-2.0
// Reads the audit log of a ServiceNow instance (UCI no. 498): one row per update of an incident.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "tools/replay/log.h"
#include "tools/replay/source.h"

namespace tideline::replay {

// The mapping: team = assignment_group; site = the team's most frequent location; expert = (team,
// assigned_to); skill = category and subcategory, impact and priority = priority, all of the
// incident's first row; New, Active, Awaiting *, Resolved and Closed are the phases, -100 changes
// nothing. '?' is missing: a row without a group leaves the group as it was; rows before the first
// known group count for that group; an incident without any is in the team "unrecorded".
// Times have no zone in the file and are read as +01:00.
//
// INVALID_ARGUMENT names the line that is not of this format; DATA_LOSS as the source says.
absl::StatusOr<Log> ReadServiceNow(std::unique_ptr<ByteSource> source);

}  // namespace tideline::replay
