// SPDX-License-Identifier: Apache-2.0
#include "common/loop/loop.h"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tideline {
namespace {

using MonotonicClock = std::chrono::steady_clock;

TEST(Loop, RunsWhatIsPostedInOrderOnItsOwnThread) {
  std::vector<int> order;
  std::thread::id thread;
  {
    Loop loop("loop");
    EXPECT_FALSE(loop.OnThread());
    for (int i = 0; i < 100; ++i) {
      loop.Post([&, i] {
        order.push_back(i);
        thread = std::this_thread::get_id();
        EXPECT_TRUE(loop.OnThread());
      });
    }
  }  // the destructor lets all of it run
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(Loop, TheDestructorAlsoRunsWhatPostedWorkPosts) {
  bool ran = false;
  {
    auto loop = std::make_unique<Loop>("loop");
    Loop* raw = loop.get();
    raw->Post([&, raw] { raw->Post([&, raw] { raw->Post([&] { ran = true; }); }); });
  }
  EXPECT_TRUE(ran);
}

TEST(Loop, RunWaitsForItsWork) {
  Loop loop("loop");
  int value = 0;
  loop.Run([&] { value = 1; });
  EXPECT_EQ(value, 1);
}

TEST(Loop, ManyThreadsMayPost) {
  int count = 0;
  {
    Loop loop("loop");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) loop.Post([&] { ++count; });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(count, 4000);
}

TEST(Loop, WhatPostedWorkHoldsIsReleasedRightAfterIt) {
  Loop loop("loop");
  auto held = std::make_shared<int>(0);
  std::weak_ptr<int> weak = held;
  bool released = false;
  loop.Post([held = std::move(held)] {});
  loop.Run([&] { released = weak.expired(); });
  EXPECT_TRUE(released);
}

TEST(Timer, IsNeverEarly) {
  Loop loop("loop");
  for (int ms : {0, 1, 7}) {
    std::unique_ptr<Loop::Timer> timer;
    absl::Notification fired;
    MonotonicClock::time_point begin, end;
    loop.Run([&] {
      timer = std::make_unique<Loop::Timer>(loop);
      begin = MonotonicClock::now();
      timer->Set(absl::Milliseconds(ms), [&] {
        end = MonotonicClock::now();
        EXPECT_FALSE(timer->armed());
        fired.Notify();
      });
      EXPECT_TRUE(timer->armed());
    });
    fired.WaitForNotification();
    EXPECT_GE(end - begin, std::chrono::milliseconds(ms));
    loop.Run([&] { timer.reset(); });
  }
}

TEST(Timer, SettingReplacesAndCancellingEndsIt) {
  Loop loop("loop");
  std::unique_ptr<Loop::Timer> timer, other;
  absl::Notification done;
  bool first = false, cancelled = false;
  loop.Run([&] {
    timer = std::make_unique<Loop::Timer>(loop);
    other = std::make_unique<Loop::Timer>(loop);
    other->Set(absl::Milliseconds(1), [&] { cancelled = true; });
    other->Cancel();
    EXPECT_FALSE(other->armed());
    timer->Set(absl::Milliseconds(1), [&] { first = true; });
    timer->Set(absl::Milliseconds(5), [&] { done.Notify(); });
  });
  done.WaitForNotification();
  EXPECT_FALSE(first);
  EXPECT_FALSE(cancelled);
  loop.Run([&] {
    timer.reset();
    other.reset();
  });
}

TEST(Timer, MaySetItselfAgainOrDestroyItselfWhenItFires) {
  Loop loop("loop");
  std::unique_ptr<Loop::Timer> timer;
  absl::Notification done;
  int fired = 0;
  std::function<void()> again = [&] {
    if (++fired < 3) {
      timer->Set(absl::ZeroDuration(), again);
    } else {
      timer.reset();
      done.Notify();
    }
  };
  loop.Run([&] {
    timer = std::make_unique<Loop::Timer>(loop);
    timer->Set(absl::ZeroDuration(), again);
  });
  done.WaitForNotification();
  EXPECT_EQ(fired, 3);
}

TEST(Timer, DestroyedItDoesNotFireAndReleasesWhatItHeld) {
  Loop loop("loop");
  auto held = std::make_shared<int>(0);
  std::weak_ptr<int> weak = held;
  loop.Run([&] {
    Loop::Timer timer(loop);
    timer.Set(absl::InfiniteDuration(), [held = std::move(held)] { FAIL(); });
    EXPECT_TRUE(timer.armed());
  });
  loop.Run([] {});
  loop.Run([] {});
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace tideline
