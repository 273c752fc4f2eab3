// SPDX-License-Identifier: Apache-2.0
// Every journal: hints of growth.
#include <atomic>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "common/journal/memory_store.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

// Reads a journal whenever it is told to, as a follower does, and lets a test wait for a number.
class Reader {
 public:
  Reader(Store& store, const std::string& service, Loop& loop) : loop_(loop) {
    loop_.Run([&] {
      journal_ = store.OpenJournal(service, 0, loop_);
      journal_->OnGrowth([this] { Read(); });
    });
  }
  ~Reader() {
    loop_.Run([this] { journal_.reset(); });
  }

  // Whether entry `number` was read because of hints alone.
  bool WaitFor(uint64_t number) {
    absl::MutexLock lock(&mutex_);
    auto reached = [&]() { return read_ >= number; };
    return mutex_.AwaitWithTimeout(absl::Condition(&reached), absl::Seconds(20));
  }

 private:
  void Read() {
    journal_->Read(position_, kMaxReadEntries, [this](absl::StatusOr<Page> page) {
      ASSERT_TRUE(page.ok()) << page.status();
      for (const StoredEntry& entry : page->entries) position_ = std::max(position_, entry.number);
      absl::MutexLock lock(&mutex_);
      read_ = position_;
    });
  }

  Loop& loop_;
  std::unique_ptr<Journal> journal_;
  uint64_t position_ = 0;  // loop_ only
  absl::Mutex mutex_;
  uint64_t read_ = 0;
};

TEST_P(JournalTest, AReaderOfTheSameProcessHearsOfEachCommit) {
  OwnAndCommit(0);
  Loop loop("reader");
  Reader reader(*store_, service_, loop);
  for (uint64_t number = 1; number <= 50; ++number) {
    ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(number)), Answer::kApplied);
    ASSERT_TRUE(reader.WaitFor(number)) << number;
  }
}

TEST_P(JournalTest, ReadersOnSeveralLoopsHear) {
  OwnAndCommit(0);
  Loop one("one"), two("two");
  Reader first(*store_, service_, one), second(*store_, service_, two),
      third(*store_, service_, two);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(1)), Answer::kApplied);
  EXPECT_TRUE(first.WaitFor(1));
  EXPECT_TRUE(second.WaitFor(1));
  EXPECT_TRUE(third.WaitFor(1));
}

TEST_P(JournalTest, AReaderThatIsGoneIsNotTold) {
  OwnAndCommit(0);
  {
    Loop loop("reader");
    Reader reader(*store_, service_, loop);
  }
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(1)), Answer::kApplied);
}

}  // namespace
}  // namespace tideline::journal
