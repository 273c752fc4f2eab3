// SPDX-License-Identifier: Apache-2.0
// The gRPC face of sla_monitor: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "common/rpc/watch.h"
#include "services/sla_monitor/core/core.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.grpc.pb.h"

namespace tideline::sla_monitor {

class Service : public v1::SlaMonitorService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* GetClocks(C* c, const v1::GetClocksRequest* q, v1::GetClocksResponse* a) override {
    return face_.Query(c, q, a, &Core::GetClocks);
  }
  R* ListClocks(C* c, const v1::ListClocksRequest* q, v1::ListClocksResponse* a) override {
    return face_.Query(c, q, a, &Core::ListClocks);
  }
  R* MoveClockStart(C* c, const v1::MoveClockStartRequest* q,
                    v1::MoveClockStartResponse* a) override {
    return face_.Mutate(c, q, a, &Core::MoveClockStart);
  }
  R* AddPause(C* c, const v1::AddPauseRequest* q, v1::AddPauseResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AddPause);
  }
  R* RemovePause(C* c, const v1::RemovePauseRequest* q, v1::RemovePauseResponse* a) override {
    return face_.Mutate(c, q, a, &Core::RemovePause);
  }
  R* SetExclusion(C* c, const v1::SetExclusionRequest* q, v1::SetExclusionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::SetExclusion);
  }
  R* ListAtRisk(C* c, const v1::ListAtRiskRequest* q, v1::ListAtRiskResponse* a) override {
    return face_.Query(c, q, a, &Core::ListAtRisk);
  }
  R* ListBreaches(C* c, const v1::ListBreachesRequest* q, v1::ListBreachesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListBreaches);
  }
  R* ComputeDueTime(C* c, const v1::ComputeDueTimeRequest* q,
                    v1::ComputeDueTimeResponse* a) override {
    return face_.Query(c, q, a, &Core::ComputeDueTime);
  }
  R* DryRunPolicy(C* c, const v1::DryRunPolicyRequest* q, v1::DryRunPolicyResponse* a) override {
    return face_.Query(c, q, a, &Core::DryRunPolicy);
  }
  R* GetAttainment(C* c, const v1::GetAttainmentRequest* q, v1::GetAttainmentResponse* a) override {
    return face_.Query(c, q, a, &Core::GetAttainment);
  }
  R* GetCreditStatement(C* c, const v1::GetCreditStatementRequest* q,
                        v1::GetCreditStatementResponse* a) override {
    return face_.Query(c, q, a, &Core::GetCreditStatement);
  }
  grpc::ServerWriteReactor<v1::WatchAlertsResponse>* WatchAlerts(
      C* c, const v1::WatchAlertsRequest* q) override {
    return face_.Watch(c, q, &Core::WatchAlerts);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::sla_monitor
