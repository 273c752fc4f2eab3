// SPDX-License-Identifier: Apache-2.0
// A server stream on a host's journal: a snapshot, then every event the watcher may see, each with
// the token to resume after it.
//
// One message is written at a time. When the client reads slowly, the queue fills, the host pauses
// the watch and later continues it from the journal: nothing is skipped, and memory stays bounded.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/seam.h"

namespace tideline::rpc {

// Messages that wait for a slow client before the host's watch is paused.
inline constexpr size_t kMaxQueuedMessages = 256;

// The part that knows no message type. Shared by the gRPC reactor and the host's callbacks, which
// live on different threads and end in any order. Thread-safe.
class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  using Messages = std::vector<std::unique_ptr<google::protobuf::Message>>;
  struct Opening {
    Messages snapshot;
    std::string audience;
    std::function<std::unique_ptr<google::protobuf::Message>(const partition::FeedEvent&)> show;
  };
  using Verb = std::function<absl::StatusOr<Opening>(partition::Core&, const partition::Call&)>;
  // Sends a message (which lives until the next OnWritten) or the final status. Each is called
  // without locks, and never two at once.
  struct Wire {
    std::function<void(const google::protobuf::Message&)> write;
    std::function<void(grpc::Status)> finish;
  };

  WatchStream(const Seam& seam, grpc::CallbackServerContext* context,
              google::protobuf::Message& request, Wire wire);
  ~WatchStream();

  // Authorises and takes the snapshot in the partition, then watches.
  void Begin(Verb verb);
  void OnWritten(bool ok);
  // The client has gone.
  void OnCancelled();
  // The reactor is done: the wire is not used any more.
  void OnDone();

 private:
  void OnOpened(absl::Status status, const partition::Position& position);
  void StartFeed(partition::Revision after);
  bool Deliver(std::vector<partition::FeedEvent> events);
  void Close(absl::Status status);
  void Enqueue(std::unique_ptr<google::protobuf::Message> message,
               const partition::Revision* position);
  void Pump();

  const Seam& seam_;
  grpc::CallbackServerContext* const context_;
  google::protobuf::Message& request_;
  const Method* method_ = nullptr;
  partition::MonotonicTime start_;
  Wire wire_;
  std::string caller_, scope_, workspace_;
  partition::Host* host_ = nullptr;
  std::optional<partition::Revision> resume_;
  Opening opening_;  // written on the loop before the feed starts, read there afterwards
  std::shared_ptr<void> ticket_;

  absl::Mutex mutex_;
  std::deque<std::unique_ptr<google::protobuf::Message>> queue_ ABSL_GUARDED_BY(mutex_);
  // The partition has the request: the call must not end, or gRPC would free it.
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;   // the front of queue_ is on its way
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;    // the host waits for Resume
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // the final status was handed over
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> closing_ ABSL_GUARDED_BY(mutex_);
  uint64_t watch_ ABSL_GUARDED_BY(mutex_) = 0;  // the host's id of it; 0: none
};

// The gRPC side.
template <class Response>
class WatchReactor : public grpc::ServerWriteReactor<Response> {
 public:
  WatchReactor(const Seam& seam, grpc::CallbackServerContext* context,
               google::protobuf::Message& request)
      : stream_(std::make_shared<WatchStream>(
            seam, context, request,
            WatchStream::Wire{[this](const google::protobuf::Message& message) {
                                this->StartWrite(static_cast<const Response*>(&message));
                              },
                              [this](grpc::Status status) { this->Finish(std::move(status)); }})) {}
  WatchStream& stream() { return *stream_; }
  void OnWriteDone(bool ok) override { stream_->OnWritten(ok); }
  void OnCancel() override { stream_->OnCancelled(); }
  void OnDone() override {
    stream_->OnDone();
    delete this;
  }

 private:
  const std::shared_ptr<WatchStream> stream_;
};

// Opens a stream; `verb` runs once on the partition's loop.
template <class Response, class Verb>
grpc::ServerWriteReactor<Response>* OpenWatch(const Seam& seam,
                                              grpc::CallbackServerContext* context,
                                              const google::protobuf::Message& request, Verb verb) {
  // gRPC made the request for this call and does not look at it again.
  auto* reactor =
      new WatchReactor<Response>(seam, context, const_cast<google::protobuf::Message&>(request));
  reactor->stream().Begin([verb = std::move(verb)](
                              partition::Core& core,
                              const partition::Call& call) -> absl::StatusOr<WatchStream::Opening> {
    absl::StatusOr<partition::WatchStart<Response>> start = verb(core, call);
    if (!start.ok()) return start.status();
    WatchStream::Opening opening;
    opening.audience = std::move(start->audience);
    for (Response& response : start->snapshot) {
      opening.snapshot.push_back(std::make_unique<Response>(std::move(response)));
    }
    opening.show =
        [show = std::move(start->show)](
            const partition::FeedEvent& event) -> std::unique_ptr<google::protobuf::Message> {
      std::optional<Response> response =
          show(event.event.subject, event.position, event.event.bytes);
      return response ? std::make_unique<Response>(*std::move(response)) : nullptr;
    };
    return opening;
  });
  return reactor;
}

}  // namespace tideline::rpc
