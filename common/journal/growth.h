// SPDX-License-Identifier: Apache-2.0
// Who wants to hear that one journal has grown. Shared by all Journal objects of that journal in
// this process, so that a follower hears of a commit without asking the store. Thread-safe; always
// held by shared_ptr.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/loop/loop.h"

namespace tideline::journal {

class Growth : public std::enable_shared_from_this<Growth> {
 public:
  // While the token is held, `hint` is called on `loop` after each growth, once for several that
  // come close together. Give the token up on that loop.
  std::shared_ptr<void> Listen(Loop& loop, std::function<void()> hint);

  // Tells every listener. Any thread.
  void Tell();

  // The same, for a commit that this process made.
  void TellCommitted() {
    committed_.fetch_add(1, std::memory_order_relaxed);
    Tell();
  }
  // How many commits this process made: while it rises, nobody need watch the store for growth.
  uint64_t committed() const { return committed_.load(std::memory_order_relaxed); }

 private:
  struct Listener {
    Loop* loop;
    std::function<void()> hint;     // the loop's thread only
    std::atomic<bool> told{false};  // a hint is under way
  };

  void Remove(const Listener* listener);

  std::atomic<uint64_t> committed_{0};
  std::atomic<int> count_{0};  // of listeners: most journals have none, and Tell is on every commit
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline::journal
