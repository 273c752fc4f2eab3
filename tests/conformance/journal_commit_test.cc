// SPDX-License-Identifier: Apache-2.0
// Every journal: heads, ownership, commits and checks, and each limit of a commit at and one over.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/limits.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Stores, JournalTest, ::testing::Values("Memory", "Redis"),
                         [](const auto& info) { return info.param; });

TEST_P(JournalTest, AFreshJournalHasAnEmptyHead) {
  auto head = journal_->ReadHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->epoch, 0u);
  EXPECT_EQ(head->owner, "");
  EXPECT_EQ(head->number, 0u);
  EXPECT_EQ(head->digest, "");
  EXPECT_EQ(head->time, absl::UnixEpoch());
}

TEST_P(JournalTest, OwningRaisesTheEpochAndNamesTheOwner) {
  auto first = journal_->Own("a", 0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->epoch, 1u);
  auto second = journal_->Own("b", 1);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->epoch, 2u);
  EXPECT_EQ(second->owner, "b");
  auto head = journal_->ReadHead();
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->epoch, 2u);
  EXPECT_EQ(head->owner, "b");
}

TEST_P(JournalTest, OwningWithAnotherEpochIsAbortedAndNamesTheOwner) {
  ASSERT_TRUE(journal_->Own("a", 0).ok());
  for (uint64_t wrong : {0, 2}) {
    auto head = journal_->Own("b", wrong);
    EXPECT_EQ(head.status().code(), absl::StatusCode::kAborted);
    EXPECT_THAT(head.status().message(), HasSubstr("owner a"));
  }
  EXPECT_EQ(journal_->ReadHead()->owner, "a");
}

TEST_P(JournalTest, AnOwnersNameHasALimit) {
  EXPECT_EQ(journal_->Own(std::string(kMaxOwnerBytes + 1, 'x'), 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(journal_->Own(std::string(kMaxOwnerBytes, 'x'), 0).ok());
}

TEST_P(JournalTest, ACommitWritesHeadEntryAndRecords) {
  OwnAndCommit(0);
  const Commit commit = MakeCommit(1, {Put("item", "a", "1"), Put("offer", "b", "2")});
  ASSERT_EQ(journal_->Commit(epoch_, commit), Answer::kApplied);
  auto head = journal_->ReadHead();
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->number, 1u);
  EXPECT_EQ(head->time, commit.time);
  EXPECT_EQ(head->digest, commit.digest);
  EXPECT_EQ(*journal_->Load({"item", "offer"}), (Records{{"item/a", "1"}, {"offer/b", "2"}}));
  auto page = journal_->Read(0);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0].entry, commit.entry);
  EXPECT_EQ(page->entries[0].memos, commit.memos);
}

TEST_P(JournalTest, ANewOwnerLearnsTheLastCommit) {
  OwnAndCommit(3);
  auto head = journal_->Own("next", epoch_);
  ASSERT_TRUE(head.ok());
  const Commit last = MakeCommit(3);
  EXPECT_EQ(head->number, 3u);
  EXPECT_EQ(head->time, last.time);
  EXPECT_EQ(head->digest, last.digest);
}

TEST_P(JournalTest, ACommitSentAgainIsAlreadyThereAndChangesNothing) {
  OwnAndCommit(0);
  const Commit first = MakeCommit(1, {Put("item", "a", "1")});
  ASSERT_EQ(journal_->Commit(epoch_, first), Answer::kApplied);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(2, {Put("item", "a", "2")})), Answer::kApplied);
  EXPECT_EQ(journal_->Commit(epoch_, first), Answer::kAlready);
  EXPECT_EQ(*journal_->Load({"item"}), (Records{{"item/a", "2"}}));
  EXPECT_EQ(journal_->ReadHead()->number, 2u);
}

TEST_P(JournalTest, ACommitThatSkipsIsAGapAndWritesNothing) {
  OwnAndCommit(1);
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(3, {Put("item", "x", "x")}), &detail),
            Answer::kGap);
  EXPECT_THAT(detail, HasSubstr("last commit is 1"));
  EXPECT_EQ(journal_->ReadHead()->number, 1u);
  EXPECT_EQ(journal_->Load({"item"})->count("item/x"), 0u);
}

TEST_P(JournalTest, ACommitOfADeposedOwnerIsFencedEvenIfItWasApplied) {
  OwnAndCommit(1);
  ASSERT_TRUE(journal_->Own("next", epoch_).ok());
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kFenced);
  EXPECT_THAT(detail, HasSubstr("owner next"));
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(1)), Answer::kFenced);
  EXPECT_EQ(journal_->ReadHead()->number, 1u);
}

TEST_P(JournalTest, NobodyOwnsWithEpochZero) {
  EXPECT_EQ(journal_->Commit(0, MakeCommit(1)), Answer::kFenced);
  EXPECT_EQ(journal_->Check(0, 0), Answer::kFenced);
}

TEST_P(JournalTest, ACheckTellsOwnerDeposedAndStoreBehind) {
  OwnAndCommit(2);
  EXPECT_EQ(journal_->Check(epoch_, 0), Answer::kApplied);
  EXPECT_EQ(journal_->Check(epoch_, 2), Answer::kApplied);
  EXPECT_EQ(journal_->Check(epoch_, 3), Answer::kGap);
  ASSERT_TRUE(journal_->Own("next", epoch_).ok());
  EXPECT_EQ(journal_->Check(epoch_, 2), Answer::kFenced);
}

TEST_P(JournalTest, TwoOwnersOnlyOneCommits) {
  OwnAndCommit(1);
  Loop other_loop("other");
  auto other = Open(other_loop);
  auto head = other->Own("other", epoch_);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2, {Put("item", "mine", "")})), Answer::kFenced);
  EXPECT_EQ(other->Commit(head->epoch, MakeCommit(2, {Put("item", "theirs", "")})),
            Answer::kApplied);
  EXPECT_EQ(journal_->Check(epoch_, 1), Answer::kFenced);
  EXPECT_EQ(*other->Load({"item"}), (Records{{"item/1", "value 1"}, {"item/theirs", ""}}));
}

TEST_P(JournalTest, ManyCommitsUnderWayAreAppliedInOrder) {
  OwnAndCommit(0);
  std::vector<Commit> commits;
  for (uint64_t number = 1; number <= 200; ++number) {
    commits.push_back(MakeCommit(number, {Put("item", "a", absl::StrCat(number))}));
  }
  const std::vector<Answer> answers = CommitTogether(*journal_, epoch_, std::move(commits));
  EXPECT_EQ(answers.size(), 200u);
  EXPECT_THAT(answers, Each(Answer::kApplied));
  EXPECT_EQ(*journal_->Load({"item"}), (Records{{"item/a", "200"}}));
}

TEST_P(JournalTest, AnswersComeInOrderAlsoWhenOneNeedsNoStore) {
  OwnAndCommit(0);
  Commit bad = MakeCommit(2);
  bad.writes.push_back(Put("", "no kind", ""));
  const std::vector<Answer> answers = CommitTogether(
      *journal_, epoch_, {MakeCommit(1), bad, MakeCommit(2), MakeCommit(2), MakeCommit(9), bad});
  EXPECT_THAT(answers, ElementsAre(Answer::kApplied, Answer::kBroken, Answer::kApplied,
                                   Answer::kAlready, Answer::kGap, Answer::kBroken));
}

TEST_P(JournalTest, CallbacksNeverComeFromInsideTheCall) {
  OwnAndCommit(0);
  bool inside = false, called_inside = false;
  absl::Notification done;
  loop_->Post([&] {
    Commit bad = MakeCommit(0);
    inside = true;
    journal_->raw().Commit(epoch_, std::make_shared<const Commit>(bad),
                           [&](Answer, std::string) { called_inside |= inside; });
    journal_->raw().Check(epoch_, 0, [&](Answer, std::string) {
      called_inside |= inside;
      done.Notify();
    });
    inside = false;
  });
  done.WaitForNotification();
  EXPECT_FALSE(called_inside);
}

TEST_P(JournalTest, NoCallbackComesAfterTheJournalIsGone) {
  OwnAndCommit(0);
  bool called = false;
  auto doomed = store_->OpenJournal(service_, 0, *loop_);
  loop_->Run([&] {
    doomed->Commit(epoch_, std::make_shared<const Commit>(MakeCommit(1)),
                   [&](Answer, std::string) { called = true; });
    doomed->ReadHead([&](absl::StatusOr<Head>) { called = true; });
    doomed.reset();
  });
  EXPECT_EQ(journal_->Check(epoch_, 0), Answer::kApplied);  // a round trip behind the others
  EXPECT_FALSE(called);
}

// ---- Limits: at, and one over ----

struct LimitCase {
  const char* name;
  Commit fits;
  Commit breaks;
  const char* detail;
};

Commit WithWrites(size_t count) {
  Commit commit = MakeCommit(1);
  for (size_t i = 0; i < count; ++i) commit.writes.push_back(Put("item", absl::StrCat(i), "v"));
  return commit;
}

Commit WithBytes(size_t bytes) {
  Commit commit = MakeCommit(1, {Put("item", "a", "")});
  commit.writes[0].value = std::string(bytes - CommitBytes(commit), 'x');
  return commit;
}

Commit WithEntryBytes(size_t bytes) {
  Commit commit = MakeCommit(1);
  commit.entry += std::string(bytes - CommitBytes(commit), 'x');
  return commit;
}

Commit WithDigest(size_t bytes) {
  Commit commit = MakeCommit(1);
  commit.digest = std::string(bytes, 'd');
  return commit;
}

Commit WithNumber(uint64_t number) {
  Commit commit = MakeCommit(1);
  commit.number = number;
  return commit;
}

std::vector<LimitCase> LimitCases() {
  const std::string kind(kMaxKindBytes, 'k'), id(kMaxIdBytes, 'i');
  return {
      {"writes", WithWrites(kMaxWrites), WithWrites(kMaxWrites + 1), "2001 writes"},
      {"bytes of values", WithBytes(kMaxCommitBytes), WithBytes(kMaxCommitBytes + 1),
       "4194305 bytes"},
      {"bytes of the entry", WithEntryBytes(kMaxCommitBytes), WithEntryBytes(kMaxCommitBytes + 1),
       "4194305 bytes"},
      {"digest", WithDigest(kMaxDigestBytes), WithDigest(kMaxDigestBytes + 1), "65 bytes"},
      {"kind", MakeCommit(1, {Put(kind, "a", "")}), MakeCommit(1, {Put(kind + "k", "a", "")}),
       "kind"},
      {"empty kind", MakeCommit(1, {Put("k", "a", "")}), MakeCommit(1, {Put("", "a", "")}), "kind"},
      {"kind's letters", MakeCommit(1, {Put("az_09", "a", "")}),
       MakeCommit(1, {Put("a:b", "a", "")}), "a:b"},
      {"id", MakeCommit(1, {Put("k", id, "")}), MakeCommit(1, {Put("k", id + "i", "")}),
       "513 bytes"},
      {"empty id", MakeCommit(1, {Erase("k", "a")}), MakeCommit(1, {Erase("k", "")}), "0 bytes"},
      {"doubles", MakeCommit(1, {Put("k", "a", ""), Put("l", "a", "")}),
       MakeCommit(1, {Put("k", "a", ""), Erase("k", "a")}), "twice"},
      {"number", WithNumber(1), WithNumber(0), "begin at 1"},
  };
}

TEST_P(JournalTest, EachLimitOfACommitHoldsAtAndBreaksOneOver) {
  uint64_t partition_epoch = 0;
  for (const LimitCase& limit : LimitCases()) {
    SCOPED_TRACE(limit.name);
    service_ += "x";  // a fresh journal for each
    auto journal = Open();
    partition_epoch = journal->Own("owner", 0)->epoch;
    std::string detail;
    EXPECT_EQ(journal->Commit(partition_epoch, limit.breaks, &detail), Answer::kBroken);
    EXPECT_THAT(detail, HasSubstr(limit.detail));
    EXPECT_EQ(journal->ReadHead()->number, 0u);
    EXPECT_EQ(journal->Commit(partition_epoch, limit.fits, &detail), Answer::kApplied) << detail;
    auto page = journal->Read(0);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->entries.size(), 1u);
    EXPECT_EQ(page->entries[0].entry, limit.fits.entry);
  }
}

TEST_P(JournalTest, AStoreSettlesItsPartitionCount) {
  const absl::Status other = store_->Open(17, absl::Seconds(10));
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("16"));
  EXPECT_THAT(other.message(), HasSubstr("17"));
  EXPECT_TRUE(store_->Open(16, absl::Seconds(10)).ok());
}

TEST_P(JournalTest, APartitionCountOutOfRangeIsRefused) {
  for (int count : {0, -1, static_cast<int>(kMaxPartitions) + 1}) {
    EXPECT_EQ(store_->Open(count, absl::Seconds(10)).code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tideline::journal
