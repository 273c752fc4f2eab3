// SPDX-License-Identifier: Apache-2.0
#include "common/partition/follower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace tideline::partition {

Follower::Follower(Loop& loop, Upstream upstream, std::optional<journal::v1::Cursor> cursor,
                   Events events)
    : loop_(loop),
      upstream_(std::move(upstream)),
      events_(std::move(events)),
      timer_(loop),
      alive_(std::make_shared<bool>(true)) {
  if (cursor.has_value()) cursor_ = *std::move(cursor);
  cursor_.set_service(upstream_.service);
  last_read_ = cursor_.position().commit();
  last_digest_ = cursor_.digest();
  verify_cursor_ = last_read_ > 0;
  current_.service = upstream_.service;
  std::weak_ptr<bool> alive = alive_;
  upstream_.journal->OnGrowth([this, alive] {
    if (!alive.expired()) Read();
  });
  Read();
}

void Follower::Read() {
  if (broken_) return;
  if (reading_) {
    again_ = true;
    return;
  }
  if (pending_.size() >= kReadAhead) return;  // Take reads on
  reading_ = true;
  again_ = false;
  uint64_t after = verify_cursor_ ? last_read_ - 1 : last_read_;
  std::weak_ptr<bool> alive = alive_;
  upstream_.journal->Read(after, kReadAhead, [this, alive](absl::StatusOr<journal::Page> page) {
    if (!alive.expired()) OnPage(std::move(page));
  });
}

void Follower::OnPage(absl::StatusOr<journal::Page> page) {
  reading_ = false;
  std::weak_ptr<bool> alive = alive_;
  timer_.Set(kLook, [this, alive] {
    if (!alive.expired()) Read();
  });
  if (!page.ok()) {
    if (page.status().code() == absl::StatusCode::kOutOfRange && verify_cursor_) {
      // The cursor's own entry may be trimmed; the next one names its digest.
      verify_cursor_ = false;
      Read();
    } else if (page.status().code() == absl::StatusCode::kDataLoss ||
               page.status().code() == absl::StatusCode::kOutOfRange) {
      broken_ = true;
      events_.broken(Refuse(Reason::REASON_DATA_LOSS,
                            absl::StrCat("following ", upstream_.service, " after commit ",
                                         last_read_, ": ", page.status().message())));
    }
    return;  // the store is away: look again later
  }
  known_ = page->last;
  const bool first = !goal_.has_value();
  if (first) goal_ = known_;
  absl::Status status;
  for (const journal::StoredEntry& stored : page->entries) {
    if (status = Accept(stored); !status.ok()) break;
  }
  if (status.ok() && verify_cursor_ && page->entries.empty()) {
    status =
        Refuse(Reason::REASON_DATA_LOSS,
               absl::StrCat("following ", upstream_.service, ": commit ", last_read_,
                            " was followed and is not in the journal, which ends at ", page->last));
  }
  if (!status.ok()) {
    broken_ = true;
    events_.broken(status);
    return;
  }
  verify_cursor_ = false;
  bool more = !page->entries.empty() && last_read_ < known_;
  SkipEmpty();
  if (!pending_.empty() || first) events_.grown();
  if (alive.expired()) return;
  if (again_ || more) {
    Read();
  } else {
    auto refreshes = std::exchange(refreshes_, {});
    for (auto& done : refreshes) done(pending_.empty());
  }
}

absl::Status Follower::Accept(const journal::StoredEntry& stored) {
  auto lost = [&](absl::string_view what) {
    return Refuse(Reason::REASON_DATA_LOSS, absl::StrCat("following ", upstream_.service,
                                                         ": entry ", stored.number, " ", what));
  };
  std::string digest = Sha256(stored.entry);
  if (verify_cursor_ && stored.number == last_read_) {
    if (digest != last_digest_) return lost("is not the one that was followed");
    verify_cursor_ = false;
    Pending pending;
    if (!pending.entry.ParseFromString(stored.entry)) return lost("does not parse");
    pending.next = static_cast<int>(cursor_.position().index());
    if (pending.next < pending.entry.events_size()) {
      pending.digest = std::move(digest);
      pending_.push_back(std::move(pending));
    }
    return absl::OkStatus();
  }
  if (stored.number != last_read_ + 1) return lost("comes after a gap");
  Pending pending;
  if (!pending.entry.ParseFromString(stored.entry)) return lost("does not parse");
  if (pending.entry.format() > journal::kFormat)
    return lost("has a newer format than this program");
  if (last_read_ > 0 && pending.entry.previous_digest() != last_digest_) {
    return lost("does not continue the one that was followed");
  }
  last_read_ = stored.number;
  last_digest_ = digest;
  pending.digest = std::move(digest);
  pending_.push_back(std::move(pending));
  return absl::OkStatus();
}

void Follower::SkipEmpty() {
  while (!pending_.empty() && pending_.front().next >= pending_.front().entry.events_size()) {
    const Pending& done = pending_.front();
    cursor_.mutable_position()->set_commit(done.entry.number());
    cursor_.mutable_position()->set_index(static_cast<uint32_t>(done.entry.events_size()));
    cursor_.set_digest(done.digest);
    pending_.pop_front();
  }
}

const UpstreamEvent* Follower::Peek() {
  SkipEmpty();
  if (pending_.empty()) return nullptr;
  const Pending& front = pending_.front();
  current_.position.set_commit(front.entry.number());
  current_.position.set_index(static_cast<uint32_t>(front.next));
  current_.bytes = front.entry.events(front.next);
  return &current_;
}

const journal::v1::Entry* Follower::PeekEntry() const {
  return pending_.empty() ? nullptr : &pending_.front().entry;
}

void Follower::Take() {
  Pending& front = pending_.front();
  ++front.next;
  cursor_.mutable_position()->set_commit(front.entry.number());
  cursor_.mutable_position()->set_index(static_cast<uint32_t>(front.next));
  cursor_.set_digest(front.digest);
  SkipEmpty();
  if (pending_.empty() && last_read_ < known_) Read();
}

void Follower::Refresh(std::function<void(bool at_end)> done) {
  refreshes_.push_back(std::move(done));
  Read();
}

}  // namespace tideline::partition
