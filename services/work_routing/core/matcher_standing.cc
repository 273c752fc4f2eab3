// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_standing.h"

#include <algorithm>

namespace tideline::work_routing {

void Standings::Grow(size_t slots) {
  slots = (slots + 63) / 64 * 64;
  if (slots <= all_.size()) return;
  all_.resize(slots);
  orders_.resize(slots, kLastOrder);
  for (Profile& profile : profiles_) profile.bounds.resize(slots / 64);
}

void Standings::Widen(const Profile& profile, Bound& bound, Slot slot) const {
  bound.top = std::max(bound.top, Weighted(profile, all_[slot]));
  bound.since = std::min(bound.since, all_[slot].since);
  bound.order = std::min(bound.order, orders_[slot]);
}

void Standings::Set(Slot slot, const Standing& standing, uint64_t order) {
  const Standing before = all_[slot];
  const uint64_t order_before = orders_[slot];
  all_[slot] = standing;
  orders_[slot] = order;
  for (Profile& profile : profiles_) {
    Bound& bound = profile.bounds[slot / 64];
    // Whoever held a bound and moves inwards leaves it too wide: note it, mend it when it matters.
    int32_t held = Weighted(profile, before);
    bound.stale |= (bound.top == held && Weighted(profile, standing) < held) ||
                   (bound.since == before.since && standing.since > before.since) ||
                   (bound.order == order_before && order > order_before);
    Widen(profile, bound, slot);
  }
}

void Standings::Open(Slot slot) {
  for (Profile& profile : profiles_) Widen(profile, profile.bounds[slot / 64], slot);
}

void Standings::Close(Slot slot) {
  for (Profile& profile : profiles_) profile.bounds[slot / 64].stale = true;
}

void Standings::CloseAll() {
  for (Profile& profile : profiles_) {
    for (Bound& bound : profile.bounds) bound.stale = true;
  }
}

void Standings::Tighten(Profile& profile, uint32_t block, uint64_t open) const {
  Bound bound;
  for (; open != 0; open &= open - 1) {
    Widen(profile, bound, block * 64 + static_cast<Slot>(__builtin_ctzll(open)));
  }
  profile.bounds[block] = bound;
}

Standings::Profile* Standings::Find(int load_weight, int cost_weight) {
  ++uses_;
  for (Profile& profile : profiles_) {
    if (profile.load_weight == load_weight && profile.cost_weight == cost_weight) {
      profile.used = uses_;
      return &profile;
    }
  }
  return nullptr;
}

Standings::Profile& Standings::Make(int load_weight, int cost_weight) {
  Profile* profile;
  if (profiles_.size() < kProfiles) {
    profile = &profiles_.emplace_back();
  } else {
    profile = &*std::min_element(
        profiles_.begin(), profiles_.end(),
        [](const Profile& a, const Profile& b) { return a.used < b.used; });
  }
  profile->load_weight = load_weight;
  profile->cost_weight = cost_weight;
  profile->used = uses_;
  profile->bounds.assign(all_.size() / 64, Bound());
  return *profile;
}

}  // namespace tideline::work_routing
