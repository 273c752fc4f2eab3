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
#include "services/work_routing/core/matcher_score.h"

namespace tideline::work_routing {

struct Standing {
  uint16_t load = 0;                                        // LoadPart
  uint16_t cost = 0;                                        // CostPart
  int32_t since = std::numeric_limits<int32_t>::max() / 2;  // minute they last got work
};
inline constexpr uint64_t kLastOrder = std::numeric_limits<uint64_t>::max();

// What a choice weighs of a standing.
struct StandingWeights {
  int load = 0;
  int cost = 0;
  int idle = 0;
  friend bool operator==(const StandingWeights&, const StandingWeights&) = default;
};

// Bounds of all blocks under one set of weights, over those of a block's people who are open to
// work: an index is full of people who are at home with nothing in hand, and they must not set the
// bounds. Nobody who is open has a weighted standing above `most`, or an idle order below `order`.
struct Bounds {
  StandingWeights weights;
  int32_t minute = 0;  // at which `most` holds
  uint64_t used = 0;
  std::vector<int32_t> most;
  std::vector<uint64_t> order;
  std::vector<uint8_t> stale;  // somebody who set a bound has moved: Tighten may narrow it
  // For the minutes to come: at least the greatest part that does not change with time, and at most
  // the least `since`.
  std::vector<int32_t> top;
  std::vector<int32_t> since;
};

class Standings {
 public:
  // Sets of weights whose bounds are kept; one more and the longest unused is rebuilt. A workspace
  // has a handful of queue policies.
  static constexpr size_t kBounds = 8;

  void Grow(size_t slots);
  // Sets one expert's standing and idle order, and takes them as open; the defaults for an empty
  // slot.
  void Set(Slot slot, const Standing& standing, uint64_t order);
  const Standing& operator[](Slot slot) const { return all_[slot]; }
  // Kept apart: only those who are about to be ranked are asked for it.
  uint64_t OrderOf(Slot slot) const { return orders_[slot]; }

  // The weighted standing at a minute.
  static int32_t Weigh(const StandingWeights& weights, const Standing& standing, int32_t minute) {
    return weights.load * standing.load + weights.cost * standing.cost +
           weights.idle * IdlePart(minute, standing.since);
  }

  // The expert may be open to work from now on.
  void Open(Slot slot);
  // The expert may no longer be: the bounds may narrow.
  void Close(Slot slot);
  void CloseAll();
  // What it is to be open has changed.
  void Forget() { bounds_.clear(); }

  // The bounds for these weights at this minute, valid until the next call or Grow; minutes do not
  // go back. `open` gives the open people of a block as bits; somebody who becomes open after this
  // without Set, Open or Forget may be overlooked.
  template <typename OpenPeople>
  Bounds& BoundsFor(const StandingWeights& weights, int32_t minute, const OpenPeople& open) {
    if (Bounds* known = Find(weights, minute)) return *known;
    Bounds& bounds = Make(weights, minute);
    for (uint32_t block = 0; block < bounds.most.size(); ++block) {
      Tighten(bounds, block, open(block));
    }
    return bounds;
  }
  // Recomputes one block's bounds over these people.
  void Tighten(Bounds& bounds, uint32_t block, uint64_t open) const;

 private:
  void Widen(Bounds& bounds, Slot slot) const;
  static void Empty(Bounds& bounds, uint32_t block);
  static void MoveTo(Bounds& bounds, int32_t minute);
  Bounds* Find(const StandingWeights& weights, int32_t minute);
  Bounds& Make(const StandingWeights& weights, int32_t minute);

  std::vector<Standing> all_;
  std::vector<uint64_t> orders_;
  std::vector<Bounds> bounds_;
  uint64_t uses_ = 0;
};

}  // namespace tideline::work_routing
