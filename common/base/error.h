// SPDX-License-Identifier: Apache-2.0
// Errors that say what failed, which field, and why, as absl::Status with payloads that the rpc
// seam turns into google.rpc.ErrorInfo, BadRequest and RetryInfo. Pure; any thread.
//
//   return InvalidField("work_item.title", "is 300 bytes; the limit is 200");
//   return Refuse(Reason::REASON_OFFER_EXPIRED, "offer o1 expired at ...", {{"offer", name}});
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "tideline/type/v1/reason.pb.h"

namespace tideline {

using type::v1::Reason;
using ErrorMetadata = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

// The canonical code of a reason: one table for the whole suite (architecture: rpc errors).
absl::StatusCode CodeOf(Reason reason);

// A refusal with the reason's code. `message` is for people; every value in it that a program may
// want is also in `metadata` (lowerCamelCase keys).
absl::Status Refuse(Reason reason, absl::string_view message, ErrorMetadata metadata = {});

// INVALID_ARGUMENT that names one field by its path, such as "work_item.requirements[3].skill".
absl::Status InvalidField(absl::string_view field, absl::string_view message,
                          Reason reason = Reason::REASON_INVALID_FIELD);

// NOT_FOUND for a resource name; the same words whether it is absent or another tenant's.
absl::Status NotFound(absl::string_view name);

// FAILED_PRECONDITION: `field` of the request names `name`, which does not exist.
absl::Status ReferenceNotFound(absl::string_view field, absl::string_view name);

// Adds "try again after" to a status.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);

// What a status carries. REASON_UNSPECIFIED / empty messages when it carries nothing.
Reason ReasonOf(const absl::Status& status);
google::rpc::ErrorInfo InfoOf(const absl::Status& status);
google::rpc::BadRequest BadRequestOf(const absl::Status& status);
absl::Duration RetryAfterOf(const absl::Status& status);  // zero: none

// "STATE_FORBIDS" for REASON_STATE_FORBIDS.
std::string ReasonName(Reason reason);

}  // namespace tideline
