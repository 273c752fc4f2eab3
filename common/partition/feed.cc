// SPDX-License-Identifier: Apache-2.0
#include "common/partition/feed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/journal/entry.pb.h"

namespace tideline::partition {

namespace {

bool After(const Revision& a, const Revision& b) {
  return a.commit() != b.commit() ? a.commit() > b.commit() : a.index() > b.index();
}

Revision EndOf(uint64_t commit) {
  Revision end;
  end.set_commit(commit);
  end.set_index(UINT32_MAX);
  return end;
}

std::string Key(absl::string_view workspace, absl::string_view audience) {
  return absl::StrCat(workspace, absl::string_view("\0", 1), audience);
}

}  // namespace

std::string Feed::IndexKey(const WatchSpec& spec) const {
  return Key(spec.workspace, spec.audience);
}

bool Feed::Wants(const Watcher& watcher, const FeedEvent& event) {
  const WatchSpec& spec = watcher.spec;
  return event.event.workspace == spec.workspace &&
         (spec.audience.empty() || event.event.audience == spec.audience) &&
         After(event.position, spec.after) && (!spec.wants || spec.wants(event));
}

void Feed::Append(uint64_t commit, std::vector<EventBytes> events) {
  Kept kept{commit, 0, {}};
  kept.events.reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    FeedEvent event;
    event.position.set_commit(commit);
    event.position.set_index(static_cast<uint32_t>(i));
    event.event = std::move(events[i]);
    kept.bytes += event.event.bytes.size() + 128;
    kept.events.push_back(std::move(event));
  }
  bytes_ += kept.bytes;
  kept_.push_back(std::move(kept));
  last_ = commit;

  // Gather per touched watch, so that each gets one delivery for the commit.
  std::map<uint64_t, std::vector<FeedEvent>> wanted;
  if (!watches_.empty()) {
    for (const FeedEvent& event : kept_.back().events) {
      auto offer = [&](absl::string_view audience) {
        auto it = index_.find(Key(event.event.workspace, audience));
        if (it == index_.end()) return;
        for (uint64_t id : it->second) {
          Watcher& watcher = watches_.at(id);
          if (watcher.live && Wants(watcher, event)) wanted[id].push_back(event);
        }
      };
      offer("");
      if (!event.event.audience.empty()) offer(event.event.audience);
    }
  }
  for (auto& [id, list] : wanted) {
    if (list.size() > kMaxDelivery) {
      // Too much at once: let it catch up in portions.
      Watcher& watcher = watches_.at(id);
      watcher.live = false;
      watcher.spec.after = EndOf(commit - 1);
      CatchUp(id);
    } else {
      Deliver(id, std::move(list), EndOf(commit));
    }
  }
  while (kept_.size() > kMaxCommits || bytes_ > kMaxBytes) {
    if (kept_.size() <= 1) break;
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
}

bool Feed::Deliver(uint64_t id, std::vector<FeedEvent> events, Revision reached) {
  auto it = watches_.find(id);
  if (it == watches_.end()) return false;
  it->second.spec.after = reached;
  if (events.empty()) return !it->second.paused;
  bool more = it->second.spec.deliver(std::move(events), reached);
  it = watches_.find(id);  // the delivery may have cancelled it
  if (it == watches_.end()) return false;
  if (!more) {
    it->second.paused = true;
    it->second.live = false;
  }
  return more;
}

void Feed::CatchUp(uint64_t id) {
  for (;;) {
    auto it = watches_.find(id);
    if (it == watches_.end()) return;
    Watcher& watcher = it->second;
    if (watcher.paused || watcher.reading || watcher.live) return;
    uint64_t seen = watcher.spec.after.commit();
    if (seen > last_) {
      Close(id, Refuse(Reason::REASON_DATA_LOSS, "the resume token lies beyond the journal's end"));
      return;
    }
    if (seen == last_ && watcher.spec.after.index() == UINT32_MAX) {
      watcher.live = true;
      return;
    }
    if (kept_.empty() || kept_.front().commit > seen + (watcher.spec.after.index() == UINT32_MAX)) {
      ReadPage(id);
      return;
    }
    std::vector<FeedEvent> events;
    Revision reached = EndOf(last_);
    size_t first = seen >= kept_.front().commit ? seen - kept_.front().commit : 0;
    for (size_t i = first; i < kept_.size() && events.size() < kMaxDelivery; ++i) {
      for (const FeedEvent& event : kept_[i].events) {
        if (events.size() == kMaxDelivery) break;
        if (Wants(watcher, event)) events.push_back(event);
        reached = event.position;
      }
      if (events.size() < kMaxDelivery) reached = EndOf(kept_[i].commit);
    }
    if (!Deliver(id, std::move(events), reached)) return;
  }
}

void Feed::ReadPage(uint64_t id) {
  Watcher& watcher = watches_.at(id);
  watcher.reading = true;
  const Revision& after = watcher.spec.after;
  // A commit that was delivered in part is read again from its start.
  uint64_t from =
      after.index() == UINT32_MAX || after.commit() == 0 ? after.commit() : after.commit() - 1;
  std::weak_ptr<bool> alive = alive_;
  journal_->Read(from, 256, [this, alive, id](absl::StatusOr<journal::Page> page) {
    if (!alive.expired()) OnPage(id, std::move(page));
  });
}

void Feed::OnPage(uint64_t id, absl::StatusOr<journal::Page> page) {
  auto it = watches_.find(id);
  if (it == watches_.end()) return;
  Watcher& watcher = it->second;
  watcher.reading = false;
  if (!page.ok()) {
    if (page.status().code() == absl::StatusCode::kOutOfRange) {
      Close(id, Refuse(Reason::REASON_RESUME_TOO_OLD,
                       "the journal is trimmed above the resume token; start from a snapshot",
                       {{"detail", page.status().message()}}));
    } else {
      Close(id, page.status());
    }
    return;
  }
  std::vector<FeedEvent> events;
  Revision reached = watcher.spec.after;
  for (const journal::StoredEntry& stored : page->entries) {
    if (stored.number > last_) break;  // not acknowledged to this host yet
    journal::v1::Entry entry;
    if (!entry.ParseFromString(stored.entry)) {
      Close(id, Refuse(Reason::REASON_DATA_LOSS,
                       absl::StrCat("journal entry ", stored.number, " does not parse")));
      return;
    }
    for (int i = 0; i < entry.events_size(); ++i) {
      type::v1::AnyEvent any;
      if (!any.ParseFromString(entry.events(i))) continue;
      FeedEvent event;
      event.position = any.header().revision();
      event.event = {any.header().workspace(), any.header().subject(), any.header().audience(),
                     entry.events(i)};
      if (Wants(watcher, event)) events.push_back(std::move(event));
    }
    reached = EndOf(stored.number);
  }
  if (page->entries.empty() && reached.index() == UINT32_MAX && reached.commit() < last_) {
    Close(id, Refuse(Reason::REASON_DATA_LOSS, "the journal ends before its last commit"));
    return;
  }
  if (Deliver(id, std::move(events), reached)) CatchUp(id);
}

void Feed::Open(uint64_t id, WatchSpec spec) {
  index_[IndexKey(spec)].insert(id);
  Watcher& watcher = watches_[id];
  watcher.spec = std::move(spec);
  if (watcher.spec.after.commit() == 0) watcher.spec.after = EndOf(0);
  CatchUp(id);
}

void Feed::Resume(uint64_t id) {
  auto it = watches_.find(id);
  if (it == watches_.end()) return;
  it->second.paused = false;
  CatchUp(id);
}

void Feed::Cancel(uint64_t id) {
  auto it = watches_.find(id);
  if (it == watches_.end()) return;
  auto entry = index_.find(IndexKey(it->second.spec));
  entry->second.erase(id);
  if (entry->second.empty()) index_.erase(entry);
  watches_.erase(it);
}

void Feed::Close(uint64_t id, const absl::Status& status) {
  auto closed = std::move(watches_.at(id).spec.closed);
  Cancel(id);
  if (closed) closed(status);
}

void Feed::CloseAll(const absl::Status& status) {
  while (!watches_.empty()) Close(watches_.begin()->first, status);
}

}  // namespace tideline::partition
