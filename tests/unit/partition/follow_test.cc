// SPDX-License-Identifier: Apache-2.0
// Following another journal, and calls owed to another service.
#include <deque>

#include "common/base/sha256.h"
#include "common/journal/entry.pb.h"
#include "common/partition/follower.h"
#include "tests/unit/partition/host_fixture.h"

namespace tideline::testing {
namespace {

// Writes an upstream journal by hand.
class UpstreamWriter {
 public:
  UpstreamWriter(journal::Store& store, Loop& loop, absl::Time now) : loop_(loop), now_(now) {
    loop_.Run([&] { journal_ = store.OpenJournal("up", 0, loop_); });
    Wait([&](auto done) {
      journal_->Own("writer", 0, [this, done](absl::StatusOr<journal::Head> head) {
        if (head.ok()) {
          epoch_ = head->epoch;
          number_ = head->number;
          digest_ = head->digest;
        }
        done();
      });
    });
  }
  ~UpstreamWriter() {
    loop_.Run([&] { journal_.reset(); });
  }

  void Write(std::vector<std::string> subjects) {
    journal::v1::Entry entry;
    entry.set_format(journal::kFormat);
    entry.set_number(++number_);
    entry.set_previous_digest(digest_);
    for (size_t i = 0; i < subjects.size(); ++i) {
      type::v1::AnyEvent event;
      event.mutable_header()->set_workspace("workspaces/w");
      event.mutable_header()->set_subject(subjects[i]);
      event.mutable_header()->mutable_revision()->set_commit(number_);
      event.mutable_header()->mutable_revision()->set_index(static_cast<uint32_t>(i));
      entry.add_events(event.SerializeAsString());
    }
    auto commit = std::make_shared<journal::Commit>();
    commit->number = number_;
    commit->time = now_;
    commit->entry = entry.SerializeAsString();
    commit->digest = digest_ = Sha256(commit->entry);
    Wait([&](auto done) {
      journal_->Commit(epoch_, commit, [done](journal::Answer answer, std::string) {
        EXPECT_EQ(answer, journal::Answer::kApplied);
        done();
      });
    });
  }

 private:
  void Wait(const std::function<void(std::function<void()>)>& start) {
    absl::Notification finished;
    loop_.Run([&] { start([&] { finished.Notify(); }); });
    finished.WaitForNotification();
  }
  Loop& loop_;
  absl::Time now_;
  std::unique_ptr<journal::Journal> journal_;
  uint64_t epoch_ = 0, number_ = 0;
  std::string digest_;
};

class FollowTest : public HostTest {
 protected:
  FollowTest() { upstreams_ = {"up"}; }

  std::vector<partition::Anomaly> Anomalies() {
    std::vector<partition::Anomaly> anomalies;
    loop_.Run([&] { anomalies = host_->Anomalies(10); });
    return anomalies;
  }
};

TEST_F(FollowTest, EachUpstreamEventTakesEffectOnceAlsoAcrossRestarts) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"x", "y"});
  Up();
  EXPECT_EQ(*Get("followed x"), 1);
  writer.Write({});
  writer.Write({"x"});
  Rest(*host_);
  EXPECT_EQ(*Get("followed x"), 2);
  Up();
  EXPECT_EQ(*Get("followed x"), 2);
  writer.Write({"x"});
  Rest(*host_);
  EXPECT_EQ(*Get("followed x"), 3);
  EXPECT_EQ(*Get("followed y"), 1);
}

TEST_F(FollowTest, ALargeEntryIsTakenInSeveralCommitsAndARestartBetweenLosesNothing) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  std::vector<std::string> subjects(1500, "x");
  writer.Write(subjects);
  Up();
  EXPECT_EQ(*Get("followed x"), 1500);
  Up();
  EXPECT_EQ(*Get("followed x"), 1500);
}

TEST_F(FollowTest, TimersWaitForWhatHappenedWhileTheProcessWasDown) {
  Up();
  EXPECT_TRUE(Add("timer-5").ok());
  EXPECT_TRUE(Add("timer-6").ok());
  Down();
  UpstreamWriter writer(store_, loop_, clock_.Now());
  for (int i = 0; i < 3; ++i) writer.Write(std::vector<std::string>(1000, "x"));
  writer.Write({"timer-5"});
  clock_.Advance(absl::Hours(24));
  Up();
  EXPECT_EQ(*Get("followed x"), 3000);
  EXPECT_EQ(*Get("timer-5"), 1) << "it was ended before it was due";
  EXPECT_EQ(*Get("timer-6"), 2);
}

TEST_F(FollowTest, WhatCannotBeAppliedBecomesAnAnomalyAndItGoesOn) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"x", "odd one", "y"});
  Up();
  EXPECT_EQ(*Get("followed x"), 1);
  EXPECT_EQ(*Get("followed y"), 1);
  EXPECT_EQ(State(*host_).anomalies, 1u);
  Up();
  EXPECT_EQ(State(*host_).anomalies, 1u);
}

TEST_F(FollowTest, AnAnomalyIsTriedAgainAtTheNextStart) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"x", "odd one", "y"});
  Up();
  ASSERT_EQ(Anomalies().size(), 1u);
  EXPECT_EQ(Anomalies()[0].upstream, "up");
  EXPECT_EQ(Anomalies()[0].subject, "odd one");
  EXPECT_EQ(Anomalies()[0].reason, "odd subject");
  EXPECT_EQ(Anomalies()[0].attempts, 1);
  takes_odd_ = true;
  Up();
  EXPECT_EQ(Anomalies().size(), 0u);
  EXPECT_EQ(*Get("followed odd one"), 1);
  Up();
  EXPECT_EQ(*Get("followed odd one"), 1);
}

TEST_F(FollowTest, AnAnomalyIsLeftAloneWhenItsTriesAreUsedUp) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"odd one"});
  for (int start = 1; start <= 8; ++start) {
    Up();
    ASSERT_EQ(Anomalies().size(), 1u);
    EXPECT_EQ(Anomalies()[0].attempts, std::min(start, 5));
  }
  takes_odd_ = true;
  Up();
  EXPECT_EQ(Anomalies().size(), 1u);
  EXPECT_EQ(Get("followed odd one").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FollowTest, AnAnomalyIsNotAppliedBehindANewerEventOfItsSubject) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"odd one", "odd two"});
  Up();
  takes_odd_ = true;
  writer.Write({"odd one"});
  Rest(*host_);
  EXPECT_EQ(*Get("followed odd one"), 1);
  Up();
  EXPECT_EQ(*Get("followed odd one"), 1);
  EXPECT_EQ(*Get("followed odd two"), 1);
  ASSERT_EQ(Anomalies().size(), 1u);
  EXPECT_EQ(Anomalies()[0].subject, "odd one");
}

TEST_F(FollowTest, AnUpstreamThatWasRolledBackStopsTheFollowerAndSaysWhere) {
  {
    UpstreamWriter writer(store_, loop_, clock_.Now());
    writer.Write({"x"});
    writer.Write({"y"});
    Up();
    Down();
  }
  // Another store whose upstream is shorter: a restored backup.
  journal::MemoryStore older;
  ASSERT_TRUE(older.Open(1, absl::Seconds(1)).ok());
  UpstreamWriter writer(older, loop_, clock_.Now());
  writer.Write({"x"});
  loop_.Run([&] {
    journal_ = std::make_shared<FaultyJournal>(store_.OpenJournal("toy", 0, loop_), loop_);
    partition::HostOptions options;
    options.service = "toy";
    options.replica = "one";
    options.clock = &clock_;
    options.upstreams.push_back({"up", older.OpenJournal("up", 0, loop_)});
    host_ = std::make_unique<partition::Host>(
        loop_, journal_, [] { return std::make_unique<ToyCore>(); }, options);
  });
  host_->Start();
  Rest(*host_);
  EXPECT_EQ(State(*host_).phase, partition::HostState::Phase::kStopped);
  EXPECT_NE(State(*host_).detail.find("following up"), std::string::npos);
  EXPECT_EQ(ReasonOf(Add("a").status()), Reason::REASON_DATA_LOSS);
  Down();
}

TEST_F(FollowTest, AnEventThatKilledTheProcessThreeTimesIsTakenForAnAnomaly) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"x"});
  writer.Write({"poison"});
  writer.Write({"y"});
  // A process that dies handling it never commits the step: the commit is lost, and so is the host.
  auto poisoned = [](const FaultyJournal::Sent& sent) {
    for (const journal::Write& write : sent.commit->writes) {
      if (write.id == "followed poison") {
        return std::make_unique<FaultyJournal::Fault>(
            FaultyJournal::Fault{.answer = journal::Answer::kLost});
      }
    }
    return std::unique_ptr<FaultyJournal::Fault>();
  };
  int deaths = 0;
  for (; deaths < 12; ++deaths) {
    loop_.Run([&] {
      journal_ = std::make_shared<FaultyJournal>(store_.OpenJournal("toy", 0, loop_), loop_);
      journal_->OnEachCommit(poisoned);
      partition::HostOptions options;
      options.service = "toy";
      options.replica = "one";
      options.clock = &clock_;
      options.upstreams.push_back({"up", store_.OpenJournal("up", 0, loop_)});
      host_ = std::make_unique<partition::Host>(
          loop_, journal_, [] { return std::make_unique<ToyCore>(); }, options);
    });
    host_->Start();
    // Until it either reached the end or met the poison.
    absl::Notification rested;
    host_->WhenAtRest([&] { rested.Notify(); });
    bool met = false;
    while (!rested.HasBeenNotified() && !met) {
      loop_.Run([&] {
        for (const FaultyJournal::Sent& sent : journal_->sent()) met |= poisoned(sent) != nullptr;
      });
    }
    if (!met) break;
    Down();
    if (!rested.HasBeenNotified()) rested.WaitForNotificationWithTimeout(absl::ZeroDuration());
  }
  EXPECT_LE(deaths, 6);
  EXPECT_GE(deaths, 3);
  EXPECT_EQ(State(*host_).anomalies, 1u);
  EXPECT_EQ(*Get("followed x"), 1);
  EXPECT_EQ(*Get("followed y"), 1);
  EXPECT_EQ(Get("followed poison").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FollowTest, ACausalReadWaitsUntilTheServiceHasFollowedThatFar) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  writer.Write({"x"});
  Up();
  ToyCall early(*host_, false, "followed x", {.after = {{"up", 2}, {"unknown", 99}}});
  Turn();
  EXPECT_FALSE(early.done());
  writer.Write({"x"});
  EXPECT_EQ(*early.Wait(), 2);
}

TEST_F(FollowTest, ACausalReadThatComesWhileThePartitionLoadsWaitsToo) {
  UpstreamWriter writer(store_, loop_, clock_.Now());
  Up();
  Down();
  writer.Write({"x"});
  host_ = MakeAsleep("one", journal_);
  ToyCall early(*host_, false, "followed x", {.after = {{"up", 1}}});
  Turn();
  host_->Start();
  EXPECT_EQ(*early.Wait(), 1);
}

TEST_F(FollowTest, ACausalReadThatNeverArrivesEndsAtItsDeadline) {
  Up();
  auto never = Get("a", {.deadline = absl::Milliseconds(120), .after = {{"up", 7}}});
  EXPECT_EQ(never.status().code(), absl::StatusCode::kUnavailable);
}

// Remembers what was sent; answers when told.
class Outbox : public partition::OwedSender {
 public:
  struct Sent {
    partition::OwedCall call;
    std::vector<partition::Position> after;
    Done done;
  };
  void Send(const partition::OwedCall& call, std::vector<partition::Position> after,
            Done done) override {
    absl::MutexLock lock(&mutex_);
    sent_.push_back({call, std::move(after), std::move(done)});
  }
  Sent Take() {
    absl::MutexLock lock(&mutex_);
    auto some = [this]() { return !sent_.empty(); };
    mutex_.Await(absl::Condition(&some));
    Sent sent = std::move(sent_.front());
    sent_.pop_front();
    return sent;
  }
  bool empty() {
    absl::MutexLock lock(&mutex_);
    return sent_.empty();
  }

 private:
  absl::Mutex mutex_;
  std::deque<Sent> sent_;
};

class OwedTest : public HostTest {
 protected:
  OwedTest() { sender_ = &outbox_; }
  Outbox outbox_;
};

TEST_F(OwedTest, AnOwedCallLeavesOnlyWhenItIsDurable) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  ToyCall add(*host_, true, "owe-1");
  Turn();
  EXPECT_TRUE(outbox_.empty());
  loop_.Run([&] { journal_->Release(); });
  Outbox::Sent sent = outbox_.Take();
  EXPECT_EQ(sent.call.id, "owe-1");
  EXPECT_EQ(sent.after.back().service, "toy");
  sent.done(absl::OkStatus(), "fine");
  Rest(*host_);
  EXPECT_EQ(*Get("settled fine"), 1);
}

TEST_F(OwedTest, AnIndefiniteAnswerIsRetriedAndARefusalSettles) {
  Up();
  EXPECT_TRUE(Add("owe-1").ok());
  outbox_.Take().done(absl::UnavailableError("away"), "");
  Outbox::Sent again = outbox_.Take();
  EXPECT_EQ(again.call.id, "owe-1");
  again.done(absl::FailedPreconditionError("no"), "");
  Rest(*host_);
  EXPECT_EQ(*Get("refused owe-1"), 1);
  EXPECT_EQ(State(*host_).owed, 0u);
}

TEST_F(OwedTest, AnOwedCallWithoutAnAnswerForFiveMinutesIsLate) {
  Up();
  EXPECT_TRUE(Add("owe-1").ok());
  Outbox::Sent sent = outbox_.Take();
  clock_.Advance(partition::kOwedLate);
  EXPECT_EQ(State(*host_).owed_late, 0u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(State(*host_).owed_late, 1u);
  sent.done(absl::OkStatus(), "");
  Rest(*host_);
  EXPECT_EQ(State(*host_).owed_late, 0u);
}

TEST_F(OwedTest, NothingIsSentAnyMoreOnceOwedCallsAreStopped) {
  Up();
  absl::Notification stopped;
  host_->StopOwed([&] { stopped.Notify(); });
  stopped.WaitForNotification();
  EXPECT_TRUE(Add("owe-1").ok());
  Turn();
  EXPECT_TRUE(outbox_.empty());
  EXPECT_EQ(State(*host_).owed, 1u);
}

TEST_F(OwedTest, WhatIsOwedSurvivesARestart) {
  Up();
  EXPECT_TRUE(Add("owe-1").ok());
  outbox_.Take();  // never answered
  sender_ = &outbox_;
  loop_.Run([&] { host_.reset(); });
  loop_.Run([&] {
    journal_ = std::make_shared<FaultyJournal>(store_.OpenJournal("toy", 0, loop_), loop_);
    partition::HostOptions options;
    options.service = "toy";
    options.replica = "one";
    options.clock = &clock_;
    options.owed_sender = &outbox_;
    host_ = std::make_unique<partition::Host>(
        loop_, journal_, [] { return std::make_unique<ToyCore>(); }, options);
  });
  host_->Start();
  outbox_.Take().done(absl::OkStatus(), "late");
  Rest(*host_);
  EXPECT_EQ(*Get("settled late"), 1);
}

}  // namespace
}  // namespace tideline::testing
