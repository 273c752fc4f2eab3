// SPDX-License-Identifier: Apache-2.0
// Redis: what is damaged, of the wrong type or of a newer format is found and named, and nothing is
// written on top of it.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/record.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::HasSubstr;

constexpr char kMeta[] = "tl:{toy:0}:meta";
constexpr char kStream[] = "tl:{toy:0}:journal";
constexpr char kItems[] = "tl:{toy:0}:r:item";

std::string Sealed(absl::string_view kind, absl::string_view id, absl::string_view value) {
  std::string out(kRecordHeaderBytes + value.size(), '\0');
  EncodeRecord(kind, id, value, out.data());
  return out;
}

TEST_F(RedisJournalTest, AFlippedBitInARecordIsDataLossThatNamesIt) {
  OwnAndCommit(3);
  const std::string stored = server_->Command({"HGET", kItems, "2"}).text;
  for (size_t at = 0; at < stored.size(); ++at) {
    std::string flipped = stored;
    flipped[at] ^= 1;
    server_->Command({"HSET", kItems, "2", flipped});
    const absl::Status status = journal_->Load({"item"}).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << at;
    EXPECT_THAT(status.message(), HasSubstr("item/2"));
  }
  server_->Command({"HSET", kItems, "2", stored});
  EXPECT_TRUE(journal_->Load({"item"}).ok());
}

TEST_F(RedisJournalTest, ARecordUnderAnothersIdIsDataLoss) {
  OwnAndCommit(2);
  server_->Command({"HSET", kItems, "2", server_->Command({"HGET", kItems, "1"}).text});
  const absl::Status status = journal_->Load({"item"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("item/2"));
}

TEST_F(RedisJournalTest, ARecordCutShortIsDataLoss) {
  OwnAndCommit(1);
  for (const char* stored : {"", "\x01",
                             "\x01"
                             "abc"}) {
    server_->Command({"HSET", kItems, "1", stored});
    EXPECT_EQ(journal_->Load({"item"}).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(RedisJournalTest, ARecordOfANewerFormatIsRefused) {
  OwnAndCommit(1);
  std::string stored = Sealed("item", "1", "value");
  stored[0] = kFormat + 1;
  server_->Command({"HSET", kItems, "1", stored});
  const absl::Status status = journal_->Load({"item"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("format 2"));
}

TEST_F(RedisJournalTest, ADamagedEntryIsDataLossThatNamesIt) {
  OwnAndCommit(2);
  for (const bool entry : {true, false}) {
    std::string e = Sealed(kEntryKind, "2", "entry"), m = Sealed(kMemosKind, "2", "memos");
    (entry ? e : m)[7] ^= 1;
    server_->Command({"DEL", kStream});
    server_->Command({"XADD", kStream, "1-0", "e", Sealed(kEntryKind, "1", "entry"), "m",
                      Sealed(kMemosKind, "1", "")});
    server_->Command({"XADD", kStream, "2-0", "e", e, "m", m});
    const absl::Status status = journal_->Read(0).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(status.message(), HasSubstr(entry ? "<entry>/2" : "<memos>/2"));
  }
}

TEST_F(RedisJournalTest, AnEntryThatIsMissingIsDataLossThatNamesIt) {
  OwnAndCommit(4);
  server_->Command({"XDEL", kStream, "3-0"});
  absl::Status status = journal_->Read(0).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("entry 3"));
  server_->Command({"XDEL", kStream, "4-0"});
  status = journal_->Read(2).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("entry 3"));
}

TEST_F(RedisJournalTest, NothingIsCommittedOnAJournalThatWasCut) {
  OwnAndCommit(3);
  server_->Command({"XDEL", kStream, "2-0"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(4, {Put("item", "4", "")}), &detail),
            Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("2 entries where 3"));
  EXPECT_EQ(server_->Command({"HEXISTS", kItems, "4"}).integer, 0);
  EXPECT_EQ(journal_->ReadHead()->number, 3u);
}

TEST_F(RedisJournalTest, NothingIsCommittedBelowTheTopOfTheStream) {
  OwnAndCommit(2);
  // One out, one in: the length is right, the top is not.
  server_->Command({"XADD", kStream, "9-0", "e", "", "m", ""});
  server_->Command({"XDEL", kStream, "1-0"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(3, {Put("item", "3", "")}), &detail),
            Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("smaller than the target stream top item"));
  EXPECT_EQ(server_->Command({"HEXISTS", kItems, "3"}).integer, 0);
  EXPECT_EQ(journal_->ReadHead()->number, 2u);
}

TEST_F(RedisJournalTest, KeysOfTheWrongTypeAreBrokenAndNothingIsWritten) {
  OwnAndCommit(1);
  server_->Command({"SET", "tl:{toy:0}:r:other", "a string"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2, {Put("item", "2", ""), Put("other", "2", "")}),
                             &detail),
            Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("tl:{toy:0}:r:other holds a string"));
  EXPECT_EQ(server_->Command({"HEXISTS", kItems, "2"}).integer, 0);
  EXPECT_EQ(server_->Command({"XLEN", kStream}).integer, 1);
  EXPECT_EQ(journal_->ReadHead()->number, 1u);

  server_->Command({"DEL", kStream});
  server_->Command({"SET", kStream, "a string"});
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("WRONGTYPE"));
  server_->Command({"DEL", kMeta});
  server_->Command({"SET", kMeta, "a string"});
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("WRONGTYPE"));
  EXPECT_EQ(journal_->Check(epoch_, 1), Answer::kBroken);
  EXPECT_EQ(journal_->ReadHead().status().code(), absl::StatusCode::kInternal);
}

TEST_F(RedisJournalTest, AStoreThatWasEmptiedFencesAndIsNotWritten) {
  OwnAndCommit(3);
  server_->Command({"FLUSHALL"});
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(4)), Answer::kFenced);
  EXPECT_EQ(journal_->Check(epoch_, 3), Answer::kFenced);
  EXPECT_EQ(server_->Command({"DBSIZE"}).integer, 0);
}

TEST_F(RedisJournalTest, AStoreThatWasRolledBackIsAGap) {
  OwnAndCommit(3);
  server_->Command({"HSET", kMeta, "commit", "2"});
  EXPECT_EQ(journal_->Check(epoch_, 3), Answer::kGap);
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(4)), Answer::kGap);
}

TEST_F(RedisJournalTest, AHeadOfANewerFormatIsRefused) {
  OwnAndCommit(1);
  server_->Command({"HSET", kMeta, "format", "2"});
  EXPECT_EQ(journal_->ReadHead().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(journal_->Own("next", epoch_).status().code(), absl::StatusCode::kFailedPrecondition);
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("newer format"));
  EXPECT_EQ(server_->Command({"HGET", kMeta, "epoch"}).text, "1");
}

TEST_F(RedisJournalTest, AHeadThatIsNotReadableIsDataLoss) {
  OwnAndCommit(1);
  server_->Command({"HSET", kMeta, "commit", "many"});
  EXPECT_EQ(journal_->ReadHead().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RedisJournalTest, AnUnknownFunctionIsBrokenUntilItIsInstalledAgain) {
  OwnAndCommit(1);
  server_->Command({"FUNCTION", "FLUSH"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("Function not found"));
  EXPECT_EQ(journal_->Check(epoch_, 1), Answer::kBroken);
  ASSERT_TRUE(store_->Open(16, absl::Seconds(10)).ok());
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kApplied);
}

TEST_F(RedisJournalTest, AnErrorWithinAFunctionIsBroken) {
  OwnAndCommit(1);
  server_->Command({"FUNCTION", "LOAD", "REPLACE",
                    "#!lua name=tideline\n"
                    "redis.register_function('tideline_commit_1', function() return nil + 1 end)"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kBroken);
  EXPECT_THAT(detail, HasSubstr("arithmetic"));
}

TEST_F(RedisJournalTest, AReplyThatMakesNoSenseIsBroken) {
  OwnAndCommit(1);
  for (const char* reply : {"{'MAYBE'}", "'APPLIED'", "{}", "1", "nil"}) {
    server_->Command({"FUNCTION", "LOAD", "REPLACE",
                      absl::StrCat("#!lua name=tideline\nredis.register_function("
                                   "'tideline_commit_1', function() return ",
                                   reply, " end)")});
    EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kBroken) << reply;
  }
}

TEST_F(RedisJournalTest, TheFunctionsRefuseMalformedArguments) {
  OwnAndCommit(0);
  const auto commit = [&](std::vector<std::string> last) {
    std::vector<std::string> args = {"FCALL", "tideline_commit_1",
                                     "3",     kMeta,
                                     kStream, kItems,
                                     "1",     "1",
                                     "0",     "digest",
                                     "entry", "memos",
                                     "1"};
    args.insert(args.end(), last.begin(), last.end());
    return AnswerOf(server_->Command(args));
  };
  using Last = std::vector<std::string>;
  for (const Last& last : {Last{}, Last{"item"}, Last{"item", "1", "0"}, Last{"item", "x", "0"},
                           Last{"item", "-1", "1"}, Last{"item", "1", "0", "a", "b", "c"}}) {
    const auto [answer, detail] = commit(last);
    EXPECT_EQ(answer, Answer::kBroken);
    EXPECT_EQ(detail, "malformed arguments");
  }
  Last many = {"item", "2001", "0"};
  many.resize(3 + 2 * 2001, "x");
  EXPECT_EQ(commit(many).second, "too many records");
  EXPECT_EQ(server_->Command({"EXISTS", kStream, kItems}).integer, 0);
  EXPECT_EQ(commit({"item", "1", "0", "a", "b"}).first, Answer::kApplied);
}

}  // namespace
}  // namespace tideline::journal
