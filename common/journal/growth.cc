// SPDX-License-Identifier: Apache-2.0
#include "common/journal/growth.h"

#include <algorithm>
#include <utility>

namespace tideline::journal {

std::shared_ptr<void> Growth::Listen(Loop& loop, std::function<void()> hint) {
  auto listener = std::make_shared<Listener>();
  listener->loop = &loop;
  listener->hint = std::move(hint);
  const Listener* raw = listener.get();
  {
    absl::MutexLock lock(&mutex_);
    listeners_.push_back(std::move(listener));
    count_.fetch_add(1);
  }
  return std::shared_ptr<void>(nullptr,
                               [self = shared_from_this(), raw](void*) { self->Remove(raw); });
}

// After this no Tell touches the listener or its loop, which may go now.
void Growth::Remove(const Listener* listener) {
  std::shared_ptr<Listener> removed;  // goes after the lock: its hint may hold anything
  absl::MutexLock lock(&mutex_);
  auto found = std::find_if(listeners_.begin(), listeners_.end(),
                            [&](const auto& one) { return one.get() == listener; });
  removed = std::move(*found);
  listeners_.erase(found);
  count_.fetch_sub(1);
}

void Growth::Tell() {
  if (count_.load() == 0) return;
  absl::MutexLock lock(&mutex_);
  for (const std::shared_ptr<Listener>& listener : listeners_) {
    if (listener->told.exchange(true)) continue;
    listener->loop->Post([weak = std::weak_ptr<Listener>(listener)] {
      std::shared_ptr<Listener> alive = weak.lock();
      if (!alive) return;
      alive->told.store(false);
      alive->hint();
    });
  }
}

}  // namespace tideline::journal
