// SPDX-License-Identifier: Apache-2.0
// Resource names as people type and read them: "java" instead of "workspaces/demo/skills/java".
// The patterns come from google.api.resource in the protos. Pure; thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace tideline::cli {

// "workspaces/{workspace}/teams/{team}" for "skill-registry.tideline.dev/Team"; empty for a type no
// linked proto defines.
std::string PatternOf(absl::string_view resource_type);

// The pattern of the names that this field holds: by its resource_reference, or for a resource's
// own `name` the resource's. Empty when it holds none.
std::string PatternOf(const google::protobuf::FieldDescriptor& field);

// Fills a pattern: `text` gives the ids behind the workspace, separated by slashes; a full name
// ("workspaces/...") is taken as it is. INVALID_ARGUMENT when the number of ids is wrong or no
// workspace is known.
absl::StatusOr<std::string> ExpandName(absl::string_view pattern, absl::string_view text,
                                       absl::string_view workspace);

// The ids of a name behind its workspace: "asha" for "workspaces/demo/experts/asha", "demo" for
// "workspaces/demo". Text that is no resource name stays as it is.
std::string ShortName(absl::string_view name);

}  // namespace tideline::cli
