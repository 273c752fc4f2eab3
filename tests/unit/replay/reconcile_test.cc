// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tideline::replay {
namespace {

using testing::HasSubstr;

Facts Routed(std::vector<std::string> route) {
  Facts facts;
  facts.moves_from_holder = static_cast<int>(route.size()) - 1;
  facts.route = std::move(route);
  return facts;
}

// The one difference, as "item: what".
std::string OnlyDifference(const FactsById& log, const FactsById& suite) {
  const Reconciliation result = Reconcile(log, suite, true);
  EXPECT_FALSE(result.agrees());
  EXPECT_EQ(result.differences.size(), 1u);
  return result.differences.empty()
             ? ""
             : result.differences[0].item + ": " + result.differences[0].what;
}

TEST(Reconcile, AgreesOnlyToTheUnit) {
  const FactsById log = {{"i", Routed({"a", "b"})}, {"j", Routed({"a"})}};
  EXPECT_TRUE(Reconcile(log, log, true).agrees());
  FactsById suite = log;
  suite["j"].reopens = 1;
  EXPECT_EQ(OnlyDifference(log, suite), "j: reopens: log 0, suite 1");
}

TEST(Reconcile, NoticesARouteThoughTheCountsAreEqual) {
  const FactsById log = {{"i", Routed({"a", "b"})}};
  const FactsById suite = {{"i", Routed({"a", "c"})}};
  EXPECT_EQ(OnlyDifference(log, suite), "i: route: log a > b, suite a > c");
}

TEST(Reconcile, NoticesErrorsThatCancelOutInTheSums) {
  const FactsById log = {{"i", Routed({"a", "b"})}, {"j", Routed({"a"})}};
  const FactsById suite = {{"i", Routed({"a"})}, {"j", Routed({"a", "b"})}};
  const Reconciliation result = Reconcile(log, suite, true);
  EXPECT_FALSE(result.agrees());
  EXPECT_EQ(result.differences.size(), 2u);
}

TEST(Reconcile, NamesItemsThatOnlyOneSideHas) {
  const FactsById one = {{"i", Routed({"a"})}};
  EXPECT_EQ(OnlyDifference(one, {}), "i: the suite does not have it");
  EXPECT_EQ(OnlyDifference({}, one), "i: the log does not have it");
}

TEST(Reconcile, ComparesKindsOfMovesOnlyInExactTime) {
  const FactsById log = {{"i", Routed({"a", "b"})}};
  FactsById suite = log;
  suite["i"].moves_from_holder = 0;
  suite["i"].moves_from_result = 1;
  EXPECT_FALSE(Reconcile(log, suite, true).agrees());
  EXPECT_TRUE(Reconcile(log, suite, false).agrees());
}

TEST(Reconcile, ShowsATableWithWhatDiffers) {
  const FactsById log = {{"i", Routed({"a", "b"})}, {"j", Routed({"a", "b"})}};
  const std::string text = FormatTable(Reconcile(log, {}, true), 1);
  EXPECT_THAT(text, HasSubstr("items                                 2          0  <- differs"));
  EXPECT_THAT(text, HasSubstr("2 items differ:\n  i: the suite does not have it\n  and 1 more"));
}

}  // namespace
}  // namespace tideline::replay
