// SPDX-License-Identifier: Apache-2.0
#include "common/statistics/interval.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace tideline::statistics {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): short, and the same on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}

  // Uniform in 0 to bound - 1. The bias is under bound / 2^32.
  size_t Below(size_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return ((z >> 32) * bound) >> 32;
  }

 private:
  uint64_t state_;
};

// The value below which the share `p` lies, between neighbours on a line (Hyndman and Fan's type
// 7). `sorted` is not empty.
double Percentile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

bool IsShare(double confidence) { return confidence > 0 && confidence < 1; }

}  // namespace

double NormalQuantile(double confidence) {
  // P(|Z| <= z) = erf(z / sqrt 2) grows with z: halve until the numbers end.
  constexpr double kFarthest = 9;  // beyond it lies less than a double can tell
  constexpr int kHalvings = 64;
  double low = 0, high = kFarthest;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (std::erf(middle / std::sqrt(2.0)) < confidence ? low : high) = middle;
  }
  return high;
}

std::optional<Interval> Wilson(int64_t hits, int64_t trials, double confidence) {
  if (trials <= 0 || hits < 0 || hits > trials || !IsShare(confidence)) return std::nullopt;
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double z = NormalQuantile(confidence);
  const double center = p + z * z / (2 * n);
  const double reach = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  // The ends of nothing and of all are exactly 0 and 1; rounding would miss them by a hair.
  return Interval{hits == 0 ? 0 : (center - reach) / scale,
                  hits == trials ? 1 : (center + reach) / scale};
}

std::optional<Interval> Bootstrap(
    int units, const std::function<std::optional<double>(absl::Span<const int> times)>& statistic,
    const BootstrapOptions& options) {
  if (units <= 0 || options.replicates <= 0 || !IsShare(options.confidence)) return std::nullopt;
  Chance chance(options.seed);
  std::vector<double> values;
  std::vector<int> times(static_cast<size_t>(units));
  for (int replicate = 0; replicate < options.replicates; ++replicate) {
    std::fill(times.begin(), times.end(), 0);
    for (int draw = 0; draw < units; ++draw) ++times[chance.Below(times.size())];
    const std::optional<double> value = statistic(times);
    if (value.has_value()) values.push_back(*value);
  }
  if (values.size() * 2 <= static_cast<size_t>(options.replicates)) return std::nullopt;
  std::sort(values.begin(), values.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{Percentile(values, tail), Percentile(values, 1 - tail)};
}

}  // namespace tideline::statistics
