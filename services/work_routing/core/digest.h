// SPDX-License-Identifier: Apache-2.0
// Checksums of results, to which approvals are bound, and the limits of attributes. Pure; any
// thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::work_routing {

// Longest key of an attribute: as long as a resource id.
inline constexpr size_t kMaxAttributeKeyBytes = 63;
// Longest value, and most of them: an item stays small, and content stays where it is.
inline constexpr size_t kMaxAttributeBytes = 1024;
inline constexpr size_t kMaxAttributes = 64;

// SHA-256 of the deterministic serialization, in hex.
std::string ChecksumOf(const v1::Result& result);

// INVALID_FIELD names `field` when there are too many or one is too long.
absl::Status CheckAttributes(const google::protobuf::Map<std::string, std::string>& attributes,
                             absl::string_view field);

}  // namespace tideline::work_routing
