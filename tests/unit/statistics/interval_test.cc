// SPDX-License-Identifier: Apache-2.0
#include "common/statistics/interval.h"

#include <cmath>
#include <optional>

#include "gtest/gtest.h"

namespace tideline::statistics {
namespace {

// Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven
// methods", Statistics in Medicine 17 (1998), Table I, method 3 (score method).
TEST(WilsonTest, AgreesWithTheExamplesOfNewcombe) {
  struct {
    int64_t hits, trials;
    double low, high;
  } const kCases[] = {{81, 263, 0.2553, 0.3662},
                      {15, 148, 0.0624, 0.1605},
                      {0, 20, 0, 0.1611},
                      {1, 29, 0.0061, 0.1718}};
  for (const auto& one : kCases) {
    const std::optional<Interval> interval = Wilson(one.hits, one.trials);
    ASSERT_TRUE(interval.has_value());
    EXPECT_NEAR(interval->low, one.low, 0.00005) << one.hits;
    EXPECT_NEAR(interval->high, one.high, 0.00005) << one.hits;
  }
}

TEST(WilsonTest, EndsExactlyAtNothingAndAll) {
  EXPECT_EQ(Wilson(0, 7)->low, 0);
  EXPECT_EQ(Wilson(7, 7)->high, 1);
}

TEST(WilsonTest, IsNotDefinedWithoutTrialsOrForImpossibleCounts) {
  EXPECT_FALSE(Wilson(0, 0).has_value());
  EXPECT_FALSE(Wilson(-1, 5).has_value());
  EXPECT_FALSE(Wilson(6, 5).has_value());
  EXPECT_FALSE(Wilson(1, 5, 0).has_value());
  EXPECT_FALSE(Wilson(1, 5, 1).has_value());
}

TEST(NormalQuantileTest, AgreesWithTheTables) {
  EXPECT_NEAR(NormalQuantile(0.90), 1.6448536, 1e-7);
  EXPECT_NEAR(NormalQuantile(0.95), 1.9599640, 1e-7);
  EXPECT_NEAR(NormalQuantile(0.99), 2.5758293, 1e-7);
}

// The share of ones among the first `ones` of all units.
auto ShareOf(size_t ones) {
  return [ones](absl::Span<const int> times) -> std::optional<double> {
    double drawn = 0;
    for (size_t i = 0; i < ones; ++i) drawn += times[i];
    return drawn / static_cast<double>(times.size());
  };
}

TEST(BootstrapTest, OfAShareIsAsWideAsTheBinomialSays) {
  const std::optional<Interval> interval = Bootstrap(400, ShareOf(100), {.replicates = 4000});
  ASSERT_TRUE(interval.has_value());
  const double reach = NormalQuantile(0.95) * std::sqrt(0.25 * 0.75 / 400);
  EXPECT_NEAR(interval->low, 0.25 - reach, 0.004);
  EXPECT_NEAR(interval->high, 0.25 + reach, 0.004);
}

TEST(BootstrapTest, RepeatsToTheLastBitBySeed) {
  const auto draw = [](uint64_t seed) { return *Bootstrap(37, ShareOf(9), {.seed = seed}); };
  EXPECT_EQ(draw(7).low, draw(7).low);
  EXPECT_EQ(draw(7).high, draw(7).high);
  // What the generator gives everywhere: a change of it would change reports.
  const std::optional<Interval> few = Bootstrap(10, ShareOf(5), {.seed = 1, .replicates = 5});
  ASSERT_TRUE(few.has_value());
  const std::optional<Interval> other = Bootstrap(10, ShareOf(5), {.seed = 2, .replicates = 5});
  EXPECT_TRUE(few->low != other->low || few->high != other->high);
}

TEST(BootstrapTest, LeavesOutWhatIsUndefinedAndGivesUpWhenThatIsHalf) {
  int calls = 0;
  const auto every = [&calls](int nth) {
    return [&calls, nth](absl::Span<const int>) -> std::optional<double> {
      if (++calls % nth == 0) return std::nullopt;
      return 3.0;
    };
  };
  const std::optional<Interval> most = Bootstrap(5, every(3));
  ASSERT_TRUE(most.has_value());
  EXPECT_EQ(most->low, 3);
  EXPECT_FALSE(Bootstrap(5, every(2)).has_value());
  EXPECT_FALSE(Bootstrap(0, ShareOf(0)).has_value());
  EXPECT_FALSE(Bootstrap(5, ShareOf(1), {.replicates = 0}).has_value());
}

}  // namespace
}  // namespace tideline::statistics
