// SPDX-License-Identifier: Apache-2.0
// Calls coming in, deadlines, rest: what surrounds the batches.
#include "common/partition/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace tideline::partition {

namespace {

// How often deadlines are looked at while calls wait.
constexpr absl::Duration kSweep = absl::Milliseconds(25);
// The answer leaves this long before the caller's deadline, so that it arrives in time (a fifth of
// what is left, when that is less).
constexpr auto kAnswerAhead = std::chrono::milliseconds(50);

}  // namespace

void Host::Engine::Submit(std::unique_ptr<Request> request) {
  bool first;
  {
    absl::MutexLock lock(&inbox_mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(request));
  }
  // One wake-up serves all calls that come before the loop gets to it.
  if (first) loop_.Post([self = shared_from_this()] { self->DrainInbox(); });
}

void Host::Engine::DrainInbox() {
  std::vector<std::unique_ptr<Request>> taken;
  {
    absl::MutexLock lock(&inbox_mutex_);
    taken.swap(inbox_);
  }
  activity_ += taken.size();
  for (auto& request : taken) Admit(std::move(request));
  Pump();
  ArmSweep();
}

void Host::Engine::Admit(std::unique_ptr<Request> request) {
  auto left = request->deadline - std::chrono::steady_clock::now();
  request->deadline -= std::min<std::chrono::steady_clock::duration>(kAnswerAhead, left / 5);
  if (draining_) {
    Answer(*request, Refuse(Reason::REASON_DRAINING, "the service is shutting down"));
  } else if (phase_ == HostState::Phase::kStopped || phase_ == HostState::Phase::kDeposed) {
    Answer(*request, refusal_);
  } else if (waiting_.size() + parked_.size() >= kMaxWaiting) {
    Answer(*request, WithRetryAfter(Refuse(Reason::REASON_QUOTA_EXCEEDED,
                                           "too many calls wait for this partition"),
                                    absl::Milliseconds(200)));
  } else if (!Followed(*request)) {
    parked_.push_back(std::move(request));
  } else {
    waiting_.push_back(std::move(request));
  }
}

bool Host::Engine::Followed(const Request& request) const {
  // Until the load has ended nobody knows how far this partition has followed.
  if (!serving()) return request.after.empty();
  for (const Position& position : request.after) {
    for (const auto& follower : followers_) {
      if (follower->service() != position.service) continue;
      if (follower->read() < position.commit) return false;
    }
  }
  return true;
}

void Host::Engine::UnparkFollowed() {
  auto ready = std::stable_partition(parked_.begin(), parked_.end(),
                                     [this](const auto& r) { return !Followed(*r); });
  for (auto it = ready; it != parked_.end(); ++it) waiting_.push_back(std::move(*it));
  parked_.erase(ready, parked_.end());
}

void Host::Engine::Answer(Request& request, absl::Status status) {
  if (auto done = std::exchange(request.done, nullptr)) {
    done(std::move(status), Position{options_.service, 0});
  }
}

void Host::Engine::AnswerAll(const absl::Status& status) {
  {
    absl::MutexLock lock(&inbox_mutex_);
    for (auto& request : inbox_) waiting_.push_back(std::move(request));
    inbox_.clear();
  }
  auto waiting = std::exchange(waiting_, {});
  auto parked = std::exchange(parked_, {});
  auto flying = std::exchange(in_flight_, {});
  for (Batch& batch : flying) {
    for (Release& release : batch.releases) {
      if (release.done) release.done(status, Position{options_.service, 0});
    }
  }
  for (auto& request : waiting) Answer(*request, status);
  for (auto& request : parked) Answer(*request, status);
}

// A call whose deadline passes is answered UNAVAILABLE while the store or an upstream is away: its
// outcome is settled by asking again with the same request id.
void Host::Engine::Sweep() {
  MonotonicTime now = std::chrono::steady_clock::now();
  absl::Status late = phase_ == HostState::Phase::kServing
                          ? Refuse(Reason::REASON_STORE_UNAVAILABLE,
                                   "the store did not acknowledge within the deadline")
                          : refusal_;
  auto expire = [&](auto& list) {
    auto ready = std::stable_partition(list.begin(), list.end(),
                                       [now](const auto& r) { return r->deadline > now; });
    std::vector<std::unique_ptr<Request>> expired(std::make_move_iterator(ready),
                                                  std::make_move_iterator(list.end()));
    list.erase(ready, list.end());
    for (auto& request : expired) Answer(*request, late);
  };
  expire(waiting_);
  expire(parked_);
  for (Batch& batch : in_flight_) {
    for (Release& release : batch.releases) {
      if (release.done && release.deadline <= now) {
        std::exchange(release.done, nullptr)(late, Position{options_.service, 0});
      }
    }
  }
  ArmSweep();
}

void Host::Engine::ArmSweep() {
  if (shut_ || sweep_timer_.armed()) return;
  if (waiting_.empty() && parked_.empty() && in_flight_.empty()) return;
  sweep_timer_.Set(kSweep, [self = shared_from_this()] { self->Sweep(); });
}

void Host::Engine::ArmWake() {
  if (shut_ || core_ == nullptr || !serving() || !options_.clock->runs()) return;
  absl::Time wake = core_->NextWake();
  if (wake == absl::InfiniteFuture()) return wake_timer_.Cancel();
  // At most a minute at a time, so that a followed clock step is noticed.
  absl::Duration delay =
      std::clamp(wake - options_.clock->Now(), absl::Milliseconds(1), absl::Minutes(1));
  wake_timer_.Set(delay, [self = shared_from_this()] { self->Pump(); });
}

absl::Status Host::Engine::WhyNotServing() const { return refusal_; }

HostState Host::Engine::state() const {
  HostState state;
  state.phase = phase_;
  state.detail = detail_;
  state.epoch = epoch_;
  state.commit = last_acknowledged_;
  state.queued = waiting_.size() + parked_.size();
  state.in_flight = in_flight_.size();
  state.anomalies = anomalies_.size();
  state.owed = owed_known_.size();
  if (core_ != nullptr && options_.owed_sender != nullptr) {
    for (const OwedCall& call : core_->Owed(kOwedAtOnce)) {
      if (options_.clock->Now() - call.since > kOwedLate) ++state.owed_late;
    }
  }
  state.memo_age = memos_.age(options_.clock->Now());
  for (const auto& follower : followers_) {
    state.following.push_back({follower->service(), follower->read(), follower->known()});
  }
  if (core_ != nullptr) state.next_wake = core_->NextWake();
  state.activity = activity_;
  return state;
}

std::string Host::Engine::CoreDigest() const {
  if (core_ == nullptr) return "";
  std::string dump;
  core_->Dump(dump);
  return absl::BytesToHexString(Sha256(dump));
}

bool Host::Engine::AtRest() const {
  if (phase_ == HostState::Phase::kStopped || phase_ == HostState::Phase::kDeposed) return true;
  if (!serving() || !took_over_ || recovering_) return false;
  if (!waiting_.empty() || !parked_.empty() || !in_flight_.empty()) return false;
  if (!settlements_.empty() || !owed_known_.empty() || !retries_.empty()) return false;
  for (const auto& follower : followers_) {
    if (follower->Peek() != nullptr) return false;
  }
  return core_->NextWake() > options_.clock->Now();
}

void Host::Engine::WhenAtRest(std::function<void()> done) {
  rest_waiters_.push_back(std::move(done));
  DrainInbox();
  CheckRest();
}

void Host::Engine::CheckRest() {
  if (drained_ && waiting_.empty() && parked_.empty() && in_flight_.empty()) {
    std::exchange(drained_, nullptr)();
  }
  if (rest_waiters_.empty() || resting_check_ || !AtRest()) return;
  if (followers_.empty() || !serving()) {
    for (auto& done : std::exchange(rest_waiters_, {})) done();
    return;
  }
  // At rest by what is known here; ask the upstream journals whether they have moved on.
  resting_check_ = true;
  auto left = std::make_shared<size_t>(followers_.size());
  for (const auto& follower : followers_) {
    follower->Refresh([self = shared_from_this(), left](bool) {
      if (--*left > 0) return;
      self->resting_check_ = false;
      if (!self->AtRest()) return self->Pump();
      for (auto& done : std::exchange(self->rest_waiters_, {})) done();
    });
  }
}

}  // namespace tideline::partition
