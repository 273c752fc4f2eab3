// SPDX-License-Identifier: Apache-2.0
// Time that passes while the replay runs, as opposed to the log's. Not thread-safe.
#pragma once

#include <chrono>
#include <utility>

#include "absl/time/time.h"

namespace tideline::replay {

class Stopwatch {
 public:
  // Since the beginning, or since the last Lap.
  absl::Duration Elapsed() const { return absl::FromChrono(Steady::now() - start_); }
  absl::Duration Lap() {
    const Steady::time_point now = Steady::now();
    return absl::FromChrono(now - std::exchange(start_, now));
  }

 private:
  using Steady = std::chrono::steady_clock;
  Steady::time_point start_ = Steady::now();
};

}  // namespace tideline::replay
