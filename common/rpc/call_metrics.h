// SPDX-License-Identifier: Apache-2.0
// What is counted of every rpc, under the names that gRPC's own ecosystem uses. Thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/methods.h"
#include "common/telemetry/metrics.h"

namespace tideline::rpc {

// grpc_server_started_total, grpc_server_handled_total{grpc_code} and
// grpc_server_handling_seconds of one method.
class CallMetrics {
 public:
  CallMetrics(telemetry::Metrics& metrics, const Method& method);
  void Started() const { started_.Add(); }
  void Handled(absl::StatusCode code, absl::Duration took) const;

 private:
  telemetry::Counter started_;
  telemetry::Counter ok_;
  // Refusals get their series when they first happen: all codes of all methods at once would be
  // some thousand lines of zeros in every exposition.
  mutable telemetry::CounterByLabel refused_;
  telemetry::Histogram seconds_;  // counts nothing for streams, which last as long as they last
};

// "OK", "INVALID_ARGUMENT".
absl::string_view CodeName(absl::StatusCode code);

}  // namespace tideline::rpc
