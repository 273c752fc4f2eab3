// SPDX-License-Identifier: Apache-2.0
// Journals in memory, for tests, simulations and `tideline dev --store=memory`. Nothing survives
// the process; everything else is as with Redis, which one conformance suite holds both to.
//
// Thread-safe. Journals of one (service, partition) share their state, so a follower on another
// loop reads what the owner wrote. The store may go before its journals.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"

namespace tideline::journal {

class MemoryShard;

class MemoryStore : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

  absl::Status Open(int partitions, absl::Duration timeout) override;
  std::unique_ptr<Journal> OpenJournal(absl::string_view service, int partition,
                                       Loop& loop) override;
  absl::StatusOr<StoreInfo> Inspect() override;
  double Fullness() const override { return fullness_.load(std::memory_order_relaxed); }

  // What Fullness answers from now on (memory has no limit of its own): for tests of admission.
  void SetFullness(double share) { fullness_.store(share, std::memory_order_relaxed); }

 private:
  std::atomic<double> fullness_{0};
  mutable absl::Mutex mutex_;
  int partitions_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: not settled yet
  std::map<std::pair<std::string, int>, std::shared_ptr<MemoryShard>> shards_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline::journal
