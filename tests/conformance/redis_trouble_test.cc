// SPDX-License-Identifier: Apache-2.0
// Redis: servers that are full, read-only, busy, stopped or gone, and connections that break.
#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/endpoint.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;

// What the host does after kLost: the same again.
Answer CommitUntilKnown(BlockingJournal& journal, uint64_t epoch, const Commit& commit) {
  for (;;) {
    const Answer answer = journal.Commit(epoch, commit);
    if (answer != Answer::kLost) return answer;
  }
}

TEST_F(RedisJournalTest, AFullServerStillCommitsOwnsAndTrims) {
  OwnAndCommit(5);
  server_->Command({"CONFIG", "SET", "maxmemory", "1"});
  ASSERT_EQ(server_->Command({"SET", "k", "v"}).code(), "OOM");
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(6, {Put("item", "6", "x"), Erase("item", "1")})),
            Answer::kApplied);
  EXPECT_EQ(journal_->Check(epoch_, 6), Answer::kApplied);
  EXPECT_TRUE(journal_->PublishCursor("f", 4).ok());
  EXPECT_TRUE(journal_->Seal(6).ok());
  EXPECT_EQ(*journal_->Trim(epoch_, 6), 4u);
  EXPECT_TRUE(journal_->Own("next", epoch_).ok());
  EXPECT_EQ(journal_->Read(3)->entries.size(), 3u);
}

TEST_F(RedisJournalTest, AReadOnlyServerRefusesUntilItIsMasterAgain) {
  OwnAndCommit(1);
  server_->Command({"REPLICAOF", "127.0.0.1", "1"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kRefused);
  EXPECT_THAT(detail, HasSubstr("READONLY"));
  EXPECT_EQ(journal_->Own("next", epoch_).status().code(), absl::StatusCode::kUnavailable);
  server_->Command({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kApplied);
}

TEST_F(RedisJournalTest, CommitsBehindARefusedOneAreRefusedOrGaps) {
  OwnAndCommit(1);
  server_->Command({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_THAT(CommitTogether(*journal_, epoch_, {MakeCommit(2), MakeCommit(3), MakeCommit(4)}),
              Each(Answer::kRefused));
  server_->Command({"REPLICAOF", "NO", "ONE"});
  EXPECT_THAT(CommitTogether(*journal_, epoch_, {MakeCommit(2), MakeCommit(3), MakeCommit(4)}),
              Each(Answer::kApplied));
}

TEST_F(RedisJournalTest, TooFewReplicasRefuse) {
  OwnAndCommit(1);
  server_->Command({"CONFIG", "SET", "min-replicas-to-write", "1"});
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kRefused);
  EXPECT_THAT(detail, HasSubstr("NOREPLICAS"));
  server_->Command({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kApplied);
}

TEST_F(RedisJournalTest, AServerBusyWithAScriptRefuses) {
  OwnAndCommit(1);
  server_->Command({"CONFIG", "SET", "busy-reply-threshold", "10"});
  std::thread script([this] { server_->Command({"EVAL", "while true do end", "0"}); });
  // The script runs once a check says so; that one waits for the threshold.
  while (journal_->Check(epoch_, 1) != Answer::kRefused) {
  }
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2), &detail), Answer::kRefused);
  EXPECT_THAT(detail, HasSubstr("BUSY"));
  Loop loop("killer");
  std::unique_ptr<redis::Client> killer;
  loop.Run([&] {
    killer = std::make_unique<redis::Client>(loop, server_->store_options().endpoint);
    killer->Send({"SCRIPT", "KILL"}, [](redis::Reply) {});
  });
  script.join();
  loop.Run([&] { killer.reset(); });
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kApplied);
}

TEST_F(RedisJournalTest, AStoppedServerIsALostAnswerAndSendingAgainSettlesIt) {
  OwnAndCommit(1);
  const Commit commit = MakeCommit(2, {Put("item", "2", "once")});
  server_->Pause();
  std::string detail;
  EXPECT_EQ(journal_->Commit(epoch_, commit, &detail), Answer::kLost);
  EXPECT_THAT(detail, HasSubstr("no reply within 2s"));
  EXPECT_EQ(journal_->ReadHead().status().code(), absl::StatusCode::kUnavailable);
  server_->Resume();
  EXPECT_THAT(CommitUntilKnown(*journal_, epoch_, commit),
              AnyOf(Answer::kApplied, Answer::kAlready));
  EXPECT_EQ(journal_->ReadHead()->number, 2u);
}

TEST_F(RedisJournalTest, ABrokenConnectionIsReplacedAndLosesNothing) {
  OwnAndCommit(0);
  uint64_t number = 0;
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(server_->Command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).kind,
              redis::Reply::Kind::kInteger);
    ++number;
    EXPECT_THAT(CommitUntilKnown(*journal_, epoch_,
                                 MakeCommit(number, {Put("item", absl::StrCat(number), "")})),
                AnyOf(Answer::kApplied, Answer::kAlready));
  }
  EXPECT_EQ(journal_->Load({"item"})->size(), number);
}

TEST_F(RedisJournalTest, ACommitWaitsForAServerThatComesBackInTime) {
  OwnAndCommit(1);
  server_->Kill();
  EXPECT_EQ(journal_->Commit(epoch_, MakeCommit(2)), Answer::kLost);  // connection lost, or waited
  Answer answer = Answer::kLost;
  std::thread committing([&] { answer = CommitUntilKnown(*journal_, epoch_, MakeCommit(2)); });
  server_->Restart();
  committing.join();
  EXPECT_EQ(answer, Answer::kApplied);
}

TEST_F(RedisJournalTest, AReaderInAnotherProcessHearsOfEachCommit) {
  OwnAndCommit(0);
  // A store of its own shares nothing with the owner's but the server.
  RedisStore other(server_->store_options());
  Loop loop("reader");
  absl::Mutex mutex;
  uint64_t read = 0;
  auto journal = other.OpenJournal("toy", 0, loop);
  loop.Run([&] {
    journal->OnGrowth([&] {
      journal->Read(0, kMaxReadEntries, [&](absl::StatusOr<Page> page) {
        absl::MutexLock lock(&mutex);
        if (page.ok()) read = page->last;
      });
    });
  });
  for (uint64_t number = 1; number <= 30; ++number) {
    // Broken connections may cost a hint its way, but not the journal its readers.
    if (number == 20) server_->Command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_THAT(CommitUntilKnown(*journal_, epoch_, MakeCommit(number)),
                AnyOf(Answer::kApplied, Answer::kAlready));
    absl::MutexLock lock(&mutex);
    auto reached = [&] { return read >= number; };
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&reached), absl::Seconds(20))) << number;
  }
  loop.Run([&] { journal.reset(); });
}

// Answers one address after the other, as Sentinel does after a fail-over.
class MovingEndpoint : public redis::Endpoint {
 public:
  explicit MovingEndpoint(std::vector<std::string> urls) : urls_(std::move(urls)) {}
  void Find(Loop& loop, Found found) override {
    const size_t at = std::min<size_t>(asked_++, urls_.size() - 1);
    loop.Post([url = urls_[at], found] { found(redis::ParseAddress(url)); });
  }
  bool moves() const override { return true; }
  std::string description() const override { return "moving"; }

 private:
  std::atomic<size_t> asked_{0};
  const std::vector<std::string> urls_;
};

TEST_F(RedisJournalTest, AReadOnlyServerMakesTheEndpointBeAskedAgain) {
  OwnAndCommit(1);
  auto promoted = testing::RedisServer::StartOrNull();
  RedisStore there(promoted->store_options());
  ASSERT_TRUE(there.Open(16, absl::Seconds(10)).ok());
  server_->Command({"REPLICAOF", "127.0.0.1", "1"});

  RedisStore moving({std::make_shared<MovingEndpoint>(
      std::vector<std::string>{server_->url(), server_->url(), promoted->url()})});
  BlockingJournal journal(moving, "toy", 0, *loop_);
  Answer answer = Answer::kRefused;
  while (answer == Answer::kRefused || answer == Answer::kLost) {
    answer = journal.Commit(epoch_, MakeCommit(2));
  }
  EXPECT_EQ(answer, Answer::kFenced);  // the other server, where nobody owns
}

// ---- The table of answers ----

struct AnswerCase {
  redis::Reply::Kind kind;
  const char* text;
  Answer answer;
};

TEST(RedisAnswers, EveryReplyHasItsPlaceInTheTable) {
  using Kind = redis::Reply::Kind;
  for (const AnswerCase& c : {
           AnswerCase{Kind::kLost, "connection lost", Answer::kLost},
           {Kind::kError, "OOM command not allowed", Answer::kRefused},
           {Kind::kError, "MISCONF Errors writing to the AOF file", Answer::kRefused},
           {Kind::kError, "NOREPLICAS Not enough good replicas", Answer::kRefused},
           {Kind::kError, "LOADING Redis is loading", Answer::kRefused},
           {Kind::kError, "READONLY You can't write", Answer::kRefused},
           {Kind::kError, "BUSY Redis is busy", Answer::kRefused},
           {Kind::kError, "MASTERDOWN Link with MASTER is down", Answer::kRefused},
           {Kind::kError, "CLUSTERDOWN Hash slot not served", Answer::kRefused},
           {Kind::kError, "ERR Function not found", Answer::kBroken},
           {Kind::kError, "NOPERM this user has no permissions", Answer::kBroken},
           {Kind::kError, "NOAUTH Authentication required", Answer::kBroken},
           {Kind::kError, "WRONGTYPE Operation against", Answer::kBroken},
           {Kind::kError, "", Answer::kBroken},
           {Kind::kString, "APPLIED", Answer::kBroken},
           {Kind::kNil, "", Answer::kBroken},
       }) {
    EXPECT_EQ(AnswerOf({c.kind, 0, c.text, {}}).first, c.answer) << c.text;
  }
  for (const auto& [word, answer] :
       {std::pair("APPLIED", Answer::kApplied), std::pair("ALREADY", Answer::kAlready),
        std::pair("FENCED", Answer::kFenced), std::pair("GAP", Answer::kGap),
        std::pair("BROKEN", Answer::kBroken), std::pair("OK", Answer::kBroken)}) {
    redis::Reply reply{Kind::kArray, 0, "", {{Kind::kString, 0, word, {}}}};
    EXPECT_EQ(AnswerOf(reply).first, answer) << word;
  }
}

}  // namespace
}  // namespace tideline::journal
