// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_search.h"

#include <algorithm>

#include "services/work_routing/core/matcher_score.h"

namespace tideline::work_routing {

using eligibility::kTopLevel;

Matcher::Index::Search::Search(Index& in, const Compiled& compiled, const Weights& weights)
    : index(in),
      compiled(compiled),
      weights(weights),
      standing_weights{weights.load, weights.cost, weights.idle},
      minute(MinuteOf(in.now_)),
      bounds(in.standings_.BoundsFor(standing_weights, minute,
                                     [&](uint32_t block) { return in.OpenPeople(block); })) {
  GatherSkills();
}

void Matcher::Index::Search::GatherSkills() {
  for (size_t i = 0; i < compiled.required.size(); ++i) {
    const SkillBits& skill = index.skills_[compiled.required[i]];
    for (int level = compiled.needs.required[i].level + 1; level <= kTopLevel; ++level) {
      BitmapId bits = skill.at_least[level - 1];
      if (bits != BitPool::kEmpty) above.push_back(index.pool_.words(bits));
    }
    if (skill.learning != BitPool::kEmpty) learning.push_back(index.pool_.words(skill.learning));
  }
  for (size_t i = 0; i < compiled.preferred.size(); ++i) {
    int level = compiled.needs.preferred[i].level;
    BitmapId bits = level > kTopLevel ? BitPool::kEmpty
                                      : index.skills_[compiled.preferred[i]].at_least[level - 1];
    preferred.push_back(index.pool_.words(bits));
  }
}

void Matcher::Index::Search::PrepareFit() {
  constexpr uint8_t kCreditPlane = 2;
  static_assert(1 << kCreditPlane == kSkillCredit);
  const int required = static_cast<int>(compiled.required.size());
  const int wished = static_cast<int>(preferred.size());
  const int most = kSkillCredit * (required + wished);
  // A fit that counts for nothing is not counted; one of too many skills for the planes is bounded
  // by the best.
  if (weights.fit > 0 && most < (1 << kMaxPlanes)) {
    for (const uint64_t* words : above) demerits.push_back({words, false, 0});
    for (const uint64_t* words : preferred) demerits.push_back({words, true, kCreditPlane});
    while ((most >> plan.demerit_planes) != 0) ++plan.demerit_planes;
  }
  plan.demerits = demerits;
  for (int demerit = 0; demerit < (1 << plan.demerit_planes); ++demerit) {
    // FitPart of that many demerits, whichever skills they come from.
    demerit_worth.push_back(weights.fit *
                            FitPart(required, wished, std::min(demerit, most), wished));
  }
}

void Matcher::Index::Search::PrepareLearning() {
  const int required = static_cast<int>(compiled.required.size());
  if (weights.learning > 0 && required < (1 << kMaxPlanes)) {
    for (const uint64_t* words : learning) lessons.push_back({words, false, 0});
    while ((learning.size() >> plan.lesson_planes) != 0) ++plan.lesson_planes;
    for (int lesson = 0; lesson < (1 << plan.lesson_planes); ++lesson) {
      lesson_worth.push_back(weights.learning * LearningPart(required, std::min(lesson, required)));
    }
  } else {
    lesson_worth.push_back(weights.learning * kTopPart);
  }
  plan.lessons = lessons;
}

bool Matcher::Index::Search::IsBetter(const Scored& a, const Scored& b) const {
  if (a.score != b.score) return a.score > b.score;
  if (a.idle_order != b.idle_order) return a.idle_order < b.idle_order;
  return index.people_[a.slot].expert.id < index.people_[b.slot].expert.id;
}

bool Matcher::Index::Search::CanBeat(int64_t most_score, uint64_t least_order) const {
  return most_score > least_score ||
         (most_score == least_score && least_order <= ranked.back().idle_order);
}

bool Matcher::Index::Search::BlockCanBeat(uint32_t block, int32_t skills_worth) const {
  return CanBeat(bounds.most[block] + skills_worth, bounds.order[block]);
}

void Matcher::Index::Search::Insert(const Scored& scored) {
  if (ranked.size() == 1 + kRunnersUp) {
    if (!IsBetter(scored, ranked.back())) return;
    ranked.pop_back();
  }
  auto at = ranked.begin();
  while (at != ranked.end() && !IsBetter(scored, *at)) ++at;
  ranked.insert(at, scored);
  if (ranked.size() == 1 + kRunnersUp) least_score = ranked.back().score;
}

Scored Matcher::Index::Search::ScoreOf(Slot slot, bool affine, int lacking) const {
  const Standing& standing = index.standings_[slot];
  auto count = [&](const auto& maps) {
    int n = 0;
    for (const uint64_t* words : maps) n += (words[slot / 64] >> (slot % 64)) & 1;
    return n;
  };
  int required = static_cast<int>(compiled.required.size());
  Scored scored;
  scored.slot = slot;
  scored.idle_order = index.standings_.OrderOf(slot);
  scored.parts.fit = FitPart(required, static_cast<int>(compiled.preferred.size()),
                             count(above) + kSkillCredit * lacking, count(preferred));
  scored.parts.affinity = affine ? kTopPart : 0;
  scored.parts.load = standing.load;
  scored.parts.cost = standing.cost;
  scored.parts.idle = IdlePart(minute, standing.since);
  scored.parts.learning = LearningPart(required, count(learning));
  scored.score = TotalScore(weights, scored.parts);
  return scored;
}

// Picks those of a chunk who may be better than those found so far, with ever tighter bounds: of
// anybody, of anybody in the chunk, of those left in the block.
void Matcher::Index::Search::Survey(uint32_t chunk, Look& look) {
  look.few.clear();
  look.blocks.clear();
  const uint32_t blocks =
      BlocksWorth(chunk * kChunkWords, demerit_worth.front() + lesson_worth.back());
  if (blocks != 0 && !ListFew(chunk * kChunkWords, blocks, look)) Count(chunk, blocks, look);
}

// Bit for bit, the blocks from `first` on in which somebody is left who can beat the last found.
uint32_t Matcher::Index::Search::BlocksWorth(uint32_t first, int32_t worth) {
  // Without a branch per block: which of them are empty follows no pattern.
  const int64_t need = least_score - worth;
  uint32_t blocks = 0, stale = 0;
  for (uint32_t w = 0; w < kChunkWords; ++w) {
    const uint32_t take = (index.left_[first + w] != 0) & (bounds.most[first + w] >= need);
    blocks |= take << w;
    stale |= (take & (bounds.stale[first + w] != 0)) << w;
  }
  for (; stale != 0; stale &= stale - 1) {
    const uint32_t w = static_cast<uint32_t>(__builtin_ctz(stale));
    index.standings_.Tighten(bounds, first + w, index.OpenPeople(first + w));
    if (bounds.most[first + w] < need) blocks &= ~(1u << w);
  }
  return blocks;
}

// Lists the people of these blocks, unless they are more than a few.
bool Matcher::Index::Search::ListFew(uint32_t first, uint32_t blocks, Look& look) const {
  for (; blocks != 0; blocks &= blocks - 1) {
    const uint32_t block = first + static_cast<uint32_t>(__builtin_ctz(blocks));
    for (uint64_t people = index.left_[block]; people != 0; people &= people - 1) {
      if (look.few.size() == kFew) {
        look.few.clear();
        return false;
      }
      look.few.push_back(block * 64 + static_cast<uint32_t>(__builtin_ctzll(people)));
      __builtin_prefetch(&index.standings_[look.few.back()]);
    }
  }
  return true;
}

void Matcher::Index::Search::Count(uint32_t chunk, uint32_t blocks, Look& look) {
  CountChunk(plan, chunk, index.left_.data(), look.counts);
  const int32_t worth =
      demerit_worth[look.counts.fewest_demerits] + lesson_worth[look.counts.most_lessons];
  for (; blocks != 0; blocks &= blocks - 1) {
    const uint32_t block = chunk * kChunkWords + static_cast<uint32_t>(__builtin_ctz(blocks));
    if (!BlockCanBeat(block, worth)) continue;
    const int32_t most_worth = MostWorth(look.counts, block);
    if (!BlockCanBeat(block, most_worth)) continue;
    look.blocks.emplace_back(block, most_worth);
    for (uint64_t people = index.left_[block]; people != 0; people &= people - 1) {
      __builtin_prefetch(&index.standings_[block * 64 + __builtin_ctzll(people)]);
    }
  }
}

// The worth of the fewest demerits and the most lessons of anybody left in the block: from the top
// plane down, those without the bit, or with it, if there are any.
int32_t Matcher::Index::Search::MostWorth(const ChunkCounts& counts, uint32_t block) const {
  const uint32_t word = block % kChunkWords;
  uint64_t fewest = index.left_[block], most = fewest;
  size_t demerit = 0, lesson = 0;
  for (size_t p = plan.demerit_planes; p-- > 0;) {
    uint64_t without = fewest & ~counts.demerits[p][word];
    demerit |= size_t{without == 0} << p;
    fewest = without != 0 ? without : fewest;
  }
  for (size_t p = plan.lesson_planes; p-- > 0;) {
    uint64_t with = most & counts.lessons[p][word];
    lesson |= size_t{with != 0} << p;
    most = with != 0 ? with : most;
  }
  return demerit_worth[demerit] + lesson_worth[lesson];
}

void Matcher::Index::Search::Rank(const Look& look) {
  RankFew(look);
  for (const auto& [block, most_worth] : look.blocks) {
    const uint32_t word = block % kChunkWords;
    auto count = [word](const uint64_t(*planes_of)[kChunkWords], size_t planes, int bit) {
      size_t n = 0;
      for (size_t p = 0; p < planes; ++p) n |= ((planes_of[p][word] >> bit) & 1) << p;
      return n;
    };
    for (uint64_t people = index.left_[block]; people != 0; people &= people - 1) {
      const int bit = __builtin_ctzll(people);
      const Slot slot = block * 64 + static_cast<uint32_t>(bit);
      const int64_t standing = Standings::Weigh(standing_weights, index.standings_[slot], minute);
      if (standing + most_worth < least_score) continue;
      const int64_t score = standing +
                            demerit_worth[count(look.counts.demerits, plan.demerit_planes, bit)] +
                            lesson_worth[count(look.counts.lessons, plan.lesson_planes, bit)];
      if (score >= least_score && CanBeat(score, index.standings_.OrderOf(slot))) {
        Insert(ScoreOf(slot, false, 0));
      }
    }
  }
}

void Matcher::Index::Search::RankFew(const Look& look) {
  const int64_t worth = demerit_worth.front() + lesson_worth.back();
  for (Slot slot : look.few) {
    const int64_t most = Standings::Weigh(standing_weights, index.standings_[slot], minute) + worth;
    if (most >= least_score) Insert(ScoreOf(slot, false, 0));
  }
}

// Surveys one chunk ahead of ranking, so that the people's standings are on their way from memory
// meanwhile.
void Matcher::Index::Search::LookAtAll(absl::Span<const uint32_t> chunks) {
  Look looks[2];
  for (size_t i = 0; i < chunks.size(); ++i) {
    Survey(chunks[i], looks[i % 2]);
    if (i > 0) Rank(looks[(i - 1) % 2]);
  }
  if (!chunks.empty()) Rank(looks[(chunks.size() - 1) % 2]);
}

}  // namespace tideline::work_routing
