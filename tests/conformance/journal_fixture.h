// SPDX-License-Identifier: Apache-2.0
// The suite that every journal passes: a TEST_P over the stores there are. Each test has journals
// that nobody else touches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/journal/journal.h"
#include "common/journal/redis_journal.h"
#include "common/journal/redis_store.h"
#include "common/loop/loop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/blocking_journal.h"
#include "tests/support/redis_server.h"

namespace tideline::journal {

using testing::BlockingJournal;
using testing::Records;

// Answers print by name.
inline void PrintTo(Answer answer, std::ostream* out) { *out << AnswerName(answer); }

// Commit `number` with an entry, a time and a digest made from it.
Commit MakeCommit(uint64_t number, std::vector<Write> writes = {});
// Write `id` of `kind`; no value deletes.
Write Put(std::string kind, std::string id, std::string value);
Write Erase(std::string kind, std::string id);

// Answers in the order in which they came, for calls made together.
std::vector<Answer> CommitTogether(BlockingJournal& journal, uint64_t epoch,
                                   std::vector<Commit> commits);

class JournalTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;

  // Further journals of the same partition, on the same or another loop.
  std::unique_ptr<BlockingJournal> Open(Loop& loop);
  std::unique_ptr<BlockingJournal> Open() { return Open(*loop_); }

  // Owns a fresh journal, and commits 1 to `commits`, each writing record item/<number>.
  void OwnAndCommit(uint64_t commits);

  std::shared_ptr<Store> store_;
  std::string service_;  // no other test's
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<BlockingJournal> journal_;
  uint64_t epoch_ = 0;
};

// For tests of Redis alone: a server and a store per test.
class RedisJournalTest : public ::testing::Test {
 protected:
  void SetUp() override;

  std::unique_ptr<BlockingJournal> Open() {
    return std::make_unique<BlockingJournal>(*store_, "toy", 0, *loop_);
  }
  void OwnAndCommit(uint64_t commits);

  std::unique_ptr<testing::RedisServer> server_;
  std::unique_ptr<RedisStore> store_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<BlockingJournal> journal_;
  uint64_t epoch_ = 0;
};

}  // namespace tideline::journal
