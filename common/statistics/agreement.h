// SPDX-License-Identifier: Apache-2.0
// How far people who judge the same things agree, beyond what chance alone would give: Cohen's
// kappa for two raters, Fleiss' kappa for several, Krippendorff's alpha for any number of raters
// with gaps. 1 is perfect agreement, 0 is chance, negative is worse than chance. For reports only;
// nothing decides by floating point. Pure; any thread.
//
// Each is nullopt where it is not defined: no data, or everybody said the same of everything, so
// that chance could not have disagreed either.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/statistics/interval.h"

namespace tideline::statistics {

// How bad it is to be k categories apart: all the same, k, or k squared.
enum class Weighting { kUnweighted, kLinear, kQuadratic };

// What two raters said of the same thing, as categories from 0 up (in their order, when weighted).
using RatedPair = std::pair<int, int>;

// Cohen 1960; weighted: Cohen 1968. Also nullopt if a rating is not within 0 to categories - 1.
std::optional<double> CohenKappa(absl::Span<const RatedPair> pairs, int categories,
                                 Weighting weighting = Weighting::kUnweighted);

// Fleiss 1971. counts[i][c]: how many raters put thing i into category c; each thing has the same
// number of raters, at least 2, else nullopt.
std::optional<double> FleissKappa(absl::Span<const std::vector<int>> counts);

// What the values of alpha are: names; an order; differences count; ratios count (values >= 0).
enum class Metric { kNominal, kOrdinal, kInterval, kRatio };

// The values given to one thing, by whomever, in any order; who said nothing is left out. Things
// with fewer than two values are not pairable and do not count.
using Unit = std::vector<double>;

// Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011. Values are told apart exactly.
std::optional<double> KrippendorffAlpha(absl::Span<const Unit> units, Metric metric);

// Intervals by drawing the things again (interval.h); for alpha only the pairable ones. With t
// things of v different values and r replicates: about r * (t + v * v) steps.
std::optional<Interval> CohenKappaInterval(absl::Span<const RatedPair> pairs, int categories,
                                           Weighting weighting,
                                           const BootstrapOptions& options = {});
std::optional<Interval> FleissKappaInterval(absl::Span<const std::vector<int>> counts,
                                            const BootstrapOptions& options = {});
std::optional<Interval> KrippendorffAlphaInterval(absl::Span<const Unit> units, Metric metric,
                                                  const BootstrapOptions& options = {});

}  // namespace tideline::statistics
