// SPDX-License-Identifier: Apache-2.0
// A Core that was restored from its records and the one that lived answer the same further calls
// with the same bytes, changes and wake times.
#include <map>
#include <set>
#include <string>

#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
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

void ExpectRestoredEqualsLive(int seed, testing::JournalMirror* mirror) {
  Driver live;
  if (mirror != nullptr) live.KeepIn(*mirror);
  Populate(live);
  Chance chance(seed);
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

TEST_P(Restore, EqualsLive) { ExpectRestoredEqualsLive(GetParam(), nullptr); }

// The same with each step a commit of a real journal.
constexpr int kJournalSeeds = 3;

TEST(RestoreFromMemoryJournal, EqualsLive) {
  for (int seed = 1; seed <= kJournalSeeds; ++seed) {
    journal::MemoryStore store;
    ASSERT_TRUE(store.Open(1, absl::Seconds(1)).ok());
    testing::JournalMirror mirror(store, "skill_registry");
    ExpectRestoredEqualsLive(seed, &mirror);
  }
}

TEST(RestoreFromRedisJournal, EqualsLive) {
  for (int seed = 1; seed <= kJournalSeeds; ++seed) {
    auto redis = testing::RedisServer::StartOrNull();
    if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    journal::RedisStore store(redis->store_options());
    ASSERT_TRUE(store.Open(1, absl::Seconds(10)).ok());
    testing::JournalMirror mirror(store, "skill_registry");
    ExpectRestoredEqualsLive(seed, &mirror);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Restore, ::testing::Range(1, 41));

// The test above is worth what its calls reach: each rpc must succeed at times.
TEST(Chance, ReachesEveryVerb) {
  std::map<std::string, int> done;
  for (int seed = 1; seed <= 40; ++seed) {
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
