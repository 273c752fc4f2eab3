// SPDX-License-Identifier: Apache-2.0
// Remembered answers: one request id, at most one effect, the same answer again.
//
// The window is one hour, a million ids or 64 MiB, whichever is shortest, by commit time. Memos
// live in the journal's tail, so forgetting one deletes nothing. One per host, on its loop.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tideline::partition {

struct Memory {
  std::string request_hash;  // SHA-256
  std::string response;      // serialized, personal fields cleared
  uint64_t commit = 0;
};

class MemoTable {
 public:
  static constexpr absl::Duration kWindow = absl::Hours(1);
  static constexpr size_t kMaxMemos = 1'000'000;
  static constexpr size_t kMaxBytes = 64 << 20;

  // Workspace, principal, method and request id, each behind its length: no two tuples collide.
  static std::string Key(absl::string_view workspace, absl::string_view principal,
                         absl::string_view method, absl::string_view request_id);

  // Null when not remembered. Valid until the next call.
  const Memory* Find(const std::string& key) const;
  void Add(std::string key, Memory memory, absl::Time time);
  // Forgets what has left the window.
  void Expire(absl::Time now);

  // Commit of the oldest memo; `otherwise` when empty.
  uint64_t floor(uint64_t otherwise) const;
  // Age of the oldest memo: how long an id is truly safe to repeat.
  absl::Duration age(absl::Time now) const;
  size_t size() const { return memos_.size(); }
  void Clear();

 private:
  struct Age {
    std::string key;
    absl::Time time;
    uint64_t commit;
  };
  static size_t Cost(const std::string& key, const Memory& memory);

  absl::flat_hash_map<std::string, Memory> memos_;
  std::deque<Age> ages_;  // oldest first
  size_t bytes_ = 0;
};

}  // namespace tideline::partition
