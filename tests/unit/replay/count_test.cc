// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/count.h"

#include <gtest/gtest.h>

#include "tests/unit/replay/small_log.h"

namespace tideline::replay {
namespace {

Facts One(const std::string& text) { return Count(SmallLog({text})).at("i0"); }

using Route = std::vector<std::string>;

TEST(Count, TellsMovesByWhatTheItemWasInBefore) {
  const Facts facts = One("Q@a Q@b W@b:1 Q@c A@c:1 W@d:1 R@d C@d W@a:1");
  EXPECT_EQ(facts.route, Route({"a", "b", "c", "d", "a"}));
  EXPECT_EQ(facts.moves_from_queue, 1);
  EXPECT_EQ(facts.moves_from_holder, 2);
  EXPECT_EQ(facts.moves_from_result, 1);
  EXPECT_EQ(facts.moves(), 4);
}

TEST(Count, CountsEachReturnToATeamThatHadTheItem) {
  EXPECT_EQ(One("Q@a Q@b Q@a Q@b Q@c").returns, 2);
  EXPECT_EQ(One("Q@a Q@b Q@c").returns, 0);
}

TEST(Count, CountsWorkAfterAResultAsOneReopen) {
  EXPECT_EQ(One("W@a:1 R@a C@a W@a:1 A@a:1 R@a Q@b").reopens, 2);
  EXPECT_EQ(One("W@a:1 R@a R@a C@a C@a").reopens, 0);
}

TEST(Count, CountsAResultOfAnotherTeamAsClosedElsewhereNotAsReopen) {
  const Facts facts = One("W@a:1 R@a C@b:1");
  EXPECT_EQ(facts.reopens, 0);
  EXPECT_EQ(facts.closed_elsewhere, 1);
  EXPECT_EQ(facts.moves_from_result, 1);
  EXPECT_EQ(facts.outcome, Outcome::kCompleted);
}

TEST(Count, TellsHowAnItemEnded) {
  EXPECT_EQ(One("Q@a").outcome, Outcome::kOpen);
  EXPECT_EQ(One("W@a R@a").outcome, Outcome::kAwaitingApproval);
  EXPECT_EQ(One("W@a R@a C@a").outcome, Outcome::kCompleted);
  EXPECT_EQ(One("W@a R@a C@a R@a").outcome, Outcome::kCompleted) << "the same result once more";
  EXPECT_EQ(One("W@a R@a C@a R@b").outcome, Outcome::kAwaitingApproval) << "another team's result";
  EXPECT_EQ(One("W@a R@a C@a A@a").outcome, Outcome::kOpen);
  EXPECT_EQ(One("W@a X@a").outcome, Outcome::kCancelled);
}

TEST(Count, SumsItems) {
  const Totals sum = Sum(Count(SmallLog({"Q@a Q@b Q@a", "Q@a", "W@a R@a W@a R@a W@a"})));
  EXPECT_EQ(sum.items, 3);
  EXPECT_EQ(sum.moves, 2);
  EXPECT_EQ(sum.moved_items, 1);
  EXPECT_EQ(sum.returned_items, 1);
  EXPECT_EQ(sum.reopens, 2);
  EXPECT_EQ(sum.reopened_items, 1);
  EXPECT_EQ(sum.open, 3);
}

}  // namespace
}  // namespace tideline::replay
