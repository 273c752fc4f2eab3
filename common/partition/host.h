// SPDX-License-Identifier: Apache-2.0
// The partition host: runs one Core, and owns its concurrency, durability, idempotency, time,
// following, owed calls, watches and ownership. See ARCHITECTURE.md, "One release rule".
//
//   Nothing that a call caused leaves before the batch it ran in is acknowledged, and batches are
//   acknowledged in order.
//
// Threads: a Host lives on one loop. Execute, and whatever says "any thread", may be called from
// anywhere; callbacks run on the loop and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"
#include "common/partition/call.h"
#include "common/partition/changes.h"
#include "common/partition/core.h"
#include "common/time/clock.h"
#include "google/protobuf/message.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::partition {

// A caller as the seam has authenticated it.
struct Identity {
  type::v1::Actor actor;
  // Whether the roles are settled without a Member record: the services themselves, and everybody
  // in an unsecured `tideline dev`.
  bool trusted = false;
  Roles roles;  // when trusted
};

// A position in a service's journal, for causal reads ("tideline-after" metadata).
struct Position {
  std::string service;
  uint64_t commit = 0;
  // For a query, which may run inside a batch: how many events of `commit` it has seen (UINT32_MAX:
  // all). A watch that begins with the query's answer goes on with the event of this index.
  uint32_t events = 0;
};

using MonotonicTime = std::chrono::steady_clock::time_point;

// One call for a partition.
struct Request {
  std::string method;  // full rpc name, for memos and logs
  const type::v1::MethodPolicy* policy = nullptr;
  std::string workspace;  // "workspaces/{workspace}"
  Identity identity;
  std::string request_id;  // empty: none
  std::string resource;    // what the call is about: answers to owed calls are kept by it
  const google::protobuf::Message* message = nullptr;  // lives until `done`
  google::protobuf::Message* response = nullptr;       // lives until `done`
  MonotonicTime deadline;
  std::vector<Position> after;

  // Runs the verb and fills `response`. `changes` is null for a query.
  std::function<absl::Status(Core& core, const Call& call, Changes* changes)> run;
  // Called exactly once, on the loop. `position` is the call's commit (of the first time, for a
  // repeated request id), or how far a query has seen.
  std::function<void(absl::Status status, Position position)> done;
};

// One event that became durable, as watches see it.
struct FeedEvent {
  Revision position;
  EventBytes event;
};

// A watch's reading position in a host's journal. Made by Host::Watch; lives on any thread, its
// calls are posted to the loop.
struct WatchSpec {
  std::string workspace;
  std::string audience;  // only events that address this expert; empty: all of the workspace
  Revision after;        // the last event already seen
  // Whether the watcher wants this event; on the loop, pure, quick.
  std::function<bool(const FeedEvent&)> wants;
  // Delivers wanted events in order. Returns false when it cannot take more: delivery pauses until
  // Resume, and continues from the journal if memory has moved on. `reached` is the last position
  // looked at, wanted or not, for resume tokens.
  std::function<bool(std::vector<FeedEvent> events, Revision reached)> deliver;
  // Ends the watch, once: OUT_OF_RANGE (resume too old), UNAVAILABLE (host gone), DATA_LOSS.
  std::function<void(absl::Status)> closed;
};

// What a host follows.
struct Upstream {
  std::string service;
  std::shared_ptr<journal::Journal> journal;  // the same partition of that service, on this loop
};

// Sends owed calls; implemented by a service's outbox. Exactly one `done` per call, on any thread.
class OwedSender {
 public:
  virtual ~OwedSender() = default;
  using Done = std::function<void(absl::Status status, std::string response)>;
  virtual void Send(const OwedCall& call, std::vector<Position> after, Done done) = 0;
};

struct HostOptions {
  std::string service;  // "work_routing"
  int partition = 0;
  std::string replica;  // this process's name in ownership
  std::vector<Upstream> upstreams;
  OwedSender* owed_sender = nullptr;      // null: the service owes nothing
  const Clock* clock = nullptr;           // required
  const journal::Store* store = nullptr;  // for admission by fullness; may be null
  bool accept_clock_behind = false;  // start although the wall is over 1 h behind the last commit
  bool keep_load_digest = false;  // compute LoadDigest; a load then writes the whole state out once
};

// An owed call that has had no definite answer for so long is an alarm.
inline constexpr absl::Duration kOwedLate = absl::Minutes(5);

// What a host is doing, for readiness, metrics and `tideline doctor`.
struct HostState {
  enum class Phase { kStarting, kServing, kDeposed, kStopped };
  Phase phase = Phase::kStarting;
  std::string detail;  // why it is not serving, for people
  uint64_t epoch = 0;
  uint64_t commit = 0;   // last acknowledged
  size_t queued = 0;     // calls waiting to be executed
  size_t in_flight = 0;  // batches sent and not acknowledged
  size_t anomalies = 0;
  size_t owed = 0;
  size_t owed_late = 0;     // of them: unanswered for over kOwedLate, an alarm
  absl::Duration memo_age;  // age of the oldest remembered answer
  struct Following {
    std::string service;
    uint64_t read = 0;   // last upstream commit taken in
    uint64_t known = 0;  // newest upstream commit seen
  };
  std::vector<Following> following;
  absl::Time next_wake = absl::InfiniteFuture();
  uint64_t activity = 0;  // rises with everything the host does; equal twice means at rest
};

// An upstream event that the Core could not apply. It is tried again when the partition is loaded,
// a few times, as a newer program or machine may know what this one did not.
struct Anomaly {
  std::string upstream;
  Revision position;
  std::string subject;  // the resource that the event is about
  std::string reason;
  absl::Time time;   // of the last try
  int attempts = 0;  // tries so far
};

// Kinds of the host's own records, beside the Core's, for whoever reads a partition without a host.
std::vector<std::string> HostKinds();

class Host {
 public:
  using CoreFactory = std::function<std::unique_ptr<Core>()>;

  Host(Loop& loop, std::shared_ptr<journal::Journal> journal, CoreFactory make_core,
       HostOptions options);
  // Answers every waiting call UNAVAILABLE. On the loop's thread.
  ~Host();

  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Owns the partition, loads it and begins to serve. Any thread; progress shows in `state`.
  void Start();

  // Stops executing, lets batches under way finish, then calls `done`. Any thread.
  void Drain(std::function<void()> done);

  // Starts no owed call any more, then calls `done`: what they would reach goes away. They stay
  // owed. Any thread.
  void StopOwed(std::function<void()> done);

  // Queues a call. Any thread.
  void Execute(std::unique_ptr<Request> request);

  // Opens a watch; returns its id for Resume and Cancel. Any thread.
  uint64_t Watch(WatchSpec spec);
  void ResumeWatch(uint64_t id);
  void CancelWatch(uint64_t id);

  // On the loop's thread.
  HostState state() const;
  // SHA-256 of the Core's Dump, in hex; empty when not loaded. On the loop's thread.
  std::string CoreDigest() const;
  // The same of the Core as it was loaded, before its first step; empty without keep_load_digest.
  std::string LoadDigest() const;
  // The Core's own figures; none when not loaded. On the loop's thread.
  std::vector<Figure> Figures() const;
  // Upstream events that could not be applied, by position, at most `most`. On the loop's thread.
  std::vector<Anomaly> Anomalies(size_t most) const;
  // Calls back on the loop when nothing is left to do at clock.Now(): no call, batch, follower,
  // owed call or due timer. For simulated time and tests. Any thread.
  void WhenAtRest(std::function<void()> done);

  // Runs `look` with the Core on the loop, for tests and tools. Any thread.
  void Inspect(std::function<void(const Core*)> look);

 private:
  class Engine;  // host.cc and its neighbours
  std::shared_ptr<Engine> engine_;
};

}  // namespace tideline::partition
