// SPDX-License-Identifier: Apache-2.0
// Redis: kill -9 under load. What was acknowledged is there, what was not is there whole or not at
// all, and sending again settles it.
#include <cstdlib>
#include <deque>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

constexpr size_t kInFlight = 4;  // as the host
constexpr int kRecordsPerCommit = 20;

// Commits without end, four at a time, and sends everything again that got lost: a host in small.
class Committer {
 public:
  Committer(Journal& journal, uint64_t epoch) : journal_(journal), epoch_(epoch) {}

  // Below on the loop.
  void Pump() {
    while (!stopping_ && window_.size() < kInFlight) {
      window_.push_back(std::make_shared<const Commit>(Make(++last_)));
      Send(window_.back());
    }
  }
  void Stop() { stopping_ = true; }

  // Any thread.
  void AwaitAcknowledged(uint64_t number) {
    absl::MutexLock lock(&mutex_);
    auto reached = [&]() { return acknowledged_ >= number; };
    mutex_.Await(absl::Condition(&reached));
  }
  uint64_t acknowledged() {
    absl::MutexLock lock(&mutex_);
    return acknowledged_;
  }
  uint64_t sent() const { return last_; }
  int lost() const { return lost_; }
  const std::string& failure() const { return failure_; }

  // Every commit writes the same records anew, so that a torn one would show.
  static Commit Make(uint64_t number) {
    Commit commit = MakeCommit(number);
    for (int i = 0; i < kRecordsPerCommit; ++i) {
      commit.writes.push_back(Put("item", absl::StrCat(i), absl::StrCat(number)));
    }
    return commit;
  }

 private:
  void Send(const std::shared_ptr<const Commit>& commit) {
    journal_.Commit(
        epoch_, commit,
        [this, wave = wave_, number = commit->number](Answer answer, std::string detail) {
          if (wave == wave_) OnAnswer(number, answer, detail);
        });
  }

  void OnAnswer(uint64_t number, Answer answer, const std::string& detail) {
    if (answer == Answer::kApplied || answer == Answer::kAlready) {
      window_.pop_front();
      {
        absl::MutexLock lock(&mutex_);
        acknowledged_ = number;
      }
      return Pump();
    }
    if (answer != Answer::kLost && answer != Answer::kRefused) {
      failure_ = absl::StrCat("commit ", number, ": ", AnswerName(answer), " ", detail);
      return;
    }
    ++lost_;
    ++wave_;  // the answers to all that is under way are void
    for (const auto& commit : window_) Send(commit);
  }

  Journal& journal_;
  const uint64_t epoch_;
  std::deque<std::shared_ptr<const Commit>> window_;  // not acknowledged, in order
  uint64_t last_ = 0;
  uint64_t wave_ = 0;
  int lost_ = 0;
  bool stopping_ = false;
  std::string failure_;
  absl::Mutex mutex_;
  uint64_t acknowledged_ = 0;
};

// All records are of one commit, and the entries are whole: returns that commit's number.
uint64_t VerifyStore(BlockingJournal& journal) {
  auto records = journal.Load({"item"});
  EXPECT_TRUE(records.ok()) << records.status();
  auto head = journal.ReadHead();
  EXPECT_TRUE(head.ok()) << head.status();
  if (!records.ok() || !head.ok()) return 0;
  for (const auto& [name, value] : *records) EXPECT_EQ(value, absl::StrCat(head->number)) << name;
  EXPECT_EQ(records->size(), head->number == 0 ? 0u : size_t{kRecordsPerCommit});
  uint64_t after = 0;
  while (after < head->number) {
    auto page = journal.Read(after);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->entries.empty()) return 0;
    for (const StoredEntry& entry : page->entries) {
      EXPECT_EQ(entry.entry, MakeCommit(entry.number).entry);
    }
    after = page->entries.back().number;
  }
  return head->number;
}

TEST_F(RedisJournalTest, KilledUnderLoadNothingAcknowledgedIsLost) {
  int rounds = 12;
  if (const char* more = std::getenv("TIDELINE_CRASH_ROUNDS")) {
    ASSERT_TRUE(absl::SimpleAtoi(more, &rounds));
  }
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  OwnAndCommit(0);
  Committer committer(journal_->raw(), epoch_);
  loop_->Run([&] { committer.Pump(); });
  for (int round = 0; round < rounds; ++round) {
    committer.AwaitAcknowledged(committer.acknowledged() + random() % 200);
    server_->Kill();
    const uint64_t acknowledged = committer.acknowledged();
    server_->Restart();
    // A commit that came in meanwhile moves the head on; it never is behind.
    auto head = journal_->ReadHead();
    if (head.ok()) {
      EXPECT_GE(head->number, acknowledged);
    }
    committer.AwaitAcknowledged(acknowledged + kInFlight + 1);
  }
  loop_->Run([&] { committer.Stop(); });
  committer.AwaitAcknowledged(committer.sent());
  EXPECT_EQ(committer.failure(), "");
  EXPECT_GE(committer.lost(), rounds);
  EXPECT_EQ(VerifyStore(*journal_), committer.sent());
}

TEST_F(RedisJournalTest, KilledAndNeverAskedAgainACommitIsThereWholeOrNotAtAll) {
  OwnAndCommit(0);
  for (int round = 0; round < 8; ++round) {
    auto before = journal_->ReadHead();
    ASSERT_TRUE(before.ok()) << before.status();
    std::vector<Commit> commits;
    for (uint64_t i = 1; i <= 100; ++i) commits.push_back(Committer::Make(before->number + i));
    std::thread killer([&] { server_->Kill(); });
    const std::vector<Answer> answers = CommitTogether(*journal_, epoch_, std::move(commits));
    killer.join();
    uint64_t applied = 0;
    while (applied < answers.size() && answers[applied] == Answer::kApplied) ++applied;
    server_->Restart();
    absl::StatusOr<Head> head = absl::UnknownError("");
    while (!head.ok()) head = journal_->ReadHead();
    EXPECT_GE(head->number, before->number + applied);
    EXPECT_EQ(VerifyStore(*journal_), head->number);
  }
}

}  // namespace
}  // namespace tideline::journal
