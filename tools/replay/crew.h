// SPDX-License-Identifier: Apache-2.0
// A few threads that work through a list together. One thread calls Run at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tideline::replay {

class Crew {
 public:
  // `size` bounds how many calls are outstanding; at least 1, the caller of Run is one of them.
  explicit Crew(size_t size);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Calls work(i) for each i below `count`, in no order, and returns when all have returned.
  void Run(size_t count, const std::function<void(size_t)>& work);

 private:
  void Work(const std::function<void(size_t)>& work, size_t count);
  void Loop();

  std::atomic<size_t> next_{0};
  absl::Mutex mutex_;
  const std::function<void(size_t)>* work_ ABSL_GUARDED_BY(mutex_) = nullptr;
  size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t round_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tideline::replay
