// SPDX-License-Identifier: Apache-2.0
// Journals in Redis, version 7 or later: records as hashes, entries as a stream, the guarding logic
// in a library of Redis Functions (functions.lua). See ARCHITECTURE.md, "Journal in Redis".
//
//   TL_ASSIGN_OR_RETURN(auto store, RedisStore::Create("unix:///run/redis.sock"));
//   TL_RETURN_IF_ERROR(store->Open(16, absl::Seconds(10)));
//   auto journal = store->OpenJournal("work_routing", 3, loop);
//
// Thread-safe. Each journal has a connection, those of one loop share one more that waits for
// growth; the store's own questions have a thread of their own. The store may go before its
// journals. SIGPIPE must be ignored by the process.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/journal/growth.h"
#include "common/journal/journal.h"
#include "common/journal/redis_lane.h"
#include "common/redis/client.h"
#include "common/redis/endpoint.h"

namespace tideline::journal {

struct RedisStoreOptions {
  std::shared_ptr<redis::Endpoint> endpoint;  // required
  redis::ClientOptions client;
};

class RedisStore : public Store {
 public:
  explicit RedisStore(RedisStoreOptions options);
  // The store at a URL (common/redis/address.h). INVALID_ARGUMENT says what is wrong with it.
  static absl::StatusOr<std::unique_ptr<RedisStore>> Create(absl::string_view url);
  ~RedisStore() override;

  // Beside the contract: FAILED_PRECONDITION when the server is older than Redis 7 or asks for a
  // password, PERMISSION_DENIED when the user may not load Functions and they are missing,
  // UNAVAILABLE with the reason (a refused login, too) when `timeout` passes first.
  absl::Status Open(int partitions, absl::Duration timeout) override;
  std::unique_ptr<Journal> OpenJournal(absl::string_view service, int partition,
                                       Loop& loop) override;
  absl::StatusOr<StoreInfo> Inspect() override;
  double Fullness() const override { return fullness_.load(std::memory_order_relaxed); }

 private:
  absl::StatusOr<redis::Reply> Ask(std::vector<std::string> args, absl::Duration timeout);
  absl::Status InstallFunctions(absl::Duration timeout);
  void RefreshFullness();

  const RedisStoreOptions options_;
  std::atomic<double> fullness_{0};
  absl::Mutex mutex_;
  std::map<Loop*, std::weak_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, int>, std::weak_ptr<Growth>> growth_ ABSL_GUARDED_BY(mutex_);
  Loop loop_;                              // for the store's own questions
  std::unique_ptr<redis::Client> client_;  // lives on loop_
  std::unique_ptr<Loop::Timer> refresh_;   // lives on loop_
};

}  // namespace tideline::journal
