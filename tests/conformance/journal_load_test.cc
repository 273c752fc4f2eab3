// SPDX-License-Identifier: Apache-2.0
// Every journal: loading records.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_P(JournalTest, AnEmptyJournalLoadsNothing) {
  EXPECT_EQ(*journal_->Load({"item"}), Records{});
  EXPECT_EQ(*journal_->Load({}), Records{});
}

TEST_P(JournalTest, WritesReplaceAndDelete) {
  OwnAndCommit(0);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(1, {Put("item", "a", "1"), Put("item", "b", "1"),
                                                    Put("item", "c", "1")})),
            Answer::kApplied);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(2, {Put("item", "a", "2"), Erase("item", "b"),
                                                    Erase("item", "never there"),
                                                    Erase("void", "never there")})),
            Answer::kApplied);
  EXPECT_EQ(*journal_->Load({"item"}), (Records{{"item/a", "2"}, {"item/c", "1"}}));
}

TEST_P(JournalTest, IdsAndValuesMayHoldAnyBytes) {
  OwnAndCommit(0);
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string big(300'000, '\0');
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(1, {Put("item", all, all), Put("item", "e", ""),
                                                    Put("item", "big", big)})),
            Answer::kApplied);
  EXPECT_EQ(*journal_->Load({"item"}),
            (Records{{"item/" + all, all}, {"item/e", ""}, {"item/big", big}}));
}

TEST_P(JournalTest, ManyRecordsLoadEachOnceKindByKind) {
  OwnAndCommit(0);
  constexpr int kCommits = 6;
  for (int number = 1; number <= kCommits; ++number) {
    Commit commit = MakeCommit(number);
    for (size_t i = 0; i < kMaxWrites / 2; ++i) {
      const std::string id = absl::StrCat(number, "-", i);
      commit.writes.push_back(Put("item", id, "item " + id));
      commit.writes.push_back(Put("offer", id, "offer " + id));
    }
    ASSERT_EQ(journal_->Commit(epoch_, commit), Answer::kApplied);
  }
  std::vector<std::string> kinds;
  size_t count = 0;
  absl::Notification done;
  loop_->Post([&] {
    journal_->raw().Load(
        {"offer", "empty", "item"},
        [&](absl::string_view kind, std::string id, std::string value) {
          if (kinds.empty() || kinds.back() != kind) kinds.emplace_back(kind);
          EXPECT_EQ(value, absl::StrCat(kind, " ", id));
          ++count;
          return absl::OkStatus();
        },
        [&](absl::Status status) {
          EXPECT_TRUE(status.ok()) << status;
          done.Notify();
        });
  });
  done.WaitForNotification();
  EXPECT_THAT(kinds, ElementsAre("offer", "item"));
  EXPECT_EQ(count, kCommits * kMaxWrites);
  EXPECT_EQ(journal_->Load({"item", "offer"})->size(), kCommits * kMaxWrites);
}

TEST_P(JournalTest, AKindThatIsNotKnownIsRefusedByName) {
  OwnAndCommit(0);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(1, {Put("item", "a", ""), Put("novel", "b", "")})),
            Answer::kApplied);
  const absl::Status status = journal_->Load({"item"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("novel"));
}

TEST_P(JournalTest, AnUnknownKindWithoutRecordsDoesNoHarm) {
  OwnAndCommit(0);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(1, {Put("item", "a", ""), Put("novel", "b", "")})),
            Answer::kApplied);
  ASSERT_EQ(journal_->Commit(epoch_, MakeCommit(2, {Erase("novel", "b")})), Answer::kApplied);
  EXPECT_EQ(*journal_->Load({"item"}), (Records{{"item/a", ""}}));
}

TEST_P(JournalTest, AnErrorOfTheVisitorEndsTheLoad) {
  OwnAndCommit(0);
  Commit commit = MakeCommit(1);
  for (size_t i = 0; i < kMaxWrites; ++i) commit.writes.push_back(Put("item", absl::StrCat(i), ""));
  ASSERT_EQ(journal_->Commit(epoch_, commit), Answer::kApplied);
  size_t visits = 0;
  absl::Status status;
  absl::Notification done;
  loop_->Post([&] {
    journal_->raw().Load(
        {"item"},
        [&](absl::string_view, std::string, std::string) {
          return ++visits < 3 ? absl::OkStatus() : absl::DataLossError("makes no sense");
        },
        [&](absl::Status result) {
          status = result;
          done.Notify();
        });
  });
  done.WaitForNotification();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "makes no sense");
  EXPECT_EQ(journal_->Check(epoch_, 1), Answer::kApplied);  // behind pages that were under way
  EXPECT_EQ(visits, 3u);
}

}  // namespace
}  // namespace tideline::journal
