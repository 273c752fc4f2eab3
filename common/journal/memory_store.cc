// SPDX-License-Identifier: Apache-2.0
#include "common/journal/memory_store.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/journal/growth.h"
#include "common/journal/limits.h"

namespace tideline::journal {
namespace {

struct Record {
  std::string kind;
  std::string id;
  std::string value;
};

constexpr size_t kVisitsPerTurn = 500;  // a turn of the loop stays well under a millisecond or two

}  // namespace

// The state of one partition of one service.
class MemoryShard {
 public:
  Head head() const {
    absl::MutexLock lock(&mutex_);
    Head head = head_;
    head.sealed = sealed_;
    return head;
  }

  absl::StatusOr<Head> Own(std::string owner, uint64_t expected_epoch) {
    absl::MutexLock lock(&mutex_);
    if (head_.epoch != expected_epoch) {
      return absl::AbortedError(absl::StrFormat("epoch is %d (owner %s), not %d", head_.epoch,
                                                head_.owner, expected_epoch));
    }
    ++head_.epoch;
    head_.owner = std::move(owner);
    return head_;
  }

  std::pair<Answer, std::string> Apply(uint64_t epoch, const Commit& commit) {
    if (absl::Status status = CheckCommit(commit); !status.ok()) {
      return {Answer::kBroken, std::string(status.message())};
    }
    absl::MutexLock lock(&mutex_);
    if (!OwnsLocked(epoch)) return {Answer::kFenced, FencedLocked(epoch)};
    if (commit.number <= head_.number) return {Answer::kAlready, ""};
    if (commit.number != head_.number + 1) return {Answer::kGap, BehindLocked(commit.number)};
    head_.number = commit.number;
    head_.time = commit.time;
    head_.digest = commit.digest;
    entries_.push_back({commit.number, commit.entry, commit.memos});
    for (const Write& write : commit.writes) {
      if (write.value) {
        records_[write.kind].insert_or_assign(write.id, *write.value);
      } else if (auto kind = records_.find(write.kind); kind != records_.end()) {
        kind->second.erase(write.id);
        if (kind->second.empty()) records_.erase(kind);
      }
    }
    growth_->TellCommitted();
    return {Answer::kApplied, ""};
  }

  std::pair<Answer, std::string> Check(uint64_t epoch, uint64_t last) const {
    absl::MutexLock lock(&mutex_);
    if (!OwnsLocked(epoch)) return {Answer::kFenced, FencedLocked(epoch)};
    if (head_.number < last) return {Answer::kGap, BehindLocked(last)};
    return {Answer::kApplied, ""};
  }

  // All records, kinds in the order given.
  absl::StatusOr<std::vector<Record>> Records(const std::vector<std::string>& kinds) const {
    absl::MutexLock lock(&mutex_);
    for (const auto& [kind, records] : records_) {
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        return absl::FailedPreconditionError(
            absl::StrFormat("the store has records of kind \"%s\", unknown to this version", kind));
      }
    }
    std::vector<Record> all;
    for (const std::string& kind : kinds) {
      auto found = records_.find(kind);
      if (found == records_.end()) continue;
      for (const auto& [id, value] : found->second) all.push_back({kind, id, value});
    }
    return all;
  }

  absl::StatusOr<Page> Read(uint64_t after, size_t limit) const {
    absl::MutexLock lock(&mutex_);
    Page page;
    page.first = entries_.empty() ? 0 : entries_.front().number;
    page.last = head_.number;
    if (after > head_.number) {
      return absl::DataLossError(
          absl::StrFormat("position %d lies beyond the journal's end %d", after, head_.number));
    }
    if (after == head_.number) return page;
    if (after + 1 < page.first) {
      return absl::OutOfRangeError(absl::StrFormat(
          "entries after %d are trimmed; the oldest kept is %d", after, page.first));
    }
    size_t bytes = 0;
    limit = std::min(limit, kMaxReadEntries);
    for (size_t i = after + 1 - page.first; i < entries_.size() && page.entries.size() < limit;
         ++i) {
      bytes += entries_[i].entry.size() + entries_[i].memos.size();
      if (bytes > kMaxReadBytes && !page.entries.empty()) break;
      page.entries.push_back(entries_[i]);
    }
    return page;
  }

  void Publish(const std::string& follower, uint64_t number) {
    absl::MutexLock lock(&mutex_);
    cursors_[follower] = number;
  }

  absl::Status Seal(uint64_t number) {
    absl::MutexLock lock(&mutex_);
    if (number > head_.number) {
      return absl::OutOfRangeError(
          absl::StrFormat("cannot seal %d: the last commit is %d", number, head_.number));
    }
    sealed_ = std::max(sealed_, number);
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Trim(uint64_t epoch, uint64_t number) {
    absl::MutexLock lock(&mutex_);
    if (!OwnsLocked(epoch)) return absl::AbortedError(FencedLocked(epoch));
    uint64_t end = std::min({number, sealed_ + 1, head_.number});
    for (const auto& [follower, cursor] : cursors_) end = std::min(end, cursor);
    while (!entries_.empty() && entries_.front().number < end) entries_.pop_front();
    return entries_.empty() ? 0 : entries_.front().number;
  }

  std::shared_ptr<void> Listen(Loop& loop, std::function<void()> hint) {
    return growth_->Listen(loop, std::move(hint));
  }

  uint64_t bytes() const {
    absl::MutexLock lock(&mutex_);
    uint64_t bytes = 0;
    for (const StoredEntry& entry : entries_) bytes += entry.entry.size() + entry.memos.size();
    for (const auto& [kind, records] : records_) {
      for (const auto& [id, value] : records) bytes += id.size() + value.size();
    }
    return bytes;
  }

 private:
  // Nobody owns with epoch 0, that of a partition never taken.
  bool OwnsLocked(uint64_t epoch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return epoch != 0 && head_.epoch == epoch;
  }
  std::string FencedLocked(uint64_t epoch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return absl::StrFormat("epoch is %d (owner %s), not %d", head_.epoch, head_.owner, epoch);
  }
  std::string BehindLocked(uint64_t number) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return absl::StrFormat("the last commit is %d; %d was named", head_.number, number);
  }

  const std::shared_ptr<Growth> growth_ = std::make_shared<Growth>();
  mutable absl::Mutex mutex_;
  Head head_ ABSL_GUARDED_BY(mutex_);
  std::deque<StoredEntry> entries_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::map<std::string, std::string>> records_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> cursors_ ABSL_GUARDED_BY(mutex_);
  uint64_t sealed_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

class MemoryJournal : public Journal {
 public:
  MemoryJournal(std::shared_ptr<MemoryShard> shard, Loop& loop)
      : shard_(std::move(shard)), loop_(loop), alive_(std::make_shared<int>(0)) {}

  void ReadHead(HeadDone done) override {
    Later([head = shard_->head(), done = std::move(done)] { done(head); });
  }

  void Own(std::string owner, uint64_t expected_epoch, HeadDone done) override {
    absl::StatusOr<Head> head =
        owner.size() > kMaxOwnerBytes
            ? absl::InvalidArgumentError(absl::StrFormat(
                  "an owner's name has %d bytes; the limit is %d", owner.size(), kMaxOwnerBytes))
            : shard_->Own(std::move(owner), expected_epoch);
    Later([head = std::move(head), done = std::move(done)] { done(head); });
  }

  void Load(std::vector<std::string> kinds, RecordVisitor visit, StatusDone done) override {
    absl::StatusOr<std::vector<Record>> records = shard_->Records(kinds);
    if (!records.ok()) {
      Later([status = records.status(), done = std::move(done)] { done(status); });
      return;
    }
    auto loading = std::make_shared<Loading>();
    loading->records = *std::move(records);
    loading->visit = std::move(visit);
    loading->done = std::move(done);
    Later([this, loading] { VisitSome(loading); });
  }

  void Commit(uint64_t epoch, std::shared_ptr<const journal::Commit> commit,
              CommitDone done) override {
    auto answer = shard_->Apply(epoch, *commit);
    Later([answer = std::move(answer), done = std::move(done)] {
      done(answer.first, answer.second);
    });
  }

  void Check(uint64_t epoch, uint64_t last_number, CommitDone done) override {
    auto answer = shard_->Check(epoch, last_number);
    Later([answer = std::move(answer), done = std::move(done)] {
      done(answer.first, answer.second);
    });
  }

  void Read(uint64_t after, size_t limit, PageDone done) override {
    auto page = std::make_shared<absl::StatusOr<Page>>(shard_->Read(after, limit));
    Later([page, done = std::move(done)] { done(std::move(*page)); });
  }

  void OnGrowth(std::function<void()> hint) override {
    listening_.push_back(shard_->Listen(loop_, std::move(hint)));
  }

  void PublishCursor(std::string follower, uint64_t number, StatusDone done) override {
    absl::Status status = CheckCursor(follower);
    if (status.ok()) shard_->Publish(follower, number);
    Later([status, done = std::move(done)] { done(status); });
  }

  void Seal(uint64_t number, StatusDone done) override {
    Later([status = shard_->Seal(number), done = std::move(done)] { done(status); });
  }

  void Trim(uint64_t epoch, uint64_t number,
            std::function<void(absl::StatusOr<uint64_t>)> done) override {
    Later([first = shard_->Trim(epoch, number), done = std::move(done)] { done(first); });
  }

 private:
  struct Loading {
    std::vector<Record> records;
    size_t next = 0;
    RecordVisitor visit;
    StatusDone done;
  };

  // Runs `work` on the loop after this call, unless the journal is gone by then.
  void Later(std::function<void()> work) {
    loop_.Post([weak = std::weak_ptr<int>(alive_), work = std::move(work)] {
      if (!weak.expired()) work();
    });
  }

  void VisitSome(const std::shared_ptr<Loading>& loading) {
    const size_t end = std::min(loading->next + kVisitsPerTurn, loading->records.size());
    for (; loading->next < end; ++loading->next) {
      Record& record = loading->records[loading->next];
      absl::Status status =
          loading->visit(record.kind, std::move(record.id), std::move(record.value));
      if (!status.ok()) return loading->done(status);
    }
    if (loading->next == loading->records.size()) return loading->done(absl::OkStatus());
    Later([this, loading] { VisitSome(loading); });
  }

  std::shared_ptr<MemoryShard> shard_;
  Loop& loop_;
  std::shared_ptr<int> alive_;
  std::vector<std::shared_ptr<void>> listening_;
};

}  // namespace

MemoryStore::MemoryStore() = default;
MemoryStore::~MemoryStore() = default;

absl::Status MemoryStore::Open(int partitions, absl::Duration) {
  if (partitions < 1 || partitions > static_cast<int>(kMaxPartitions)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d partitions; 1 to %d are allowed", partitions, kMaxPartitions));
  }
  absl::MutexLock lock(&mutex_);
  if (partitions_ == 0) partitions_ = partitions;
  if (partitions_ == partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("the store was set up with %d partitions; this process was started with %d",
                      partitions_, partitions));
}

std::unique_ptr<Journal> MemoryStore::OpenJournal(absl::string_view service, int partition,
                                                  Loop& loop) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<MemoryShard>& shard = shards_[{std::string(service), partition}];
  if (!shard) shard = std::make_shared<MemoryShard>();
  return std::make_unique<MemoryJournal>(shard, loop);
}

absl::StatusOr<StoreInfo> MemoryStore::Inspect() {
  StoreInfo info;
  info.description = "memory";
  info.warnings.push_back("nothing outlives this process; start with a Redis store to keep data");
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, shard] : shards_) info.used_bytes += shard->bytes();
  return info;
}

}  // namespace tideline::journal
