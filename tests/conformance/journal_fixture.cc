// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/journal_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"

namespace tideline::journal {
namespace {

constexpr int kPartitions = 16;

// One server for all tests of the suite; each test has its own service in it.
class SharedServer : public ::testing::Environment {
 public:
  testing::RedisServer* Get() {
    if (!tried_) server_ = testing::RedisServer::StartOrNull();
    tried_ = true;
    return server_.get();
  }
  void TearDown() override { server_.reset(); }

 private:
  bool tried_ = false;
  std::unique_ptr<testing::RedisServer> server_;
};

// GoogleTest deletes it.
SharedServer* const shared_server =
    static_cast<SharedServer*>(::testing::AddGlobalTestEnvironment(new SharedServer));

void OwnAndCommitIn(BlockingJournal& journal, uint64_t commits, uint64_t& epoch) {
  auto head = journal.Own("owner", 0);
  ASSERT_TRUE(head.ok()) << head.status();
  epoch = head->epoch;
  for (uint64_t number = 1; number <= commits; ++number) {
    const std::string id = absl::StrCat(number);
    ASSERT_EQ(journal.Commit(epoch, MakeCommit(number, {Put("item", id, "value " + id)})),
              Answer::kApplied);
  }
}

}  // namespace

Commit MakeCommit(uint64_t number, std::vector<Write> writes) {
  Commit commit;
  commit.number = number;
  commit.time = absl::FromUnixMicros(1'700'000'000'000'000 + number);
  commit.entry = absl::StrCat("entry ", number);
  commit.memos = absl::StrCat("memos ", number);
  commit.digest = std::string(31, '\0') + static_cast<char>(number);  // as binary as a real one
  commit.writes = std::move(writes);
  return commit;
}

Write Put(std::string kind, std::string id, std::string value) {
  return {std::move(kind), std::move(id), std::move(value)};
}

Write Erase(std::string kind, std::string id) {
  return {std::move(kind), std::move(id), std::nullopt};
}

std::vector<Answer> CommitTogether(BlockingJournal& journal, uint64_t epoch,
                                   std::vector<Commit> commits) {
  std::vector<Answer> answers;
  absl::BlockingCounter open(static_cast<int>(commits.size()));
  journal.loop().Post([&] {
    for (Commit& commit : commits) {
      journal.raw().Commit(epoch, std::make_shared<const Commit>(std::move(commit)),
                           [&](Answer answer, std::string) {
                             answers.push_back(answer);
                             open.DecrementCount();
                           });
    }
  });
  open.Wait();
  return answers;
}

void JournalTest::SetUp() {
  if (GetParam() == "Redis") {
    testing::RedisServer* server = shared_server->Get();
    if (server == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    store_ = std::make_shared<RedisStore>(server->store_options());
  } else {
    store_ = std::make_shared<MemoryStore>();
  }
  const absl::Status opened = store_->Open(kPartitions, absl::Seconds(10));
  ASSERT_TRUE(opened.ok()) << opened;
  static int tests = 0;
  service_ = absl::StrCat("toy", ++tests);
  loop_ = std::make_unique<Loop>("test");
  journal_ = Open();
}

std::unique_ptr<BlockingJournal> JournalTest::Open(Loop& loop) {
  return std::make_unique<BlockingJournal>(*store_, service_, 0, loop);
}

void JournalTest::OwnAndCommit(uint64_t commits) { OwnAndCommitIn(*journal_, commits, epoch_); }

void RedisJournalTest::SetUp() {
  server_ = testing::RedisServer::StartOrNull(0, {"--enable-debug-command", "yes"});
  if (!server_) GTEST_SKIP() << testing::RedisServer::kMissing;
  store_ = std::make_unique<RedisStore>(server_->store_options());
  const absl::Status opened = store_->Open(kPartitions, absl::Seconds(10));
  ASSERT_TRUE(opened.ok()) << opened;
  loop_ = std::make_unique<Loop>("test");
  journal_ = Open();
}

void RedisJournalTest::OwnAndCommit(uint64_t commits) {
  OwnAndCommitIn(*journal_, commits, epoch_);
}

}  // namespace tideline::journal
