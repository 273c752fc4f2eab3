// SPDX-License-Identifier: Apache-2.0
// The gRPC face of review: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "common/rpc/watch.h"
#include "services/review/core/core.h"
#include "tideline/review/v1/review_service.grpc.pb.h"

namespace tideline::review {

class Service : public v1::ReviewService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* CreateReviewPolicy(C* c, const v1::CreateReviewPolicyRequest* q,
                        v1::CreateReviewPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateReviewPolicy);
  }
  R* GetReviewPolicy(C* c, const v1::GetReviewPolicyRequest* q,
                     v1::GetReviewPolicyResponse* a) override {
    return face_.Query(c, q, a, &Core::GetReviewPolicy);
  }
  R* ListReviewPolicies(C* c, const v1::ListReviewPoliciesRequest* q,
                        v1::ListReviewPoliciesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListReviewPolicies);
  }
  R* UpdateReviewPolicy(C* c, const v1::UpdateReviewPolicyRequest* q,
                        v1::UpdateReviewPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::UpdateReviewPolicy);
  }
  R* DeleteReviewPolicy(C* c, const v1::DeleteReviewPolicyRequest* q,
                        v1::DeleteReviewPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeleteReviewPolicy);
  }
  R* DryRunReviewPolicy(C* c, const v1::DryRunReviewPolicyRequest* q,
                        v1::DryRunReviewPolicyResponse* a) override {
    return face_.Query(c, q, a, &Core::DryRunReviewPolicy);
  }
  R* GetReview(C* c, const v1::GetReviewRequest* q, v1::GetReviewResponse* a) override {
    return face_.Query(c, q, a, &Core::GetReview);
  }
  R* ListReviews(C* c, const v1::ListReviewsRequest* q, v1::ListReviewsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListReviews);
  }
  grpc::ServerWriteReactor<v1::WatchReviewsResponse>* WatchReviews(
      C* c, const v1::WatchReviewsRequest* q) override {
    return face_.Watch(c, q, &Core::WatchReviews);
  }
  R* SubmitReview(C* c, const v1::SubmitReviewRequest* q, v1::SubmitReviewResponse* a) override {
    return face_.Mutate(c, q, a, &Core::SubmitReview);
  }
  R* AppealReview(C* c, const v1::AppealReviewRequest* q, v1::AppealReviewResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AppealReview);
  }
  R* ArbitrateReview(C* c, const v1::ArbitrateReviewRequest* q,
                     v1::ArbitrateReviewResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ArbitrateReview);
  }
  R* OverrideReview(C* c, const v1::OverrideReviewRequest* q,
                    v1::OverrideReviewResponse* a) override {
    return face_.Mutate(c, q, a, &Core::OverrideReview);
  }
  R* GetOverride(C* c, const v1::GetOverrideRequest* q, v1::GetOverrideResponse* a) override {
    return face_.Query(c, q, a, &Core::GetOverride);
  }
  R* ListOverrides(C* c, const v1::ListOverridesRequest* q, v1::ListOverridesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListOverrides);
  }
  R* CreateGoldItem(C* c, const v1::CreateGoldItemRequest* q,
                    v1::CreateGoldItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateGoldItem);
  }
  R* GetGoldItem(C* c, const v1::GetGoldItemRequest* q, v1::GetGoldItemResponse* a) override {
    return face_.Query(c, q, a, &Core::GetGoldItem);
  }
  R* ListGoldItems(C* c, const v1::ListGoldItemsRequest* q, v1::ListGoldItemsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListGoldItems);
  }
  R* DeleteGoldItem(C* c, const v1::DeleteGoldItemRequest* q,
                    v1::DeleteGoldItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeleteGoldItem);
  }
  R* ListGoldScores(C* c, const v1::ListGoldScoresRequest* q,
                    v1::ListGoldScoresResponse* a) override {
    return face_.Query(c, q, a, &Core::ListGoldScores);
  }
  R* ListReviewAlarms(C* c, const v1::ListReviewAlarmsRequest* q,
                      v1::ListReviewAlarmsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListReviewAlarms);
  }
  R* ClearReviewAlarm(C* c, const v1::ClearReviewAlarmRequest* q,
                      v1::ClearReviewAlarmResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ClearReviewAlarm);
  }
  R* GetSamplingState(C* c, const v1::GetSamplingStateRequest* q,
                      v1::GetSamplingStateResponse* a) override {
    return face_.Query(c, q, a, &Core::GetSamplingState);
  }
  R* ListSamplingStates(C* c, const v1::ListSamplingStatesRequest* q,
                        v1::ListSamplingStatesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListSamplingStates);
  }
  R* ResumeSampling(C* c, const v1::ResumeSamplingRequest* q,
                    v1::ResumeSamplingResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ResumeSampling);
  }
  R* GetLot(C* c, const v1::GetLotRequest* q, v1::GetLotResponse* a) override {
    return face_.Query(c, q, a, &Core::GetLot);
  }
  R* ListLots(C* c, const v1::ListLotsRequest* q, v1::ListLotsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListLots);
  }
  R* ReproduceSample(C* c, const v1::ReproduceSampleRequest* q,
                     v1::ReproduceSampleResponse* a) override {
    return face_.Query(c, q, a, &Core::ReproduceSample);
  }
  R* GetQualityReport(C* c, const v1::GetQualityReportRequest* q,
                      v1::GetQualityReportResponse* a) override {
    return face_.Query(c, q, a, &Core::GetQualityReport);
  }
  R* GetAgreement(C* c, const v1::GetAgreementRequest* q, v1::GetAgreementResponse* a) override {
    return face_.Query(c, q, a, &Core::GetAgreement);
  }
  R* ProposeSkillEvidence(C* c, const v1::ProposeSkillEvidenceRequest* q,
                          v1::ProposeSkillEvidenceResponse* a) override {
    return face_.Query(c, q, a, &Core::ProposeSkillEvidence);
  }
  R* CreateNonconformity(C* c, const v1::CreateNonconformityRequest* q,
                         v1::CreateNonconformityResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateNonconformity);
  }
  R* GetNonconformity(C* c, const v1::GetNonconformityRequest* q,
                      v1::GetNonconformityResponse* a) override {
    return face_.Query(c, q, a, &Core::GetNonconformity);
  }
  R* ListNonconformities(C* c, const v1::ListNonconformitiesRequest* q,
                         v1::ListNonconformitiesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListNonconformities);
  }
  R* UpdateNonconformity(C* c, const v1::UpdateNonconformityRequest* q,
                         v1::UpdateNonconformityResponse* a) override {
    return face_.Mutate(c, q, a, &Core::UpdateNonconformity);
  }
  R* CompleteCorrectiveAction(C* c, const v1::CompleteCorrectiveActionRequest* q,
                              v1::CompleteCorrectiveActionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CompleteCorrectiveAction);
  }
  R* CheckCorrectiveAction(C* c, const v1::CheckCorrectiveActionRequest* q,
                           v1::CheckCorrectiveActionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CheckCorrectiveAction);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::review
