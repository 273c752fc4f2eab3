// SPDX-License-Identifier: Apache-2.0
// The inside of a Matcher: experts in slots, one bitmap per thing that a constraint asks, and the
// signatures compiled against them. Split over matcher_roster.cc (experts, load, time),
// matcher_signature.cc (needs, waiting), matcher_choose.cc (questions) and matcher_search.cc (the
// best). One thread.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "services/work_routing/core/matcher.h"
#include "services/work_routing/core/matcher_bits.h"
#include "services/work_routing/core/matcher_standing.h"

namespace tideline::work_routing {

// Numbers for names. Numbers are given in order of appearance and never order a result.
class Names {
 public:
  uint32_t Id(absl::string_view name);  // made when new
  std::optional<uint32_t> Find(absl::string_view name) const;
  const std::string& name(uint32_t id) const { return *names_[id]; }
  size_t size() const { return names_.size(); }

 private:
  std::map<std::string, uint32_t, std::less<>> ids_;  // stable nodes
  std::vector<const std::string*> names_;
};

// Names of one kind, and who has each.
struct Dimension {
  Names names;
  std::vector<BitmapId> bits;

  uint32_t Id(absl::string_view name, BitPool& pool);
};

// Bitmaps that exist because a signature asks for them, counted: a threshold, a set of presences,
// a union of teams.
template <typename Key>
struct Family {
  struct Entry {
    BitmapId bits;
    uint32_t refs;
  };
  absl::btree_map<Key, Entry> entries;

  // The key's bitmap; *made when it is new and still empty.
  BitmapId Acquire(const Key& key, BitPool& pool, bool* made) {
    auto [it, is_new] = entries.try_emplace(key, Entry{0, 0});
    if (is_new) it->second.bits = pool.Make(false);
    *made = is_new;
    ++it->second.refs;
    return it->second.bits;
  }
  void Release(const Key& key, BitPool& pool) {
    auto it = entries.find(key);
    if (--it->second.refs > 0) return;
    pool.Drop(it->second.bits);
    entries.erase(it);
  }
};

// Everybody who is in one of these. Ids sorted.
struct Union {
  std::vector<uint32_t> teams;
  std::vector<uint32_t> organizations;
  std::vector<uint32_t> countries;
  eligibility::ShoreMask shores = 0;

  bool empty() const {
    return teams.empty() && organizations.empty() && countries.empty() && shores == 0;
  }
  friend bool operator<(const Union& a, const Union& b) {
    return std::tie(a.teams, a.organizations, a.countries, a.shores) <
           std::tie(b.teams, b.organizations, b.countries, b.shores);
  }
};

// A waiting signature in the order in which people look at them.
struct WaitingKey {
  int64_t urgency;
  const std::string* text;  // the signature's: breaks ties the same way in every process
  SignatureId id;
  friend bool operator<(const WaitingKey& a, const WaitingKey& b) {
    return a.urgency != b.urgency ? a.urgency < b.urgency : *a.text < *b.text;
  }
};
using WaitingSet = absl::btree_set<WaitingKey>;

// One skill: who holds it at least at each level with valid evidence, who is learning it, and the
// waiting signatures filed under it.
struct SkillBits {
  std::array<BitmapId, eligibility::kTopLevel> at_least{};
  BitmapId learning = BitPool::kEmpty;
  std::array<uint32_t, eligibility::kTopLevel> holders{};  // how many those are
  std::array<WaitingSet, eligibility::kTopLevel> waiting;
};

struct CalendarState {
  ShiftSource source;  // null: always on shift
  eligibility::ShiftSpan shift;
  eligibility::ShiftSpan next;
  absl::Time timer = absl::InfiniteFuture();
};

struct SkillFact {
  uint32_t skill;
  int level;
  absl::Time expires;
  bool learning;
};

// One expert's facts beside the bitmaps.
struct Person {
  eligibility::Expert expert;
  eligibility::Load load;
  eligibility::Presence presence = eligibility::Presence::kOffline;
  bool used = false;
  bool unresponsive = false;
  uint32_t team = 0;
  uint32_t organization = 0;
  uint32_t country = 0;
  std::vector<SkillFact> skills;
  std::vector<uint32_t> clearances;  // as expert.clearances
  absl::Time timer = absl::InfiniteFuture();
};

// One step of a signature's chain.
struct Link {
  BitmapId bits;
  Constraint constraint;
  bool negated;
};

// Needs, compiled.
struct Compiled {
  Needs needs;
  std::string text;  // eligibility::Signature
  uint32_t refs = 0;
  uint64_t idle_stamp = 0;  // when refs fell to zero
  std::vector<Link> links;  // ordered by constraint; the required skills first, in their order
  std::vector<uint32_t> required;   // skill ids, as needs.required
  std::vector<uint32_t> preferred;  // as needs.preferred
  std::vector<Union> unions;        // to release
  std::optional<int64_t> urgency;   // set: waiting
  int filed = -1;                   // index in `required` under which it is filed; -1: none
};

class Matcher::Index {
 public:
  Index();

  Slot Upsert(const eligibility::Expert& expert);
  void Remove(absl::string_view expert);
  void SetCalendar(absl::string_view calendar, ShiftSource source);
  std::optional<Slot> Find(absl::string_view expert) const;
  const Person& PersonOf(Slot slot) const { return people_[slot]; }
  size_t size() const { return slots_.size(); }

  bool SetLoad(Slot slot, const eligibility::Load& load);
  bool SetPresence(Slot slot, eligibility::Presence presence);
  bool SetUnresponsive(Slot slot, bool unresponsive);

  SignatureId Acquire(const Needs& needs);
  void Release(SignatureId signature);
  const Compiled& CompiledOf(SignatureId signature) const { return *compiled_[signature]; }
  void SetWaiting(SignatureId signature, std::optional<int64_t> urgency);
  std::vector<SignatureId> WaitingFor(Slot slot, absl::Time now, size_t most);

  Choice Choose(SignatureId signature, const Ask& ask, const Weights& weights);
  Scored Score(SignatureId signature, const Ask& ask, const Weights& weights, Slot slot);
  uint32_t CouldEver(SignatureId signature, const Ask& ask);
  std::vector<CalendarCount> CouldEverByCalendar(SignatureId signature, const Ask& ask);
  std::vector<Relaxation> NearestRelaxations(SignatureId signature, const Ask& ask, size_t most);
  eligibility::Candidate CandidateOf(Slot slot, absl::Time now);

  absl::Time NextChange() const;
  void Advance(absl::Time now, std::vector<Slot>* freed);
  void Dump(std::string& out) const;

 private:
  // A constraint of the chain left out, or replaced: the what-if of a relaxation.
  struct Relaxed {
    Constraint constraint = Constraint::kCount;
    BitmapId instead = BitPool::kEmpty;  // kEmpty: leave out
    int link = -1;                       // which of the links; -1: all of the constraint
  };
  // Steps of one question and the constraint each belongs to.
  struct Chain {
    absl::InlinedVector<Step, 40> steps;
    absl::InlinedVector<Constraint, 40> constraints;
    void Add(const uint64_t* words, bool negated, Constraint constraint) {
      steps.push_back({words, negated});
      constraints.push_back(constraint);
    }
  };
  struct Search;  // matcher_search.h

  // matcher_roster.cc
  void GrowTo(size_t slots);
  void Describe(Person& person, const eligibility::Expert& expert);
  void Mark(Slot slot, bool present);     // bits that only Upsert changes
  bool Refresh(Slot slot, bool present);  // bits that time changes; true: became on shift
  void MarkSkills(Slot slot, bool present);
  bool MarkLoad(Slot slot, bool present);
  bool MarkPresence(Slot slot, bool present);
  void MarkStanding(Slot slot, bool present);
  uint64_t OpenPeople(uint32_t block) const;
  bool OnLeaveNow(const Person& person) const;
  absl::Time NextChangeOf(const Person& person) const;
  void Schedule(Slot slot, absl::Time time);
  BitmapId LevelBits(uint32_t skill, int level);
  void RefreshCalendar(uint32_t calendar, std::vector<Slot>* freed);
  void ReadCalendar(CalendarState& state) const;
  absl::Time NextChangeOf(const CalendarState& state) const;
  void AppendSlots(const uint64_t* words, const uint64_t* without, std::vector<Slot>& out) const;

  // matcher_signature.cc
  void Compile(Compiled& compiled);
  void CompileSkills(Compiled& compiled);
  void CompileStanding(Compiled& compiled);
  void CompilePassing(Compiled& compiled);
  void LinkUnion(Compiled& compiled, Union members, Constraint constraint, bool negated);
  Union UnionOf(const std::vector<std::string>& teams,
                const std::vector<std::string>& organizations);
  void FillUnion(const Union& members, BitmapId bits);
  bool InUnion(const Union& members, Slot slot) const;
  void Drop(SignatureId signature);
  WaitingSet& FiledUnder(const Compiled& compiled);
  bool Satisfies(const Compiled& compiled, Slot slot) const;
  void FillLead(absl::Duration lead, BitmapId bits);

  // matcher_choose.cc
  Chain BuildChain(const Compiled& compiled, const Ask& ask, Constraint end,
                   const Relaxed& relaxed);
  void AddAsked(Chain& chain, const Compiled& compiled, const Ask& ask, Constraint constraint);
  void AddUnfinishable(Chain& chain, const Ask& ask);
  void MaskAsked(const Ask& ask);
  void Unmask();
  void SortSkills(Chain& chain, const Compiled& compiled, size_t first) const;
  ChainResult Run(const Chain& chain);
  uint32_t CountStanding(const Compiled& compiled, const Ask& ask, const Relaxed& relaxed);
  void RelaxSkills(const Compiled& compiled, const Ask& ask, size_t most,
                   std::vector<Relaxation>& out);
  void RelaxOthers(const Compiled& compiled, const Ask& ask, size_t most,
                   std::vector<Relaxation>& out);
  bool IsEngaged(const Compiled& compiled, absl::Time now) const;

  absl::Time now_ = absl::InfinitePast();

  // Experts. slots_ is ordered by id, for Dump.
  absl::btree_map<std::string, Slot> slots_;
  absl::flat_hash_map<std::string, Slot> by_id_;
  absl::flat_hash_map<std::string, absl::InlinedVector<Slot, 1>> by_person_;
  std::vector<Person> people_;
  std::vector<uint32_t> calendar_of_;  // by slot
  std::vector<Slot> free_slots_;
  Standings standings_;

  // Bitmaps.
  BitPool pool_;
  BitmapId known_, on_leave_, responsive_;
  BitmapId not_excluded_, not_declined_;  // all ones between questions
  Dimension teams_, organizations_, countries_, clearances_, calendars_;
  std::array<BitmapId, 8> shores_;
  std::array<BitmapId, eligibility::kTopGrade + 1> grade_at_least_;
  Names skill_names_;
  std::vector<SkillBits> skills_;
  WaitingSet unskilled_;
  Family<Union> unions_;
  Family<absl::Duration> leads_;
  Family<eligibility::PresenceMask> presences_;
  Family<int64_t> free_at_least_;
  Family<int64_t> open_below_;

  // Time.
  std::vector<CalendarState> calendar_states_;  // as calendars_
  absl::btree_set<std::pair<absl::Time, uint32_t>> calendar_timers_;
  absl::btree_set<std::pair<absl::Time, Slot>> slot_timers_;

  // Signatures.
  std::vector<std::unique_ptr<Compiled>> compiled_;
  std::vector<SignatureId> free_signatures_;
  absl::flat_hash_map<std::string, SignatureId> by_text_;
  absl::btree_map<uint64_t, SignatureId> idle_signatures_;  // by idle_stamp
  uint64_t stamps_ = 0;

  // Buffers of a question.
  std::vector<std::pair<BitmapId, Slot>> masked_;
  std::vector<uint64_t> left_;
  std::vector<uint32_t> live_;
  size_t live_chunks_ = 0;
  std::vector<uint32_t> counts_;
  std::vector<uint64_t> sums_;
};

}  // namespace tideline::work_routing
