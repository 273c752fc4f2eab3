// SPDX-License-Identifier: Apache-2.0
// The questions: who is best, who could ever, what would have to give.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "services/work_routing/core/matcher_index.h"
#include "services/work_routing/core/matcher_score.h"

namespace tideline::work_routing {

using eligibility::kConstraints;
using eligibility::kFirstPassing;
using eligibility::kTopLevel;

// ---- The chain of one question. ----

void Matcher::Index::AddUnfinishable(Chain& chain, const Ask& ask) {
  if (ask.planned_handoff || ask.effort <= absl::ZeroDuration()) return;
  for (uint32_t id = 0; id < calendar_states_.size(); ++id) {
    const CalendarState& state = calendar_states_[id];
    if (state.source == nullptr) continue;
    if (eligibility::WorkLeft(state.shift, state.next, now_) >= ask.effort) continue;
    chain.Add(pool_.words(calendars_.bits[id]), true, Constraint::kFinish);
  }
}

void Matcher::Index::AddAsked(Chain& chain, const Compiled& compiled, const Ask& ask,
                              Constraint constraint) {
  switch (constraint) {
    case Constraint::kEngagement:
      if (!IsEngaged(compiled, now_)) chain.Add(pool_.words(BitPool::kEmpty), false, constraint);
      break;
    case Constraint::kExclusion:
      if (!ask.excluded_people.empty()) chain.Add(pool_.words(not_excluded_), false, constraint);
      break;
    case Constraint::kFinish:
      AddUnfinishable(chain, ask);
      break;
    case Constraint::kDeclined:
      if (!ask.declined_experts.empty()) chain.Add(pool_.words(not_declined_), false, constraint);
      break;
    default:
      break;
  }
}

// The rarest skill first: chunks are left soonest. Steps of one constraint may come in any order,
// since only the last one's count is told.
void Matcher::Index::SortSkills(Chain& chain, const Compiled& compiled, size_t first) const {
  auto holders = [&](size_t i) -> uint32_t {
    int level = compiled.needs.required[i].level;
    return level > kTopLevel ? 0 : skills_[compiled.required[i]].holders[level - 1];
  };
  absl::InlinedVector<std::pair<uint32_t, const uint64_t*>, 8> order;
  for (size_t i = 0; i < compiled.required.size(); ++i) {
    order.emplace_back(holders(i), chain.steps[first + i].words);
  }
  absl::c_sort(order);
  for (size_t i = 0; i < order.size(); ++i) chain.steps[first + i].words = order[i].second;
}

Matcher::Index::Chain Matcher::Index::BuildChain(const Compiled& compiled, const Ask& ask,
                                                 Constraint end, const Relaxed& relaxed) {
  Chain chain;
  // A chain starts from people: an exclusion alone would leave empty slots in.
  if (compiled.required.empty() || relaxed.constraint == Constraint::kSkill) {
    chain.Add(pool_.words(known_), false, Constraint::kSkill);
  }
  const size_t first_skill = chain.steps.size();
  size_t link = 0;
  for (size_t c = 0; c < static_cast<size_t>(end); ++c) {
    Constraint constraint = static_cast<Constraint>(c);
    bool is_relaxed = relaxed.constraint == constraint;
    for (; link < compiled.links.size() && compiled.links[link].constraint == constraint; ++link) {
      BitmapId bits = compiled.links[link].bits;
      if (is_relaxed && (relaxed.link < 0 || relaxed.link == static_cast<int>(link))) {
        if (relaxed.instead == BitPool::kEmpty) continue;
        bits = relaxed.instead;
      }
      chain.Add(pool_.words(bits), compiled.links[link].negated, constraint);
    }
    if (!is_relaxed) AddAsked(chain, compiled, ask, constraint);
    if (constraint == Constraint::kSkill && !is_relaxed) SortSkills(chain, compiled, first_skill);
  }
  if (end <= Constraint::kDeclined) AddAsked(chain, compiled, ask, Constraint::kDeclined);
  return chain;
}

void Matcher::Index::MaskAsked(const Ask& ask) {
  auto mask = [&](BitmapId bits, Slot slot) {
    if (pool_.Assign(bits, slot, false)) masked_.emplace_back(bits, slot);
  };
  for (const std::string& person : ask.excluded_people) {
    auto it = by_person_.find(person);
    if (it == by_person_.end()) continue;
    for (Slot slot : it->second) mask(not_excluded_, slot);
  }
  for (const std::string& expert : ask.declined_experts) {
    if (auto slot = Find(expert)) mask(not_declined_, *slot);
  }
}

void Matcher::Index::Unmask() {
  for (const auto& [bits, slot] : masked_) pool_.Assign(bits, slot, true);
  masked_.clear();
}

ChainResult Matcher::Index::Run(const Chain& chain) {
  const size_t steps = chain.steps.size();
  if (counts_.size() < steps) counts_.resize(steps);
  if (sums_.size() < steps * kChunkWords) sums_.resize(steps * kChunkWords);
  ChainResult result{left_.data(), live_.data(), 0, counts_.data(), sums_.data()};
  RunChain(chain.steps, pool_.chunks(), result);
  live_chunks_ = result.live_chunks;
  return result;
}

// ---- Choosing. ----

// The search for the best among those whom the chain left.
struct Matcher::Index::Search {
  // A chunk on its way through the search: what its bitmaps say, and the blocks worth a look.
  struct Look {
    ChunkCounts counts;
    absl::InlinedVector<std::pair<uint32_t, int32_t>, kChunkWords> blocks;  // and their most worth
  };

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
  // What a score must reach to enter the ranking.
  int64_t least_score = std::numeric_limits<int64_t>::min();

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
  int32_t MostWorth(const ChunkCounts& counts, uint32_t block) const;
  void Rank(const Look& look);
};

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
    BitmapId bits = level > kTopLevel
                        ? BitPool::kEmpty
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
      lesson_worth.push_back(weights.learning *
                             LearningPart(required, std::min(lesson, required)));
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

// Picks the blocks of a chunk in which somebody may be better than those found so far, with ever
// tighter bounds: of anybody, of anybody in the chunk, of those left in the block.
void Matcher::Index::Search::Survey(uint32_t chunk, Look& look) {
  look.blocks.clear();
  const uint32_t first = chunk * kChunkWords;
  int32_t worth = demerit_worth.front() + lesson_worth.back();
  for (uint32_t block = first; block < first + kChunkWords; ++block) {
    if (index.left_[block] == 0 || !BlockCanBeat(block, worth)) continue;
    if (bounds.stale[block] != 0) {
      index.standings_.Tighten(bounds, block, index.OpenPeople(block));
      if (!BlockCanBeat(block, worth)) continue;
    }
    look.blocks.emplace_back(block, worth);
  }
  if (look.blocks.empty()) return;
  CountChunk(plan, chunk, index.left_.data(), look.counts);
  worth = demerit_worth[look.counts.fewest_demerits] + lesson_worth[look.counts.most_lessons];
  auto hopeless = [&](auto& block) {
    if (!BlockCanBeat(block.first, worth)) return true;
    block.second = MostWorth(look.counts, block.first);
    return !BlockCanBeat(block.first, block.second);
  };
  look.blocks.erase(std::remove_if(look.blocks.begin(), look.blocks.end(), hopeless),
                    look.blocks.end());
  for (const auto& [block, most] : look.blocks) {
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
  for (const auto& [block, most_worth] : look.blocks) {
    const uint32_t word = block % kChunkWords;
    auto count = [word](const uint64_t (*planes_of)[kChunkWords], size_t planes, int bit) {
      size_t n = 0;
      for (size_t p = 0; p < planes; ++p) n |= ((planes_of[p][word] >> bit) & 1) << p;
      return n;
    };
    for (uint64_t people = index.left_[block]; people != 0; people &= people - 1) {
      const int bit = __builtin_ctzll(people);
      const Slot slot = block * 64 + static_cast<uint32_t>(bit);
      const int64_t standing = Standings::Weigh(standing_weights, index.standings_[slot], minute);
      if (standing + most_worth < least_score) continue;
      const int64_t score =
          standing + demerit_worth[count(look.counts.demerits, plan.demerit_planes, bit)] +
          lesson_worth[count(look.counts.lessons, plan.lesson_planes, bit)];
      if (score >= least_score && CanBeat(score, index.standings_.OrderOf(slot))) {
        Insert(ScoreOf(slot, false, 0));
      }
    }
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

Choice Matcher::Index::Choose(SignatureId signature, const Ask& ask, const Weights& weights) {
  Advance(ask.now, nullptr);
  const Compiled& compiled = *compiled_[signature];
  Choice choice;
  choice.funnel.known = static_cast<uint32_t>(slots_.size());
  if (slots_.empty()) return choice;
  MaskAsked(ask);
  Chain chain = BuildChain(compiled, ask, Constraint::kCount, Relaxed());
  ChainResult result = Run(chain);
  Unmask();

  uint32_t left = choice.funnel.known;
  for (size_t c = 0, step = 0; c < kConstraints; ++c) {
    while (step < chain.steps.size() && static_cast<size_t>(chain.constraints[step]) == c) {
      left = result.counts[step++];
    }
    choice.funnel.left[c] = left;
  }
  Search search(*this, compiled, weights);
  // Those the item names come first and leave the field: nobody else can have their part.
  for (const std::string& expert : ask.affinity_experts) {
    std::optional<Slot> slot = Find(expert);
    if (!slot.has_value()) continue;
    uint32_t chunk = static_cast<uint32_t>(*slot / kChunkBits);
    if (!absl::c_binary_search(absl::MakeConstSpan(live_.data(), live_chunks_), chunk)) continue;
    uint64_t bit = uint64_t{1} << (*slot % 64);
    if ((left_[*slot / 64] & bit) == 0) continue;
    left_[*slot / 64] ^= bit;
    search.Insert(search.ScoreOf(*slot, true, 0));
  }
  search.PrepareFit();
  search.PrepareLearning();
  search.LookAtAll(absl::MakeConstSpan(live_.data(), live_chunks_));
  choice.ranked = std::move(search.ranked);
  return choice;
}

Scored Matcher::Index::Score(SignatureId signature, const Ask& ask, const Weights& weights,
                             Slot slot) {
  Advance(ask.now, nullptr);
  const Compiled& compiled = *compiled_[signature];
  // Unlike those whom a choice looks at, this person may lack a skill: that earns nothing.
  int lacking = 0;
  for (size_t i = 0; i < compiled.required.size(); ++i) {
    lacking += pool_.Test(compiled.links[i].bits, slot) ? 0 : 1;
  }
  Search search(*this, compiled, weights);
  return search.ScoreOf(
      slot, absl::c_linear_search(ask.affinity_experts, people_[slot].expert.id), lacking);
}

// ---- Whoever could. ----

uint32_t Matcher::Index::CountStanding(const Compiled& compiled, const Ask& ask,
                                       const Relaxed& relaxed) {
  if (slots_.empty()) return 0;
  MaskAsked(ask);
  Chain chain = BuildChain(compiled, ask, kFirstPassing, relaxed);
  ChainResult result = Run(chain);
  Unmask();
  return result.counts[chain.steps.size() - 1];
}

uint32_t Matcher::Index::CouldEver(SignatureId signature, const Ask& ask) {
  Advance(ask.now, nullptr);
  return CountStanding(*compiled_[signature], ask, Relaxed());
}

std::vector<CalendarCount> Matcher::Index::CouldEverByCalendar(SignatureId signature,
                                                               const Ask& ask) {
  Advance(ask.now, nullptr);
  std::vector<CalendarCount> counts(calendar_states_.size());
  if (CountStanding(*compiled_[signature], ask, Relaxed()) == 0) return {};
  for (uint32_t chunk : absl::MakeConstSpan(live_.data(), live_chunks_)) {
    for (uint32_t block = chunk * kChunkWords; block < (chunk + 1) * kChunkWords; ++block) {
      for (uint64_t people = left_[block]; people != 0; people &= people - 1) {
        uint32_t slot = block * 64 + static_cast<uint32_t>(__builtin_ctzll(people));
        CalendarCount& count = counts[calendar_of_[slot]];
        ++count.people;
        count.capacity += people_[slot].expert.capacity;
      }
    }
  }
  for (uint32_t id = 0; id < counts.size(); ++id) counts[id].calendar = calendars_.names.name(id);
  counts.erase(std::remove_if(counts.begin(), counts.end(),
                              [](const CalendarCount& count) { return count.people == 0; }),
               counts.end());
  absl::c_sort(counts, [](const CalendarCount& a, const CalendarCount& b) {
    return a.calendar < b.calendar;
  });
  return counts;
}

void Matcher::Index::RelaxSkills(const Compiled& compiled, const Ask& ask, size_t most,
                                 std::vector<Relaxation>& out) {
  const auto& required = compiled.needs.required;
  // One level down for each skill, then two, ... so that the nearest comes first; 0 drops it. What
  // is enough for a skill ends its search.
  std::vector<bool> enough(required.size(), false);
  for (int down = 1; down <= kTopLevel; ++down) {
    for (size_t i = 0; i < required.size() && out.size() < most; ++i) {
      int level = required[i].level - down;
      if (enough[i] || level < 0) continue;
      BitmapId instead = level == 0 ? BitPool::kEmpty : LevelBits(compiled.required[i], level);
      uint32_t people =
          CountStanding(compiled, ask, {Constraint::kSkill, instead, static_cast<int>(i)});
      if (people == 0) continue;
      enough[i] = true;
      out.push_back({Constraint::kSkill, required[i].skill, required[i].level, level, people});
    }
  }
}

void Matcher::Index::RelaxOthers(const Compiled& compiled, const Ask& ask, size_t most,
                                 std::vector<Relaxation>& out) {
  for (size_t c = 1; c < static_cast<size_t>(kFirstPassing) && out.size() < most; ++c) {
    Constraint constraint = static_cast<Constraint>(c);
    if (constraint == Constraint::kAuthority) {
      int grade = std::min(compiled.needs.grade, eligibility::kTopGrade + 1);
      uint32_t people = 0;
      while (people == 0 && --grade >= 0) {
        people = CountStanding(compiled, ask, {constraint, grade_at_least_[grade]});
      }
      if (people > 0) out.push_back({constraint, "", compiled.needs.grade, grade, people});
      continue;
    }
    uint32_t people = CountStanding(compiled, ask, {constraint});
    if (people > 0) out.push_back({constraint, "", 0, 0, people});
  }
}

std::vector<Relaxation> Matcher::Index::NearestRelaxations(SignatureId signature, const Ask& ask,
                                                           size_t most) {
  Advance(ask.now, nullptr);
  std::vector<Relaxation> out;
  const Compiled& compiled = *compiled_[signature];
  if (CountStanding(compiled, ask, Relaxed()) > 0) return out;
  RelaxSkills(compiled, ask, most, out);
  RelaxOthers(compiled, ask, most, out);
  return out;
}

eligibility::Candidate Matcher::Index::CandidateOf(Slot slot, absl::Time now) {
  Advance(now, nullptr);
  const Person& person = people_[slot];
  const CalendarState& calendar = calendar_states_[calendar_of_[slot]];
  return {person.expert, person.load,    person.presence, person.unresponsive,
          calendar.shift, calendar.next};
}

}  // namespace tideline::work_routing
