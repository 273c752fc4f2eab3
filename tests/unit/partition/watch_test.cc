// SPDX-License-Identifier: Apache-2.0
// Watches: in order, none skipped, from memory or from the journal.
#include "common/partition/personal.h"
#include "tests/unit/partition/host_fixture.h"

namespace tideline::testing {
namespace {

using partition::FeedEvent;
using partition::Revision;

// Collects what a watch delivers; takes `room` events before it asks for a pause. Shared with the
// watch, which the host ends after the test's own variables are gone.
class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  partition::WatchSpec Spec(Revision after = {}, std::string audience = {}) {
    partition::WatchSpec spec;
    spec.workspace = "workspaces/w";
    spec.audience = std::move(audience);
    spec.after = after;
    spec.deliver = [this, self = shared_from_this()](std::vector<FeedEvent> events,
                                                     Revision reached) {
      for (FeedEvent& event : events) subjects_.push_back(event.event.subject);
      reached_ = reached;
      return static_cast<int>(subjects_.size()) < room_;
    };
    spec.closed = [this, self = shared_from_this()](absl::Status status) {
      closed_ = std::move(status);
    };
    return spec;
  }
  std::vector<std::string> subjects_;
  Revision reached_;
  absl::Status closed_;
  int room_ = 1 << 30;
};

class WatchTest : public HostTest {
 protected:
  // Counters a0..a<n-1>, one commit each.
  void AddMany(int n) {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(Add(absl::StrCat("a", next_++)).ok());
  }
  static std::vector<std::string> Names(int n, int from = 0) {
    std::vector<std::string> names;
    for (int i = from; i < n; ++i) names.push_back(absl::StrCat("workspaces/w/counters/a", i));
    return names;
  }
  int next_ = 0;
};

TEST_F(WatchTest, ShowsWhatWasAndWhatComesInOrder) {
  Up();
  AddMany(5);
  const auto watcher = std::make_shared<Watcher>();
  host_->Watch(watcher->Spec());
  AddMany(5);
  Turn();
  EXPECT_EQ(watcher->subjects_, Names(10));
}

TEST_F(WatchTest, NothingIsShownBeforeItIsDurable) {
  Up();
  const auto watcher = std::make_shared<Watcher>();
  host_->Watch(watcher->Spec());
  loop_.Run([&] { journal_->Hold(); });
  ToyCall add(*host_, true, "a0");
  Turn();
  EXPECT_TRUE(watcher->subjects_.empty());
  loop_.Run([&] { journal_->Release(); });
  add.Wait().IgnoreError();
  Turn();
  EXPECT_EQ(watcher->subjects_, Names(1));
}

TEST_F(WatchTest, AfterARestartOlderEventsComeFromTheJournal) {
  Up();
  AddMany(700);
  Up();
  const auto watcher = std::make_shared<Watcher>();
  host_->Watch(watcher->Spec());
  AddMany(3);
  Rest(*host_);
  Turn();
  EXPECT_EQ(watcher->subjects_, Names(703));
}

TEST_F(WatchTest, ASlowReaderPausesAndIsNeverSkipped) {
  Up();
  AddMany(5);
  const auto watcher = std::make_shared<Watcher>();
  watcher->room_ = 3;
  uint64_t id = host_->Watch(watcher->Spec());
  AddMany(20);
  Turn();
  size_t taken = watcher->subjects_.size();
  EXPECT_LT(taken, 25u);
  watcher->room_ = 1 << 30;
  host_->ResumeWatch(id);
  Turn();
  EXPECT_EQ(watcher->subjects_, Names(25));
}

TEST_F(WatchTest, ATokenContinuesExactlyWhereItEnded) {
  Up();
  AddMany(6);
  const auto first = std::make_shared<Watcher>();
  uint64_t id = host_->Watch(first->Spec());
  Turn();
  host_->CancelWatch(id);
  AddMany(6);
  const auto second = std::make_shared<Watcher>();
  host_->Watch(second->Spec(first->reached_));
  Turn();
  EXPECT_EQ(second->subjects_, Names(12, 6));
}

TEST_F(WatchTest, OnlyTheAudienceAskedForIsShown) {
  Up();
  const auto ana = std::make_shared<Watcher>();
  const auto bob = std::make_shared<Watcher>();
  host_->Watch(ana->Spec({}, "workspaces/w/e/ana"));
  host_->Watch(bob->Spec({}, "workspaces/w/e/bob"));
  AddMany(3);
  Turn();
  EXPECT_EQ(ana->subjects_, Names(3));
  EXPECT_TRUE(bob->subjects_.empty());
}

TEST_F(WatchTest, ATokenBeyondTheEndIsRefused) {
  Up();
  Revision future;
  future.set_commit(1000);
  const auto watcher = std::make_shared<Watcher>();
  host_->Watch(watcher->Spec(future));
  Turn();
  EXPECT_EQ(ReasonOf(watcher->closed_), Reason::REASON_DATA_LOSS);
}

TEST_F(WatchTest, AWatchEndsWhenItsHostGoes) {
  Up();
  const auto watcher = std::make_shared<Watcher>();
  host_->Watch(watcher->Spec());
  Turn();
  Down();
  EXPECT_EQ(ReasonOf(watcher->closed_), Reason::REASON_DRAINING);
}

}  // namespace
}  // namespace tideline::testing
