// SPDX-License-Identifier: Apache-2.0
// The SLA policies of a replay: read from a file, or the one that --sla uses by itself. Pure but
// for loading zones; any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/replay/policy_file.pb.h"

namespace tideline::replay {

// INVALID_ARGUMENT names what is wrong: not JSON of a PolicyFile, no policy or over kMostPolicies,
// an id that is none or twice there, a calendar or rules that do not hold together.
absl::StatusOr<v1::PolicyFile> ParsePolicies(absl::string_view json);
inline constexpr int kMostPolicies = 8;

// Five days around the clock for every class, a target for each leg, a day of pauses.
v1::PolicyFile DefaultPolicies();

}  // namespace tideline::replay
