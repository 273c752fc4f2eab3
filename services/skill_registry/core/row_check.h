// SPDX-License-Identifier: Apache-2.0
// Holds one row of an import against what its proto declares, as the rpc seam does with a request:
// a row that breaks a limit is refused by itself, and not the chunk it came in. Pure.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tideline::skill_registry {

// `request` is the request that would create the resource alone, so that errors name its fields as
// there ("expert.skills[3].skill"); fields marked OUTPUT_ONLY are cleared in it. INVALID_ARGUMENT
// or FAILED_PRECONDITION (REFERENCE_NOT_FOUND) as the seam's.
absl::Status CheckRow(absl::string_view workspace, google::protobuf::Message& request);

}  // namespace tideline::skill_registry
