// SPDX-License-Identifier: Apache-2.0
// One partition's journal in Redis. Made by RedisStore; see journal.h for the contract.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "common/journal/growth.h"
#include "common/journal/journal.h"
#include "common/journal/redis_lane.h"
#include "common/redis/reply.h"

namespace tideline::journal {

// What a reply to a commit or a check means: the table of answers in ARCHITECTURE.md.
std::pair<Answer, std::string> AnswerOf(const redis::Reply& reply);

// The same for everything else: OK if the reply is no error; UNAVAILABLE when the store is away,
// full or not ready, and INTERNAL with the server's words otherwise.
absl::Status StatusOf(const redis::Reply& reply);

class RedisJournal : public Journal {
 public:
  RedisJournal(std::shared_ptr<Lane> lane, std::shared_ptr<Growth> growth,
               absl::string_view service, int partition);

  void ReadHead(HeadDone done) override;
  void Own(std::string owner, uint64_t expected_epoch, HeadDone done) override;
  void Load(std::vector<std::string> kinds, RecordVisitor visit, StatusDone done) override;
  void Commit(uint64_t epoch, std::shared_ptr<const journal::Commit> commit,
              CommitDone done) override;
  void Check(uint64_t epoch, uint64_t last_number, CommitDone done) override;
  void Read(uint64_t after, size_t limit, PageDone done) override;
  void OnGrowth(std::function<void()> hint) override;
  void PublishCursor(std::string follower, uint64_t number, StatusDone done) override;
  void Seal(uint64_t number, StatusDone done) override;
  void Trim(uint64_t epoch, uint64_t number,
            std::function<void(absl::StatusOr<uint64_t>)> done) override;

 private:
  struct Loading;

  redis::Client& client();
  // Sends a command; `done` comes unless this journal is gone by then.
  void Ask(std::vector<std::string> args, redis::Client::Done done);
  redis::Client::Done IfAlive(redis::Client::Done done);
  // An answer that needs no server, in its place among the others.
  void AnswerInPlace(redis::Client::Done done);
  void OnAnswer(const redis::Reply& reply, CommitDone done);

  void FindUnknownKinds(std::shared_ptr<Loading> loading, const redis::Reply& meta);
  void LoadKind(std::shared_ptr<Loading> loading);
  void LoadPage(std::shared_ptr<Loading> loading, std::string cursor);
  absl::Status VisitPage(Loading& loading, redis::Reply& page);

  const std::shared_ptr<Lane> lane_;
  const std::shared_ptr<Growth> growth_;
  const std::string prefix_;  // "tl:{work_routing:3}:"
  const std::string meta_key_;
  const std::string journal_key_;
  const std::string followers_key_;
  std::shared_ptr<int> alive_;
  std::unique_ptr<redis::Client> client_;  // made when first needed, on the loop
  std::vector<std::shared_ptr<void>> listening_;
};

}  // namespace tideline::journal
