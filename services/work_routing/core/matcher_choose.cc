// SPDX-License-Identifier: Apache-2.0
// The questions: who is best, who could ever, what would have to give.
#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "services/work_routing/core/matcher_index.h"
#include "services/work_routing/core/matcher_search.h"

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
  return search.ScoreOf(slot, absl::c_linear_search(ask.affinity_experts, people_[slot].expert.id),
                        lacking);
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
  return {person.expert,       person.load,    person.presence,
          person.unresponsive, calendar.shift, calendar.next};
}

}  // namespace tideline::work_routing
