// SPDX-License-Identifier: Apache-2.0
// The gRPC face of handoff: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "common/rpc/watch.h"
#include "services/handoff/core/core.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"

namespace tideline::handoff {

class Service : public v1::HandoffService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* ProposeHandoff(C* c, const v1::ProposeHandoffRequest* q,
                    v1::ProposeHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ProposeHandoff);
  }
  R* BatchProposeHandoffs(C* c, const v1::BatchProposeHandoffsRequest* q,
                          v1::BatchProposeHandoffsResponse* a) override {
    return face_.Mutate(c, q, a, &Core::BatchProposeHandoffs);
  }
  R* AcknowledgeHandoff(C* c, const v1::AcknowledgeHandoffRequest* q,
                        v1::AcknowledgeHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AcknowledgeHandoff);
  }
  R* DeclineHandoff(C* c, const v1::DeclineHandoffRequest* q,
                    v1::DeclineHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeclineHandoff);
  }
  R* WithdrawHandoff(C* c, const v1::WithdrawHandoffRequest* q,
                     v1::WithdrawHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::WithdrawHandoff);
  }
  R* ForwardHandoff(C* c, const v1::ForwardHandoffRequest* q,
                    v1::ForwardHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ForwardHandoff);
  }
  R* ReturnHandoff(C* c, const v1::ReturnHandoffRequest* q, v1::ReturnHandoffResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReturnHandoff);
  }
  R* UpdateHandoffPacket(C* c, const v1::UpdateHandoffPacketRequest* q,
                         v1::UpdateHandoffPacketResponse* a) override {
    return face_.Mutate(c, q, a, &Core::UpdateHandoffPacket);
  }
  R* AskQuestions(C* c, const v1::AskQuestionsRequest* q, v1::AskQuestionsResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AskQuestions);
  }
  R* AnswerQuestion(C* c, const v1::AnswerQuestionRequest* q,
                    v1::AnswerQuestionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AnswerQuestion);
  }
  R* RatePacket(C* c, const v1::RatePacketRequest* q, v1::RatePacketResponse* a) override {
    return face_.Mutate(c, q, a, &Core::RatePacket);
  }
  R* GetHandoff(C* c, const v1::GetHandoffRequest* q, v1::GetHandoffResponse* a) override {
    return face_.Query(c, q, a, &Core::GetHandoff);
  }
  R* ListHandoffs(C* c, const v1::ListHandoffsRequest* q, v1::ListHandoffsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListHandoffs);
  }
  grpc::ServerWriteReactor<v1::WatchHandoffsResponse>* WatchHandoffs(
      C* c, const v1::WatchHandoffsRequest* q) override {
    return face_.Watch(c, q, &Core::WatchHandoffs);
  }
  R* CreateRelayPlan(C* c, const v1::CreateRelayPlanRequest* q,
                     v1::CreateRelayPlanResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateRelayPlan);
  }
  R* GetRelayPlan(C* c, const v1::GetRelayPlanRequest* q, v1::GetRelayPlanResponse* a) override {
    return face_.Query(c, q, a, &Core::GetRelayPlan);
  }
  R* ListRelayPlans(C* c, const v1::ListRelayPlansRequest* q,
                    v1::ListRelayPlansResponse* a) override {
    return face_.Query(c, q, a, &Core::ListRelayPlans);
  }
  R* UpdateRelayPlan(C* c, const v1::UpdateRelayPlanRequest* q,
                     v1::UpdateRelayPlanResponse* a) override {
    return face_.Mutate(c, q, a, &Core::UpdateRelayPlan);
  }
  R* DeleteRelayPlan(C* c, const v1::DeleteRelayPlanRequest* q,
                     v1::DeleteRelayPlanResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeleteRelayPlan);
  }
  R* CheckRelayPlan(C* c, const v1::CheckRelayPlanRequest* q,
                    v1::CheckRelayPlanResponse* a) override {
    return face_.Query(c, q, a, &Core::CheckRelayPlan);
  }
  R* PreviewRelay(C* c, const v1::PreviewRelayRequest* q, v1::PreviewRelayResponse* a) override {
    return face_.Query(c, q, a, &Core::PreviewRelay);
  }
  R* GetHandoffStats(C* c, const v1::GetHandoffStatsRequest* q,
                     v1::GetHandoffStatsResponse* a) override {
    return face_.Query(c, q, a, &Core::GetHandoffStats);
  }
  R* ListHandoffAlarms(C* c, const v1::ListHandoffAlarmsRequest* q,
                       v1::ListHandoffAlarmsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListHandoffAlarms);
  }
  R* ClearHandoffAlarm(C* c, const v1::ClearHandoffAlarmRequest* q,
                       v1::ClearHandoffAlarmResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ClearHandoffAlarm);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::handoff
