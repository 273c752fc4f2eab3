// SPDX-License-Identifier: Apache-2.0
// Worked examples of the literature. Each was also computed apart from this code, in exact
// fractions from the definitions by pairs.
#include "common/statistics/agreement.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tideline::statistics {
namespace {

// The pairs of a table of counts: the first rater's categories are its rows.
std::vector<RatedPair> Pairs(const std::vector<std::vector<int>>& table) {
  std::vector<RatedPair> pairs;
  for (size_t row = 0; row < table.size(); ++row) {
    for (size_t column = 0; column < table.size(); ++column) {
      pairs.insert(pairs.end(), static_cast<size_t>(table[row][column]),
                   {static_cast<int>(row), static_cast<int>(column)});
    }
  }
  return pairs;
}

// Digits of each rater, one per thing; '.' said nothing. Categories begin with 1.
std::vector<RatedPair> Pairs(absl::string_view first, absl::string_view second) {
  std::vector<RatedPair> pairs;
  for (size_t i = 0; i < first.size(); ++i) pairs.emplace_back(first[i] - '1', second[i] - '1');
  return pairs;
}
std::vector<Unit> Units(const std::vector<std::string>& raters) {
  std::vector<Unit> units(raters[0].size());
  for (const std::string& rater : raters) {
    for (size_t i = 0; i < units.size(); ++i) {
      if (rater[i] != '.') units[i].push_back(rater[i] - '0');
    }
  }
  return units;
}

TEST(CohenKappaTest, AgreesWithPublishedExamples) {
  // Wikipedia, "Cohen's kappa": 50 proposals read by two readers; 0.40.
  EXPECT_NEAR(*CohenKappa(Pairs({{20, 5}, {10, 15}}), 2), 0.40, 1e-9);
  // SAS/STAT, FREQ procedure, as kept by statsmodels' test_inter_rater.py: 0.4842 and 0.4701.
  const std::vector<RatedPair> sas = Pairs({{0, 4, 1}, {0, 8, 0}, {0, 1, 5}});
  EXPECT_NEAR(*CohenKappa(sas, 3), 0.4842, 0.00005);
  EXPECT_NEAR(*CohenKappa(sas, 3, Weighting::kLinear), 0.4701, 0.00005);
  // Agresti, "Categorical Data Analysis" (SexualFun, in R's vcd): 0.1293, equal spacing 0.2374.
  const std::vector<RatedPair> fun =
      Pairs({{7, 7, 2, 3}, {2, 8, 3, 7}, {1, 5, 4, 9}, {2, 8, 9, 14}});
  EXPECT_NEAR(*CohenKappa(fun, 4), 0.1293, 0.00005);
  EXPECT_NEAR(*CohenKappa(fun, 4, Weighting::kLinear), 0.2374, 0.00005);
}

// R's irr, data "anxiety", raters 2 and 3, kappa2() unweighted, "equal" and "squared", as kept by
// statsmodels. Nobody used 5, and irr leaves it out: 6 is the fifth category.
TEST(CohenKappaTest, WeighsDisagreementAsIrrDoes) {
  const std::vector<RatedPair> pairs = Pairs("35452424332333221334", "21443215111233113322");
  EXPECT_NEAR(*CohenKappa(pairs, 5), -0.006289308, 5e-10);
  EXPECT_NEAR(*CohenKappa(pairs, 5, Weighting::kLinear), 0.1459075, 5e-8);
  EXPECT_NEAR(*CohenKappa(pairs, 5, Weighting::kQuadratic), 0.2520325, 5e-8);
}

TEST(CohenKappaTest, IsNotDefinedWhereChanceCannotDisagree) {
  EXPECT_FALSE(CohenKappa({}, 3).has_value());
  EXPECT_FALSE(CohenKappa(Pairs("111", "111"), 2).has_value());
  EXPECT_FALSE(CohenKappa(Pairs("13", "11"), 2).has_value()) << "3 is no category";
  EXPECT_FALSE(CohenKappa(Pairs("1", "2"), 0).has_value());
  EXPECT_EQ(CohenKappa(Pairs("12", "12"), 2), 1.0);
  EXPECT_EQ(CohenKappa(Pairs("12", "21"), 2), -1.0);
}

TEST(FleissKappaTest, AgreesWithPublishedExamples) {
  // Wikipedia, "Fleiss' kappa": 14 raters, 10 subjects, 5 categories; 0.210.
  EXPECT_NEAR(*FleissKappa({{0, 0, 0, 0, 14},
                            {0, 2, 6, 4, 2},
                            {0, 0, 3, 5, 6},
                            {0, 3, 9, 2, 0},
                            {2, 2, 8, 1, 1},
                            {7, 7, 0, 0, 0},
                            {3, 2, 6, 3, 0},
                            {2, 5, 3, 2, 2},
                            {6, 5, 2, 1, 0},
                            {0, 2, 2, 3, 7}}),
              0.210, 0.0005);
  // Fleiss 1971: 30 patients, 6 psychiatrists each, 5 diagnoses; 0.430 (irr: 0.4302445).
  std::vector<std::vector<int>> diagnoses;
  for (const absl::string_view patient : absl::StrSplit(
           "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 "
           "222333 144444 224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 "
           "144445 222224 111155 224444 133333 555555",
           ' ')) {
    std::vector<int>& counts = diagnoses.emplace_back(5);
    for (const char diagnosis : patient) ++counts[static_cast<size_t>(diagnosis - '1')];
  }
  ASSERT_EQ(diagnoses.size(), 30u);
  EXPECT_NEAR(*FleissKappa(diagnoses), 0.4302445, 5e-8);
}

TEST(FleissKappaTest, IsNotDefinedForOneRaterUnequalNumbersOrNoVariety) {
  EXPECT_FALSE(FleissKappa({}).has_value());
  EXPECT_FALSE(FleissKappa({{1, 0}, {0, 1}}).has_value());
  EXPECT_FALSE(FleissKappa({{2, 0}, {1, 2}}).has_value());
  EXPECT_FALSE(FleissKappa({{2, 0}, {2}}).has_value());
  EXPECT_FALSE(FleissKappa({{3, -1}, {1, 1}}).has_value());
  EXPECT_FALSE(FleissKappa({{2, 0}, {2, 0}}).has_value());
  EXPECT_EQ(FleissKappa({{2, 0}, {0, 2}}), 1.0);
}

// Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), examples A to D.
TEST(KrippendorffAlphaTest, AgreesWithKrippendorffsExamples) {
  // Two observers, binary data: 0.095. Two observers, nominal data: 0.692.
  const std::vector<Unit> binary = Units({"0100000010", "1110010000"});
  EXPECT_NEAR(*KrippendorffAlpha(binary, Metric::kNominal), 0.095, 0.0005);
  const std::vector<Unit> nominal = Units({"112243335441", "212223335444"});
  EXPECT_NEAR(*KrippendorffAlpha(nominal, Metric::kNominal), 0.692, 0.0005);
  // Four observers, gaps, and a unit that one observer saw alone.
  const std::vector<Unit> gaps =
      Units({"123321412...", "1233224125..", ".33323422513", "12332441251."});
  EXPECT_NEAR(*KrippendorffAlpha(gaps, Metric::kNominal), 0.743, 0.0005);
  EXPECT_NEAR(*KrippendorffAlpha(gaps, Metric::kOrdinal), 0.815, 0.0005);
  EXPECT_NEAR(*KrippendorffAlpha(gaps, Metric::kInterval), 0.849, 0.0005);
  EXPECT_NEAR(*KrippendorffAlpha(gaps, Metric::kRatio), 0.797, 0.0005);
}

TEST(KrippendorffAlphaTest, TakesRatiosWithZeroAndAnyOrderOfRaters) {
  const std::vector<Unit> units = {{0, 0}, {0, 2}, {3, 4}};
  const std::vector<Unit> turned = {{0, 0}, {2, 0}, {4, 3}};
  for (const Metric metric :
       {Metric::kNominal, Metric::kOrdinal, Metric::kInterval, Metric::kRatio}) {
    ASSERT_TRUE(KrippendorffAlpha(units, metric).has_value());
    EXPECT_EQ(KrippendorffAlpha(units, metric), KrippendorffAlpha(turned, metric));
  }
}

TEST(KrippendorffAlphaTest, IsNotDefinedWithoutPairsOrVariety) {
  EXPECT_FALSE(KrippendorffAlpha({}, Metric::kNominal).has_value());
  EXPECT_FALSE(KrippendorffAlpha({{1}, {2}}, Metric::kNominal).has_value());
  EXPECT_FALSE(KrippendorffAlpha({{1, 1}, {1, 1}}, Metric::kInterval).has_value());
  EXPECT_EQ(KrippendorffAlpha({{1, 1}, {2, 2}}, Metric::kInterval), 1.0);
}

TEST(AgreementIntervalTest, IsAroundTheFigureAndTheSameForTheSameSeed) {
  const std::vector<RatedPair> pairs = Pairs({{80, 10}, {10, 100}});
  const double kappa = *CohenKappa(pairs, 2);
  const auto draw = [&](uint64_t seed) {
    return CohenKappaInterval(pairs, 2, Weighting::kUnweighted, {.seed = seed}).value();
  };
  const Interval interval = draw(3);
  EXPECT_EQ(interval.low, draw(3).low);
  EXPECT_EQ(interval.high, draw(3).high);
  // Fleiss, Cohen and Everitt (1969) give a standard error of 0.0428 for this table.
  EXPECT_NEAR(interval.low, kappa - 1.96 * 0.0428, 0.015);
  EXPECT_NEAR(interval.high, kappa + 1.96 * 0.0428, 0.015);
}

TEST(AgreementIntervalTest, HoldsTheFigureOfEveryStatistic) {
  const std::vector<Unit> gaps =
      Units({"123321412...", "1233224125..", ".33323422513", "12332441251."});
  for (const Metric metric :
       {Metric::kNominal, Metric::kOrdinal, Metric::kInterval, Metric::kRatio}) {
    const double alpha = *KrippendorffAlpha(gaps, metric);
    const std::optional<Interval> interval = KrippendorffAlphaInterval(gaps, metric);
    ASSERT_TRUE(interval.has_value());
    EXPECT_LT(interval->low, alpha);
    EXPECT_GT(interval->high, alpha);
    EXPECT_LE(interval->high, 1);
  }
  const std::vector<std::vector<int>> counts = {{3, 0}, {2, 1}, {0, 3}, {1, 2}, {3, 0}, {0, 3}};
  const std::optional<Interval> interval = FleissKappaInterval(counts);
  ASSERT_TRUE(interval.has_value());
  EXPECT_LT(interval->low, *FleissKappa(counts));
  EXPECT_GE(interval->high, *FleissKappa(counts));
  EXPECT_FALSE(FleissKappaInterval({}).has_value());
  EXPECT_FALSE(KrippendorffAlphaInterval({}, Metric::kNominal).has_value());
  EXPECT_FALSE(CohenKappaInterval({{0, 9}}, 2, Weighting::kLinear).has_value());
}

}  // namespace
}  // namespace tideline::statistics
