// SPDX-License-Identifier: Apache-2.0
// The search for the best among those whom a chain has left: exact, and yet it looks closely at few
// of them, since bounds say of whole blocks that nobody in them is better than those found so far.
// Lives for one question, within the index. One thread.
#pragma once

#include <utility>

#include "services/work_routing/core/matcher_index.h"

namespace tideline::work_routing {

struct Matcher::Index::Search {
  // A chunk on its way through the search: the few people worth a look one by one; or, when there
  // are many, the blocks, the most that the skills of anybody in them are worth, and counts.
  struct Look {
    absl::InlinedVector<Slot, 16> few;
    absl::InlinedVector<std::pair<uint32_t, int32_t>, kChunkWords> blocks;
    ChunkCounts counts;
  };
  // Up to this many people of a chunk are cheaper to look at than to count.
  static constexpr size_t kFew = 12;

  Index& index;
  const Compiled& compiled;
  const Weights& weights;
  StandingWeights standing_weights;
  int32_t minute;
  Bounds& bounds;
  // Bitmaps of levels above what is asked, preferred skills, skills being learned.
  absl::InlinedVector<const uint64_t*, 12> above, preferred, learning;
  // The same as two counts per person: demerits (levels above what is asked, and kSkillCredit for
  // each preferred skill that is not held) and lessons (required skills being learned).
  absl::InlinedVector<Addend, 16> demerits, lessons;
  CountPlan plan{};
  // What a count is worth, weighted: demerits fall, lessons rise.
  absl::InlinedVector<int32_t, 32> demerit_worth, lesson_worth;
  absl::InlinedVector<Scored, 1 + kRunnersUp> ranked;
  // What a score must reach to enter the ranking; below all scores until it is full.
  int64_t least_score = -(int64_t{1} << 40);

  Search(Index& in, const Compiled& compiled, const Weights& weights);
  void GatherSkills();
  void PrepareFit();
  void PrepareLearning();
  bool IsBetter(const Scored& a, const Scored& b) const;
  bool CanBeat(int64_t most_score, uint64_t least_order) const;
  bool BlockCanBeat(uint32_t block, int32_t skills_worth) const;
  void Insert(const Scored& scored);
  Scored ScoreOf(Slot slot, bool affine, int lacking) const;
  void LookAtAll(absl::Span<const uint32_t> chunks);
  void Survey(uint32_t chunk, Look& look);
  uint32_t BlocksWorth(uint32_t first, int32_t worth);
  bool ListFew(uint32_t first, uint32_t blocks, Look& look) const;
  void Count(uint32_t chunk, uint32_t blocks, Look& look);
  int32_t MostWorth(const ChunkCounts& counts, uint32_t block) const;
  void Rank(const Look& look);
  void RankFew(const Look& look);
};

}  // namespace tideline::work_routing
