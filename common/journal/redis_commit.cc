// SPDX-License-Identifier: Apache-2.0
#include "common/journal/redis_commit.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/journal/record.h"

namespace tideline::journal {
namespace {

// Bytes that stay where they are put, in blocks: one allocation for most commits.
class Arena {
 public:
  explicit Arena(size_t first_block) { Grow(first_block); }

  char* Allocate(size_t size) {
    if (size > left_) Grow(std::max(size, kBlock));
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }
  absl::string_view Copy(absl::string_view text) {
    char* at = Allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  absl::string_view Number(uint64_t number) { return Copy(absl::AlphaNum(number).Piece()); }
  absl::string_view Seal(absl::string_view kind, absl::string_view id, absl::string_view value) {
    char* at = Allocate(kRecordHeaderBytes + value.size());
    EncodeRecord(kind, id, value, at);
    return {at, kRecordHeaderBytes + value.size()};
  }

 private:
  static constexpr size_t kBlock = 4096;

  void Grow(size_t size) {
    blocks_.push_back(std::make_unique<char[]>(size));
    next_ = blocks_.back().get();
    left_ = size;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

struct KindWrites {
  absl::string_view kind;
  std::vector<const Write*> sets;
  std::vector<const Write*> deletes;
};

// One HSET and one HDEL per kind; kinds and ids in the order of their first write.
std::vector<KindWrites> ByKind(const std::vector<Write>& writes) {
  std::vector<KindWrites> kinds;
  absl::flat_hash_map<absl::string_view, size_t> places;
  size_t last = 0;
  for (const Write& write : writes) {
    if (kinds.empty() || kinds[last].kind != write.kind) {
      last = places.emplace(write.kind, kinds.size()).first->second;
      if (last == kinds.size()) kinds.push_back({write.kind, {}, {}});
    }
    (write.value ? kinds[last].sets : kinds[last].deletes).push_back(&write);
  }
  return kinds;
}

struct Kept {
  explicit Kept(size_t bytes) : arena(bytes) {}
  std::shared_ptr<const Commit> commit;
  Arena arena;
};

}  // namespace

CommitCommand MakeCommitCommand(uint64_t epoch, std::shared_ptr<const Commit> commit,
                                absl::string_view prefix, absl::string_view meta_key,
                                absl::string_view journal_key) {
  const std::vector<KindWrites> kinds = ByKind(commit->writes);
  size_t bytes = commit->entry.size() + commit->memos.size() + 256 + 128 * kinds.size();
  for (const Write& write : commit->writes) {
    if (write.value) bytes += kRecordHeaderBytes + write.value->size();
  }
  auto kept = std::make_shared<Kept>(bytes);
  Arena& arena = kept->arena;
  CommitCommand command;
  std::vector<absl::string_view>& args = command.args;
  args.reserve(12 + 4 * kinds.size() + 2 * commit->writes.size());

  args.insert(args.end(), {"FCALL", "tideline_commit_1", arena.Number(2 + kinds.size()), meta_key,
                           journal_key});
  for (const KindWrites& kind : kinds) {
    char* key = arena.Allocate(prefix.size() + 2 + kind.kind.size());
    std::memcpy(key, prefix.data(), prefix.size());
    std::memcpy(key + prefix.size(), "r:", 2);
    std::memcpy(key + prefix.size() + 2, kind.kind.data(), kind.kind.size());
    args.push_back({key, prefix.size() + 2 + kind.kind.size()});
  }
  const absl::string_view number = arena.Number(commit->number);
  args.insert(args.end(), {arena.Number(epoch), number,
                           arena.Copy(absl::StrCat(absl::ToUnixNanos(commit->time))),
                           commit->digest, arena.Seal(kEntryKind, number, commit->entry),
                           arena.Seal(kMemosKind, number, commit->memos), arena.Number(kFormat)});
  for (const KindWrites& kind : kinds) {
    args.insert(args.end(),
                {kind.kind, arena.Number(kind.sets.size()), arena.Number(kind.deletes.size())});
    for (const Write* write : kind.sets) {
      args.push_back(write->id);
      args.push_back(arena.Seal(write->kind, write->id, *write->value));
    }
    for (const Write* write : kind.deletes) args.push_back(write->id);
  }
  kept->commit = std::move(commit);
  command.keep = std::move(kept);
  return command;
}

}  // namespace tideline::journal
