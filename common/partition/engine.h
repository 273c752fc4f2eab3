// SPDX-License-Identifier: Apache-2.0
// The host's inside. Private to common/partition; everything here runs on the host's loop.
//
//   inbox -> waiting -> [step, step, step] = batch -> journal -> in flight -> release
//              |                                                    |
//              parked (tideline-after)                     feed, owed calls, replies
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "common/partition/feed.h"
#include "common/partition/follower.h"
#include "common/partition/host.h"
#include "common/partition/host_records.pb.h"
#include "common/partition/memo.h"

namespace tideline::partition {

// Kinds of the host's own records.
inline constexpr char kCursorKind[] = "_cursor";
inline constexpr char kAnomalyKind[] = "_anomaly";
inline constexpr char kAnswerKind[] = "_answer";
inline constexpr char kTryingKind[] = "_trying";
inline constexpr char kMemoFloorKind[] = "_memo_floor";

class Host::Engine : public std::enable_shared_from_this<Host::Engine> {
 public:
  // Batches sent and not acknowledged: enough to keep the store busy while one fsync runs.
  static constexpr size_t kMaxInFlight = 4;
  // Calls waiting that justify a third and fourth batch; one batch verb does, too.
  static constexpr size_t kCrowd = 64;
  // Calls waiting to be executed; beyond it they are refused at once (about a second's work).
  static constexpr size_t kMaxWaiting = 65536;
  // A commit is closed when fewer writes are left of journal::kMaxWrites than a step may make: the
  // bounds that core.h sets for a step, and for a batch verb (256 items of 7 changes each).
  static constexpr size_t kStepChanges = 500;
  static constexpr size_t kMaxBatchElements = 256;
  static constexpr size_t kElementChanges = 7;
  // ... or at half of the journal's limit in bytes, so that the last step still fits.
  static constexpr size_t kCloseBytes = 2 << 20;
  // Shares of the store's memory from which submissions, and all but draining calls, are refused:
  // what drains needs the rest.
  static constexpr double kNoSubmissions = 0.80;
  static constexpr double kOnlyDraining = 0.95;
  // Upstream events and timer steps per batch, so that calls are never far behind them.
  static constexpr int kFollowSteps = 128;
  static constexpr int kWakeSteps = 8;
  // Tries of an anomaly, and how many are tried again after one load (and kept for it of a
  // subject).
  static constexpr int kAnomalyTries = 5;
  static constexpr size_t kAnomalyRetries = 100;
  // Owed calls under way at once.
  static constexpr size_t kOwedAtOnce = 64;

  Engine(Loop& loop, std::shared_ptr<journal::Journal> journal, CoreFactory make_core,
         HostOptions options);

  // engine_start.cc: ownership and load.
  void Start();
  void Drain(std::function<void()> done);
  void StopOwed() { owed_stopped_ = true; }
  void Shut();  // the host goes away

  // engine.cc
  void Submit(std::unique_ptr<Request> request);  // any thread
  HostState state() const;
  std::string CoreDigest() const;
  const std::string& LoadDigest() const { return load_digest_; }
  void WhenAtRest(std::function<void()> done);
  std::vector<Anomaly> Anomalies(size_t most) const;
  Core* core() { return core_.get(); }
  Feed& feed() { return feed_; }
  Loop& loop() { return loop_; }
  bool serving() const { return phase_ == HostState::Phase::kServing; }
  absl::Status WhyNotServing() const;
  uint64_t NextWatchId() { return ++watch_ids_; }

 private:
  using Done = std::function<void(absl::Status, Position)>;

  // A reply that leaves when its batch is acknowledged.
  struct Release {
    Done done;  // null once answered (its deadline passed)
    absl::Status status;
    Position position;
    MonotonicTime deadline;
  };
  // What was sent as one: a commit, or a check when nothing changed.
  struct Batch {
    uint64_t sequence = 0;
    uint64_t last_number = 0;  // check: the last number sent before
    std::shared_ptr<const journal::Commit> commit;
    std::vector<Release> releases;
    std::vector<EventBytes> events;
    std::vector<std::string> owed;  // owed calls that are durable with this batch
    size_t calls = 0;
  };
  // A batch being built.
  struct Building {
    explicit Building(uint64_t number) : changes(number) {}
    Changes changes;
    journal::v1::Memos memos;
    std::vector<Release> releases;
    bool followed = false;
    bool must_commit = false;  // a memo was added: the batch is a commit even without changes
    absl::Time now;
    size_t steps = 0;
  };
  struct Settlement {
    std::string id;
    absl::Status status;
    std::string response;
  };

  // --- engine_start.cc
  void Fail(absl::Status why);
  void OnOwned(journal::Head head);
  absl::Status CheckTime(const journal::Head& head) const;
  void OnLoaded(journal::Head head);
  absl::Status RestoreOwn(absl::string_view kind, const std::string& id, const std::string& value);
  void ReadMemoTail(journal::Head head, uint64_t after);
  void BeginServing(const journal::Head& head);
  void StartFollowers();

  // --- engine.cc
  void DrainInbox();
  void Admit(std::unique_ptr<Request> request);
  void Sweep();  // deadlines
  void ArmSweep();
  void ArmWake();
  bool Followed(const Request& request) const;
  void UnparkFollowed();
  void Answer(Request& request, absl::Status status);
  void AnswerAll(const absl::Status& status);
  bool AtRest() const;
  void CheckRest();

  // --- engine_batch.cc: building and sending
  void Pump();
  bool MaySend() const;
  bool BuildBatch();
  static size_t StepBound(const Request& request);
  bool Room(const Building& building, size_t step) const;
  void RunTakenOver(Building& building);
  void RunSettlements(Building& building);
  void RunFollow(Building& building);
  bool RunFollowStep(Building& building, Follower& follower);
  bool MayFollow(const Follower& follower) const;
  void RunWake(Building& building);
  void RunCalls(Building& building);
  void RunCall(Building& building, std::unique_ptr<Request> request);
  absl::Status Authorize(const Request& request, Grant& grant) const;
  absl::Status CheckAdmission(const Request& request) const;
  bool AnswerFromMemo(const Request& request, const std::string& key, const std::string& hash,
                      Release& release);
  bool AnswerOwedAgain(const Request& request, Release& release);
  void Remember(Building& building, const Request& request, std::string key, std::string hash);
  void RememberOwed(Building& building, const Request& request, const absl::Status& status);
  void Close(Building& building);
  void PutMemoFloor(Building& building);
  Call StepCall(const Building& building, type::v1::Actor::Kind kind,
                absl::string_view subject) const;
  Entropy DerivedEntropy(absl::string_view what, uint64_t a, uint64_t b) const;

  // --- engine_anomalies.cc
  absl::Status FollowOne(Building& building, const UpstreamEvent& event);
  void NoteAnomaly(Building& building, const UpstreamEvent& event, const absl::Status& why,
                   int attempts);
  void GiveUp(const std::string& subject, const std::string& id);
  void Overtake(Building& building, const UpstreamEvent& event);
  void NoteRetries(Building& building);
  void RunRetries(Building& building);

  // --- engine_release.cc: what the store answers
  void Send(Batch& batch);
  void OnAnswer(uint64_t sequence, journal::Answer answer, std::string detail);
  void ReleaseFront();
  void ScheduleResend();
  void Resend();
  void Depose(absl::string_view detail);
  void Stop(absl::Status in_flight, absl::Status later);
  void DispatchOwed();
  void OnOwedDone(const std::string& id, absl::Status status, std::string response);

  Loop& loop_;
  std::shared_ptr<journal::Journal> journal_;
  CoreFactory make_core_;
  HostOptions options_;
  std::unique_ptr<Core> core_;
  Feed feed_;

  HostState::Phase phase_ = HostState::Phase::kStarting;
  std::string detail_;
  std::string load_digest_;
  absl::Status refusal_;  // what calls get while not serving
  uint64_t epoch_ = 0;
  bool draining_ = false;
  bool owed_stopped_ = false;
  bool shut_ = false;
  std::function<void()> drained_;

  absl::Mutex inbox_mutex_;
  std::vector<std::unique_ptr<Request>> inbox_ ABSL_GUARDED_BY(inbox_mutex_);
  std::deque<std::unique_ptr<Request>> waiting_;
  std::vector<std::unique_ptr<Request>> parked_;  // for tideline-after

  uint64_t last_sent_ = 0;  // number of the last commit sent
  uint64_t last_acknowledged_ = 0;
  std::string last_digest_;
  absl::Time last_time_ = absl::InfinitePast();
  bool took_over_ = false;  // TakenOver has run
  uint64_t sequence_ = 0;
  std::deque<Batch> in_flight_;
  size_t outstanding_ = 0;   // sends whose answer is due
  bool recovering_ = false;  // waiting to send everything again
  absl::Duration backoff_;
  bool pumping_ = false;

  MemoTable memos_;
  uint64_t memo_floor_written_ = 0;
  std::map<std::string, v1::Answer> answers_;  // id -> last answer to a calling service
  std::map<std::string, std::set<std::string>> answers_of_;  // resource -> ids
  std::map<std::string, journal::v1::Cursor> cursors_;       // as of the batch last built
  std::map<std::string, v1::Trying> trying_;
  std::map<std::string, v1::Anomaly> anomalies_;
  std::map<std::string, std::set<std::string>> retryable_;  // subject -> anomalies
  std::deque<std::string> retries_;  // anomalies to try again, once that is noted
  uint64_t retries_noted_ = 0;       // the commit that notes it
  std::vector<std::unique_ptr<Follower>> followers_;
  std::map<std::string, uint64_t> tried_in_;  // upstream -> commit that noted its first event
  std::set<std::string> cautious_;  // upstreams taken one event a batch after repeated deaths

  std::set<std::string> owed_known_;                 // noted by a batch
  std::set<std::string> owed_ready_;                 // durable
  std::map<std::string, std::string> owed_sending_;  // id -> resource
  std::map<std::string, int> owed_attempts_;
  std::deque<Settlement> settlements_;

  std::vector<std::function<void()>> rest_waiters_;
  bool resting_check_ = false;
  uint64_t activity_ = 0;
  std::atomic<uint64_t> watch_ids_ = 0;
  absl::BitGen chance_;
  Loop::Timer sweep_timer_;
  Loop::Timer wake_timer_;
  Loop::Timer resend_timer_;
  Loop::Timer owed_timer_;
  std::shared_ptr<void> clock_listener_;
};

}  // namespace tideline::partition
