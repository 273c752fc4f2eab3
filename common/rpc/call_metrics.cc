// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/call_metrics.h"

#include "google/rpc/code.pb.h"

namespace tideline::rpc {

absl::string_view CodeName(absl::StatusCode code) {
  const auto number = static_cast<google::rpc::Code>(code);
  return google::rpc::Code_IsValid(number) ? google::rpc::Code_Name(number)
                                           : google::rpc::Code_Name(google::rpc::UNKNOWN);
}

CallMetrics::CallMetrics(telemetry::Metrics& metrics, const Method& method) {
  const telemetry::Labels labels = {{"grpc_service", method.service}, {"grpc_method", method.rpc}};
  started_ = metrics.GetCounter("grpc_server_started_total", "Calls begun.", labels);
  seconds_ = metrics.GetHistogram("grpc_server_handling_seconds",
                                  "Time from a call's arrival to its answer.",
                                  telemetry::LatencyBuckets(), labels);
  for (size_t code = 0; code < handled_.size(); ++code) {
    telemetry::Labels with_code = labels;
    with_code.emplace_back("grpc_code",
                           std::string(CodeName(static_cast<absl::StatusCode>(code))));
    handled_[code] =
        metrics.GetCounter("grpc_server_handled_total", "Calls answered, by code.", with_code);
  }
}

void CallMetrics::Handled(absl::StatusCode code, absl::Duration took) const {
  const auto index = static_cast<size_t>(code);
  handled_[index < handled_.size() ? index : static_cast<size_t>(absl::StatusCode::kUnknown)].Add();
  seconds_.Observe(absl::ToDoubleSeconds(took));
}

}  // namespace tideline::rpc
