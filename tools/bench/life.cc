// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/life.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::bench {

namespace {

namespace routing = work_routing::v1;
using Stub = routing::WorkRoutingService::Stub;

std::atomic<uint64_t> ids{1'000'000'000};

// One life in unary calls, step after step.
class UnaryLife {
 public:
  UnaryLife(Stub& stub, const LifeOptions& options, std::function<void(std::string)> done)
      : stub_(stub), options_(options), done_(std::move(done)) {}

  void Submit() {
    uint64_t n = ids.fetch_add(1);
    submit_.set_parent(options_.workspace);
    submit_.set_request_id(absl::StrCat("life-", n));
    FillItem(n, options_.scene, kOfferQueue, *submit_.mutable_work_item());
    stub_.async()->SubmitWorkItem(Context(), &submit_, &submitted_, [this](grpc::Status status) {
      if (!status.ok()) return End(status);
      if (!submitted_.work_item().has_offer()) return Finish("not offered");
      Accept();
    });
  }

 private:
  void Accept() {
    accept_.set_name(submitted_.work_item().offer().name());
    accept_.set_request_id(absl::StrCat("accept-", submit_.request_id()));
    stub_.async()->AcceptOffer(Context(), &accept_, &accepted_, [this](grpc::Status status) {
      if (!status.ok()) return End(status);
      Result();
    });
  }
  void Result() {
    result_.set_name(submitted_.work_item().name());
    result_.mutable_result()->set_summary("done");
    result_.set_request_id(absl::StrCat("result-", submit_.request_id()));
    stub_.async()->SubmitResult(Context(), &result_, &resulted_, [this](grpc::Status status) {
      if (!status.ok()) return End(status);
      Approve();
    });
  }
  void Approve() {
    approve_.set_name(submitted_.work_item().name());
    approve_.set_request_id(absl::StrCat("approve-", submit_.request_id()));
    stub_.async()->ApproveResult(Context(), &approve_, &approved_,
                                 [this](grpc::Status status) { End(status); });
  }
  grpc::ClientContext* Context() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->AddMetadata("tideline-subject", options_.subject);
    return context_.get();
  }
  void End(const grpc::Status& status) { Finish(status.ok() ? "" : status.error_message()); }
  void Finish(std::string error) {
    auto done = std::move(done_);
    delete this;
    done(std::move(error));
  }

  Stub& stub_;
  const LifeOptions& options_;
  std::function<void(std::string)> done_;
  std::unique_ptr<grpc::ClientContext> context_;
  routing::SubmitWorkItemRequest submit_;
  routing::SubmitWorkItemResponse submitted_;
  routing::AcceptOfferRequest accept_;
  routing::AcceptOfferResponse accepted_;
  routing::SubmitResultRequest result_;
  routing::SubmitResultResponse resulted_;
  routing::ApproveResultRequest approve_;
  routing::ApproveResultResponse approved_;
};

constexpr int kBatch = 128;        // items per batch of submissions
constexpr int kSubmitting = 4;     // batches of submissions under way
constexpr int kMaxBacklog = 4096;  // assigned and not reported: the submitters wait above it

// The streaming form: a thread reads assignments and hands them on; results go in batches.
class StreamedLives {
 public:
  StreamedLives(const Channels& channels, const LifeOptions& options) : options_(options) {
    for (const auto& channel : channels) {
      stubs_.push_back(routing::WorkRoutingService::NewStub(channel));
    }
  }

  absl::StatusOr<Outcome> Run() {
    routing::WatchAssignmentsRequest request;
    request.set_parent(options_.workspace);
    request.set_queue(kAssignQueue);
    watch_.AddMetadata("tideline-subject", options_.subject);
    auto reader = stubs_[0]->WatchAssignments(&watch_, request);
    reader->WaitForInitialMetadata();
    auto begun = std::chrono::steady_clock::now();
    end_ = begun + absl::ToChronoNanoseconds(options_.duration);
    for (int i = 0; i < kSubmitting; ++i) Submit(i);
    std::thread reading([&] {
      routing::WatchAssignmentsResponse response;
      while (reader->Read(&response)) Take(response);
    });
    double seconds;
    {
      absl::MutexLock lock(&mutex_);
      auto drained = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !first_error_.empty() || (submitting_ == 0 && completed_ >= assigned_);
      };
      mutex_.Await(absl::Condition(&drained));
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    }
    watch_.TryCancel();
    reading.join();
    reader->Finish();
    absl::MutexLock lock(&mutex_);
    auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return submitting_ == 0 && reporting_ == 0;
    };
    mutex_.Await(absl::Condition(&quiet));
    Outcome outcome;
    outcome.good = completed_;
    outcome.bad = first_error_.empty() ? 0 : 1;
    outcome.first_error = first_error_;
    outcome.per_second = static_cast<double>(completed_) / seconds;
    return outcome;
  }

 private:
  struct SubmitCall {
    grpc::ClientContext context;
    routing::BatchSubmitWorkItemsRequest request;
    routing::BatchSubmitWorkItemsResponse response;
  };
  struct ResultCall {
    grpc::ClientContext context;
    routing::BatchSubmitResultsRequest request;
    routing::BatchSubmitResultsResponse response;
  };

  void Submit(int slot) {
    {
      absl::MutexLock lock(&mutex_);
      if (std::chrono::steady_clock::now() >= end_ || !first_error_.empty()) return;
      if (assigned_ - completed_ > kMaxBacklog) {
        waiting_.push_back(slot);
        return;
      }
      ++submitting_;
    }
    auto* call = new SubmitCall();
    call->context.AddMetadata("tideline-subject", options_.subject);
    call->request.set_parent(options_.workspace);
    for (int i = 0; i < kBatch; ++i) {
      FillItem(ids.fetch_add(1), options_.scene, kAssignQueue,
               *call->request.add_items()->mutable_work_item());
    }
    call->request.set_request_id(absl::StrCat("stream-", ids.fetch_add(1)));
    stubs_[slot % stubs_.size()]->async()->BatchSubmitWorkItems(
        &call->context, &call->request, &call->response,
        [this, call, slot](const grpc::Status& status) {
          {
            absl::MutexLock lock(&mutex_);
            --submitting_;
            if (!status.ok()) first_error_ = status.error_message();
            for (const routing::SubmitOutcome& outcome : call->response.results()) {
              if (outcome.state() == routing::WorkItem::STATE_ASSIGNED) {
                ++assigned_;
              } else {
                first_error_ = "an item was not assigned: " + outcome.ShortDebugString();
              }
            }
          }
          delete call;
          Submit(slot);
        });
  }

  void Take(const routing::WatchAssignmentsResponse& response) {
    int at = 0;
    while (at < response.assignments_size()) {
      auto* call = new ResultCall();
      call->context.AddMetadata("tideline-subject", options_.subject);
      call->request.set_parent(options_.workspace);
      call->request.set_request_id(absl::StrCat("results-", ids.fetch_add(1)));
      for (; at < response.assignments_size() && call->request.results_size() < 256; ++at) {
        routing::BatchResult& result = *call->request.add_results();
        result.set_name(response.assignments(at).work_item());
        result.set_custody_epoch(response.assignments(at).custody_epoch());
        result.mutable_result()->set_summary("done");
      }
      {
        absl::MutexLock lock(&mutex_);
        ++reporting_;
      }
      stubs_[1 % stubs_.size()]->async()->BatchSubmitResults(
          &call->context, &call->request, &call->response,
          [this, call](const grpc::Status& status) { Reported(call, status); });
    }
  }

  void Reported(ResultCall* call, const grpc::Status& status) {
    std::deque<int> waiting;
    {
      absl::MutexLock lock(&mutex_);
      --reporting_;
      if (!status.ok()) first_error_ = status.error_message();
      completed_ += static_cast<uint64_t>(call->response.results_size());
      if (assigned_ - completed_ <= kMaxBacklog) waiting.swap(waiting_);
    }
    delete call;
    for (int slot : waiting) Submit(slot);
  }

  const LifeOptions& options_;
  std::vector<std::unique_ptr<Stub>> stubs_;
  grpc::ClientContext watch_;
  std::chrono::steady_clock::time_point end_;
  absl::Mutex mutex_;
  int64_t assigned_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t completed_ ABSL_GUARDED_BY(mutex_) = 0;
  int submitting_ ABSL_GUARDED_BY(mutex_) = 0;
  int reporting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<int> waiting_ ABSL_GUARDED_BY(mutex_);
  std::string first_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<Outcome> RunUnaryLives(const Channels& channels, const LifeOptions& options) {
  std::vector<std::unique_ptr<Stub>> stubs;
  for (const auto& channel : channels)
    stubs.push_back(routing::WorkRoutingService::NewStub(channel));
  return RunLoad(options.outstanding, options.duration,
                 [&](int slot, std::function<void(std::string)> done) {
                   (new UnaryLife(*stubs[slot % stubs.size()], options, std::move(done)))->Submit();
                 });
}

absl::StatusOr<Outcome> RunStreamedLives(const Channels& channels, const LifeOptions& options) {
  return StreamedLives(channels, options).Run();
}

}  // namespace tideline::bench
