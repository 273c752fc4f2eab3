// SPDX-License-Identifier: Apache-2.0
// Reads every journal of the installation and seals what it finds. A sink: nothing depends on it,
// it writes no journal, and how far it has come lies in the archive, in the transaction that seals.
//
// It works in rounds: journals that grew are read, a page each; what came is one transaction.
// Rounds are `every` apart, so a busy suite costs it a few reads and one sync per round. It has a
// loop of its own, on which the archive's syncs may block.
//
// When archive and journals disagree it stops, says why, and seals no more; when the disk is full
// or the store away it tries again. Public functions: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"
#include "common/telemetry/metrics.h"
#include "common/time/clock.h"
#include "services/decision_ledger/ledger/archive.h"

namespace tideline::decision_ledger {

struct SealerOptions {
  journal::Store* store = nullptr;        // required, opened
  const Clock* clock = nullptr;           // required: when events were sealed
  telemetry::Metrics* metrics = nullptr;  // may be null
  std::vector<std::string> services;      // whose journals
  int partitions = 0;
  // Between rounds. What is sealed lags by so much; a checkpoint every second is what witnesses of
  // transparency logs ask for, and this is well within it.
  absl::Duration every = absl::Milliseconds(200);
  // How long Start waits for the store.
  absl::Duration patience = absl::Seconds(30);
};

class Sealer {
 public:
  // Compares the archive with the journals, then follows them. DATA_LOSS: they disagree, names the
  // journal, the commit and how (rolled back, another entry, a gap). UNAVAILABLE: the store did not
  // answer.
  static absl::StatusOr<std::unique_ptr<Sealer>> Start(SealerOptions options,
                                                       std::unique_ptr<Archive> archive);
  // Stops; what is unsealed stays in the journals.
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Seals everything that the journals hold now. DEADLINE_EXCEEDED, or why the sealer has stopped.
  absl::Status SealAll(absl::Duration timeout);

  // OK while it seals; else why it stopped.
  absl::Status status() const;
  // Events sealed so far, over all trees.
  uint64_t sealed() const;

 private:
  struct Source;
  using Done = std::function<void(absl::Status)>;

  Sealer(SealerOptions options, std::unique_ptr<Archive> archive);
  void Open();
  void Grown(Source& source);
  void Round();
  void Read(Source& source, size_t limit);
  void OnPage(Source& source, absl::StatusOr<journal::Page> page);
  absl::Status Take(Source& source, const journal::Page& page);
  void EndRound();
  // Whether nothing is left in pending_.
  bool SealPending();
  void Look();
  void Mark();
  void Publish();
  // Begins something on the loop and waits for what it is told; `what` did not happen in time.
  absl::Status Wait(absl::Duration timeout, absl::string_view what,
                    const std::function<void(Done)>& begin);
  void Stop(absl::Status why);

  const SealerOptions options_;
  Loop loop_;
  // On the loop.
  std::unique_ptr<Archive> archive_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::unique_ptr<Loop::Timer> round_;   // the next round
  std::unique_ptr<Loop::Timer> look_;    // hints may be lost
  std::vector<SealableCommit> pending_;  // read, in order of arrival, not sealed
  size_t reading_ = 0;                   // pages under way
  bool away_ = false;                    // the store did not answer in this round
  std::vector<Done> comparing_;          // Start
  std::vector<Done> waiting_;            // SealAll
  std::shared_ptr<bool> alive_;
  telemetry::Counter sealed_total_;
  telemetry::Gauge lag_;
  telemetry::Gauge stopped_;

  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  uint64_t sealed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tideline::decision_ledger
