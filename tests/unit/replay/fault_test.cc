// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/fault.h"

#include <gtest/gtest.h>

#include "tests/unit/replay/small_log.h"
#include "tools/replay/count.h"

namespace tideline::replay {
namespace {

using Route = std::vector<std::string>;

Route RouteAfter(Fault fault, const std::string& text) {
  Log log = SmallLog({text, "Q@x Q@y"});
  log.incidents.pop_back();  // its teams stay
  EXPECT_EQ(*Spoil(fault, 7, log), "i0");
  return Count(log).at("i0").route;
}

TEST(Spoil, DropLetsTheOldTeamGoOn) {
  EXPECT_EQ(RouteAfter(Fault::kDrop, "Q@a W@a:1 W@b:1 R@b Q@c"), Route({"a", "c"}));
}

TEST(Spoil, DoubleMakesTheMoveTwice) {
  EXPECT_EQ(RouteAfter(Fault::kDouble, "W@a:1 W@b:1 R@b"), Route({"a", "b", "a", "b"}));
}

TEST(Spoil, MisrouteGoesToAThirdTeamAndKeepsTheNumberOfMoves) {
  const Route route = RouteAfter(Fault::kMisroute, "W@a:1 W@b:1 R@b Q@c");
  ASSERT_EQ(route.size(), 3u);
  EXPECT_NE(route[1], "a");
  EXPECT_NE(route[1], "b");
  EXPECT_NE(route[1], "c");
}

TEST(Spoil, RefusesALogWithoutMovesOrWithoutAThirdTeam) {
  Log still = SmallLog({"Q@a W@a:1"});
  EXPECT_EQ(Spoil(Fault::kDrop, 0, still).status().code(), absl::StatusCode::kFailedPrecondition);
  Log two = SmallLog({"Q@a Q@b"});
  EXPECT_EQ(Spoil(Fault::kMisroute, 0, two).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tideline::replay
