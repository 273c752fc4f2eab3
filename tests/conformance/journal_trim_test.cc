// SPDX-License-Identifier: Apache-2.0
// Every journal: sealing, cursors and trimming.
#include <utility>

#include "common/journal/limits.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

TEST_P(JournalTest, WithoutASealNothingIsTrimmed) {
  OwnAndCommit(5);
  EXPECT_EQ(*journal_->Trim(epoch_, 5), 1u);
  EXPECT_EQ(journal_->Read(0)->entries.size(), 5u);
}

TEST_P(JournalTest, TrimmingStopsAtTheSealedMark) {
  OwnAndCommit(9);
  ASSERT_TRUE(journal_->Seal(4).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 9), 5u);  // 5 is the first that is not sealed
  EXPECT_EQ(*journal_->Trim(epoch_, 9), 5u);
}

TEST_P(JournalTest, TrimmingStopsBelowTheNumberAsked) {
  OwnAndCommit(9);
  ASSERT_TRUE(journal_->Seal(9).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 3), 3u);
  EXPECT_EQ(*journal_->Trim(epoch_, 0), 3u);
}

TEST_P(JournalTest, TrimmingSparesWhatTheSlowestFollowerNeeds) {
  OwnAndCommit(9);
  ASSERT_TRUE(journal_->Seal(9).ok());
  ASSERT_TRUE(journal_->PublishCursor("fast", 8).ok());
  ASSERT_TRUE(journal_->PublishCursor("slow", 2).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 9), 2u);  // the entry at a cursor stays: its digest is compared
  ASSERT_TRUE(journal_->PublishCursor("slow", 7).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 9), 7u);
}

TEST_P(JournalTest, AFollowerThatJoinsAtTheBeginningHoldsTrimming) {
  OwnAndCommit(3);
  ASSERT_TRUE(journal_->Seal(3).ok());
  ASSERT_TRUE(journal_->PublishCursor("joining", 0).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 3), 1u);
}

TEST_P(JournalTest, TheLastEntryIsNeverTrimmed) {
  OwnAndCommit(3);
  ASSERT_TRUE(journal_->Seal(3).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 1000), 3u);
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(4)), Answer::kApplied);
  auto page = journal_->Read(2);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->first, 3u);
  EXPECT_EQ(page->last, 4u);
  EXPECT_EQ(page->entries.size(), 2u);
}

TEST_P(JournalTest, ReadingWhatWasTrimmedIsOutOfRangeAndNamesTheOldest) {
  OwnAndCommit(5);
  ASSERT_TRUE(journal_->Seal(5).ok());
  ASSERT_EQ(*journal_->Trim(epoch_, 4), 4u);
  for (uint64_t after : {0, 1, 2}) {
    const absl::Status status = journal_->Read(after).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(status.message(), HasSubstr("oldest kept is 4"));
  }
  EXPECT_EQ(journal_->Read(3)->entries.size(), 2u);
}

TEST_P(JournalTest, OnlyTheOwnerTrims) {
  OwnAndCommit(3);
  ASSERT_TRUE(journal_->Seal(3).ok());
  ASSERT_TRUE(journal_->Own("next", epoch_).ok());
  EXPECT_EQ(journal_->Trim(epoch_, 3).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(journal_->Read(0)->entries.size(), 3u);
}

TEST_P(JournalTest, TrimmingAnEmptyJournalIsNothing) {
  OwnAndCommit(0);
  EXPECT_EQ(*journal_->Trim(epoch_, 3), 0u);
}

TEST_P(JournalTest, ALongJournalIsTrimmedInOneGo) {
  OwnAndCommit(0);
  constexpr uint64_t kCommits = 5000;  // more than one call of the store removes
  std::vector<Commit> commits;
  for (uint64_t number = 1; number <= kCommits; ++number) commits.push_back(MakeCommit(number));
  ASSERT_THAT(CommitTogether(*journal_, epoch_, std::move(commits)), Each(Answer::kApplied));
  ASSERT_TRUE(journal_->Seal(kCommits).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, kCommits - 1), kCommits - 1);
  EXPECT_EQ(journal_->Read(kCommits - 2)->entries.size(), 2u);
}

TEST_P(JournalTest, ASealBeyondTheEndIsOutOfRangeAndNoneGoesBack) {
  OwnAndCommit(3);
  EXPECT_EQ(journal_->Seal(4).code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(journal_->Seal(2).ok());
  ASSERT_TRUE(journal_->Seal(1).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 3), 3u);
}

TEST_P(JournalTest, AFollowersNameHasALimit) {
  EXPECT_TRUE(journal_->PublishCursor(std::string(kMaxFollowerBytes, 'f'), 1).ok());
  for (size_t size : {size_t{0}, kMaxFollowerBytes + 1}) {
    EXPECT_EQ(journal_->PublishCursor(std::string(size, 'f'), 1).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tideline::journal
