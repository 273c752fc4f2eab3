// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/crew.h"

namespace tideline::replay {

Crew::Crew(size_t size) {
  for (size_t i = 1; i < size; ++i) threads_.emplace_back([this] { Loop(); });
}

Crew::~Crew() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Crew::Work(const std::function<void(size_t)>& work, size_t count) {
  for (size_t i = next_.fetch_add(1); i < count; i = next_.fetch_add(1)) work(i);
}

void Crew::Run(size_t count, const std::function<void(size_t)>& work) {
  if (count == 1 || threads_.empty()) {  // the usual instant of a log: no thread need wake
    for (size_t i = 0; i < count; ++i) work(i);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    work_ = &work;
    count_ = count;
    next_ = 0;
    busy_ = threads_.size();
    ++round_;
  }
  Work(work, count);
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](size_t* busy) { return *busy == 0; }, &busy_));
}

void Crew::Loop() {
  uint64_t seen = 0;
  while (true) {
    const std::function<void(size_t)>* work = nullptr;
    size_t count = 0;
    {
      absl::MutexLock lock(&mutex_);
      const auto called = [this, &seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return closing_ || round_ != seen;
      };
      mutex_.Await(absl::Condition(&called));
      if (closing_) return;
      seen = round_;
      work = work_;
      count = count_;
    }
    Work(*work, count);
    absl::MutexLock lock(&mutex_);
    --busy_;
  }
}

}  // namespace tideline::replay
