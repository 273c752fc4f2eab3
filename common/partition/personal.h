// SPDX-License-Identifier: Apache-2.0
// Fields marked (tideline.type.v1.personal): cleared from what is remembered, refilled from today's
// records. What a message type holds is worked out once. Thread-safe.
#pragma once

#include "google/protobuf/message.h"

namespace tideline::partition {

// Whether a message of this type can hold a personal field, at any depth.
bool HasPersonal(const google::protobuf::Descriptor* type);

// Clears every personal field, at any depth.
void ClearPersonal(google::protobuf::Message& message);

}  // namespace tideline::partition
