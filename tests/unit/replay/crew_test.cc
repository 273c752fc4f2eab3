// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"

namespace tideline::replay {
namespace {

TEST(Crew, DoesEachOfAListOnceRoundAfterRound) {
  Crew crew(4);
  for (size_t round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> done(round);
    crew.Run(round, [&](size_t i) { done[i].fetch_add(1); });
    for (const auto& count : done) EXPECT_EQ(count.load(), 1);
  }
}

TEST(Crew, WorksSideBySide) {
  Crew crew(3);
  // Three that wait for each other: one thread alone would never come to an end.
  auto* barrier = new absl::Barrier(3);
  crew.Run(3, [barrier](size_t) {
    if (barrier->Block()) delete barrier;
  });
}

TEST(Crew, DoesASingleThingOnTheCallersThread) {
  Crew crew(3);
  std::thread::id who;
  crew.Run(1, [&](size_t) { who = std::this_thread::get_id(); });
  EXPECT_EQ(who, std::this_thread::get_id());
}

}  // namespace
}  // namespace tideline::replay
