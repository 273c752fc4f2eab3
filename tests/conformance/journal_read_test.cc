// SPDX-License-Identifier: Apache-2.0
// Every journal: reading entries.
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::HasSubstr;

std::vector<uint64_t> Numbers(const Page& page) {
  std::vector<uint64_t> numbers;
  for (const StoredEntry& entry : page.entries) numbers.push_back(entry.number);
  return numbers;
}

TEST_P(JournalTest, AnEmptyJournalReadsAsAnEmptyPage) {
  auto page = journal_->Read(0);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->first, 0u);
  EXPECT_EQ(page->last, 0u);
}

TEST_P(JournalTest, ReadingGoesOnWhereAskedAndStopsAtTheLimit) {
  OwnAndCommit(5);
  auto page = journal_->Read(1, 2);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(Numbers(*page), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(page->entries[0].entry, "entry 2");
  EXPECT_EQ(page->entries[0].memos, "memos 2");
  EXPECT_EQ(page->first, 1u);
  EXPECT_EQ(page->last, 5u);
  page = journal_->Read(3);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(Numbers(*page), (std::vector<uint64_t>{4, 5}));
}

TEST_P(JournalTest, AtTheEndThereIsNothingAndBeyondItIsDataLoss) {
  OwnAndCommit(2);
  auto page = journal_->Read(2);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->last, 2u);
  const absl::Status beyond = journal_->Read(3).status();
  EXPECT_EQ(beyond.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(beyond.message(), HasSubstr("end 2"));
}

TEST_P(JournalTest, APageOfNoEntriesStillTellsTheEnds) {
  OwnAndCommit(2);
  auto page = journal_->Read(0, 0);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->first, 1u);
  EXPECT_EQ(page->last, 2u);
}

TEST_P(JournalTest, APageHoldsAThousandEntriesAtMost) {
  OwnAndCommit(0);
  std::vector<Commit> commits;
  for (uint64_t number = 1; number <= kMaxReadEntries + 1; ++number) {
    commits.push_back(MakeCommit(number));
  }
  CommitTogether(*journal_, epoch_, std::move(commits));
  auto page = journal_->Read(0, kMaxReadEntries + 1);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->entries.size(), kMaxReadEntries);
  page = journal_->Read(1, kMaxReadEntries);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->entries.size(), kMaxReadEntries);
  EXPECT_EQ(page->entries.back().number, kMaxReadEntries + 1);
}

TEST_P(JournalTest, APageHoldsAMebibyteAtMostButAlwaysOneEntry) {
  OwnAndCommit(0);
  // Small ones in front, so that a reader that guesses sizes from what it has seen guesses wrong.
  const std::vector<size_t> sizes = {10, 10, 10, 600'000, 600'000, 3'000'000, 10};
  for (size_t i = 0; i < sizes.size(); ++i) {
    Commit commit = MakeCommit(i + 1);
    commit.entry = std::string(sizes[i] / 2, 'e');
    commit.memos = std::string(sizes[i] / 2, 'm');
    ASSERT_EQ(journal_->Commit(epoch_, commit), Answer::kApplied);
  }
  std::vector<std::vector<uint64_t>> pages;
  for (uint64_t after = 0; after < sizes.size(); after = pages.back().back()) {
    auto page = journal_->Read(after);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_FALSE(page->entries.empty());
    size_t bytes = 0;
    for (const StoredEntry& entry : page->entries) {
      bytes += entry.entry.size() + entry.memos.size();
      EXPECT_EQ(entry.entry.size() + entry.memos.size(), sizes[entry.number - 1]);
    }
    if (page->entries.size() > 1) {
      EXPECT_LE(bytes, kMaxReadBytes);
    }
    pages.push_back(Numbers(*page));
  }
  EXPECT_EQ(pages, (std::vector<std::vector<uint64_t>>{{1, 2, 3, 4}, {5}, {6}, {7}}));
}

TEST_P(JournalTest, AFollowerOnAnotherLoopReadsWhatTheOwnerWrote) {
  OwnAndCommit(3);
  Loop loop("follower");
  auto follower = Open(loop);
  auto page = follower->Read(0);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(Numbers(*page), (std::vector<uint64_t>{1, 2, 3}));
}

TEST_P(JournalTest, PartitionsAndServicesAreApart) {
  OwnAndCommit(2);
  BlockingJournal other_partition(*store_, service_, 1, *loop_);
  BlockingJournal other_service(*store_, service_ + "y", 0, *loop_);
  EXPECT_EQ(other_partition.ReadHead()->number, 0u);
  EXPECT_EQ(other_service.ReadHead()->number, 0u);
  EXPECT_EQ(*other_partition.Load({"item"}), Records{});
}

}  // namespace
}  // namespace tideline::journal
