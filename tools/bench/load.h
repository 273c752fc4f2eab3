// SPDX-License-Identifier: Apache-2.0
// Closed-loop load: a fixed number of calls outstanding, for a while; rate and latencies.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tideline::bench {

struct Outcome {
  double per_second = 0;  // calls that ended well
  double p50_ms = 0;
  double p99_ms = 0;
  uint64_t good = 0;
  uint64_t bad = 0;  // anything but OK
  std::string first_error;
};

// Starts one call on `slot`; `done(status text)` with an empty text when it was OK. May be called
// on any thread; at most one call per slot is under way.
using StartCall = std::function<void(int slot, std::function<void(std::string error)> done)>;

// Keeps `outstanding` calls going for `duration`, then waits for the last ones.
Outcome RunLoad(int outstanding, absl::Duration duration, const StartCall& start);

// The middle of an odd number of values, and their extremes.
struct Spread {
  double median = 0, least = 0, most = 0;
};
Spread SpreadOf(std::vector<double> values);

}  // namespace tideline::bench
