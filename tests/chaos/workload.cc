// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/workload.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/rpc/status.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::chaos {

namespace {

namespace routing = work_routing::v1;
using Stub = routing::WorkRoutingService::Stub;

int64_t Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// Each attempt is short, so that a restart is noticed; the operation goes on over many.
constexpr auto kAttempt = std::chrono::milliseconds(1500);
constexpr absl::Duration kBetweenAttempts = absl::Milliseconds(15);

}  // namespace

std::shared_ptr<grpc::Channel> QuickChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

class Workload::Client {
 public:
  Client(Workload& workload, int number)
      : workload_(workload),
        number_(number),
        random_(workload.options_.seed * 1000 + number),
        stub_(routing::WorkRoutingService::NewStub(QuickChannel(workload.options_.address))) {}

  void Run() {
    while (!workload_.stop_) LiveOneItem();
  }

 private:
  // From submission to wherever chance leads; every answer decides the next call.
  void LiveOneItem() {
    routing::SubmitWorkItemRequest submit;
    submit.set_parent(bench::kWorkspace);
    bench::FillItem(random_(), workload_.options_.scene, bench::kOfferQueue,
                    *submit.mutable_work_item());
    auto submitted = Do("SubmitWorkItem", "", submit, &Stub::SubmitWorkItem);
    if (!submitted.has_value()) return;
    routing::WorkItem item = submitted->work_item();
    for (int turn = 0; turn < 12 && !workload_.stop_; ++turn) {
      if (!Step(item)) return;
    }
  }

  // One call that fits the item's state; false when its life is over or somebody else has moved it.
  bool Step(routing::WorkItem& item) {
    switch (item.state()) {
      case routing::WorkItem::STATE_OFFERED:
        if (Chance(15)) {
          routing::DeclineOfferRequest request;
          request.set_name(item.offer().name());
          request.set_reason(routing::DECLINE_REASON_OVERLOADED);
          return Take(item, Do("DeclineOffer", item.name(), request, &Stub::DeclineOffer));
        } else {
          routing::AcceptOfferRequest request;
          request.set_name(item.offer().name());
          return Take(item, Do("AcceptOffer", item.name(), request, &Stub::AcceptOffer));
        }
      case routing::WorkItem::STATE_ASSIGNED:
        if (Chance(20)) {
          routing::HoldWorkItemRequest request;
          request.set_name(item.name());
          request.mutable_hold()->set_reason("waiting for the client");
          request.mutable_hold()->set_asked_by("client");
          return Take(item, Do("HoldWorkItem", item.name(), request, &Stub::HoldWorkItem));
        } else if (Chance(15)) {
          routing::ReleaseWorkItemRequest request;
          request.set_name(item.name());
          request.set_reason("not mine");
          return Take(item, Do("ReleaseWorkItem", item.name(), request, &Stub::ReleaseWorkItem));
        } else {
          routing::SubmitResultRequest request;
          request.set_name(item.name());
          request.mutable_result()->set_summary("done");
          return Take(item, Do("SubmitResult", item.name(), request, &Stub::SubmitResult));
        }
      case routing::WorkItem::STATE_ON_HOLD: {
        routing::ResumeWorkItemRequest request;
        request.set_name(item.name());
        return Take(item, Do("ResumeWorkItem", item.name(), request, &Stub::ResumeWorkItem));
      }
      case routing::WorkItem::STATE_SUBMITTED:
        if (Chance(25)) {
          routing::ReturnForReworkRequest request;
          request.set_name(item.name());
          request.set_reason("missing sources");
          return Take(item, Do("ReturnForRework", item.name(), request, &Stub::ReturnForRework));
        } else {
          routing::ApproveResultRequest request;
          request.set_name(item.name());
          return Take(item, Do("ApproveResult", item.name(), request, &Stub::ApproveResult));
        }
      default:
        return false;
    }
  }

  template <class Response>
  static bool Take(routing::WorkItem& item, const std::optional<Response>& response) {
    if (!response.has_value()) return false;
    item = response->work_item();
    return true;
  }

  // Sends one operation until its outcome is definite, and records it.
  template <class Request, class Response>
  std::optional<Response> Do(const char* verb, const std::string& item, Request request,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Response*)) {
    Operation operation;
    operation.verb = verb;
    operation.item = item;
    operation.request_id =
        absl::StrCat("c", number_, "-", workload_.options_.seed, "-", ++sequence_);
    operation.begin = Now();
    request.set_request_id(operation.request_id);
    Response response;
    for (;;) {
      ++operation.attempts;
      grpc::ClientContext context;
      context.AddMetadata("tideline-subject", bench::kSubject);
      context.set_deadline(std::chrono::system_clock::now() + kAttempt);
      absl::Status status = rpc::FromGrpc((stub_.get()->*method)(&context, request, &response));
      operation.end = Now();
      if (status.ok()) {
        operation.outcome = Operation::Outcome::kOk;
        if (item.empty()) operation.item = response.work_item().name();
        workload_.acknowledged_.fetch_add(1);
        break;
      }
      if (rpc::IsDefinite(status)) {
        operation.outcome = Operation::Outcome::kRefused;
        operation.detail = std::string(status.message());
        break;
      }
      absl::SleepFor(kBetweenAttempts);
    }
    bool good = operation.outcome == Operation::Outcome::kOk;
    workload_.history_.Add(std::move(operation));
    if (!good) return std::nullopt;
    return response;
  }

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  Workload& workload_;
  int number_;
  std::mt19937_64 random_;
  std::unique_ptr<Stub> stub_;
  uint64_t sequence_ = 0;
};

Workload::Workload(WorkloadOptions options, History& history)
    : options_(std::move(options)), history_(history) {
  for (int i = 0; i < options_.clients; ++i) clients_.push_back(std::make_unique<Client>(*this, i));
}

void Workload::Resume() {
  stop_ = false;
  for (auto& client : clients_) threads_.emplace_back([&client] { client->Run(); });
}

void Workload::Pause() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

Workload::~Workload() { Pause(); }

}  // namespace tideline::chaos
