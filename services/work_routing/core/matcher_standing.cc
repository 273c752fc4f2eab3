// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_standing.h"

#include <algorithm>

namespace tideline::work_routing {

void Standings::Grow(size_t slots) {
  slots = (slots + 63) / 64 * 64;
  if (slots <= all_.size()) return;
  all_.resize(slots);
  for (Profile& profile : profiles_) profile.bounds.resize(slots / 64);
}

void Standings::Set(Slot slot, const Standing& standing) {
  const Standing before = all_[slot];
  all_[slot] = standing;
  for (Profile& profile : profiles_) {
    Bound& bound = profile.bounds[slot / 64];
    int32_t top = Weighted(profile, standing);
    // Whoever held a bound and moves inwards leaves it too wide: note it, mend it when it matters.
    bound.stale |= (bound.top == Weighted(profile, before) && top < bound.top) ||
                   (bound.since == before.since && standing.since > before.since) ||
                   (bound.order == before.order && standing.order > before.order);
    bound.top = std::max(bound.top, top);
    bound.since = std::min(bound.since, standing.since);
    bound.order = std::min(bound.order, standing.order);
  }
}

void Standings::Tighten(Profile& profile, uint32_t block) const {
  Bound bound;
  const Standing* first = all_.data() + size_t{block} * 64;
  for (const Standing* s = first; s != first + 64; ++s) {
    bound.top = std::max(bound.top, Weighted(profile, *s));
    bound.since = std::min(bound.since, s->since);
    bound.order = std::min(bound.order, s->order);
  }
  profile.bounds[block] = bound;
}

Standings::Profile& Standings::ProfileFor(int load_weight, int cost_weight) {
  ++uses_;
  for (Profile& profile : profiles_) {
    if (profile.load_weight == load_weight && profile.cost_weight == cost_weight) {
      profile.used = uses_;
      return profile;
    }
  }
  Profile* profile;
  if (profiles_.size() < kProfiles) {
    profiles_.reserve(kProfiles);
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
  for (uint32_t block = 0; block < profile->bounds.size(); ++block) Tighten(*profile, block);
  return *profile;
}

}  // namespace tideline::work_routing
