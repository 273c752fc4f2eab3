// SPDX-License-Identifier: Apache-2.0
#include "common/base/error.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tideline {
namespace {

using absl::StatusCode;

// The payloads have the type URLs under which google.rpc.Status carries the same messages, so the
// rpc seam moves them across without looking inside.
constexpr absl::string_view kInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr absl::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";
constexpr absl::string_view kRetryUrl = "type.googleapis.com/google.rpc.RetryInfo";
constexpr absl::string_view kDomain = "tideline.dev";

void SetPayload(absl::Status& status, absl::string_view url,
                const google::protobuf::Message& message) {
  status.SetPayload(url, absl::Cord(message.SerializeAsString()));
}

template <class Message>
Message PayloadOf(const absl::Status& status, absl::string_view url) {
  Message message;
  if (auto bytes = status.GetPayload(url)) {
    // A payload that does not parse says nothing: the status itself still does.
    if (!message.ParseFromString(std::string(*bytes))) message.Clear();
  }
  return message;
}

}  // namespace

absl::StatusCode CodeOf(Reason reason) {
  switch (reason) {
    case Reason::REASON_INVALID_FIELD:
    case Reason::REASON_FIELD_REQUIRED:
    case Reason::REASON_PAGE_TOKEN_INVALID:
    case Reason::REASON_TIME_ZONE_UNKNOWN:
    case Reason::REASON_HOURS_OVERLAP:
    case Reason::REASON_CYCLE:
    case Reason::REASON_TARGETS_EXCEED_CLIENT_TARGET:
    case Reason::REASON_PACKET_INCOMPLETE:
    case Reason::REASON_READ_BACK_TOO_SHORT:
      return StatusCode::kInvalidArgument;
    case Reason::REASON_RESOURCE_NOT_FOUND:
      return StatusCode::kNotFound;
    case Reason::REASON_RESOURCE_EXISTS:
    case Reason::REASON_REQUEST_ID_REUSED:
      return StatusCode::kAlreadyExists;
    case Reason::REASON_ETAG_MISMATCH:
      return StatusCode::kAborted;
    case Reason::REASON_ROLE_MISSING:
    case Reason::REASON_NOT_YOURS:
    case Reason::REASON_NO_AUTHORITY:
      return StatusCode::kPermissionDenied;
    case Reason::REASON_IDENTITY_MISSING:
      return StatusCode::kUnauthenticated;
    case Reason::REASON_REFERENCE_NOT_FOUND:
    case Reason::REASON_RESOURCE_IN_USE:
    case Reason::REASON_STATE_FORBIDS:
    case Reason::REASON_OFFER_EXPIRED:
    case Reason::REASON_CUSTODY_MOVED:
    case Reason::REASON_NOT_ELIGIBLE:
    case Reason::REASON_WINDOW_CLOSED:
    case Reason::REASON_SAME_PERSON:
    case Reason::REASON_LADDER_STEP:
    case Reason::REASON_DEPTH_EXCEEDED:
    case Reason::REASON_HANDOFF_OPEN:
    case Reason::REASON_COVERAGE_HOLE:
    case Reason::REASON_NOT_INDEPENDENT:
    case Reason::REASON_NO_REVIEWER:
    case Reason::REASON_RUBRIC_NOT_MET:
      return StatusCode::kFailedPrecondition;
    case Reason::REASON_QUOTA_EXCEEDED:
    case Reason::REASON_STORE_FULL:
      return StatusCode::kResourceExhausted;
    case Reason::REASON_STORE_UNAVAILABLE:
    case Reason::REASON_DRAINING:
      return StatusCode::kUnavailable;
    case Reason::REASON_DATA_LOSS:
      return StatusCode::kDataLoss;
    case Reason::REASON_RESUME_TOO_OLD:
      return StatusCode::kOutOfRange;
    case Reason::REASON_DEADLINE:
      return StatusCode::kDeadlineExceeded;
    case Reason::REASON_INTERNAL:
    case Reason::REASON_UNSPECIFIED:
    default:  // a value of a newer version, or one without a row here: the golden table shows it
      return StatusCode::kInternal;
  }
}

absl::Status Refuse(Reason reason, absl::string_view message, ErrorMetadata metadata) {
  absl::Status status(CodeOf(reason), message);
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain(std::string(kDomain));
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[std::string(key)] = std::string(value);
  }
  SetPayload(status, kInfoUrl, info);
  return status;
}

absl::Status InvalidField(absl::string_view field, absl::string_view message, Reason reason) {
  absl::Status status = Refuse(reason, absl::StrCat(field, " ", message), {{"field", field}});
  google::rpc::BadRequest bad;
  google::rpc::BadRequest::FieldViolation& violation = *bad.add_field_violations();
  violation.set_field(std::string(field));
  violation.set_description(std::string(message));
  violation.set_reason(ReasonName(reason));
  SetPayload(status, kBadRequestUrl, bad);
  return status;
}

absl::Status NotFound(absl::string_view name) {
  return Refuse(Reason::REASON_RESOURCE_NOT_FOUND, absl::StrCat(name, " does not exist"),
                {{"resource", name}});
}

absl::Status ReferenceNotFound(absl::string_view field, absl::string_view name) {
  return Refuse(Reason::REASON_REFERENCE_NOT_FOUND,
                absl::StrCat(field, " refers to ", name, ", which does not exist"),
                {{"field", field}, {"resource", name}});
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  if (status.ok()) return status;
  google::rpc::RetryInfo retry;
  const int64_t nanos = absl::ToInt64Nanoseconds(delay);
  retry.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  SetPayload(status, kRetryUrl, retry);
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  if (status.ok()) return Reason::REASON_UNSPECIFIED;
  const google::rpc::ErrorInfo info = InfoOf(status);
  if (info.domain() != kDomain) return Reason::REASON_UNSPECIFIED;
  Reason reason = Reason::REASON_UNSPECIFIED;
  if (!type::v1::Reason_Parse("REASON_" + info.reason(), &reason)) {
    return Reason::REASON_UNSPECIFIED;
  }
  return reason;
}

google::rpc::ErrorInfo InfoOf(const absl::Status& status) {
  return PayloadOf<google::rpc::ErrorInfo>(status, kInfoUrl);
}

google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  return PayloadOf<google::rpc::BadRequest>(status, kBadRequestUrl);
}

absl::Duration RetryAfterOf(const absl::Status& status) {
  const auto retry = PayloadOf<google::rpc::RetryInfo>(status, kRetryUrl);
  return absl::Seconds(retry.retry_delay().seconds()) +
         absl::Nanoseconds(retry.retry_delay().nanos());
}

std::string ReasonName(Reason reason) {
  return std::string(absl::StripPrefix(type::v1::Reason_Name(reason), "REASON_"));
}

}  // namespace tideline
