// SPDX-License-Identifier: Apache-2.0
// How sure a figure is: Wilson's interval for a share, and bootstrap intervals for anything that is
// computed from units drawn again. The bootstrap is repeatable: the seed and the code decide, not
// the machine. For reports only; nothing decides by floating point. Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/types/span.h"

namespace tideline::statistics {

inline constexpr double kConfidence = 0.95;

struct Interval {
  double low = 0;
  double high = 0;
};

// Wilson's score interval (Wilson 1927; "method 3" of Newcombe 1998) for `hits` of `trials`.
// nullopt if there are no trials, hits are not within 0 to trials, or confidence not within 0 to 1.
std::optional<Interval> Wilson(int64_t hits, int64_t trials, double confidence = kConfidence);

// z with P(|Z| <= z) = confidence for a standard normal Z; confidence within 0 to 1.
double NormalQuantile(double confidence);

struct BootstrapOptions {
  uint64_t seed = 1;
  int replicates = 1000;  // 1000 give the ends of a 95 % interval about two digits
  double confidence = kConfidence;
};

// Draws `units` units again, with replacement, `replicates` times; times[u] says how often unit u
// was drawn. The interval is between the percentiles of what `statistic` says of them (Efron 1979).
// nullopt if there are no units or replicates, or `statistic` was undefined for half of them or
// more. Undefined ones are left out otherwise.
std::optional<Interval> Bootstrap(
    int units, const std::function<std::optional<double>(absl::Span<const int> times)>& statistic,
    const BootstrapOptions& options = {});

}  // namespace tideline::statistics
