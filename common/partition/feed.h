// SPDX-License-Identifier: Apache-2.0
// What became durable, for watches: the last commits in memory, older ones from the journal.
//
// A watch is *live* when nothing it wants is undelivered; a commit then touches only the watches it
// concerns, found by workspace and audience. A watch that cannot take more falls *behind*: it
// continues from memory, or from the journal when memory has moved on, and is never skipped.
// One per host, on its loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/journal/journal.h"
#include "common/partition/host.h"

namespace tideline::partition {

class Feed {
 public:
  // Commits and bytes of events kept in memory: a few seconds of full load.
  static constexpr size_t kMaxCommits = 4096;
  static constexpr size_t kMaxBytes = 16 << 20;
  // Events handed over at once.
  static constexpr size_t kMaxDelivery = 256;

  explicit Feed(std::shared_ptr<journal::Journal> journal)
      : journal_(std::move(journal)), alive_(std::make_shared<bool>(true)) {}

  // The feed begins after `commit`: what is older is read from the journal.
  void Begin(uint64_t commit) { last_ = commit; }
  // A commit became durable. In order, without gaps.
  void Append(uint64_t commit, std::vector<EventBytes> events);

  void Open(uint64_t id, WatchSpec spec);
  void Resume(uint64_t id);
  void Cancel(uint64_t id);
  // Ends every watch with `status`.
  void CloseAll(const absl::Status& status);

  size_t watches() const { return watches_.size(); }

 private:
  struct Watcher {
    WatchSpec spec;
    bool live = false;
    bool paused = false;
    bool reading = false;  // a journal page is on its way
  };
  struct Kept {
    uint64_t commit;
    size_t bytes;
    std::vector<FeedEvent> events;
  };

  static bool Wants(const Watcher& watcher, const FeedEvent& event);
  std::string IndexKey(const WatchSpec& spec) const;
  void CatchUp(uint64_t id);
  void ReadPage(uint64_t id);
  void OnPage(uint64_t id, absl::StatusOr<journal::Page> page);
  // Hands over; returns whether the watch is still there and takes more.
  bool Deliver(uint64_t id, std::vector<FeedEvent> events, Revision reached);
  void Close(uint64_t id, const absl::Status& status);

  std::shared_ptr<journal::Journal> journal_;
  std::shared_ptr<bool> alive_;
  std::map<uint64_t, Watcher> watches_;
  // Workspace NUL audience -> watches; an empty audience wants the whole workspace.
  absl::flat_hash_map<std::string, std::set<uint64_t>> index_;
  std::deque<Kept> kept_;  // dense commit numbers, ending at last_
  size_t bytes_ = 0;
  uint64_t last_ = 0;
};

}  // namespace tideline::partition
