// SPDX-License-Identifier: Apache-2.0
// Setting and comparing the top-level fields of resources. Pure; any thread.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/field_mask.pb.h"
#include "services/skill_registry/core/resource_kinds.h"

namespace tideline::skill_registry {

// Sets the masked fields of `to` as they are in `from` (absent: cleared). An empty mask means the
// fields that are present in `from`, "*" all. Name, etag and times, and fields marked OUTPUT_ONLY,
// are passed over. INVALID_FIELD names a path that is no top-level field, or a changed IMMUTABLE
// field below `at`; `to` is then not to be used.
absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const Message& from,
                       absl::string_view at, Message& to);

// Fields in which the two differ, in order of their numbers, leaving out name, etag and times.
std::vector<const FieldDescriptor*> Differences(const Message& a, const Message& b);

// Clears the fields that a caller has no say in: marked OUTPUT_ONLY, at the top level.
void ClearOutputOnly(Message& resource);

}  // namespace tideline::skill_registry
