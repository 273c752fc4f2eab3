// SPDX-License-Identifier: Apache-2.0
// Verdicts and crashes: review, work_routing or Redis is killed at every step from a result to what
// its verdict brings about. Afterwards the result was approved once or sent back once, never both
// or twice, and its review is neither lost nor doubled.
//
// Every step is a commit of one of the two services, so the kill points are: just before the n-th
// commit of either, and just after it while its reply is not yet known. Then random moments, with
// several items on their way. TIDELINE_CHAOS_ROUNDS sets the number of those (default 6),
// TIDELINE_SEED the schedule.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/chaos/review_town.h"

namespace tideline::chaos {
namespace {

using Side = CommitGate::Side;
using review::v1::Verdict;

constexpr const char* kVictims[] = {"review", "work_routing", Town::kRedis};

int EnvInt(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

class ReviewCrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    redis_ = testing::RedisServer::StartOrNull();
    if (redis_ == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    town_ = std::make_unique<ReviewTown>(*redis_);
    const absl::Status open = town_->Open();
    ASSERT_TRUE(open.ok()) << open << "\n" << town_->Logs();
  }

  // Has a new item judged while `victim` is killed at one step; whether that step came.
  bool Judge(const std::string& service, int number, Side side, const std::string& victim,
             Verdict verdict, const std::string& what) {
    const auto item = town_->NewItem();  // its own commits come before those that are counted
    EXPECT_TRUE(item.ok()) << what << ": " << item.status() << "\n" << town_->Logs();
    if (!item.ok()) return false;
    absl::Notification struck, done;
    // The connection ends with whoever was at either end of it.
    const bool cut = victim == Town::kRedis || victim == service;
    town_->gate().Arm({service, number, side, cut, [&] {
                         town_->Kill(victim);
                         struck.Notify();
                       }});
    absl::Status status;
    std::thread client([&] {
      status = town_->Judge(item->name(), verdict);
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
    EXPECT_EQ(town_->Examine(item->name(), verdict), "") << what;
    return revived;
  }

  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<ReviewTown> town_;
};

TEST_F(ReviewCrashTest, AtEveryStepOfEitherServiceEachVictim) {
  // Counted once undisturbed: this many commits carry one review.
  const auto warm = town_->NewItem();
  ASSERT_TRUE(warm.ok()) << warm.status();
  town_->gate().Disarm();
  ASSERT_TRUE(town_->Judge(warm->name(), review::v1::VERDICT_APPROVED).ok()) << town_->Logs();
  std::map<std::string, int> steps = town_->gate().counts();
  ASSERT_GE(steps["review"], 4) << "opened, assigned, verdict, carried out";
  ASSERT_GE(steps["work_routing"], 3) << "result, reviewer's item, approval";
  std::map<std::string, int> met;
  int points = 0, kills = 0;
  for (const char* service : {"review", "work_routing"}) {
    for (int number = 1; number <= steps[service]; ++number) {
      for (const Side side : {Side::kBefore, Side::kAfter}) {
        for (const char* victim : kVictims) {
          // Verdicts take turns, so each step meets both.
          const Verdict verdict =
              points % 2 == 0 ? review::v1::VERDICT_APPROVED : review::v1::VERDICT_REWORK;
          const std::string what = absl::StrCat(
              victim, " killed ", side == Side::kBefore ? "before" : "after", " commit ", number,
              " of ", service, ", ", review::v1::Verdict_Name(verdict));
          const bool killed = Judge(service, number, side, victim, verdict, what);
          ASSERT_FALSE(HasFailure());
          ++points;
          kills += killed;
          met[service] = std::max(met[service], killed ? number : 0);
        }
      }
    }
  }
  std::printf("%d kill points over %d commits of review and %d of work_routing: %d kills\n", points,
              steps["review"], steps["work_routing"], kills);
  EXPECT_GE(met["review"], 4) << "opened, assigned, verdict and carried out were each met";
  EXPECT_GE(met["work_routing"], 3) << "result, reviewer's item and outcome were each met";
}

TEST_F(ReviewCrashTest, AtRandomMomentsWithSeveralItemsOnTheirWay) {
  const int rounds = EnvInt("TIDELINE_CHAOS_ROUNDS", 6);
  const int seed = EnvInt("TIDELINE_SEED", static_cast<int>(::getpid()));
  std::printf("seed %d, %d rounds\n", seed, rounds);
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  constexpr int kItems = 4;
  town_->gate().Disarm();
  const auto verdict_of = [](int i) {
    return i % 2 == 0 ? review::v1::VERDICT_APPROVED : review::v1::VERDICT_REWORK;
  };
  for (int round = 1; round <= rounds; ++round) {
    std::vector<std::string> items;
    for (int i = 0; i < kItems; ++i) {
      const auto item = town_->NewItem();
      ASSERT_TRUE(item.ok()) << item.status() << "\n" << town_->Logs();
      items.push_back(item->name());
    }
    std::vector<absl::Status> results(kItems);
    std::vector<std::thread> clients;
    for (int i = 0; i < kItems; ++i) {
      clients.emplace_back([&, i] { results[i] = town_->Judge(items[i], verdict_of(i)); });
    }
    const std::string victim = kVictims[random() % std::size(kVictims)];
    absl::Notification never;
    never.WaitForNotificationWithTimeout(absl::Microseconds(random() % 25000));
    town_->Kill(victim);
    town_->Revive(victim);
    for (std::thread& client : clients) client.join();
    for (int i = 0; i < kItems; ++i) {
      ASSERT_TRUE(results[i].ok()) << "round " << round << ": " << results[i] << "\n"
                                   << town_->Logs();
      EXPECT_EQ(town_->Examine(items[i], verdict_of(i)), "") << "round " << round;
    }
  }
}

}  // namespace
}  // namespace tideline::chaos
