// SPDX-License-Identifier: Apache-2.0
// Bitmaps over the slots of one index, all of one length, which grow together. A bitmap is a
// number, so growing moves no one's pointer but the words'. One thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "services/work_routing/core/matcher_kernel.h"

namespace tideline::work_routing {

using BitmapId = uint32_t;

class BitPool {
 public:
  // A bitmap that stays empty, for what nobody has.
  static constexpr BitmapId kEmpty = 0;

  BitPool() { Make(false); }

  BitmapId Make(bool ones) {
    BitmapId id;
    if (free_.empty()) {
      id = static_cast<BitmapId>(maps_.size());
      maps_.emplace_back();
    } else {
      id = free_.back();
      free_.pop_back();
    }
    maps_[id].ones = ones;
    maps_[id].words = Allocate(chunks_, ones);
    return id;
  }
  void Drop(BitmapId id) {
    maps_[id].words.reset();
    free_.push_back(id);
  }

  // Makes room for `slots` slots. New bits are as the bitmap was made: clear, or set.
  void Grow(size_t slots) {
    size_t chunks = (slots + kChunkBits - 1) / kChunkBits;
    if (chunks <= chunks_) return;
    for (Map& map : maps_) {
      if (map.words == nullptr) continue;
      Words words = Allocate(chunks, map.ones);
      for (size_t w = 0; w < chunks_ * kChunkWords; ++w) words[w] = map.words[w];
      map.words = std::move(words);
    }
    chunks_ = chunks;
  }

  size_t chunks() const { return chunks_; }
  size_t words_size() const { return chunks_ * kChunkWords; }
  uint64_t* words(BitmapId id) { return maps_[id].words.get(); }
  const uint64_t* words(BitmapId id) const { return maps_[id].words.get(); }

  bool Test(BitmapId id, uint32_t slot) const {
    return (maps_[id].words[slot / 64] >> (slot % 64)) & 1;
  }
  // Returns whether the bit changed.
  bool Assign(BitmapId id, uint32_t slot, bool value) {
    uint64_t& word = maps_[id].words[slot / 64];
    uint64_t bit = uint64_t{1} << (slot % 64);
    if (((word & bit) != 0) == value) return false;
    word ^= bit;
    return true;
  }

 private:
  struct Free {
    void operator()(uint64_t* words) const { std::free(words); }
  };
  using Words = std::unique_ptr<uint64_t[], Free>;
  struct Map {
    Words words;
    bool ones = false;
  };

  static Words Allocate(size_t chunks, bool ones) {
    size_t n = (chunks == 0 ? 1 : chunks) * kChunkWords;
    Words words(static_cast<uint64_t*>(std::aligned_alloc(64, n * sizeof(uint64_t))));
    for (size_t w = 0; w < n; ++w) words[w] = ones ? ~uint64_t{0} : 0;
    return words;
  }

  std::vector<Map> maps_;
  std::vector<BitmapId> free_;
  size_t chunks_ = 0;
};

}  // namespace tideline::work_routing
