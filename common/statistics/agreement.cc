// SPDX-License-Identifier: Apache-2.0
#include "common/statistics/agreement.h"

#include <algorithm>
#include <cstddef>

namespace tideline::statistics {
namespace {

// A square table of numbers.
class Square {
 public:
  explicit Square(size_t size) : size_(size), cells_(size * size) {}
  double& at(size_t row, size_t column) { return cells_[row * size_ + column]; }
  double at(size_t row, size_t column) const { return cells_[row * size_ + column]; }
  size_t size() const { return size_; }

 private:
  size_t size_;
  std::vector<double> cells_;
};

// Once each.
std::vector<int> Ones(size_t size) { return std::vector<int>(size, 1); }

// 1 - what was seen over what chance gives; none if chance cannot disagree.
std::optional<double> Beyond(double seen, double by_chance) {
  if (!(by_chance > 0)) return std::nullopt;
  return 1 - seen / by_chance;
}

double Distance(size_t a, size_t b, Weighting weighting) {
  const double apart = a > b ? static_cast<double>(a - b) : static_cast<double>(b - a);
  switch (weighting) {
    case Weighting::kLinear:
      return apart;
    case Weighting::kQuadratic:
      return apart * apart;
    case Weighting::kUnweighted:
      break;
  }
  return a == b ? 0 : 1;
}

bool Valid(absl::Span<const RatedPair> pairs, int categories) {
  const auto is_category = [categories](int value) { return value >= 0 && value < categories; };
  return std::all_of(pairs.begin(), pairs.end(), [&](const RatedPair& pair) {
    return is_category(pair.first) && is_category(pair.second);
  });
}

std::optional<double> Cohen(absl::Span<const RatedPair> pairs, int categories, Weighting weighting,
                            absl::Span<const int> times) {
  const size_t size = static_cast<size_t>(std::max(categories, 0));
  std::vector<double> first(size), second(size);
  double seen = 0, total = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const size_t a = static_cast<size_t>(pairs[i].first);
    const size_t b = static_cast<size_t>(pairs[i].second);
    first[a] += times[i];
    second[b] += times[i];
    seen += times[i] * Distance(a, b, weighting);
    total += times[i];
  }
  double by_chance = 0;
  for (size_t a = 0; a < size; ++a) {
    for (size_t b = 0; b < size; ++b) by_chance += first[a] * second[b] * Distance(a, b, weighting);
  }
  return Beyond(seen * total, by_chance);
}

// How many raters each thing has; 0 if not all have the same number, or fewer than two.
int RatersOf(absl::Span<const std::vector<int>> counts) {
  int raters = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].size() != counts[0].size()) return 0;
    int sum = 0;
    for (const int count : counts[i]) {
      if (count < 0) return 0;
      sum += count;
    }
    if (i > 0 && sum != raters) return 0;
    raters = sum;
  }
  return raters < 2 ? 0 : raters;
}

std::optional<double> Fleiss(absl::Span<const std::vector<int>> counts, int raters,
                             absl::Span<const int> times) {
  std::vector<double> totals(counts[0].size());
  double agreeing = 0, things = 0;  // pairs of raters who agree, and things
  for (size_t i = 0; i < counts.size(); ++i) {
    for (size_t c = 0; c < totals.size(); ++c) {
      totals[c] += static_cast<double>(times[i]) * counts[i][c];
      agreeing += static_cast<double>(times[i]) * counts[i][c] * (counts[i][c] - 1);
    }
    things += times[i];
  }
  const double ratings = things * raters;
  double same_by_chance = 0;
  for (const double total : totals) same_by_chance += total / ratings * (total / ratings);
  return Beyond(1 - agreeing / (ratings * (raters - 1)), 1 - same_by_chance);
}

// Values as indexes into `values`; only things that at least two people spoke of.
struct Coded {
  std::vector<double> values;  // ascending
  std::vector<std::vector<size_t>> units;
};

Coded Code(absl::Span<const Unit> units) {
  Coded coded;
  for (const Unit& unit : units) {
    if (unit.size() < 2) continue;
    coded.values.insert(coded.values.end(), unit.begin(), unit.end());
  }
  std::sort(coded.values.begin(), coded.values.end());
  coded.values.erase(std::unique(coded.values.begin(), coded.values.end()), coded.values.end());
  for (const Unit& unit : units) {
    if (unit.size() < 2) continue;
    std::vector<size_t>& indexes = coded.units.emplace_back();
    for (const double value : unit) {
      const auto at = std::lower_bound(coded.values.begin(), coded.values.end(), value);
      indexes.push_back(static_cast<size_t>(at - coded.values.begin()));
    }
  }
  return coded;
}

// The squared difference between two values; `totals` are the pairable values of each kind.
double Difference(const Coded& coded, const std::vector<double>& totals, Metric metric, size_t a,
                  size_t b) {
  const double x = coded.values[a], y = coded.values[b];
  switch (metric) {
    case Metric::kNominal:
      break;
    case Metric::kOrdinal: {
      // All that lies from one to the other, the ends by half.
      double between = -(totals[a] + totals[b]) / 2;
      for (size_t i = std::min(a, b); i <= std::max(a, b); ++i) between += totals[i];
      return between * between;
    }
    case Metric::kInterval:
      return (x - y) * (x - y);
    case Metric::kRatio:
      return x + y == 0 ? 0 : (x - y) / (x + y) * ((x - y) / (x + y));
  }
  return a == b ? 0 : 1;
}

std::optional<double> Alpha(const Coded& coded, Metric metric, absl::Span<const int> times) {
  const size_t size = coded.values.size();
  Square coincidences(size);
  std::vector<double> totals(size);
  double all = 0;
  for (size_t u = 0; u < coded.units.size(); ++u) {
    if (times[u] == 0) continue;
    const std::vector<size_t>& unit = coded.units[u];
    const double weight = times[u] / static_cast<double>(unit.size() - 1);
    for (size_t i = 0; i < unit.size(); ++i) {
      for (size_t j = 0; j < unit.size(); ++j) {
        if (i != j) coincidences.at(unit[i], unit[j]) += weight;
      }
      totals[unit[i]] += times[u];
      all += times[u];
    }
  }
  double seen = 0, by_chance = 0;
  for (size_t a = 0; a < size; ++a) {
    for (size_t b = a + 1; b < size; ++b) {
      const double difference = Difference(coded, totals, metric, a, b);
      seen += coincidences.at(a, b) * difference;
      by_chance += totals[a] * totals[b] * difference;
    }
  }
  return Beyond(seen * (all - 1), by_chance);
}

}  // namespace

std::optional<double> CohenKappa(absl::Span<const RatedPair> pairs, int categories,
                                 Weighting weighting) {
  if (!Valid(pairs, categories)) return std::nullopt;
  return Cohen(pairs, categories, weighting, Ones(pairs.size()));
}

std::optional<double> FleissKappa(absl::Span<const std::vector<int>> counts) {
  const int raters = RatersOf(counts);
  if (raters == 0) return std::nullopt;
  return Fleiss(counts, raters, Ones(counts.size()));
}

std::optional<double> KrippendorffAlpha(absl::Span<const Unit> units, Metric metric) {
  const Coded coded = Code(units);
  return Alpha(coded, metric, Ones(coded.units.size()));
}

std::optional<Interval> CohenKappaInterval(absl::Span<const RatedPair> pairs, int categories,
                                           Weighting weighting, const BootstrapOptions& options) {
  if (!Valid(pairs, categories)) return std::nullopt;
  return Bootstrap(
      static_cast<int>(pairs.size()),
      [&](absl::Span<const int> times) { return Cohen(pairs, categories, weighting, times); },
      options);
}

std::optional<Interval> FleissKappaInterval(absl::Span<const std::vector<int>> counts,
                                            const BootstrapOptions& options) {
  const int raters = RatersOf(counts);
  if (raters == 0) return std::nullopt;
  return Bootstrap(
      static_cast<int>(counts.size()),
      [&](absl::Span<const int> times) { return Fleiss(counts, raters, times); }, options);
}

std::optional<Interval> KrippendorffAlphaInterval(absl::Span<const Unit> units, Metric metric,
                                                  const BootstrapOptions& options) {
  const Coded coded = Code(units);
  return Bootstrap(
      static_cast<int>(coded.units.size()),
      [&](absl::Span<const int> times) { return Alpha(coded, metric, times); }, options);
}

}  // namespace tideline::statistics
