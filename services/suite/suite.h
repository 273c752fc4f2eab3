// SPDX-License-Identifier: Apache-2.0
// Every service of Tideline in one process: what `tideline dev`, the replay, the benchmarks and the
// tests run. The same modules, handlers and protobuf boundary as the separate binaries.
//
// Thread-safe after Start.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/rpc/module.h"
#include "common/time/clock.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace tideline::suite {

struct SuiteOptions {
  journal::Store* store = nullptr;    // required; the suite opens it; outlives the suite
  const Clock* clock = nullptr;       // null: the system's; outlives the suite
  std::vector<std::string> services;  // upstream ones among them; empty: all
  int partitions = rpc::kDefaultPartitions;
  int threads = 0;                // loops; 0: one per core
  std::string listen;             // "127.0.0.1:0", "unix:/path"; empty: in process only
  std::string http;               // metrics and probes, "127.0.0.1:0"; empty: none
  std::string replica = "local";  // this process's name in ownership
  bool accept_clock_behind = false;
  bool check_digests = false;  // serve /debug/digests: each Core as it is and as it was loaded
  // Folder of the ledger that seals every journal of the suite (services/decision_ledger/ledger);
  // empty: none. A start refuses when it and the journals disagree.
  std::string ledger;
  absl::Duration start_timeout = absl::Seconds(60);  // until every partition serves
  std::vector<grpc::Service*> extra_services;        // of tests and benchmarks; outlive the suite
};

class Suite {
 public:
  // Returns when every partition serves. UNAVAILABLE when the store is away, FAILED_PRECONDITION
  // when it must not be used (each says what to do), DEADLINE_EXCEEDED.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(SuiteOptions options);
  // Stops hard: calls under way get UNAVAILABLE. Stop first for a clean end.
  ~Suite();

  // A channel that needs no socket.
  std::shared_ptr<grpc::Channel> Channel() const;
  // What to dial, such as "127.0.0.1:40123"; empty when not listening.
  std::string address() const;
  std::string http_address() const;

  // Waits until no call, follower, owed call or due timer is left at the clock's now, in any
  // partition of any service. Simulated time advances only then. DEADLINE_EXCEEDED.
  absl::Status Settle(absl::Duration timeout = absl::Seconds(30));

  // Advances a simulated clock to `time`, stopping at every timer on the way, settled at each.
  absl::Status AdvanceTo(SimulatedClock& clock, absl::Time time);

  // "work_routing/3" -> SHA-256 of that Core's whole state; `loaded`: as it was loaded, before its
  // first step (needs check_digests).
  std::map<std::string, std::string> CoreDigests(bool loaded = false) const;

  // What runs in it, upstream first.
  std::vector<std::string> services() const;

  // Seals everything that the journals hold. FAILED_PRECONDITION without a ledger; DATA_LOSS when
  // it has stopped, and why; DEADLINE_EXCEEDED.
  absl::Status SealAll(absl::Duration timeout = absl::Seconds(30));

  // Stops admitting, lets batches under way finish, and seals what is left.
  absl::Status Stop(absl::Duration timeout = absl::Seconds(10));

 private:
  struct State;
  explicit Suite(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tideline::suite
