// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/call_metrics.h"

#include "google/rpc/code.pb.h"

namespace tideline::rpc {

absl::string_view CodeName(absl::StatusCode code) {
  const auto number = static_cast<google::rpc::Code>(code);
  return google::rpc::Code_IsValid(number) ? google::rpc::Code_Name(number)
                                           : google::rpc::Code_Name(google::rpc::UNKNOWN);
}

namespace {

constexpr char kHandled[] = "grpc_server_handled_total";
constexpr char kHandledHelp[] = "Calls answered, by code.";

telemetry::Labels LabelsOf(const Method& method) {
  return {{"grpc_service", method.service}, {"grpc_method", method.rpc}};
}

}  // namespace

CallMetrics::CallMetrics(telemetry::Metrics& metrics, const Method& method)
    : refused_(metrics, kHandled, kHandledHelp, "grpc_code", LabelsOf(method)) {
  started_ = metrics.GetCounter("grpc_server_started_total", "Calls begun.", LabelsOf(method));
  ok_ = refused_.For(CodeName(absl::StatusCode::kOk));
  if (method.policy.kind() == type::v1::KIND_WATCH) return;
  seconds_ = metrics.GetHistogram("grpc_server_handling_seconds",
                                  "Time from a call's arrival to its answer.",
                                  telemetry::LatencyBuckets(), LabelsOf(method));
}

void CallMetrics::Handled(absl::StatusCode code, absl::Duration took) const {
  (code == absl::StatusCode::kOk ? ok_ : refused_.For(CodeName(code))).Add();
  seconds_.Observe(absl::ToDoubleSeconds(took));
}

}  // namespace tideline::rpc
