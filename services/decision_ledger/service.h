// SPDX-License-Identifier: Apache-2.0
// The gRPC face of decision_ledger: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "services/decision_ledger/core/core.h"
#include "tideline/decision_ledger/v1/decision_ledger_service.grpc.pb.h"

namespace tideline::decision_ledger {

class Service : public v1::DecisionLedgerService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* CheckAuthority(C* c, const v1::CheckAuthorityRequest* q,
                    v1::CheckAuthorityResponse* a) override {
    return face_.Query(c, q, a, &Core::CheckAuthority);
  }
  R* RecordDecision(C* c, const v1::RecordDecisionRequest* q,
                    v1::RecordDecisionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::RecordDecision);
  }
  R* CoSignDecision(C* c, const v1::CoSignDecisionRequest* q,
                    v1::CoSignDecisionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CoSignDecision);
  }
  R* ReportOutcome(C* c, const v1::ReportOutcomeRequest* q, v1::ReportOutcomeResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReportOutcome);
  }
  R* GetDecision(C* c, const v1::GetDecisionRequest* q, v1::GetDecisionResponse* a) override {
    return face_.Query(c, q, a, &Core::GetDecision);
  }
  R* ListDecisions(C* c, const v1::ListDecisionsRequest* q, v1::ListDecisionsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListDecisions);
  }
  R* PreviewReversal(C* c, const v1::PreviewReversalRequest* q,
                     v1::PreviewReversalResponse* a) override {
    return face_.Query(c, q, a, &Core::PreviewReversal);
  }
  R* ReverseDecision(C* c, const v1::ReverseDecisionRequest* q,
                     v1::ReverseDecisionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReverseDecision);
  }
  R* ResumeReversal(C* c, const v1::ResumeReversalRequest* q,
                    v1::ResumeReversalResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ResumeReversal);
  }
  R* CompleteReversalStep(C* c, const v1::CompleteReversalStepRequest* q,
                          v1::CompleteReversalStepResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CompleteReversalStep);
  }
  R* GetReversal(C* c, const v1::GetReversalRequest* q, v1::GetReversalResponse* a) override {
    return face_.Query(c, q, a, &Core::GetReversal);
  }
  R* ListReversals(C* c, const v1::ListReversalsRequest* q, v1::ListReversalsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListReversals);
  }
  R* CreateDutyRule(C* c, const v1::CreateDutyRuleRequest* q,
                    v1::CreateDutyRuleResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateDutyRule);
  }
  R* GetDutyRule(C* c, const v1::GetDutyRuleRequest* q, v1::GetDutyRuleResponse* a) override {
    return face_.Query(c, q, a, &Core::GetDutyRule);
  }
  R* ListDutyRules(C* c, const v1::ListDutyRulesRequest* q, v1::ListDutyRulesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListDutyRules);
  }
  R* DeleteDutyRule(C* c, const v1::DeleteDutyRuleRequest* q,
                    v1::DeleteDutyRuleResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeleteDutyRule);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::decision_ledger
