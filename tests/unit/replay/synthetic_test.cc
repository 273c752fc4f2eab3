// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/synthetic.h"

#include <gtest/gtest.h>

#include "tools/replay/count.h"

namespace tideline::replay {
namespace {

TEST(Sample, IsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(Count(MakeSample({})), Count(MakeSample({})));
  EXPECT_NE(Count(MakeSample({.seed = 1})), Count(MakeSample({.seed = 2})));
}

TEST(Sample, HasEverythingThatAReconciliationCounts) {
  const Log log = MakeSample({});
  const Totals sum = Sum(Count(log));
  EXPECT_EQ(sum.items, 200);
  EXPECT_GT(sum.moves_from_queue, 0);
  EXPECT_GT(sum.moves_from_holder, 0);
  EXPECT_GT(sum.moves_from_result, 0);
  EXPECT_GT(sum.returns, 0);
  EXPECT_GT(sum.reopens, 0);
  EXPECT_GT(sum.open, 0);
  EXPECT_GT(sum.awaiting_approval, 0);
  EXPECT_GT(sum.cancelled, 0);
  EXPECT_GT(sum.completed, 100);
  EXPECT_EQ(log.sites.size(), 3u);
  EXPECT_EQ(log.teams.size(), 6u);
}

TEST(Sample, NeverGoesBackInTime) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Incident& incident : MakeSample({.seed = seed}).incidents) {
      for (size_t i = 1; i < incident.observations.size(); ++i) {
        EXPECT_LE(incident.observations[i - 1].at, incident.observations[i].at) << incident.id;
      }
    }
  }
}

}  // namespace
}  // namespace tideline::replay
