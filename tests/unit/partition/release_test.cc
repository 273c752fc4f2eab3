// SPDX-License-Identifier: Apache-2.0
// The one release rule and the table of answers.
#include "tests/unit/partition/host_fixture.h"

namespace tideline::testing {
namespace {

using journal::Answer;

class ReleaseTest : public HostTest {};

TEST_F(ReleaseTest, AnOkLeavesOnlyWhenItsBatchIsAcknowledged) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  ToyCall add(*host_, true, "a");
  Turn();
  EXPECT_FALSE(add.done());
  loop_.Run([&] { journal_->Release(); });
  EXPECT_EQ(*add.Wait(), 1);
}

TEST_F(ReleaseTest, ReadsAndRefusalsWaitForTheBatchesBeforeThem) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  ToyCall add(*host_, true, "a");
  Turn();
  ToyCall read(*host_, false, "a");
  ToyCall refused(*host_, true, "bad");
  Turn();
  EXPECT_FALSE(read.done());
  EXPECT_FALSE(refused.done());
  loop_.Run([&] { journal_->Release(); });
  EXPECT_EQ(*read.Wait(), 1);
  EXPECT_EQ(ReasonOf(refused.Wait().status()), Reason::REASON_STATE_FORBIDS);
}

TEST_F(ReleaseTest, TwoBatchesAreInFlightAndFourForACrowd) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  std::vector<ToyCall> calls;
  auto call = [&] {
    calls.emplace_back(*host_, true, "a");
    Turn();
  };
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(State(*host_).in_flight, 2u);
  EXPECT_EQ(State(*host_).queued, 10u);
  for (int i = 0; i < 200; ++i) call();
  EXPECT_EQ(State(*host_).in_flight, 4u);
  loop_.Run([&] { journal_->Release(); });
  for (size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(*calls[i].Wait(), static_cast<int64_t>(i) + 1);
}

TEST_F(ReleaseTest, ALostCommitIsSentAgainByteForByte) {
  for (bool applied : {false, true}) {
    Up();
    size_t before = journal_->sent().size();
    loop_.Run(
        [&] { journal_->OnCommit(before + 1, {.answer = Answer::kLost, .applied = applied}); });
    std::string name = applied ? "applied" : "unapplied";
    EXPECT_EQ(*Add(name), 1);
    EXPECT_EQ(*Get(name), 1);
    ASSERT_EQ(journal_->sent().size(), before + 2);
    const auto& first = *journal_->sent()[before].commit;
    const auto& again = *journal_->sent()[before + 1].commit;
    EXPECT_EQ(first.number, again.number);
    EXPECT_EQ(first.entry, again.entry);
    EXPECT_EQ(first.digest, again.digest);
  }
}

TEST_F(ReleaseTest, ARefusedBatchVoidsTheLaterOnesAndAllAreSentAgainInOrder) {
  Up();
  size_t before = journal_->sent().size();
  loop_.Run([&] {
    journal_->OnCommit(before + 1, {.answer = Answer::kRefused});
    journal_->Hold();
  });
  std::vector<ToyCall> calls;
  for (int i = 0; i < 2; ++i) {
    calls.emplace_back(*host_, true, "a");
    Turn();
  }
  loop_.Run([&] { journal_->Release(); });
  for (int i = 0; i < 2; ++i) EXPECT_EQ(*calls[i].Wait(), i + 1);
  EXPECT_EQ(*Get("a"), 2);
  ASSERT_EQ(journal_->sent().size(), before + 4);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(journal_->sent()[before + i].commit->entry,
              journal_->sent()[before + 2 + i].commit->entry);
  }
}

TEST_F(ReleaseTest, ADeposedOwnerAnswersNothing) {
  Up("one");
  EXPECT_EQ(*Add("a"), 1);
  std::shared_ptr<FaultyJournal> journal;
  std::unique_ptr<partition::Host> second = Make("two", journal);
  EXPECT_EQ(*ToyCall(*second, true, "a").Wait(), 2);
  auto read = Get("a");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(read.status()), Reason::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(State(*host_).phase, partition::HostState::Phase::kDeposed);
  EXPECT_EQ(Add("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ToyCall(*second, false, "a").Wait(), 2);
  loop_.Run([&] { second.reset(); });
}

TEST_F(ReleaseTest, AWriteOfADeposedOwnerIsNeverADefiniteError) {
  Up("one");
  std::shared_ptr<FaultyJournal> journal;
  std::unique_ptr<partition::Host> second = Make("two", journal);
  EXPECT_EQ(Add("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ToyCall(*second, false, "a").Wait().status().code(), absl::StatusCode::kNotFound);
  loop_.Run([&] { second.reset(); });
}

TEST_F(ReleaseTest, AGapStopsThePartitionWithDataLoss) {
  Up();
  size_t before = journal_->sent().size();
  loop_.Run([&] { journal_->OnCommit(before + 1, {.answer = Answer::kGap}); });
  EXPECT_EQ(Add("a").status().code(), absl::StatusCode::kUnavailable);
  auto later = Add("a");
  EXPECT_EQ(later.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(later.status()), Reason::REASON_DATA_LOSS);
  EXPECT_EQ(State(*host_).phase, partition::HostState::Phase::kStopped);
}

TEST_F(ReleaseTest, AnythingElseStopsThePartitionWithTheOutcomeUnknown) {
  Up();
  size_t before = journal_->sent().size();
  loop_.Run([&] {
    journal_->OnCommit(before + 1, {.answer = Answer::kBroken, .detail = "ERR no such function"});
  });
  EXPECT_EQ(Add("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(State(*host_).phase, partition::HostState::Phase::kStopped);
  EXPECT_EQ(State(*host_).detail, "the partition stopped: ERR no such function");
}

TEST_F(ReleaseTest, AnAwayStoreMeansUnavailableAtTheDeadlineAndRecoversByItself) {
  Up();
  loop_.Run([&] {
    journal_->OnEachCommit([](const FaultyJournal::Sent&) {
      return std::make_unique<FaultyJournal::Fault>(FaultyJournal::Fault{.answer = Answer::kLost});
    });
  });
  auto away = Add("a", {.deadline = absl::Milliseconds(150)});
  EXPECT_EQ(ReasonOf(away.status()), Reason::REASON_STORE_UNAVAILABLE);
  loop_.Run([&] { journal_->OnEachCommit(nullptr); });
  // The call whose caller gave up was executed, and is committed once the store is back.
  EXPECT_EQ(*Add("a"), 2);
}

TEST_F(ReleaseTest, StateIsTheSameAfterARestart) {
  Up();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Add(absl::StrCat("c", i % 7)).ok());
  EXPECT_TRUE(Add("timer-3600").ok());
  std::string before = Digest(*host_);
  Up();
  EXPECT_EQ(Digest(*host_), before);
  EXPECT_EQ(*Get("c0"), 8);
}

TEST_F(ReleaseTest, AClockAnHourBehindTheLastCommitRefusesToServe) {
  Up();
  EXPECT_TRUE(Add("a").ok());
  Down();
  SimulatedClock earlier(clock_.Now() - absl::Hours(2));
  loop_.Run([&] {
    journal_ = std::make_shared<FaultyJournal>(store_.OpenJournal("toy", 0, loop_), loop_);
    partition::HostOptions options;
    options.service = "toy";
    options.replica = "one";
    options.clock = &earlier;
    host_ = std::make_unique<partition::Host>(
        loop_, journal_, [] { return std::make_unique<ToyCore>(); }, options);
  });
  host_->Start();
  Rest(*host_);
  EXPECT_EQ(State(*host_).phase, partition::HostState::Phase::kStopped);
  EXPECT_NE(State(*host_).detail.find("--accept-clock-behind"), std::string::npos);
  EXPECT_EQ(Add("a").status().code(), absl::StatusCode::kUnavailable);
  Down();
}

TEST_F(ReleaseTest, TimersFireOnceWhenDueAndNeverEarly) {
  Up();
  EXPECT_EQ(*Add("timer-60"), 1);
  clock_.Advance(absl::Seconds(59));
  Rest(*host_);
  EXPECT_EQ(*Get("timer-60"), 1);
  clock_.Advance(absl::Seconds(1));
  Rest(*host_);
  EXPECT_EQ(*Get("timer-60"), 2);
  clock_.Advance(absl::Hours(1));
  Rest(*host_);
  EXPECT_EQ(*Get("timer-60"), 2);
}

TEST_F(ReleaseTest, ADrainedHostFinishesWhatItHasAndRefusesTheRest) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  ToyCall add(*host_, true, "a");
  Turn();
  absl::Notification drained;
  host_->Drain([&] { drained.Notify(); });
  Turn();
  EXPECT_FALSE(drained.HasBeenNotified());
  EXPECT_EQ(ReasonOf(Add("b").status()), Reason::REASON_DRAINING);
  loop_.Run([&] { journal_->Release(); });
  drained.WaitForNotification();
  EXPECT_EQ(*add.Wait(), 1);
}

}  // namespace
}  // namespace tideline::testing
