// SPDX-License-Identifier: Apache-2.0
#include <grpc/support/time.h>

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/rpc/client.h"
#include "tools/replay/fold.h"
#include "tools/replay/rig.h"
#include "tools/replay/setup.h"
#include "tools/replay/stopwatch.h"

namespace tideline::replay {
namespace {

namespace routing = work_routing::v1;

// How long a suite may take until it answers, or until its watch shows what was done.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kLook = absl::Milliseconds(200);

// Folds a workspace's events as its watch tells them. A marker, which is a change of the queue's
// display name, shows how far the watch has come.
class WatchFold {
 public:
  explicit WatchFold(Session& session) : fold_(session.workspace()) {
    routing::WatchWorkItemsRequest request;
    request.set_parent(session.workspace());
    request.set_alarms(true);  // and so what happens to queues
    stream_ = session.routing().WatchWorkItems(&context_, request);
    thread_ = std::thread([this] { Read(); });
  }
  ~WatchFold() {
    context_.TryCancel();
    thread_.join();
  }

  // Whether the marker came by within `patience`; the stream's or the fold's error if it ended.
  absl::StatusOr<bool> Saw(const std::string& marker, absl::Duration patience) {
    absl::MutexLock lock(&mutex_);
    const auto seen = [this, &marker]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return marker_ == marker || ended_;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&seen), patience);
    TL_RETURN_IF_ERROR(status_);
    return marker_ == marker;
  }

  Folded Take() {
    absl::MutexLock lock(&mutex_);
    return {fold_.Facts(), 0, fold_.events()};
  }

 private:
  void Read() {
    routing::WatchWorkItemsResponse response;
    while (stream_->Read(&response)) {
      if (!response.has_event()) continue;
      absl::MutexLock lock(&mutex_);
      status_.Update(fold_.Take(response.event()));
      if (response.event().has_queue_changed()) {
        marker_ = response.event().queue_changed().queue().display_name();
      }
    }
    absl::MutexLock lock(&mutex_);
    status_.Update(rpc::FromGrpc(stream_->Finish()));
    ended_ = true;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<routing::WatchWorkItemsResponse>> stream_;
  absl::Mutex mutex_;
  Fold fold_ ABSL_GUARDED_BY(mutex_);
  std::string marker_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class DialedRig : public Rig {
 public:
  explicit DialedRig(std::string address)
      : address_(std::move(address)), channel_(rpc::MakeChannel(address_)) {}

  absl::Status Connect() {
    const gpr_timespec until =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                     gpr_time_from_millis(absl::ToInt64Milliseconds(kPatience), GPR_TIMESPAN));
    if (channel_->WaitForConnected(until)) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("nobody answers at ", address_));
  }

  std::shared_ptr<grpc::Channel> channel() override { return channel_; }
  bool simulated() const override { return false; }
  std::string description() const override { return absl::StrCat("the suite at ", address_); }
  absl::Status AdvanceTo(absl::Time) override { return absl::OkStatus(); }

  // The watch shows what happens after it has opened, which only a marker that comes by proves.
  absl::Status Mark(Session& session) override {
    watch_ = std::make_unique<WatchFold>(session);
    const Stopwatch watch;
    for (int i = 1; watch.Elapsed() < kPatience; ++i) {
      TL_ASSIGN_OR_RETURN(const bool seen,
                          PutMarker(session, absl::StrCat("Incidents, marker ", i), kLook));
      if (seen) return absl::OkStatus();
    }
    return absl::DeadlineExceededError("the suite's watch shows nothing");
  }

  absl::StatusOr<Folded> FoldAll(Session& session, const EventTaker&) override {
    TL_ASSIGN_OR_RETURN(const bool seen, PutMarker(session, "Incidents, all done", kPatience));
    if (!seen) return absl::DeadlineExceededError("the suite's watch does not come to its end");
    Folded folded = watch_->Take();
    TL_RETURN_IF_ERROR(AddHandoffs(session, folded));
    return folded;
  }

 private:
  // Handoffs stay for as long as their items do, so they can be listed at the end.
  static absl::Status AddHandoffs(Session& session, Folded& folded) {
    HandoffFold fold(session.workspace());
    handoff::v1::ListHandoffsRequest request;
    request.set_parent(session.workspace());
    request.set_page_size(1000);
    do {
      TL_ASSIGN_OR_RETURN(const auto page, session.Call(&Handoffs::ListHandoffs, request));
      for (const handoff::v1::Handoff& handoff : page.handoffs()) fold.TakeWhole(handoff);
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    handoff::v1::ListHandoffAlarmsRequest alarms;
    alarms.set_parent(session.workspace());
    alarms.set_page_size(1000);
    do {
      TL_ASSIGN_OR_RETURN(const auto page, session.Call(&Handoffs::ListHandoffAlarms, alarms));
      for (const auto& alarm : page.handoff_alarms()) {
        if (alarm.kind() == handoff::v1::HandoffAlarm::KIND_PING_PONG) fold.CountPingPong();
      }
      alarms.set_page_token(page.next_page_token());
    } while (!alarms.page_token().empty());
    fold.AddTo(folded.facts);
    folded.handoffs = fold.counts();
    return absl::OkStatus();
  }

  absl::StatusOr<bool> PutMarker(Session& session, const std::string& marker,
                                 absl::Duration patience) {
    routing::UpdateQueueRequest request;
    request.mutable_queue()->set_name(session.Name("queues", kQueueId));
    request.mutable_queue()->set_display_name(marker);
    request.mutable_update_mask()->add_paths("display_name");
    request.set_request_id(session.NextRequestId());
    TL_RETURN_IF_ERROR(session.Call(&Routing::UpdateQueue, request).status());
    return watch_->Saw(marker, patience);
  }

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<WatchFold> watch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Rig>> DialSuite(const std::string& address) {
  auto rig = std::make_unique<DialedRig>(address);
  TL_RETURN_IF_ERROR(rig->Connect());
  return rig;
}

}  // namespace tideline::replay
