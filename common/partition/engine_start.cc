// SPDX-License-Identifier: Apache-2.0
// How a partition comes to serve: own, load, remember, take over; and how it ends.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/partition/engine.h"

namespace tideline::partition {

namespace {

constexpr absl::Duration kTryAgain = absl::Milliseconds(500);
// A wall clock further behind the last commit than this is a mistake, not drift.
constexpr absl::Duration kMaxBehind = absl::Hours(1);

}  // namespace

Host::Engine::Engine(Loop& loop, std::shared_ptr<journal::Journal> journal, CoreFactory make_core,
                     HostOptions options)
    : loop_(loop),
      journal_(std::move(journal)),
      make_core_(std::move(make_core)),
      options_(std::move(options)),
      feed_(journal_),
      sweep_timer_(loop),
      wake_timer_(loop),
      resend_timer_(loop),
      owed_timer_(loop) {
  refusal_ =
      Refuse(Reason::REASON_STORE_UNAVAILABLE,
             absl::StrCat(options_.service, " partition ", options_.partition, " is starting"));
}

void Host::Engine::Start() {
  if (shut_) return;
  auto self = shared_from_this();
  journal_->ReadHead([self](absl::StatusOr<journal::Head> head) {
    if (self->shut_) return;
    if (!head.ok()) return self->Fail(head.status());
    if (absl::Status time = self->CheckTime(*head); !time.ok()) {
      self->Stop(time, time);
      return;
    }
    self->journal_->Own(self->options_.replica, head->epoch,
                        [self](absl::StatusOr<journal::Head> owned) {
                          if (self->shut_) return;
                          if (!owned.ok()) return self->Fail(owned.status());
                          self->OnOwned(*std::move(owned));
                        });
  });
}

// Whatever can pass is tried again; calls wait meanwhile, up to their deadlines.
void Host::Engine::Fail(absl::Status why) {
  detail_ = std::string(why.message());
  refusal_ = Refuse(Reason::REASON_STORE_UNAVAILABLE,
                    absl::StrCat(options_.service, " partition ", options_.partition,
                                 " is not serving yet: ", why.message()));
  auto code = why.code();
  if (code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kFailedPrecondition) {
    Stop(why, why);
    return;
  }
  auto self = shared_from_this();
  resend_timer_.Set(kTryAgain, [self] { self->Start(); });
}

absl::Status Host::Engine::CheckTime(const journal::Head& head) const {
  absl::Time now = options_.clock->Now();
  if (head.number == 0 || options_.accept_clock_behind || now >= head.time - kMaxBehind) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("the clock says %s, but the last commit was at %s, over an hour later: set "
                      "the clock, or start "
                      "with --accept-clock-behind if the commit's time was the mistake",
                      absl::FormatTime(now, absl::UTCTimeZone()),
                      absl::FormatTime(head.time, absl::UTCTimeZone())));
}

void Host::Engine::OnOwned(journal::Head head) {
  epoch_ = head.epoch;
  core_ = make_core_();
  memos_.Clear();
  answers_.clear();
  answers_of_.clear();
  cursors_.clear();
  trying_.clear();
  anomalies_.clear();
  retryable_.clear();
  retries_.clear();
  memo_floor_written_ = 0;
  std::vector<std::string> kinds = HostKinds();
  for (std::string& kind : core_->Kinds()) kinds.push_back(std::move(kind));
  auto self = shared_from_this();
  journal_->Load(
      std::move(kinds),
      [self](absl::string_view kind, std::string id, std::string value) -> absl::Status {
        if (self->shut_ || self->core_ == nullptr) return absl::CancelledError("host is gone");
        if (!kind.empty() && kind[0] == '_') return self->RestoreOwn(kind, id, value);
        return self->core_->Restore(kind, id, value);
      },
      [self, head = std::move(head)](absl::Status status) {
        if (self->shut_) return;
        if (!status.ok()) return self->Fail(std::move(status));
        self->OnLoaded(head);
      });
}

absl::Status Host::Engine::RestoreOwn(absl::string_view kind, const std::string& id,
                                      const std::string& value) {
  bool parsed = false;
  if (kind == kCursorKind) {
    parsed = cursors_[id].ParseFromString(value);
  } else if (kind == kAnomalyKind) {
    v1::Anomaly& anomaly = anomalies_[id];
    parsed = anomaly.ParseFromString(value);
    if (anomaly.attempts() < kAnomalyTries) retryable_[anomaly.subject()].insert(id);
  } else if (kind == kTryingKind) {
    parsed = trying_[id].ParseFromString(value);
  } else if (kind == kAnswerKind) {
    v1::Answer& answer = answers_[id];
    parsed = answer.ParseFromString(value);
    answers_of_[answer.resource()].insert(id);
  } else if (kind == kMemoFloorKind) {
    v1::MemoFloor floor;
    parsed = floor.ParseFromString(value);
    memo_floor_written_ = floor.commit();
  }
  if (parsed) return absl::OkStatus();
  return Refuse(Reason::REASON_DATA_LOSS,
                absl::StrCat("record ", kind, " ", id, " does not parse"));
}

void Host::Engine::OnLoaded(journal::Head head) {
  if (absl::Status status = core_->Restored(); !status.ok()) return Fail(std::move(status));
  uint64_t after = memo_floor_written_ > 0 ? memo_floor_written_ - 1 : 0;
  ReadMemoTail(std::move(head), after);
}

void Host::Engine::ReadMemoTail(journal::Head head, uint64_t after) {
  if (after >= head.number) return BeginServing(head);
  auto self = shared_from_this();
  journal_->Read(
      after, journal::kMaxReadEntries,
      [self, head, after](absl::StatusOr<journal::Page> page) mutable {
        if (self->shut_) return;
        if (!page.ok()) {
          // Trimmed above the floor: what is gone had left the window.
          if (page.status().code() == absl::StatusCode::kOutOfRange && after + 1 < head.number) {
            self->journal_->Read(head.number - 1, 1,
                                 [self, head](absl::StatusOr<journal::Page> last) {
                                   if (self->shut_) return;
                                   if (!last.ok()) return self->Fail(last.status());
                                   self->ReadMemoTail(head, std::max(last->first, uint64_t{1}) - 1);
                                 });
            return;
          }
          return self->Fail(page.status());
        }
        for (const journal::StoredEntry& stored : page->entries) {
          after = stored.number;
          if (stored.memos.empty()) continue;
          journal::v1::Memos memos;
          journal::v1::Entry entry;
          if (!memos.ParseFromString(stored.memos) || !entry.ParseFromString(stored.entry)) {
            return self->Fail(
                Refuse(Reason::REASON_DATA_LOSS,
                       absl::StrCat("journal entry ", stored.number, " does not parse")));
          }
          absl::Time time = absl::FromUnixSeconds(entry.time().seconds()) +
                            absl::Nanoseconds(entry.time().nanos());
          for (journal::v1::Memo& memo : *memos.mutable_memos()) {
            self->memos_.Add(std::move(*memo.mutable_key()),
                             {std::move(*memo.mutable_request_hash()),
                              std::move(*memo.mutable_response()), stored.number},
                             time);
          }
          self->memos_.Expire(time);
        }
        if (page->entries.empty()) return self->BeginServing(head);
        self->ReadMemoTail(std::move(head), after);
      });
}

void Host::Engine::BeginServing(const journal::Head& head) {
  last_sent_ = last_acknowledged_ = head.number;
  last_digest_ = head.digest;
  last_time_ = head.number > 0 ? head.time : absl::InfinitePast();
  feed_.Begin(head.number);
  took_over_ = false;
  recovering_ = false;
  load_digest_ = options_.keep_load_digest ? CoreDigest() : "";
  phase_ = HostState::Phase::kServing;
  detail_.clear();
  ++activity_;
  if (!options_.clock->runs()) {
    std::weak_ptr<Engine> weak = weak_from_this();
    Loop* loop = &loop_;
    clock_listener_ = options_.clock->OnAdvance([weak, loop] {
      loop->Post([weak] {
        if (auto self = weak.lock()) self->Pump();
      });
    });
  }
  StartFollowers();
  Pump();
}

void Host::Engine::StartFollowers() {
  followers_.clear();
  cautious_.clear();
  tried_in_.clear();
  std::weak_ptr<Engine> weak = weak_from_this();
  for (const Upstream& upstream : options_.upstreams) {
    std::optional<journal::v1::Cursor> cursor;
    if (auto it = cursors_.find(upstream.service); it != cursors_.end()) cursor = it->second;
    followers_.push_back(std::make_unique<Follower>(loop_, upstream, std::move(cursor),
                                                    Follower::Events{[weak] {
                                                                       if (auto self = weak.lock())
                                                                         self->Pump();
                                                                     },
                                                                     [weak](absl::Status why) {
                                                                       if (auto self = weak.lock())
                                                                         self->Stop(why, why);
                                                                     }}));
  }
}

void Host::Engine::Drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  Pump();
  CheckRest();
}

void Host::Engine::Shut() {
  shut_ = true;
  draining_ = true;
  AnswerAll(Refuse(Reason::REASON_DRAINING, "the service is shutting down"));
  feed_.CloseAll(Refuse(Reason::REASON_DRAINING, "the service is shutting down"));
  followers_.clear();
  sweep_timer_.Cancel();
  wake_timer_.Cancel();
  resend_timer_.Cancel();
  owed_timer_.Cancel();
  clock_listener_.reset();
  if (drained_) std::exchange(drained_, nullptr)();
}

}  // namespace tideline::partition
