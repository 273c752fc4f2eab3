// SPDX-License-Identifier: Apache-2.0
// The streams that are open in a process: at most so many per caller, and ended together when the
// process drains. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tideline::rpc {

// Streams per caller: an expert's console needs three, a system that follows ten workspaces thirty.
inline constexpr int kMaxWatchesPerCaller = 64;

class Watches : public std::enable_shared_from_this<Watches> {
 public:
  // Counts a stream of `caller` as long as the ticket lives. `close` ends it, from any thread, at
  // most once. RESOURCE_EXHAUSTED (QUOTA_EXCEEDED) with RetryInfo when the caller has too many;
  // UNAVAILABLE (DRAINING) after CloseAll.
  absl::StatusOr<std::shared_ptr<void>> Open(absl::string_view caller,
                                             std::function<void(absl::Status)> close);

  // Ends every stream with UNAVAILABLE (DRAINING), and lets no more begin.
  void CloseAll();

  int open() const;
  // Waits until no stream is open: each has sent its last word. False after `patience`.
  bool AwaitNone(absl::Duration patience) const;

 private:
  void Forget(uint64_t id, const std::string& caller);

  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<std::string, int> per_caller_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, std::function<void(absl::Status)>> close_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline::rpc
