// SPDX-License-Identifier: Apache-2.0
// Folding skill_registry's events into resources, as events.proto promises: the events of a
// subject, one after the other, give its public resource. Pure; any thread.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::roster {

// The resource inside, whichever it is; null when none is set, as in an event of a newer version.
const google::protobuf::Message* Inner(const skill_registry::v1::Resource& resource);

// Takes a Created or Changed event into `resource`, which is of the type of Inner(event) and, for
// Changed, holds what the subject's events before gave. Fills etag, create_time and update_time.
// INVALID_ARGUMENT when a path names no field; nothing has changed then.
absl::Status Fold(const skill_registry::v1::Event& event, google::protobuf::Message& resource);

// "{commit}.{index}" back into a position. INVALID_ARGUMENT when it is none.
absl::StatusOr<type::v1::Revision> ParseEtag(absl::string_view etag);

// Whether position `a` stands before `b`.
inline bool Before(const type::v1::Revision& a, const type::v1::Revision& b) {
  return a.commit() != b.commit() ? a.commit() < b.commit() : a.index() < b.index();
}

}  // namespace tideline::roster
