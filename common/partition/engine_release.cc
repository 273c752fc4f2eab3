// SPDX-License-Identifier: Apache-2.0
// What the store answers, and what may leave then. The table is in ARCHITECTURE.md.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/partition/engine.h"

namespace tideline::partition {

namespace {

constexpr absl::Duration kMinBackoff = absl::Milliseconds(20);
constexpr absl::Duration kMaxBackoff = absl::Seconds(2);
constexpr absl::Duration kOwedBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxOwedBackoff = absl::Seconds(10);

// A refusal that says nothing of the outcome: the call is made again.
bool Indefinite(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:  // overload, not a verdict
      return true;
    default:
      return false;
  }
}

}  // namespace

void Host::Engine::Send(Batch& batch) {
  batch.sequence = ++sequence_;
  ++outstanding_;
  ++activity_;
  std::weak_ptr<Engine> weak = weak_from_this();
  auto done = [weak, sequence = batch.sequence](journal::Answer answer, std::string detail) {
    auto self = weak.lock();
    if (self != nullptr && !self->shut_) self->OnAnswer(sequence, answer, std::move(detail));
  };
  if (batch.commit != nullptr) {
    journal_->Commit(epoch_, batch.commit, std::move(done));
  } else {
    journal_->Check(epoch_, batch.last_number, std::move(done));
  }
}

void Host::Engine::OnAnswer(uint64_t sequence, journal::Answer answer, std::string detail) {
  --outstanding_;
  ++activity_;
  if (!serving() || in_flight_.empty()) return;
  if (recovering_) {
    // Answers of batches behind the one that failed are void.
    if (outstanding_ == 0) ScheduleResend();
    return;
  }
  switch (answer) {
    case journal::Answer::kApplied:
    case journal::Answer::kAlready:
      if (in_flight_.front().sequence != sequence) {
        return Stop(Refuse(Reason::REASON_STORE_UNAVAILABLE, "the store answered out of order"),
                    Refuse(Reason::REASON_INTERNAL, "the store answered out of order"));
      }
      backoff_ = absl::ZeroDuration();
      return ReleaseFront();
    case journal::Answer::kFenced:
      return Depose(detail);
    case journal::Answer::kRefused:
    case journal::Answer::kLost:
      recovering_ = true;
      detail_ = absl::StrCat(journal::AnswerName(answer), ": ", detail);
      if (outstanding_ == 0) ScheduleResend();
      return;
    case journal::Answer::kGap:
      return Stop(Refuse(Reason::REASON_STORE_UNAVAILABLE,
                         absl::StrCat("the store is behind what was committed: ", detail)),
                  Refuse(Reason::REASON_DATA_LOSS,
                         absl::StrCat("the store was rolled back or is another one: ", detail)));
    case journal::Answer::kBroken:
      return Stop(
          Refuse(Reason::REASON_STORE_UNAVAILABLE, absl::StrCat("the store failed: ", detail)),
          Refuse(Reason::REASON_STORE_UNAVAILABLE,
                 absl::StrCat("the partition stopped: ", detail)));
  }
}

// Everything the batch caused may leave now.
void Host::Engine::ReleaseFront() {
  Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (batch.commit != nullptr) {
    last_acknowledged_ = batch.commit->number;
    feed_.Append(batch.commit->number, std::move(batch.events));
  }
  // The store gets its next batch before the answers are sent, which takes as long as a sync.
  Pump();
  for (Release& release : batch.releases) {
    if (release.done) release.done(std::move(release.status), std::move(release.position));
  }
  if (options_.owed_sender != nullptr) {
    owed_ready_.insert(batch.owed.begin(), batch.owed.end());
    DispatchOwed();
  }
}

void Host::Engine::ScheduleResend() {
  backoff_ = std::clamp(backoff_ * 2, kMinBackoff, kMaxBackoff);
  // Full jitter, so that many partitions do not come back in step.
  absl::Duration delay = backoff_ * absl::Uniform(chance_, 0.1, 1.0);
  resend_timer_.Set(delay, [self = shared_from_this()] { self->Resend(); });
}

// All unacknowledged batches again, in order, byte for byte the same; then new ones.
void Host::Engine::Resend() {
  if (!serving()) return;
  recovering_ = false;
  detail_.clear();
  for (Batch& batch : in_flight_) Send(batch);
}

void Host::Engine::Depose(absl::string_view detail) {
  detail_ = absl::StrCat("another replica owns the partition: ", detail);
  absl::Status status = Refuse(Reason::REASON_STORE_UNAVAILABLE, detail_);
  // Never a definite error: an earlier send may have been applied.
  Stop(status, status);
  phase_ = HostState::Phase::kDeposed;
}

void Host::Engine::Stop(absl::Status in_flight, absl::Status later) {
  phase_ = HostState::Phase::kStopped;
  detail_ = std::string(later.message());
  auto known = [this](absl::Status status) {
    return ReasonOf(status) != Reason::REASON_UNSPECIFIED
               ? status
               : Refuse(Reason::REASON_STORE_UNAVAILABLE,
                        absl::StrCat(options_.service, " partition ", options_.partition,
                                     " stopped: ", status.message()));
  };
  refusal_ = known(std::move(later));
  ++activity_;
  AnswerAll(known(std::move(in_flight)));
  feed_.CloseAll(refusal_);
  // What the Core holds may be ahead of the store: it goes. Not under a step's feet.
  loop_.Post([self = shared_from_this()] {
    self->followers_.clear();
    self->core_.reset();
  });
  wake_timer_.Cancel();
  owed_timer_.Cancel();
  CheckRest();
}

void Host::Engine::DispatchOwed() {
  if (core_ == nullptr || !serving() || owed_stopped_) return;
  std::set<std::string> busy;
  for (const auto& [id, resource] : owed_sending_) busy.insert(resource);
  std::vector<Position> after;
  for (const auto& follower : followers_) after.push_back({follower->service(), follower->read()});
  after.push_back({options_.service, last_acknowledged_});
  for (const OwedCall& call : core_->Owed(kOwedAtOnce)) {
    if (owed_ready_.count(call.id) == 0 || owed_sending_.count(call.id) > 0) continue;
    if (owed_sending_.size() >= kOwedAtOnce) break;
    // The next call about a resource waits until the one before has settled.
    if (!busy.insert(call.resource).second) continue;
    owed_sending_[call.id] = call.resource;
    ++activity_;
    std::weak_ptr<Engine> weak = weak_from_this();
    Loop* loop = &loop_;
    options_.owed_sender->Send(
        call, after, [weak, loop, id = call.id](absl::Status status, std::string response) {
          loop->Post([weak, id, status = std::move(status), response = std::move(response)] {
            if (auto self = weak.lock()) self->OnOwedDone(id, status, response);
          });
        });
  }
}

void Host::Engine::OnOwedDone(const std::string& id, absl::Status status, std::string response) {
  owed_sending_.erase(id);
  if (shut_ || !serving()) return;
  ++activity_;
  if (Indefinite(status)) {
    int attempt = std::min(++owed_attempts_[id], 10);
    absl::Duration delay = std::min(kOwedBackoff * (1 << attempt), kMaxOwedBackoff);
    detail_ = absl::StrCat("owed call ", id, " waits: ", status.message());
    if (!owed_timer_.armed()) {
      owed_timer_.Set(delay * absl::Uniform(chance_, 0.5, 1.0),
                      [self = shared_from_this()] { self->DispatchOwed(); });
    }
    return;
  }
  settlements_.push_back({id, std::move(status), std::move(response)});
  Pump();
}

}  // namespace tideline::partition
