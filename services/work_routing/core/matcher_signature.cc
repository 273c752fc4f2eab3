// SPDX-License-Identifier: Apache-2.0
// Needs compiled into chains, and the way back from a person to the signatures that wait.
#include <algorithm>

#include "absl/algorithm/container.h"
#include "services/work_routing/core/matcher_index.h"

namespace tideline::work_routing {
namespace {

// Signatures that nobody holds are kept for the next item of their kind, up to this many: making
// one costs up to a millisecond, keeping one a few kilobytes and its share of bitmaps.
constexpr size_t kIdleSignatures = 1024;

template <typename T>
bool InSorted(const std::vector<T>& list, const T& value) {
  return std::binary_search(list.begin(), list.end(), value);
}

}  // namespace

SignatureId Matcher::Index::Acquire(const Needs& asked) {
  Needs needs = asked;
  eligibility::Normalize(needs);
  std::string text = eligibility::Signature(needs);
  if (auto it = by_text_.find(text); it != by_text_.end()) {
    Compiled& compiled = *compiled_[it->second];
    if (compiled.refs++ == 0) idle_signatures_.erase(compiled.idle_stamp);
    return it->second;
  }
  SignatureId id;
  if (free_signatures_.empty()) {
    id = static_cast<SignatureId>(compiled_.size());
    compiled_.emplace_back();
  } else {
    id = free_signatures_.back();
    free_signatures_.pop_back();
  }
  compiled_[id] = std::make_unique<Compiled>();
  Compiled& compiled = *compiled_[id];
  compiled.needs = std::move(needs);
  compiled.text = text;
  compiled.refs = 1;
  Compile(compiled);
  by_text_.emplace(std::move(text), id);
  return id;
}

void Matcher::Index::Release(SignatureId signature) {
  Compiled& compiled = *compiled_[signature];
  if (--compiled.refs > 0) return;
  SetWaiting(signature, std::nullopt);
  compiled.idle_stamp = ++stamps_;
  idle_signatures_.emplace(compiled.idle_stamp, signature);
  if (idle_signatures_.size() <= kIdleSignatures) return;
  Drop(idle_signatures_.begin()->second);
  idle_signatures_.erase(idle_signatures_.begin());
}

void Matcher::Index::Drop(SignatureId signature) {
  Compiled& compiled = *compiled_[signature];
  for (const Union& members : compiled.unions) unions_.Release(members, pool_);
  leads_.Release(compiled.needs.shift_lead, pool_);
  presences_.Release(compiled.needs.presences, pool_);
  free_at_least_.Release(compiled.needs.units, pool_);
  if (compiled.needs.open_limit > 0) open_below_.Release(compiled.needs.open_limit, pool_);
  by_text_.erase(compiled.text);
  compiled_[signature].reset();
  free_signatures_.push_back(signature);
}

void Matcher::Index::Compile(Compiled& compiled) {
  CompileSkills(compiled);
  CompileStanding(compiled);
  CompilePassing(compiled);
}

void Matcher::Index::CompileSkills(Compiled& compiled) {
  auto skill_id = [&](const std::string& name) {
    uint32_t id = skill_names_.Id(name);
    if (id >= skills_.size()) skills_.resize(id + 1);
    return id;
  };
  uint32_t fewest = 0;
  for (const eligibility::SkillNeed& need : compiled.needs.required) {
    uint32_t id = skill_id(need.skill);
    compiled.required.push_back(id);
    BitmapId bits =
        need.level > eligibility::kTopLevel ? BitPool::kEmpty : LevelBits(id, need.level);
    compiled.links.push_back({bits, Constraint::kSkill, false});
    // File under the rarest skill: fewest people then look at it.
    if (bits != BitPool::kEmpty &&
        (compiled.filed < 0 || skills_[id].holders[need.level - 1] < fewest)) {
      compiled.filed = static_cast<int>(compiled.required.size()) - 1;
      fewest = skills_[id].holders[need.level - 1];
    }
  }
  for (const eligibility::SkillNeed& wish : compiled.needs.preferred) {
    compiled.preferred.push_back(skill_id(wish.skill));
  }
}

Union Matcher::Index::UnionOf(const std::vector<std::string>& teams,
                              const std::vector<std::string>& organizations) {
  Union members;
  for (const std::string& name : teams) members.teams.push_back(teams_.Id(name, pool_));
  for (const std::string& name : organizations) {
    members.organizations.push_back(organizations_.Id(name, pool_));
  }
  absl::c_sort(members.teams);
  absl::c_sort(members.organizations);
  return members;
}

void Matcher::Index::LinkUnion(Compiled& compiled, Union members, Constraint constraint,
                               bool negated) {
  if (members.empty()) {
    // Nobody is in it: no step when it excludes, nobody is left when it selects.
    if (!negated) compiled.links.push_back({BitPool::kEmpty, constraint, false});
    return;
  }
  bool made = false;
  BitmapId bits = unions_.Acquire(members, pool_, &made);
  if (made) FillUnion(members, bits);
  compiled.links.push_back({bits, constraint, negated});
  compiled.unions.push_back(std::move(members));
}

void Matcher::Index::CompileStanding(Compiled& compiled) {
  const Needs& needs = compiled.needs;
  if (needs.serving.limited) {
    LinkUnion(compiled, UnionOf(needs.serving.teams, needs.serving.organizations),
              Constraint::kTeam, false);
  }
  if (needs.engagement.limited) {
    LinkUnion(compiled, UnionOf(needs.engagement.teams, needs.engagement.organizations),
              Constraint::kEngagement, false);
  }
  if (!needs.any_country) {
    Union members;
    for (const std::string& name : needs.countries) {
      members.countries.push_back(countries_.Id(name, pool_));
    }
    absl::c_sort(members.countries);
    LinkUnion(compiled, std::move(members), Constraint::kCountry, false);
  }
  for (const std::string& clearance : needs.clearances) {
    compiled.links.push_back(
        {clearances_.bits[clearances_.Id(clearance, pool_)], Constraint::kClearance, false});
  }
  if (needs.grade > 0) {
    BitmapId bits =
        needs.grade > eligibility::kTopGrade ? BitPool::kEmpty : grade_at_least_[needs.grade];
    compiled.links.push_back({bits, Constraint::kAuthority, false});
  }
  LinkUnion(compiled, UnionOf(needs.excluded_teams, needs.excluded_organizations),
            Constraint::kExclusion, true);
  LinkUnion(compiled, UnionOf({}, needs.conflicting_organizations), Constraint::kConflict, true);
  if (needs.stopped) compiled.links.push_back({BitPool::kEmpty, Constraint::kRestriction, false});
  Union restricted = UnionOf(needs.restricted_teams, needs.restricted_organizations);
  restricted.shores = needs.restricted_shores;
  LinkUnion(compiled, std::move(restricted), Constraint::kRestriction, true);
}

void Matcher::Index::CompilePassing(Compiled& compiled) {
  const Needs& needs = compiled.needs;
  bool made = false;
  BitmapId on_shift = leads_.Acquire(needs.shift_lead, pool_, &made);
  if (made) FillLead(needs.shift_lead, on_shift);
  bool wider = made;
  BitmapId present = presences_.Acquire(needs.presences, pool_, &made);
  bool fill_presence = made;
  BitmapId room = free_at_least_.Acquire(needs.units, pool_, &made);
  bool fill_load = made;
  BitmapId below = BitPool::kEmpty;
  if (needs.open_limit > 0) {
    below = open_below_.Acquire(needs.open_limit, pool_, &made);
    fill_load |= made;
  }
  // More people may count as open to work than did before.
  if (wider || fill_presence || fill_load) standings_.Forget();
  if (fill_presence || fill_load) {
    for (const auto& [id, slot] : slots_) {
      if (fill_presence) MarkPresence(slot, true);
      if (fill_load) MarkLoad(slot, true);
    }
  }
  compiled.links.push_back({on_shift, Constraint::kShift, false});
  compiled.links.push_back({present, Constraint::kPresence, false});
  compiled.links.push_back({responsive_, Constraint::kUnresponsive, false});
  compiled.links.push_back({room, Constraint::kCapacity, false});
  if (needs.open_limit > 0) compiled.links.push_back({below, Constraint::kWipLimit, false});
}

void Matcher::Index::FillUnion(const Union& members, BitmapId bits) {
  uint64_t* words = pool_.words(bits);
  auto add = [&](BitmapId part) {
    const uint64_t* from = pool_.words(part);
    for (size_t w = 0; w < pool_.words_size(); ++w) words[w] |= from[w];
  };
  for (uint32_t team : members.teams) add(teams_.bits[team]);
  for (uint32_t organization : members.organizations) add(organizations_.bits[organization]);
  for (uint32_t country : members.countries) add(countries_.bits[country]);
  for (size_t shore = 0; shore < shores_.size(); ++shore) {
    if ((members.shores >> shore) & 1) add(shores_[shore]);
  }
}

bool Matcher::Index::InUnion(const Union& members, Slot slot) const {
  const Person& person = people_[slot];
  return InSorted(members.teams, person.team) ||
         InSorted(members.organizations, person.organization) ||
         InSorted(members.countries, person.country) ||
         ((members.shores >> (person.expert.shore & 7)) & 1) != 0;
}

void Matcher::Index::FillLead(absl::Duration lead, BitmapId bits) {
  uint64_t* words = pool_.words(bits);
  const uint64_t* away = pool_.words(on_leave_);
  for (uint32_t id = 0; id < calendars_.bits.size(); ++id) {
    CalendarState& state = calendar_states_[id];
    if (eligibility::OnShift(state.shift, lead, now_)) {
      const uint64_t* members = pool_.words(calendars_.bits[id]);
      for (size_t w = 0; w < pool_.words_size(); ++w) words[w] |= members[w] & ~away[w];
    }
    // The new lead may make this calendar's timer due earlier.
    RefreshCalendar(id, nullptr);
  }
}

WaitingSet& Matcher::Index::FiledUnder(const Compiled& compiled) {
  if (compiled.filed < 0) return unskilled_;
  return skills_[compiled.required[compiled.filed]]
      .waiting[compiled.needs.required[compiled.filed].level - 1];
}

void Matcher::Index::SetWaiting(SignatureId signature, std::optional<int64_t> urgency) {
  Compiled& compiled = *compiled_[signature];
  if (compiled.urgency == urgency) return;
  WaitingSet& filed = FiledUnder(compiled);
  if (compiled.urgency.has_value()) filed.erase({*compiled.urgency, &compiled.text, signature});
  compiled.urgency = urgency;
  if (urgency.has_value()) filed.insert({*urgency, &compiled.text, signature});
}

bool Matcher::Index::IsEngaged(const Compiled& compiled, absl::Time now) const {
  return now >= compiled.needs.engagement_from && now < compiled.needs.engagement_to;
}

bool Matcher::Index::Satisfies(const Compiled& compiled, Slot slot) const {
  for (const Link& link : compiled.links) {
    if (pool_.Test(link.bits, slot) == link.negated) return false;
  }
  return IsEngaged(compiled, now_);
}

std::vector<SignatureId> Matcher::Index::WaitingFor(Slot slot, absl::Time now, size_t most) {
  Advance(now, nullptr);
  std::vector<SignatureId> found;
  const Person& person = people_[slot];
  if (!person.used || ((OpenPeople(slot / 64) >> (slot % 64)) & 1) == 0) return found;
  // Merge the lists that this person may look at, soonest first.
  using Range = std::pair<WaitingSet::const_iterator, WaitingSet::const_iterator>;
  absl::InlinedVector<Range, 32> lists;
  auto add = [&](const WaitingSet& set) {
    if (!set.empty()) lists.emplace_back(set.begin(), set.end());
  };
  add(unskilled_);
  for (const SkillFact& fact : person.skills) {
    if (now_ >= fact.expires) continue;
    for (int level = 1; level <= fact.level; ++level) add(skills_[fact.skill].waiting[level - 1]);
  }
  auto later = [](const Range& a, const Range& b) { return *b.first < *a.first; };
  absl::c_make_heap(lists, later);
  while (!lists.empty() && found.size() < most) {
    absl::c_pop_heap(lists, later);
    Range& next = lists.back();
    if (Satisfies(*compiled_[next.first->id], slot)) found.push_back(next.first->id);
    if (++next.first == next.second) {
      lists.pop_back();
    } else {
      absl::c_push_heap(lists, later);
    }
  }
  return found;
}

}  // namespace tideline::work_routing
