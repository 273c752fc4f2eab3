// SPDX-License-Identifier: Apache-2.0
// What a score needs to know of each expert, packed, with bounds per block of 64 slots: whether a
// block can hold somebody better than those found is known without looking at its people. Bounds
// may be too wide, never too narrow, so they change the cost of a choice and never the choice.
// One thread.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "services/work_routing/core/matcher.h"

namespace tideline::work_routing {

struct Standing {
  uint16_t load = 0;  // LoadPart
  uint16_t cost = 0;  // CostPart
  int32_t since = std::numeric_limits<int32_t>::max() / 2;  // minute they last got work
  uint64_t order = std::numeric_limits<uint64_t>::max();    // idle order
};

// Bounds of a block under one pair of weights.
struct Bound {
  int32_t top = 0;  // at least the greatest weighted load and cost part
  int32_t since = std::numeric_limits<int32_t>::max() / 2;  // at most the least
  uint64_t order = std::numeric_limits<uint64_t>::max();    // at most the least
  bool stale = false;  // somebody who set a bound has moved: Tighten may narrow it
};

class Standings {
 public:
  // Pairs of weights whose bounds are kept; one more and the longest unused is rebuilt. A
  // workspace has a handful of queue policies.
  static constexpr size_t kProfiles = 8;

  // Bounds for one pair of weights.
  struct Profile {
    int load_weight = 0;
    int cost_weight = 0;
    uint64_t used = 0;
    std::vector<Bound> bounds;
  };

  void Grow(size_t slots);
  // Sets one expert's standing; a default one for an empty slot.
  void Set(Slot slot, const Standing& standing);
  const Standing& operator[](Slot slot) const { return all_[slot]; }

  // The bounds for these weights; valid until the next call or Grow.
  Profile& ProfileFor(int load_weight, int cost_weight);
  // Recomputes one block's bound.
  void Tighten(Profile& profile, uint32_t block) const;

 private:
  static int32_t Weighted(const Profile& profile, const Standing& standing) {
    return profile.load_weight * standing.load + profile.cost_weight * standing.cost;
  }

  std::vector<Standing> all_;
  std::vector<Profile> profiles_;
  uint64_t uses_ = 0;
};

}  // namespace tideline::work_routing
