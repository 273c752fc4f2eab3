// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/watch.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/rpc/status.h"

namespace tideline::rpc {
namespace {

using google::protobuf::Message;
using partition::FeedEvent;
using partition::Position;
using partition::Revision;

// A resume token holds "commit.index" of the last event shown.
std::string FormatCursor(const Revision& position) {
  return absl::StrCat(position.commit(), ".", position.index());
}

std::optional<Revision> ParseCursor(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  uint64_t commit = 0;
  uint32_t index = 0;
  if (!absl::SimpleAtoi(parts.first, &commit) || !absl::SimpleAtoi(parts.second, &index)) {
    return std::nullopt;
  }
  Revision position;
  position.set_commit(commit);
  position.set_index(index);
  return position;
}

// The last event that a query at `position` has seen.
Revision LastSeen(const Position& position) {
  Revision last;
  if (position.events > 0) {
    last.set_commit(position.commit);
    last.set_index(position.events == UINT32_MAX ? UINT32_MAX : position.events - 1);
  } else if (position.commit > 0) {
    last.set_commit(position.commit - 1);
    last.set_index(UINT32_MAX);
  }
  return last;
}

}  // namespace

WatchStream::WatchStream(const Seam& seam, grpc::CallbackServerContext* context, Message& request,
                         Wire wire)
    : seam_(seam),
      context_(context),
      request_(request),
      method_(seam.Find(request)),
      start_(std::chrono::steady_clock::now()),
      wire_(std::move(wire)) {}

WatchStream::~WatchStream() = default;

void WatchStream::Begin(Verb verb) {
  if (method_ == nullptr) {
    Close(absl::InternalError(absl::StrCat(request_.GetTypeName(), " is of no method here")));
    return;
  }
  seam_.metrics(*method_).Started();
  absl::StatusOr<Seam::Prepared> prepared = seam_.Prepare(*context_, *method_, request_);
  if (!prepared.ok()) {
    Close(prepared.status());
    return;
  }
  caller_ = prepared->caller;
  scope_ = prepared->scope;
  workspace_ = prepared->request->workspace;
  host_ = &seam_.router().For(workspace_);
  if (!prepared->cursor.empty()) {
    resume_ = ParseCursor(prepared->cursor);
    if (!resume_) {
      Close(InvalidField(method_->resume_token->name(), "is not a token of this method",
                         Reason::REASON_PAGE_TOKEN_INVALID));
      return;
    }
  }
  const std::weak_ptr<WatchStream> weak = weak_from_this();
  absl::StatusOr<std::shared_ptr<void>> ticket =
      seam_.watches().Open(caller_, [weak](absl::Status why) {
        if (const auto self = weak.lock()) self->Close(std::move(why));
      });
  if (!ticket.ok()) {
    Close(ticket.status());
    return;
  }
  ticket_ = *std::move(ticket);
  // The partition authorises and runs the verb as a query; a stream's own deadline is not the
  // query's.
  prepared->request->run = [self = shared_from_this(), verb = std::move(verb)](
                               partition::Core& core, const partition::Call& call,
                               partition::Changes*) {
    absl::StatusOr<Opening> opening = verb(core, call);
    if (!opening.ok()) return opening.status();
    self->opening_ = *std::move(opening);
    return absl::OkStatus();
  };
  prepared->request->done = [self = shared_from_this()](absl::Status status, Position position) {
    self->OnOpened(std::move(status), position);
  };
  {
    absl::MutexLock lock(&mutex_);
    asking_ = true;
  }
  host_->Execute(std::move(prepared->request));
}

void WatchStream::OnOpened(absl::Status status, const Position& position) {
  {
    absl::MutexLock lock(&mutex_);
    asking_ = false;
    if (!status.ok() && !closing_) closing_ = status;
    status.Update(closing_.value_or(absl::OkStatus()));
  }
  if (!status.ok()) {
    Pump();
    return;
  }
  const Revision after = resume_ ? *resume_ : LastSeen(position);
  if (!resume_) {
    // Only the last message of the snapshot can be resumed after: a client that lost the stream
    // before it begins again.
    for (size_t i = 0; i < opening_.snapshot.size(); ++i) {
      const bool last = i + 1 == opening_.snapshot.size();
      Enqueue(std::move(opening_.snapshot[i]), last ? &after : nullptr);
    }
  }
  opening_.snapshot.clear();
  Pump();
  StartFeed(after);
}

void WatchStream::StartFeed(Revision after) {
  partition::WatchSpec spec;
  spec.workspace = workspace_;
  spec.audience = opening_.audience;
  spec.after = std::move(after);
  spec.deliver = [self = shared_from_this()](std::vector<FeedEvent> events, Revision) {
    return self->Deliver(std::move(events));
  };
  spec.closed = [self = shared_from_this()](absl::Status why) { self->Close(std::move(why)); };
  const uint64_t id = host_->Watch(std::move(spec));
  bool late = false;
  {
    absl::MutexLock lock(&mutex_);
    watch_ = id;
    late = finished_ || done_ || closing_.has_value();
  }
  // The client left while the watch opened: nobody else would cancel it.
  if (late) host_->CancelWatch(id);
}

bool WatchStream::Deliver(std::vector<FeedEvent> events) {
  for (const FeedEvent& event : events) {
    if (std::unique_ptr<Message> message = opening_.show(event)) {
      Enqueue(std::move(message), &event.position);
    }
  }
  bool more = true;
  {
    absl::MutexLock lock(&mutex_);
    if (queue_.size() >= kMaxQueuedMessages) {
      paused_ = true;
      more = false;
    }
  }
  Pump();
  return more;
}

void WatchStream::Enqueue(std::unique_ptr<Message> message, const Revision* position) {
  if (position != nullptr) {
    message->GetReflection()->SetString(
        message.get(), method_->resume_token_out,
        seam_.tokens().Seal({method_->full_name, caller_, scope_}, FormatCursor(*position)));
  }
  absl::MutexLock lock(&mutex_);
  if (!finished_ && !done_) queue_.push_back(std::move(message));
}

// gRPC may call OnWritten from inside StartWrite, so nothing is called with the lock held; the
// flags say whose turn it is.
void WatchStream::Pump() {
  const Message* next = nullptr;
  std::optional<absl::Status> last;
  bool resume = false;
  uint64_t watch = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_ || done_ || writing_ || asking_) return;
    if (closing_) {
      last = std::move(closing_);
      closing_.reset();
      finished_ = true;
      queue_.clear();
      watch = watch_;
    } else if (!queue_.empty()) {
      writing_ = true;
      next = queue_.front().get();
      // Resumed well before the queue is empty, so that the client is never kept waiting.
      resume = paused_ && queue_.size() <= kMaxQueuedMessages / 2;
      if (resume) paused_ = false;
      watch = watch_;
    }
  }
  if (last) {
    if (watch != 0) host_->CancelWatch(watch);
    const absl::Status status =
        Presentable(*std::move(last), method_ == nullptr ? "" : method_->full_name);
    if (method_ != nullptr) {
      seam_.Record(*method_, *context_, start_, caller_, workspace_, status);
    }
    wire_.finish(ToGrpc(status));
    return;
  }
  if (resume && watch != 0) host_->ResumeWatch(watch);
  if (next != nullptr) wire_.write(*next);
}

void WatchStream::OnWritten(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!queue_.empty()) queue_.pop_front();
    if (!ok && !closing_) closing_ = absl::CancelledError("the client has gone");
  }
  Pump();
}

void WatchStream::OnCancelled() { Close(absl::CancelledError("the client has gone")); }

void WatchStream::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!closing_) closing_ = std::move(status);
  }
  Pump();
}

void WatchStream::OnDone() {
  uint64_t watch = 0;
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
    queue_.clear();
    watch = watch_;
  }
  ticket_.reset();
  if (watch != 0 && host_ != nullptr) host_->CancelWatch(watch);
}

}  // namespace tideline::rpc
