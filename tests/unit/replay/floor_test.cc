// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tools/replay/course.h"

namespace tideline::replay {
namespace {

TEST(Floor, LetsOneOfferAtATimeIntoATeam) {
  Floor floor(2);
  EXPECT_TRUE(floor.TryEnter(0, 0));
  EXPECT_FALSE(floor.TryEnter(0, 0));
  EXPECT_TRUE(floor.TryEnter(1, 0)) << "another team is another floor";
  floor.Leave(0);
  EXPECT_TRUE(floor.TryEnter(0, 0));
}

TEST(Floor, KeepsOffersOutOfATeamWhereOtherItemsWait) {
  Floor floor(2);
  floor.Wait(kNone, 0);
  EXPECT_TRUE(floor.TryEnter(0, 1)) << "the asker's own item is the one that waits";
  floor.Leave(0);
  EXPECT_FALSE(floor.TryEnter(0, 0));
  floor.Wait(kNone, 0);
  EXPECT_FALSE(floor.TryEnter(0, 1));
  floor.Wait(0, 1);
  EXPECT_TRUE(floor.TryEnter(0, 1));
  EXPECT_FALSE(floor.TryEnter(1, 0));
}

}  // namespace
}  // namespace tideline::replay
