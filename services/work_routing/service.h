// SPDX-License-Identifier: Apache-2.0
// The gRPC face of work_routing: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "common/rpc/watch.h"
#include "services/work_routing/core/core.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::work_routing {

class Service : public v1::WorkRoutingService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* SubmitWorkItem(C* c, const v1::SubmitWorkItemRequest* q,
                    v1::SubmitWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::SubmitWorkItem);
  }
  R* BatchSubmitWorkItems(C* c, const v1::BatchSubmitWorkItemsRequest* q,
                          v1::BatchSubmitWorkItemsResponse* a) override {
    return face_.Mutate(c, q, a, &Core::BatchSubmitWorkItems);
  }
  R* BatchAccept(C* c, const v1::BatchAcceptRequest* q, v1::BatchAcceptResponse* a) override {
    return face_.Mutate(c, q, a, &Core::BatchAccept);
  }
  R* BatchSubmitResults(C* c, const v1::BatchSubmitResultsRequest* q,
                        v1::BatchSubmitResultsResponse* a) override {
    return face_.Mutate(c, q, a, &Core::BatchSubmitResults);
  }
  R* GetWorkItem(C* c, const v1::GetWorkItemRequest* q, v1::GetWorkItemResponse* a) override {
    return face_.Query(c, q, a, &Core::GetWorkItem);
  }
  R* ListWorkItems(C* c, const v1::ListWorkItemsRequest* q, v1::ListWorkItemsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListWorkItems);
  }
  R* CancelWorkItem(C* c, const v1::CancelWorkItemRequest* q,
                    v1::CancelWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CancelWorkItem);
  }
  R* HoldWorkItem(C* c, const v1::HoldWorkItemRequest* q, v1::HoldWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::HoldWorkItem);
  }
  R* ResumeWorkItem(C* c, const v1::ResumeWorkItemRequest* q,
                    v1::ResumeWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ResumeWorkItem);
  }
  R* ReprioritizeWorkItem(C* c, const v1::ReprioritizeWorkItemRequest* q,
                          v1::ReprioritizeWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReprioritizeWorkItem);
  }
  R* WidenWorkItem(C* c, const v1::WidenWorkItemRequest* q, v1::WidenWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::WidenWorkItem);
  }
  R* ReleaseWorkItem(C* c, const v1::ReleaseWorkItemRequest* q,
                     v1::ReleaseWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReleaseWorkItem);
  }
  R* TransferWorkItem(C* c, const v1::TransferWorkItemRequest* q,
                      v1::TransferWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::TransferWorkItem);
  }
  R* FindReceiver(C* c, const v1::FindReceiverRequest* q, v1::FindReceiverResponse* a) override {
    return face_.Query(c, q, a, &Core::FindReceiver);
  }
  R* ReopenWorkItem(C* c, const v1::ReopenWorkItemRequest* q,
                    v1::ReopenWorkItemResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReopenWorkItem);
  }
  R* AcceptOffer(C* c, const v1::AcceptOfferRequest* q, v1::AcceptOfferResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AcceptOffer);
  }
  R* DeclineOffer(C* c, const v1::DeclineOfferRequest* q, v1::DeclineOfferResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeclineOffer);
  }
  R* GetOffer(C* c, const v1::GetOfferRequest* q, v1::GetOfferResponse* a) override {
    return face_.Query(c, q, a, &Core::GetOffer);
  }
  R* ListOffers(C* c, const v1::ListOffersRequest* q, v1::ListOffersResponse* a) override {
    return face_.Query(c, q, a, &Core::ListOffers);
  }
  R* ClaimNext(C* c, const v1::ClaimNextRequest* q, v1::ClaimNextResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ClaimNext);
  }
  R* ReportProgress(C* c, const v1::ReportProgressRequest* q,
                    v1::ReportProgressResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReportProgress);
  }
  R* SubmitResult(C* c, const v1::SubmitResultRequest* q, v1::SubmitResultResponse* a) override {
    return face_.Mutate(c, q, a, &Core::SubmitResult);
  }
  R* ApproveResult(C* c, const v1::ApproveResultRequest* q, v1::ApproveResultResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ApproveResult);
  }
  R* ReturnForRework(C* c, const v1::ReturnForReworkRequest* q,
                     v1::ReturnForReworkResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ReturnForRework);
  }
  R* ExplainRouting(C* c, const v1::ExplainRoutingRequest* q,
                    v1::ExplainRoutingResponse* a) override {
    return face_.Query(c, q, a, &Core::ExplainRouting);
  }
  R* MarkResponsive(C* c, const v1::MarkResponsiveRequest* q,
                    v1::MarkResponsiveResponse* a) override {
    return face_.Mutate(c, q, a, &Core::MarkResponsive);
  }
  R* GetExpertState(C* c, const v1::GetExpertStateRequest* q,
                    v1::GetExpertStateResponse* a) override {
    return face_.Query(c, q, a, &Core::GetExpertState);
  }
  R* PutRestriction(C* c, const v1::PutRestrictionRequest* q,
                    v1::PutRestrictionResponse* a) override {
    return face_.Mutate(c, q, a, &Core::PutRestriction);
  }
  R* ListRestrictions(C* c, const v1::ListRestrictionsRequest* q,
                      v1::ListRestrictionsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListRestrictions);
  }
  R* CreateQueue(C* c, const v1::CreateQueueRequest* q, v1::CreateQueueResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateQueue);
  }
  R* GetQueue(C* c, const v1::GetQueueRequest* q, v1::GetQueueResponse* a) override {
    return face_.Query(c, q, a, &Core::GetQueue);
  }
  R* ListQueues(C* c, const v1::ListQueuesRequest* q, v1::ListQueuesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListQueues);
  }
  R* UpdateQueue(C* c, const v1::UpdateQueueRequest* q, v1::UpdateQueueResponse* a) override {
    return face_.Mutate(c, q, a, &Core::UpdateQueue);
  }
  R* DeleteQueue(C* c, const v1::DeleteQueueRequest* q, v1::DeleteQueueResponse* a) override {
    return face_.Mutate(c, q, a, &Core::DeleteQueue);
  }
  R* GetQueueStats(C* c, const v1::GetQueueStatsRequest* q, v1::GetQueueStatsResponse* a) override {
    return face_.Query(c, q, a, &Core::GetQueueStats);
  }
  R* ListAlarms(C* c, const v1::ListAlarmsRequest* q, v1::ListAlarmsResponse* a) override {
    return face_.Query(c, q, a, &Core::ListAlarms);
  }
  R* ClearAlarm(C* c, const v1::ClearAlarmRequest* q, v1::ClearAlarmResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ClearAlarm);
  }
  R* Snapshot(C* c, const v1::SnapshotRequest* q, v1::SnapshotResponse* a) override {
    return face_.Query(c, q, a, &Core::Snapshot);
  }
  grpc::ServerWriteReactor<v1::WatchOffersResponse>* WatchOffers(
      C* c, const v1::WatchOffersRequest* q) override {
    return face_.Watch(c, q, &Core::WatchOffers);
  }
  grpc::ServerWriteReactor<v1::WatchWorkItemsResponse>* WatchWorkItems(
      C* c, const v1::WatchWorkItemsRequest* q) override {
    return face_.Watch(c, q, &Core::WatchWorkItems);
  }
  grpc::ServerWriteReactor<v1::WatchAssignmentsResponse>* WatchAssignments(
      C* c, const v1::WatchAssignmentsRequest* q) override {
    return face_.Watch(c, q, &Core::WatchAssignments);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::work_routing
