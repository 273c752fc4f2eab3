// SPDX-License-Identifier: Apache-2.0
// Experts, their load and the passing of time in the matcher's index.
#include <algorithm>

#include "absl/algorithm/container.h"
#include "services/work_routing/core/matcher_index.h"
#include "services/work_routing/core/matcher_score.h"

namespace tideline::work_routing {

using eligibility::kTopGrade;
using eligibility::kTopLevel;

uint32_t Names::Id(absl::string_view name) {
  if (std::optional<uint32_t> id = Find(name)) return *id;
  auto it = ids_.emplace(std::string(name), static_cast<uint32_t>(names_.size())).first;
  names_.push_back(&it->first);
  return it->second;
}

std::optional<uint32_t> Names::Find(absl::string_view name) const {
  auto it = ids_.find(name);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

uint32_t Dimension::Id(absl::string_view name, BitPool& pool) {
  uint32_t id = names.Id(name);
  if (id == bits.size()) bits.push_back(pool.Make(false));
  return id;
}

Matcher::Index::Index()
    : known_(pool_.Make(false)),
      on_leave_(pool_.Make(false)),
      responsive_(pool_.Make(false)),
      not_excluded_(pool_.Make(true)),
      not_declined_(pool_.Make(true)) {
  for (BitmapId& bits : shores_) bits = pool_.Make(false);
  for (BitmapId& bits : grade_at_least_) bits = pool_.Make(false);
}

void Matcher::Index::GrowTo(size_t slots) {
  if (slots <= people_.size()) return;
  // Doubling: each expert is moved a constant number of times on average.
  slots = std::max(slots, people_.size() * 2);
  slots = (slots + kChunkBits - 1) / kChunkBits * kChunkBits;
  pool_.Grow(slots);
  standings_.Grow(slots);
  size_t before = people_.size();
  people_.resize(slots);
  calendar_of_.resize(slots);
  left_.resize(pool_.words_size());
  live_.resize(pool_.chunks());
  for (size_t slot = slots; slot-- > before;) free_slots_.push_back(static_cast<Slot>(slot));
}

std::optional<Slot> Matcher::Index::Find(absl::string_view expert) const {
  auto it = by_id_.find(expert);
  if (it == by_id_.end()) return std::nullopt;
  return it->second;
}

void Matcher::Index::Describe(Person& person, const eligibility::Expert& expert) {
  person.expert = expert;
  person.team = teams_.Id(expert.team, pool_);
  person.organization = organizations_.Id(expert.organization, pool_);
  person.country = countries_.Id(expert.country, pool_);
  person.skills.clear();
  for (const eligibility::HeldSkill& held : expert.skills) {
    uint32_t skill = skill_names_.Id(held.skill);
    if (skill >= skills_.size()) skills_.resize(skill + 1);
    person.skills.push_back({skill, std::min(held.level, kTopLevel), held.expires, held.learning});
  }
  person.clearances.clear();
  for (const eligibility::HeldClearance& held : expert.clearances) {
    person.clearances.push_back(clearances_.Id(held.clearance, pool_));
  }
}

Slot Matcher::Index::Upsert(const eligibility::Expert& expert) {
  Slot slot;
  if (std::optional<Slot> found = Find(expert.id)) {
    slot = *found;
    Mark(slot, false);
  } else {
    if (free_slots_.empty()) GrowTo(people_.size() + 1);
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_.emplace(expert.id, slot);
    by_id_.emplace(expert.id, slot);
    people_[slot] = Person();
    people_[slot].used = true;
  }
  Describe(people_[slot], expert);
  calendar_of_[slot] = calendars_.Id(expert.calendar, pool_);
  if (calendar_of_[slot] >= calendar_states_.size()) {
    calendar_states_.resize(calendar_of_[slot] + 1);
  }
  Mark(slot, true);
  return slot;
}

void Matcher::Index::Remove(absl::string_view expert) {
  std::optional<Slot> slot = Find(expert);
  if (!slot.has_value()) return;
  Mark(*slot, false);
  by_id_.erase(expert);
  slots_.erase(std::string(expert));
  people_[*slot] = Person();
  free_slots_.push_back(*slot);
}

void Matcher::Index::Mark(Slot slot, bool present) {
  Person& person = people_[slot];
  pool_.Assign(known_, slot, present);
  pool_.Assign(teams_.bits[person.team], slot, present);
  pool_.Assign(organizations_.bits[person.organization], slot, present);
  pool_.Assign(countries_.bits[person.country], slot, present);
  pool_.Assign(calendars_.bits[calendar_of_[slot]], slot, present);
  pool_.Assign(shores_[person.expert.shore & 7], slot, present);
  for (int grade = 0; grade <= kTopGrade; ++grade) {
    pool_.Assign(grade_at_least_[grade], slot, present && person.expert.grade >= grade);
  }
  auto& same_person = by_person_[person.expert.person];
  if (present) {
    same_person.push_back(slot);
  } else {
    same_person.erase(absl::c_find(same_person, slot));
    if (same_person.empty()) by_person_.erase(person.expert.person);
  }
  for (const auto& [members, entry] : unions_.entries) {
    pool_.Assign(entry.bits, slot, present && InUnion(members, slot));
  }
  Refresh(slot, present);
  MarkLoad(slot, present);
  MarkPresence(slot, present);
  pool_.Assign(responsive_, slot, present && !person.unresponsive);
  MarkStanding(slot, present);
}

BitmapId Matcher::Index::LevelBits(uint32_t skill, int level) {
  BitmapId& bits = skills_[skill].at_least[level - 1];
  if (bits == BitPool::kEmpty) bits = pool_.Make(false);
  return bits;
}

void Matcher::Index::MarkSkills(Slot slot, bool present) {
  for (const SkillFact& fact : people_[slot].skills) {
    bool valid = present && now_ < fact.expires;
    SkillBits& skill = skills_[fact.skill];
    for (int level = 1; level <= fact.level; ++level) {
      bool changed = pool_.Assign(LevelBits(fact.skill, level), slot, valid);
      if (changed) skill.holders[level - 1] += valid ? 1 : -1;
    }
    if (fact.learning && skill.learning == BitPool::kEmpty) skill.learning = pool_.Make(false);
    if (fact.learning) pool_.Assign(skill.learning, slot, valid);
  }
}

bool Matcher::Index::OnLeaveNow(const Person& person) const {
  return eligibility::OnLeave(person.expert.leave, now_);
}

bool Matcher::Index::Refresh(Slot slot, bool present) {
  Person& person = people_[slot];
  MarkSkills(slot, present);
  for (size_t i = 0; i < person.clearances.size(); ++i) {
    pool_.Assign(clearances_.bits[person.clearances[i]], slot,
                 present && now_ < person.expert.clearances[i].expires);
  }
  bool on_leave = OnLeaveNow(person);
  pool_.Assign(on_leave_, slot, present && on_leave);
  const CalendarState& calendar = calendar_states_[calendar_of_[slot]];
  bool came_on = false;
  for (const auto& [lead, entry] : leads_.entries) {
    bool on = present && !on_leave && eligibility::OnShift(calendar.shift, lead, now_);
    came_on |= pool_.Assign(entry.bits, slot, on) && on;
  }
  came_on ? standings_.Open(slot) : standings_.Close(slot);
  Schedule(slot, present ? NextChangeOf(person) : absl::InfiniteFuture());
  return came_on;
}

absl::Time Matcher::Index::NextChangeOf(const Person& person) const {
  absl::Time next = absl::InfiniteFuture();
  auto consider = [&](absl::Time time) {
    if (time > now_ && time < next) next = time;
  };
  for (const SkillFact& fact : person.skills) consider(fact.expires);
  for (const eligibility::HeldClearance& held : person.expert.clearances) consider(held.expires);
  for (const eligibility::Leave& leave : person.expert.leave) {
    consider(leave.from);
    consider(leave.to);
  }
  return next;
}

void Matcher::Index::Schedule(Slot slot, absl::Time time) {
  Person& person = people_[slot];
  if (person.timer == time) return;
  if (person.timer != absl::InfiniteFuture()) slot_timers_.erase({person.timer, slot});
  person.timer = time;
  if (time != absl::InfiniteFuture()) slot_timers_.insert({time, slot});
}

bool Matcher::Index::MarkLoad(Slot slot, bool present) {
  const Person& person = people_[slot];
  int64_t room = person.expert.capacity - person.load.used;
  bool gained = false;
  for (const auto& [units, entry] : free_at_least_.entries) {
    bool enough = present && room >= units;
    gained |= pool_.Assign(entry.bits, slot, enough) && enough;
  }
  for (const auto& [limit, entry] : open_below_.entries) {
    bool below = present && person.load.open_items < limit;
    gained |= pool_.Assign(entry.bits, slot, below) && below;
  }
  return gained;
}

bool Matcher::Index::MarkPresence(Slot slot, bool present) {
  bool gained = false;
  for (const auto& [mask, entry] : presences_.entries) {
    bool takes = present && (mask & eligibility::MaskOf(people_[slot].presence)) != 0;
    gained |= pool_.Assign(entry.bits, slot, takes) && takes;
  }
  return gained;
}

void Matcher::Index::MarkStanding(Slot slot, bool present) {
  const Person& person = people_[slot];
  if (!present) return standings_.Set(slot, Standing(), kLastOrder);
  standings_.Set(slot,
                 {static_cast<uint16_t>(LoadPart(person.load.open_minutes)),
                  static_cast<uint16_t>(CostPart(person.expert.cost_per_hour)),
                  MinuteOf(person.load.idle_since)},
                 person.load.idle_order);
}

// Those of a block who could take some work now. Thresholds and leads are ordered: who passes any
// passes the least threshold and the longest lead.
uint64_t Matcher::Index::OpenPeople(uint32_t block) const {
  if (leads_.entries.empty()) return 0;
  uint64_t present = 0;
  for (const auto& [mask, entry] : presences_.entries) present |= pool_.words(entry.bits)[block];
  return present & pool_.words(responsive_)[block] &
         pool_.words(leads_.entries.rbegin()->second.bits)[block] &
         pool_.words(free_at_least_.entries.begin()->second.bits)[block];
}

bool Matcher::Index::SetLoad(Slot slot, const eligibility::Load& load) {
  people_[slot].load = load;
  MarkStanding(slot, true);
  return MarkLoad(slot, true);
}

bool Matcher::Index::SetPresence(Slot slot, eligibility::Presence presence) {
  people_[slot].presence = presence;
  bool gained = MarkPresence(slot, true);
  gained ? standings_.Open(slot) : standings_.Close(slot);
  return gained;
}

bool Matcher::Index::SetUnresponsive(Slot slot, bool unresponsive) {
  people_[slot].unresponsive = unresponsive;
  bool gained = pool_.Assign(responsive_, slot, !unresponsive) && !unresponsive;
  gained ? standings_.Open(slot) : standings_.Close(slot);
  return gained;
}

void Matcher::Index::SetCalendar(absl::string_view calendar, ShiftSource source) {
  uint32_t id = calendars_.Id(calendar, pool_);
  if (id >= calendar_states_.size()) calendar_states_.resize(id + 1);
  calendar_states_[id].source = std::move(source);
  RefreshCalendar(id, nullptr);
}

void Matcher::Index::ReadCalendar(CalendarState& state) const {
  state.shift = state.next = eligibility::ShiftSpan();
  // Before the first instant is known nobody is on shift; the first Advance reads the source.
  if (state.source == nullptr) return;
  state.next.on = false;
  state.shift.on = false;
  state.shift.until = now_ == absl::InfinitePast() ? absl::InfiniteFuture() : now_;
  if (now_ == absl::InfinitePast()) return;
  state.shift = state.source(now_);
  if (state.shift.until <= now_) state.shift.until = absl::InfiniteFuture();
  if (state.shift.until < absl::InfiniteFuture()) state.next = state.source(state.shift.until);
}

absl::Time Matcher::Index::NextChangeOf(const CalendarState& state) const {
  if (state.source == nullptr) return absl::InfiniteFuture();
  if (now_ == absl::InfinitePast()) return absl::InfinitePast();
  absl::Time next = state.shift.until;
  if (state.shift.on || next == absl::InfiniteFuture()) return next;
  for (const auto& [lead, entry] : leads_.entries) {
    absl::Time soon = state.shift.until - lead;
    if (soon > now_ && soon < next) next = soon;
  }
  return next;
}

void Matcher::Index::RefreshCalendar(uint32_t id, std::vector<Slot>* freed) {
  CalendarState& state = calendar_states_[id];
  ReadCalendar(state);
  const uint64_t* members = pool_.words(calendars_.bits[id]);
  const uint64_t* away = pool_.words(on_leave_);
  const size_t words = pool_.words_size();
  bool came_on = false;
  for (const auto& [lead, entry] : leads_.entries) {
    uint64_t* bits = pool_.words(entry.bits);
    uint64_t on = eligibility::OnShift(state.shift, lead, now_) ? ~uint64_t{0} : 0;
    for (size_t w = 0; w < words; ++w) {
      uint64_t after = (bits[w] & ~members[w]) | (members[w] & ~away[w] & on);
      came_on |= (after & ~bits[w]) != 0;
      bits[w] = after;
    }
  }
  standings_.CloseAll();
  if (came_on) {
    std::vector<Slot> on;
    AppendSlots(members, away, on);
    for (Slot slot : on) standings_.Open(slot);
    if (freed != nullptr) freed->insert(freed->end(), on.begin(), on.end());
  }
  absl::Time timer = NextChangeOf(state);
  if (timer == state.timer) return;
  calendar_timers_.erase({state.timer, id});
  state.timer = timer;
  if (timer != absl::InfiniteFuture()) calendar_timers_.insert({timer, id});
}

void Matcher::Index::AppendSlots(const uint64_t* words, const uint64_t* without,
                                 std::vector<Slot>& out) const {
  for (size_t w = 0; w < pool_.words_size(); ++w) {
    for (uint64_t left = words[w] & ~without[w]; left != 0; left &= left - 1) {
      out.push_back(static_cast<Slot>(w * 64 + __builtin_ctzll(left)));
    }
  }
}

absl::Time Matcher::Index::NextChange() const {
  absl::Time next = absl::InfiniteFuture();
  if (!calendar_timers_.empty()) next = std::min(next, calendar_timers_.begin()->first);
  if (!slot_timers_.empty()) next = std::min(next, slot_timers_.begin()->first);
  return next;
}

void Matcher::Index::Advance(absl::Time now, std::vector<Slot>* freed) {
  if (now <= now_) return;
  now_ = now;
  if (NextChange() > now) return;
  // Each due timer reads the facts as of `now`, however many changes lie between, and then waits
  // for a later instant: no timer fires twice.
  while (!calendar_timers_.empty() && calendar_timers_.begin()->first <= now) {
    RefreshCalendar(calendar_timers_.begin()->second, freed);
  }
  while (!slot_timers_.empty() && slot_timers_.begin()->first <= now) {
    Slot slot = slot_timers_.begin()->second;
    if (Refresh(slot, true) && freed != nullptr) freed->push_back(slot);
  }
  if (freed == nullptr) return;
  // Their calendar was read before their own leave was.
  freed->erase(std::remove_if(freed->begin(), freed->end(),
                              [&](Slot slot) { return pool_.Test(on_leave_, slot); }),
               freed->end());
  absl::c_sort(*freed, [&](Slot a, Slot b) {
    const Person& pa = people_[a];
    const Person& pb = people_[b];
    return pa.load.idle_order != pb.load.idle_order ? pa.load.idle_order < pb.load.idle_order
                                                    : pa.expert.id < pb.expert.id;
  });
  freed->erase(std::unique(freed->begin(), freed->end()), freed->end());
}

}  // namespace tideline::work_routing
