// SPDX-License-Identifier: Apache-2.0
#include "common/time/clock.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline {
namespace {

using ::testing::ElementsAre;

// A machine whose clocks a test moves.
class FakeTime : public TimeSource {
 public:
  absl::Time Wall() const override { return wall; }
  absl::Duration Boot() const override { return boot; }

  void Pass(absl::Duration by) {
    wall += by;
    boot += by;
  }
  // Time passes while somebody asks every second, as in a process that lives.
  void PassAsking(const SystemClock& clock, absl::Duration by) {
    for (absl::Duration done; done < by; done += absl::Seconds(1)) {
      Pass(absl::Seconds(1));
      clock.Now();
    }
  }

  absl::Time wall = absl::FromUnixSeconds(1'600'000'000);
  absl::Duration boot = absl::Hours(5);
};

class SystemClockTest : public ::testing::Test {
 protected:
  FakeTime source_;
  const absl::Time start_ = source_.wall;
  SystemClock clock_{source_};
};

TEST_F(SystemClockTest, StartsAtTheWallAndRunsWithBootTime) {
  EXPECT_EQ(clock_.Now(), start_);
  EXPECT_TRUE(clock_.runs());
  source_.Pass(absl::Seconds(90));
  EXPECT_EQ(clock_.Now(), start_ + absl::Seconds(90));
  EXPECT_EQ(clock_.steps(), 0);
}

TEST_F(SystemClockTest, SlewsDriftAwayByAtMost500PartsPerMillion) {
  source_.wall += absl::Milliseconds(100);
  EXPECT_EQ(clock_.Now(), start_);
  source_.Pass(absl::Seconds(10));  // 10 s may correct 5 ms
  EXPECT_EQ(clock_.Now(), start_ + absl::Seconds(10) + absl::Milliseconds(5));
  source_.PassAsking(clock_, absl::Seconds(189));
  EXPECT_EQ(source_.wall - clock_.Now(), absl::Microseconds(500));
  source_.PassAsking(clock_, absl::Seconds(2));
  EXPECT_EQ(clock_.Now(), source_.wall);
  EXPECT_EQ(clock_.steps(), 0);
}

TEST_F(SystemClockTest, SlewsBackWithoutGoingBack) {
  source_.wall -= absl::Milliseconds(900);
  absl::Time before = clock_.Now();
  EXPECT_EQ(before, start_);
  for (int i = 0; i < 1900; ++i) {
    source_.Pass(absl::Seconds(1));
    absl::Time now = clock_.Now();
    EXPECT_GE(now - before, absl::Microseconds(999'500));
    before = now;
  }
  EXPECT_EQ(clock_.Now(), source_.wall);
}

TEST_F(SystemClockTest, SlewsAlsoWhenAskedEveryMicrosecond) {
  source_.wall += absl::Milliseconds(1);
  for (int i = 0; i < 2'100'000; ++i) {
    source_.Pass(absl::Microseconds(1));
    clock_.Now();
  }
  EXPECT_EQ(clock_.Now(), source_.wall);
}

TEST_F(SystemClockTest, JitterOfTheWallNeverTurnsTimeBack) {
  absl::Time before = clock_.Now();
  for (int i = 0; i < 10'000; ++i) {
    source_.boot += absl::Microseconds(10);
    source_.wall = start_ + absl::Microseconds(10 * i) + absl::Milliseconds(i % 2 ? 400 : -400);
    absl::Time now = clock_.Now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST_F(SystemClockTest, FollowsAStepForwardOnlyAfterItHeldTenMinutes) {
  source_.wall += absl::Minutes(5);
  EXPECT_EQ(clock_.Now(), start_);
  EXPECT_EQ(clock_.standing_step(), absl::Minutes(5));
  EXPECT_EQ(clock_.steps(), 1);
  source_.PassAsking(clock_, absl::Minutes(10) - absl::Seconds(1));
  EXPECT_EQ(clock_.Now(), start_ + absl::Minutes(10) - absl::Seconds(1));
  source_.Pass(absl::Seconds(1));
  EXPECT_EQ(clock_.Now(), source_.wall);
  EXPECT_EQ(clock_.standing_step(), absl::ZeroDuration());
  EXPECT_EQ(clock_.steps(), 1);
}

TEST_F(SystemClockTest, AStepOfExactlyOneSecondIsDrift) {
  source_.wall += absl::Seconds(1);
  EXPECT_EQ(clock_.steps(), 0);
  source_.wall += absl::Nanoseconds(1);
  EXPECT_EQ(clock_.steps(), 1);
}

TEST_F(SystemClockTest, AStepThatIsTakenBackIsForgotten) {
  source_.wall += absl::Minutes(5);
  clock_.Now();
  source_.PassAsking(clock_, absl::Minutes(9));
  source_.wall -= absl::Minutes(5);
  EXPECT_EQ(clock_.standing_step(), absl::ZeroDuration());
  source_.PassAsking(clock_, absl::Minutes(9));
  EXPECT_EQ(clock_.Now(), start_ + absl::Minutes(18));
  EXPECT_EQ(clock_.steps(), 1);
}

TEST_F(SystemClockTest, AStepThatChangesMustHoldAgain) {
  source_.wall += absl::Minutes(5);
  clock_.Now();
  source_.PassAsking(clock_, absl::Minutes(9));
  source_.wall += absl::Seconds(2);
  EXPECT_EQ(clock_.steps(), 2);
  source_.PassAsking(clock_, absl::Minutes(9));
  EXPECT_EQ(clock_.Now(), start_ + absl::Minutes(18));
  source_.PassAsking(clock_, absl::Minutes(1));
  EXPECT_EQ(clock_.Now(), source_.wall);
}

TEST_F(SystemClockTest, StandsStillAfterAStepBackUntilTheWallComesLevel) {
  source_.wall -= absl::Minutes(2);
  clock_.Now();
  source_.PassAsking(clock_, absl::Minutes(10));
  const absl::Time held = clock_.Now();
  EXPECT_EQ(held, start_ + absl::Minutes(10) - absl::Seconds(1));
  source_.PassAsking(clock_, absl::Seconds(118));
  EXPECT_EQ(clock_.Now(), held);
  source_.PassAsking(clock_, absl::Seconds(5));
  EXPECT_EQ(clock_.Now(), source_.wall);
}

TEST_F(SystemClockTest, AStepOfAnHourNeedsNoConsentAndMoreDoes) {
  source_.wall += absl::Hours(1);
  clock_.Now();
  source_.PassAsking(clock_, absl::Minutes(10));
  EXPECT_EQ(clock_.Now(), source_.wall);

  source_.wall += absl::Hours(1) + absl::Nanoseconds(1);
  const absl::Time before = clock_.Now();
  source_.PassAsking(clock_, absl::Hours(3));
  EXPECT_EQ(clock_.Now(), before + absl::Hours(3));
  clock_.Accept();
  EXPECT_EQ(clock_.Now(), source_.wall);
}

TEST_F(SystemClockTest, ConsentDoesNotShortenTheHoldNorCoverAnotherStep) {
  clock_.Accept();  // nothing to consent to
  source_.wall += absl::Hours(30);
  clock_.Now();
  clock_.Accept();
  source_.PassAsking(clock_, absl::Minutes(5));
  EXPECT_EQ(clock_.Now(), start_ + absl::Minutes(5));
  source_.wall += absl::Hours(30);
  source_.PassAsking(clock_, absl::Minutes(30));
  EXPECT_EQ(clock_.Now(), start_ + absl::Minutes(35));
  EXPECT_EQ(clock_.standing_step(), absl::Hours(60));
}

TEST_F(SystemClockTest, RunsOnThroughSuspend) {
  source_.Pass(absl::Hours(9));  // nobody asked: the lid was closed
  EXPECT_EQ(clock_.Now(), start_ + absl::Hours(9));
  EXPECT_EQ(clock_.steps(), 0);
}

TEST(MachineTimeTest, IsTheWallClockAndGrows) {
  TimeSource& machine = MachineTime();
  EXPECT_LT(absl::AbsDuration(machine.Wall() - absl::Now()), absl::Minutes(1));
  const absl::Duration boot = machine.Boot();
  EXPECT_GE(machine.Boot(), boot);
}

TEST(SimulatedClockTest, MovesOnlyWhenToldAndNeverBack) {
  const absl::Time start = absl::FromUnixSeconds(1'000);
  SimulatedClock clock(start);
  EXPECT_FALSE(clock.runs());
  clock.Advance(absl::Seconds(5));
  clock.AdvanceTo(start);
  EXPECT_EQ(clock.Now(), start + absl::Seconds(5));
}

TEST(SimulatedClockTest, TellsListenersInOrderWhileTheyHoldTheirToken) {
  SimulatedClock clock(absl::FromUnixSeconds(0));
  std::vector<std::pair<int, int64_t>> heard;
  auto first = clock.OnAdvance([&] { heard.push_back({1, absl::ToUnixSeconds(clock.Now())}); });
  auto second = clock.OnAdvance([&] { heard.push_back({2, absl::ToUnixSeconds(clock.Now())}); });
  clock.Advance(absl::Seconds(3));
  clock.Advance(absl::ZeroDuration());  // no jump
  first.reset();
  clock.Advance(absl::Seconds(4));
  EXPECT_THAT(heard, ElementsAre(std::pair(1, 3), std::pair(2, 3), std::pair(2, 7)));
}

TEST(SimulatedClockTest, AListenerMayRegisterAnother) {
  SimulatedClock clock(absl::FromUnixSeconds(0));
  std::vector<std::shared_ptr<void>> tokens;
  int calls = 0;
  tokens.push_back(clock.OnAdvance([&] {
    if (tokens.size() == 1) tokens.push_back(clock.OnAdvance([&] { ++calls; }));
  }));
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(calls, 0);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace tideline
