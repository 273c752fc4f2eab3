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
};
inline constexpr uint64_t kLastOrder = std::numeric_limits<uint64_t>::max();

// Bounds of a block under one pair of weights, over those of its people who are open to work: an
// index is full of people who are at home with nothing in hand, and they must not set the bounds.
struct Bound {
  int32_t top = 0;  // at least the greatest weighted load and cost part
  int32_t since = std::numeric_limits<int32_t>::max() / 2;  // at most the least
  uint64_t order = kLastOrder;  // at most the least
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
  // Sets one expert's standing and idle order, and takes them as open; the defaults for an empty
  // slot.
  void Set(Slot slot, const Standing& standing, uint64_t order);
  const Standing& operator[](Slot slot) const { return all_[slot]; }
  // Kept apart: only those who are about to be ranked are asked for it.
  uint64_t OrderOf(Slot slot) const { return orders_[slot]; }

  // The expert may be open to work from now on.
  void Open(Slot slot);
  // The expert may no longer be: the bounds may narrow.
  void Close(Slot slot);
  void CloseAll();
  // What it is to be open has changed.
  void Forget() { profiles_.clear(); }

  // The bounds for these weights, valid until the next call or Grow. `open` gives the open people
  // of a block as bits; somebody who becomes open after this without Set, Open or Forget may be
  // overlooked.
  template <typename OpenPeople>
  Profile& ProfileFor(int load_weight, int cost_weight, const OpenPeople& open) {
    if (Profile* known = Find(load_weight, cost_weight)) return *known;
    Profile& profile = Make(load_weight, cost_weight);
    for (uint32_t block = 0; block < profile.bounds.size(); ++block) {
      Tighten(profile, block, open(block));
    }
    return profile;
  }
  // Recomputes one block's bound over these people.
  void Tighten(Profile& profile, uint32_t block, uint64_t open) const;

 private:
  static int32_t Weighted(const Profile& profile, const Standing& standing) {
    return profile.load_weight * standing.load + profile.cost_weight * standing.cost;
  }
  void Widen(const Profile& profile, Bound& bound, Slot slot) const;
  Profile* Find(int load_weight, int cost_weight);
  Profile& Make(int load_weight, int cost_weight);

  std::vector<Standing> all_;
  std::vector<uint64_t> orders_;
  std::vector<Profile> profiles_;
  uint64_t uses_ = 0;
};

}  // namespace tideline::work_routing
