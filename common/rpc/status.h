// SPDX-License-Identifier: Apache-2.0
// absl::Status on the wire and back. An error leaves with a google.rpc.Status in its details that
// holds ErrorInfo, and BadRequest and RetryInfo where there are any.
//
// Thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace tideline::rpc {

// Makes a status fit to leave: one without ErrorInfo gets the reason of its code; INTERNAL and
// UNKNOWN are a defect of ours, so their message is logged under an id and the caller is told the
// id alone. `method` is for the log.
absl::Status Presentable(absl::Status status, absl::string_view method);

// The same status for gRPC; OK stays OK. Does not mask: see Presentable.
grpc::Status ToGrpc(const absl::Status& status);

// What a client got, with its reason, fields and retry time (common/base/error.h reads them).
absl::Status FromGrpc(const grpc::Status& status);

// Whether this attempt had and will have no effect. Everything else (UNAVAILABLE,
// DEADLINE_EXCEEDED, CANCELLED, INTERNAL, UNKNOWN, DATA_LOSS, or an error without our ErrorInfo) is
// settled by trying again with the same request id.
bool IsDefinite(const absl::Status& status);

}  // namespace tideline::rpc
