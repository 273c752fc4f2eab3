// SPDX-License-Identifier: Apache-2.0
// What clients saw: every call with its beginning, end and outcome. Times are monotonic nanoseconds
// of one machine, so calls order in real time. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tideline::chaos {

struct Operation {
  enum class Outcome {
    kOk,       // acknowledged: durable
    kRefused,  // a definite error: no effect, ever
    kUnknown,  // neither: at most one effect, at any time after the beginning
  };
  std::string verb;        // "SubmitWorkItem", ...
  std::string request_id;  // one per operation, however often it is sent
  std::string item;        // full name; of a submission, from its answer (empty while unknown)
  int64_t begin = 0;
  int64_t end = 0;  // INT64_MAX while unknown
  Outcome outcome = Outcome::kUnknown;
  int attempts = 0;
  std::string detail;
};

class History {
 public:
  void Add(Operation operation) {
    absl::MutexLock lock(&mutex_);
    operations_.push_back(std::move(operation));
  }
  std::vector<Operation> Take() {
    absl::MutexLock lock(&mutex_);
    return std::move(operations_);
  }

 private:
  absl::Mutex mutex_;
  std::vector<Operation> operations_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline::chaos
