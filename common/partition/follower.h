// SPDX-License-Identifier: Apache-2.0
// Reads one upstream journal in order, checks that it is the one read before (dense numbers,
// chained digests), and hands out its events one by one. What the Core makes of them, and the
// cursor's commit, is the engine's business. One per upstream of a host, on its loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/journal/entry.pb.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"
#include "common/partition/host.h"

namespace tideline::partition {

class Follower {
 public:
  // Entries read ahead of the Core: a page, so memory stays bounded by a page's bytes.
  static constexpr size_t kReadAhead = 512;
  // Growth hints may be lost; so the journal is looked at this often.
  static constexpr absl::Duration kLook = absl::Seconds(1);

  struct Events {
    std::function<void()> grown;               // there is something to take
    std::function<void(absl::Status)> broken;  // DATA_LOSS: the partition must stop
  };

  Follower(Loop& loop, Upstream upstream, std::optional<journal::v1::Cursor> cursor, Events events);

  const std::string& service() const { return upstream_.service; }
  // How far events were taken.
  const journal::v1::Cursor& cursor() const { return cursor_; }
  uint64_t read() const { return cursor_.position().commit(); }
  uint64_t known() const { return known_; }
  // Whether everything was taken that was there when this follower first looked. Until then what
  // happened while the process was down is not known, and timers would act on an old picture.
  bool caught_up() const { return goal_.has_value() && read() >= *goal_; }

  // The next event, or null; valid until Take. Entries without events are passed over, which moves
  // the cursor.
  const UpstreamEvent* Peek();
  // The cursors that the upstream partition had reached with the entry Peek is in.
  const journal::v1::Entry* PeekEntry() const;
  // The event of Peek has taken effect (or is an anomaly): moves the cursor.
  void Take();

  // Reads to the end afresh, then calls back with whether nothing was left to take.
  void Refresh(std::function<void(bool at_end)> done);

 private:
  struct Pending {
    journal::v1::Entry entry;
    std::string digest;
    int next = 0;
  };

  void Read();
  void OnPage(absl::StatusOr<journal::Page> page);
  absl::Status Accept(const journal::StoredEntry& stored);
  void SkipEmpty();

  Loop& loop_;
  Upstream upstream_;
  Events events_;
  journal::v1::Cursor cursor_;  // what the Core has
  uint64_t last_read_ = 0;      // newest entry in pending_, or the cursor's
  std::string last_digest_;
  bool verify_cursor_ = false;  // the first read re-reads the cursor's entry
  uint64_t known_ = 0;
  std::optional<uint64_t> goal_;  // known_ at the first look
  bool reading_ = false;
  bool again_ = false;  // grew while reading
  bool broken_ = false;
  std::deque<Pending> pending_;
  UpstreamEvent current_;
  std::vector<std::function<void(bool)>> refreshes_;
  Loop::Timer timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace tideline::partition
