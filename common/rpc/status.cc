// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/status.h"

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/telemetry/log.h"
#include "google/rpc/status.pb.h"

namespace tideline::rpc {
namespace {

using absl::StatusCode;
using telemetry::Level;
using telemetry::Log;

std::string RandomId() {
  unsigned char bytes[8] = {};
  RAND_bytes(bytes, sizeof(bytes));
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), sizeof(bytes)));
}

// For a status that was made without a reason: the most general one of its code.
Reason ReasonOfCode(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
      return Reason::REASON_INVALID_FIELD;
    case StatusCode::kNotFound:
      return Reason::REASON_RESOURCE_NOT_FOUND;
    case StatusCode::kAlreadyExists:
      return Reason::REASON_RESOURCE_EXISTS;
    case StatusCode::kFailedPrecondition:
      return Reason::REASON_STATE_FORBIDS;
    case StatusCode::kAborted:
      return Reason::REASON_ETAG_MISMATCH;
    case StatusCode::kPermissionDenied:
      return Reason::REASON_NOT_YOURS;
    case StatusCode::kUnauthenticated:
      return Reason::REASON_IDENTITY_MISSING;
    case StatusCode::kResourceExhausted:
      return Reason::REASON_QUOTA_EXCEEDED;
    case StatusCode::kUnavailable:
      return Reason::REASON_STORE_UNAVAILABLE;
    case StatusCode::kDataLoss:
      return Reason::REASON_DATA_LOSS;
    case StatusCode::kOutOfRange:
      return Reason::REASON_RESUME_TOO_OLD;
    case StatusCode::kDeadlineExceeded:
      return Reason::REASON_DEADLINE;
    default:
      return Reason::REASON_UNSPECIFIED;
  }
}

}  // namespace

absl::Status Presentable(absl::Status status, absl::string_view method) {
  if (status.ok() || status.code() == StatusCode::kCancelled ||
      status.code() == StatusCode::kUnimplemented) {
    return status;
  }
  if (status.code() == StatusCode::kInternal || status.code() == StatusCode::kUnknown) {
    const std::string id = RandomId();
    Log(Level::kError, "call.defect",
        {{"method", method}, {"id", id}, {"message", status.message()}});
    return Refuse(Reason::REASON_INTERNAL,
                  absl::StrCat("a defect of Tideline; its log has the details under ", id),
                  {{"id", id}});
  }
  if (!InfoOf(status).reason().empty()) return status;
  const Reason reason = ReasonOfCode(status.code());
  if (reason == Reason::REASON_UNSPECIFIED) return status;
  return Refuse(reason, status.message());
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&details](absl::string_view url, const absl::Cord& bytes) {
    google::protobuf::Any* any = details.add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::string(bytes));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  // Details that are not ours, or do not parse, are left out: code and message stand.
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& any : details.details()) {
      result.SetPayload(any.type_url(), absl::Cord(any.value()));
    }
  }
  return result;
}

bool IsDefinite(const absl::Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kCancelled:
    case StatusCode::kInternal:
    case StatusCode::kUnknown:
    case StatusCode::kDataLoss:
    case StatusCode::kOk:
      return false;
    default:
      return ReasonOf(status) != Reason::REASON_UNSPECIFIED;
  }
}

}  // namespace tideline::rpc
