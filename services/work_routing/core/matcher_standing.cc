// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_standing.h"

#include <algorithm>

namespace tideline::work_routing {
namespace {

constexpr int32_t kNeverSince = std::numeric_limits<int32_t>::max() / 2;

int32_t Lasting(const StandingWeights& weights, const Standing& standing) {
  return weights.load * standing.load + weights.cost * standing.cost;
}

void Resize(Bounds& bounds, size_t blocks) {
  bounds.most.resize(blocks);
  bounds.order.resize(blocks, kLastOrder);
  bounds.stale.resize(blocks);
  bounds.top.resize(blocks);
  bounds.since.resize(blocks, kNeverSince);
}

}  // namespace

void Standings::Grow(size_t slots) {
  slots = (slots + 63) / 64 * 64;
  if (slots <= all_.size()) return;
  all_.resize(slots);
  orders_.resize(slots, kLastOrder);
  for (Bounds& bounds : bounds_) Resize(bounds, slots / 64);
}

void Standings::Widen(Bounds& bounds, Slot slot) const {
  const uint32_t block = slot / 64;
  const Standing& standing = all_[slot];
  auto raise = [](int32_t& bound, int32_t value) { bound = std::max(bound, value); };
  raise(bounds.most[block], Weigh(bounds.weights, standing, bounds.minute));
  raise(bounds.top[block], Lasting(bounds.weights, standing));
  bounds.since[block] = std::min(bounds.since[block], standing.since);
  bounds.order[block] = std::min(bounds.order[block], orders_[slot]);
}

void Standings::Empty(Bounds& bounds, uint32_t block) {
  bounds.most[block] = 0;
  bounds.order[block] = kLastOrder;
  bounds.stale[block] = 0;
  bounds.top[block] = 0;
  bounds.since[block] = kNeverSince;
}

void Standings::Set(Slot slot, const Standing& standing, uint64_t order) {
  const Standing before = all_[slot];
  const uint64_t order_before = orders_[slot];
  all_[slot] = standing;
  orders_[slot] = order;
  for (Bounds& bounds : bounds_) {
    // Whoever held a bound and moves inwards leaves it too wide: note it, mend it when it matters.
    const uint32_t block = slot / 64;
    const int32_t weight = Weigh(bounds.weights, before, bounds.minute);
    if ((weight >= bounds.most[block] && Weigh(bounds.weights, standing, bounds.minute) < weight) ||
        (order_before <= bounds.order[block] && order > order_before)) {
      bounds.stale[block] = 1;
    }
    Widen(bounds, slot);
  }
}

void Standings::Open(Slot slot) {
  for (Bounds& bounds : bounds_) Widen(bounds, slot);
}

void Standings::Close(Slot slot) {
  for (Bounds& bounds : bounds_) bounds.stale[slot / 64] = 1;
}

void Standings::CloseAll() {
  for (Bounds& bounds : bounds_) std::fill(bounds.stale.begin(), bounds.stale.end(), 1);
}

void Standings::Tighten(Bounds& bounds, uint32_t block, uint64_t open) const {
  Empty(bounds, block);
  for (; open != 0; open &= open - 1) {
    Widen(bounds, block * 64 + static_cast<Slot>(__builtin_ctzll(open)));
  }
}

// Idle parts grow with time: by no more than the minutes passed for anybody, and to no more than
// the longest idle of the block has.
void Standings::MoveTo(Bounds& bounds, int32_t minute) {
  if (minute == bounds.minute) return;
  const int32_t growth = bounds.weights.idle * (IdlePart(minute, bounds.minute) + 1);
  for (size_t block = 0; block < bounds.most.size(); ++block) {
    const int32_t idlest =
        bounds.top[block] + bounds.weights.idle * IdlePart(minute, bounds.since[block]);
    bounds.most[block] = std::min(bounds.most[block] + growth, idlest);
  }
  bounds.minute = minute;
}

Bounds* Standings::Find(const StandingWeights& weights, int32_t minute) {
  ++uses_;
  for (Bounds& bounds : bounds_) {
    if (bounds.weights == weights) {
      bounds.used = uses_;
      MoveTo(bounds, minute);
      return &bounds;
    }
  }
  return nullptr;
}

Bounds& Standings::Make(const StandingWeights& weights, int32_t minute) {
  Bounds* bounds;
  if (bounds_.size() < kBounds) {
    bounds = &bounds_.emplace_back();
  } else {
    bounds = &*std::min_element(bounds_.begin(), bounds_.end(),
                                [](const auto& a, const auto& b) { return a.used < b.used; });
  }
  *bounds = Bounds();
  bounds->weights = weights;
  bounds->minute = minute;
  bounds->used = uses_;
  Resize(*bounds, all_.size() / 64);
  return *bounds;
}

}  // namespace tideline::work_routing
