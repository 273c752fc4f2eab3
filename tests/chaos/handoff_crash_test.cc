// SPDX-License-Identifier: Apache-2.0
// Custody and crashes: handoff, work_routing or Redis is killed at every step of propose,
// acknowledge and transfer. Afterwards the item has exactly one holder, and the handoff is
// TRANSFERRED, or was ACKNOWLEDGED and has completed by itself; never both or neither.
//
// Every step is a commit of one of the two services, so the kill points are: just before the n-th
// commit of either, and just after it while its reply is not yet known. Then random moments, with
// several items on their way. TIDELINE_CHAOS_ROUNDS sets the number of those (default 6;
// `tools/test
// --all` runs 150), TIDELINE_SEED the schedule.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/chaos/handoff_town.h"

namespace tideline::chaos {
namespace {

using Side = CommitGate::Side;
using Victim = HandoffTown::Victim;

constexpr Victim kVictims[] = {Victim::kHandoff, Victim::kWorkRouting, Victim::kRedis};

int EnvInt(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

class HandoffCrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    redis_ = testing::RedisServer::StartOrNull();
    if (redis_ == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    town_ = std::make_unique<HandoffTown>(*redis_);
    const absl::Status open = town_->Open();
    ASSERT_TRUE(open.ok()) << open << "\n" << town_->Logs();
  }

  // Hands a new item over while `victim` is killed at one step; whether that step came.
  bool HandOver(const std::string& service, int number, Side side, Victim victim,
                const std::string& what) {
    const auto item = town_->NewItem();  // its own commits come before those that are counted
    EXPECT_TRUE(item.ok()) << what << ": " << item.status() << "\n" << town_->Logs();
    if (!item.ok()) return false;
    absl::Notification struck, done;
    // The connection ends with whoever was at either end of it.
    const bool cut = victim == Victim::kRedis || HandoffTown::NameOf(victim) == service;
    town_->gate().Arm({service, number, side, cut, [&] {
                         town_->Kill(victim);
                         struck.Notify();
                       }});
    absl::Status status;
    std::thread client([&] {
      status = town_->Hand(*item);
      done.Notify();
    });
    while (!struck.HasBeenNotified() && !done.HasBeenNotified()) {
      struck.WaitForNotificationWithTimeout(absl::Milliseconds(2));
    }
    bool revived = struck.HasBeenNotified();
    if (revived) town_->Revive(victim);
    client.join();
    town_->gate().Disarm();
    if (!revived && struck.HasBeenNotified()) {
      town_->Revive(victim);
      revived = true;
    }
    EXPECT_TRUE(status.ok()) << what << ": " << status << "\n" << town_->Logs();
    EXPECT_EQ(town_->Examine(*item), "") << what;
    return revived;
  }

  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<HandoffTown> town_;
};

TEST_F(HandoffCrashTest, AtEveryStepOfEitherServiceEachVictim) {
  // Counted once undisturbed: this many commits carry one handoff.
  const auto warm = town_->NewItem();
  ASSERT_TRUE(warm.ok()) << warm.status();
  town_->gate().Disarm();
  ASSERT_TRUE(town_->Hand(*warm).ok()) << town_->Logs();
  std::map<std::string, int> steps = town_->gate().counts();
  ASSERT_GE(steps["handoff"], 3) << "propose, acknowledge, transferred";
  ASSERT_GE(steps["work_routing"], 1) << "the transfer";
  std::map<std::string, int> met;
  int points = 0, kills = 0;
  for (const char* service : {"handoff", "work_routing"}) {
    for (int number = 1; number <= steps[service]; ++number) {
      for (const Side side : {Side::kBefore, Side::kAfter}) {
        for (const Victim victim : kVictims) {
          const std::string what = absl::StrCat(HandoffTown::NameOf(victim), " killed ",
                                                side == Side::kBefore ? "before" : "after",
                                                " commit ", number, " of ", service);
          const bool killed = HandOver(service, number, side, victim, what);
          ASSERT_FALSE(HasFailure());
          ++points;
          kills += killed;
          met[service] = std::max(met[service], killed ? number : 0);
        }
      }
    }
  }
  std::printf("%d kill points over %d commits of handoff and %d of work_routing: %d kills\n",
              points, steps["handoff"], steps["work_routing"], kills);
  EXPECT_GE(met["handoff"], 3) << "propose, acknowledge and transferred were each met";
  EXPECT_GE(met["work_routing"], 1) << "the transfer was met";
}

TEST_F(HandoffCrashTest, AtRandomMomentsWithSeveralItemsOnTheirWay) {
  const int rounds = EnvInt("TIDELINE_CHAOS_ROUNDS", 6);
  const int seed = EnvInt("TIDELINE_SEED", static_cast<int>(::getpid()));
  std::printf("seed %d, %d rounds\n", seed, rounds);
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  constexpr int kItems = 4;
  town_->gate().Disarm();
  std::map<std::string, int> kills;
  for (int round = 1; round <= rounds; ++round) {
    std::vector<work_routing::v1::WorkItem> items;
    for (int i = 0; i < kItems; ++i) {
      const auto item = town_->NewItem();
      ASSERT_TRUE(item.ok()) << item.status() << "\n" << town_->Logs();
      items.push_back(*item);
    }
    std::vector<absl::Status> results(kItems);
    std::vector<std::thread> clients;
    for (int i = 0; i < kItems; ++i) {
      clients.emplace_back([&, i] { results[i] = town_->Hand(items[i]); });
    }
    const Victim victim = kVictims[random() % std::size(kVictims)];
    absl::Notification never;
    never.WaitForNotificationWithTimeout(absl::Microseconds(random() % 25000));
    town_->Kill(victim);
    ++kills[HandoffTown::NameOf(victim)];
    town_->Revive(victim);
    for (std::thread& client : clients) client.join();
    for (int i = 0; i < kItems; ++i) {
      ASSERT_TRUE(results[i].ok()) << "round " << round << ": " << results[i] << "\n"
                                   << town_->Logs();
      EXPECT_EQ(town_->Examine(items[i]), "") << "round " << round;
    }
  }
  std::printf("%d handoffs; killed: handoff %d, work_routing %d, redis %d times\n", rounds * kItems,
              kills["handoff"], kills["work_routing"], kills["redis"]);
}

TEST(CommitGateTest, KnowsWhereCommandsAndRepliesEnd) {
  const std::string two = "*2\r\n$4\r\nPING\r\n$1\r\nx\r\n+PONG\r\n";
  EXPECT_EQ(RespEnd(two, 0), two.find('+'));
  EXPECT_EQ(RespEnd(two, two.find('+')), two.size());
  for (size_t cut = 1; cut < two.find('+'); ++cut) {
    EXPECT_EQ(RespEnd(absl::string_view(two).substr(0, cut), 0), std::string::npos) << cut;
  }
  EXPECT_EQ(RespEnd("$-1\r\n", 0), 5u);
  EXPECT_EQ(RespEnd("*2\r\n*1\r\n:5\r\n$0\r\n\r\n", 0), 18u);
}

TEST(CommitGateTest, KnowsWhoseJournalACommandCommitsTo) {
  EXPECT_EQ(CommitOf("*4\r\n$5\r\nFCALL\r\n$17\r\ntideline_commit_1\r\n$1\r\n2\r\n"
                     "$19\r\ntl:{handoff:0}:meta\r\n"),
            "handoff");
  EXPECT_EQ(CommitOf("*1\r\n$4\r\nPING\r\n"), "");
  EXPECT_EQ(CommitOf("*4\r\n$5\r\nFCALL\r\n$16\r\ntideline_check_1\r\n$1\r\n1\r\n"
                     "$19\r\ntl:{handoff:0}:meta\r\n"),
            "");
}

}  // namespace
}  // namespace tideline::chaos
