// SPDX-License-Identifier: Apache-2.0
// A Core that was restored from its records and the one that lived answer the same further calls
// with the same bytes, changes and wake times.
#include <map>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/skill_registry/chance.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {
namespace {

class Restore : public ::testing::TestWithParam<int> {};

std::string Do(Driver& driver, const Step& step) {
  if (!step.rpc.empty()) return driver.Run(step.rpc, *step.request, step.grant).Text();
  std::string text;
  for (const Outcome& outcome : driver.Advance(step.advance)) text += outcome.Text();
  return text;
}

TEST_P(Restore, EqualsLive) {
  Driver live;
  Populate(live);
  Chance chance(GetParam());
  for (int i = 0; i < 800; ++i) Do(live, chance.Next(live.now()));

  Driver restored = live.Restarted();
  ASSERT_TRUE(live.Dump() == restored.Dump());  // too long to print
  for (int i = 0; i < 200; ++i) {
    const Step step = chance.Next(live.now());
    ASSERT_EQ(Do(live, step), Do(restored, step))
        << step.rpc << " " << (step.request ? step.request->DebugString() : "");
    ASSERT_EQ(live.core().NextWake(), restored.core().NextWake());
  }
  EXPECT_TRUE(live.Dump() == restored.Dump());
  EXPECT_TRUE(live.records() == restored.records());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Restore, ::testing::Range(1, 41));

// The test above is worth what its calls reach: each rpc must succeed at times.
TEST(Chance, ReachesEveryVerb) {
  std::map<std::string, int> done;
  for (int seed = 1; seed <= 12; ++seed) {
    Driver driver;
    Populate(driver);
    Chance chance(seed);
    for (int i = 0; i < 800; ++i) {
      const Step step = chance.Next(driver.now());
      if (step.rpc.empty()) {
        done["Wake"] += static_cast<int>(driver.Advance(step.advance).size());
      } else if (driver.Run(step.rpc, *step.request, step.grant).status.ok()) {
        ++done[step.rpc];
      }
    }
  }
  std::vector<std::string> never;
  for (const std::string& rpc : RpcNames()) {
    if (done[rpc] == 0) never.push_back(rpc);
  }
  EXPECT_THAT(never, ::testing::IsEmpty());
  EXPECT_GT(done["Wake"], 0);
}

TEST(RestoreRefuses, WhatDoesNotMakeSense) {
  Core core;
  EXPECT_EQ(core.Restore("team", "workspaces/a/teams/t", "\xff").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(core.Restore("planet", "x", "").code(), absl::StatusCode::kDataLoss);
  v1::Team team;
  team.set_name("workspaces/a/teams/t");
  EXPECT_EQ(core.Restore("team", "workspaces/a/teams/t", team.SerializeAsString()).code(),
            absl::StatusCode::kDataLoss);  // no etag
  team.set_etag("3.0");
  team.set_site("workspaces/a/sites/gone");
  EXPECT_TRUE(core.Restore("team", "workspaces/a/teams/t", team.SerializeAsString()).ok());
  EXPECT_EQ(core.Restored().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tideline::skill_registry
