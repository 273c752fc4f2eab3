// SPDX-License-Identifier: Apache-2.0
#include "common/journal/redis_commit.h"

#include "absl/strings/str_cat.h"
#include "common/journal/record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::journal {
namespace {

using ::testing::ElementsAre;

std::string Sealed(absl::string_view kind, absl::string_view id, absl::string_view value) {
  std::string out(kRecordHeaderBytes + value.size(), '\0');
  EncodeRecord(kind, id, value, out.data());
  return out;
}

TEST(CommitCommand, GroupsWritesByKindSetsBeforeDeletes) {
  auto commit = std::make_shared<Commit>();
  commit->number = 7;
  commit->time = absl::FromUnixNanos(123);
  commit->entry = "entry";
  commit->digest = "digest";
  commit->writes = {{"b", "1", "x"},
                    {"a", "2", std::nullopt},
                    {"b", "3", std::nullopt},
                    {"b", "4", "y"},
                    {"a", "5", ""}};
  const std::string prefix = "tl:{s:0}:", meta = "meta", journal = "journal";
  CommitCommand command = MakeCommitCommand(3, commit, prefix, meta, journal);
  EXPECT_THAT(
      command.args,
      ElementsAre("FCALL", "tideline_commit_1", "4", "meta", "journal", "tl:{s:0}:r:b",
                  "tl:{s:0}:r:a", "3", "7", "123", "digest", Sealed("<entry>", "7", "entry"),
                  Sealed("<memos>", "7", ""), "1",                                             //
                  "b", "2", "1", "1", Sealed("b", "1", "x"), "4", Sealed("b", "4", "y"), "3",  //
                  "a", "1", "1", "5", Sealed("a", "5", ""), "2"));
}

TEST(CommitCommand, KeepsItsBytesWhereTheyAreHoweverManyThereAre) {
  auto commit = std::make_shared<Commit>();
  commit->number = 1;
  for (int i = 0; i < 2000; ++i) {
    commit->writes.push_back(
        {absl::StrCat("kind", i % 500), absl::StrCat("id", i), std::string(i, 'v')});
  }
  const std::string key = "k";
  CommitCommand command = MakeCommitCommand(1, commit, key, key, key);
  std::vector<std::string> before(command.args.begin(), command.args.end());
  commit.reset();  // the command keeps what it needs
  EXPECT_EQ(before, std::vector<std::string>(command.args.begin(), command.args.end()));
  EXPECT_EQ(command.args.size(), 5u + 500 + 7 + 500 * 3 + 2 * 2000);
}

}  // namespace
}  // namespace tideline::journal
