// SPDX-License-Identifier: Apache-2.0
// The suite that is driven: one of our own in this process, in simulated time, or one that runs
// somewhere. One thread at a time, save for the channel.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "tools/replay/journal_fold.h"
#include "tools/replay/ledger_check.h"
#include "tools/replay/session.h"

namespace tideline::replay {

class Rig {
 public:
  virtual ~Rig() = default;

  virtual std::shared_ptr<grpc::Channel> channel() = 0;

  // Brings the suite to this time of the log: it does everything that is due on the way. Where time
  // runs by itself this does nothing.
  virtual absl::Status AdvanceTo(absl::Time time) = 0;
  virtual bool simulated() const = 0;

  // Called when the workspace and its queue are there and before the first item: from here on
  // everything that happens in the session's workspace is seen by FoldAll.
  virtual absl::Status Mark(Session& session) = 0;
  // Everything that happened since then, folded. A suite of our own is stopped and started again
  // before (so that sessions need the channel anew), and read from its journals; another one is
  // read from its watch, without `also`, which takes each event, too.
  virtual absl::StatusOr<Folded> FoldAll(Session& session, const EventTaker& also = nullptr) = 0;

  // Seals what is left and holds the ledger against the journals. FAILED_PRECONDITION for a suite
  // that has no ledger of ours.
  virtual absl::StatusOr<LedgerReport> CheckLedger() {
    return absl::FailedPreconditionError("the ledger is checked with a suite of our own only");
  }

  // For people: "memory", "redis-server 7.0.15, appendfsync always".
  virtual std::string description() const = 0;
};

enum class StoreKind { kMemory, kRedis };

// A suite in this process whose clock stands at `start`. kRedis: with a private redis-server in a
// temporary folder, which goes with the rig. `ledger`: every event is sealed, in such a folder,
// too. NOT_FOUND where there is no redis-server.
absl::StatusOr<std::unique_ptr<Rig>> HostSuite(StoreKind store, absl::Time start,
                                               bool ledger = false);

// A suite that listens at `address`. UNAVAILABLE when nobody answers.
absl::StatusOr<std::unique_ptr<Rig>> DialSuite(const std::string& address);

}  // namespace tideline::replay
