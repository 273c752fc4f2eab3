// SPDX-License-Identifier: Apache-2.0
// Finds the right person among all experts of one workspace in microseconds, exactly. It holds
// every expert as one bit in bitmaps per skill and level, team, country, load class and so on;
// common/eligibility's table becomes a chain of ANDs, and the funnel the bit counts along it.
//
// One Matcher per workspace; one thread. It is an index, not a record: built anew from the roster,
// and its answers depend on the facts and `now` alone, never on the order in which it was told.
//
//   SignatureId s = matcher.Acquire(needs);           // once per kind of item
//   Choice c = matcher.Choose(s, ask, weights);       // per item
//   if (c.found()) matcher.SetLoad(c.best().slot, load_with_the_item);
//
// Time: facts that change by themselves (shifts, leave, expiring evidence) follow Ask::now; every
// question advances the index to it first. `now` never goes back (an earlier one is read as the
// latest seen). NextChange/Advance let a timer do that work ahead, and say who became free.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/eligibility/eligibility.h"

namespace tideline::work_routing {

using eligibility::Ask;
using eligibility::Constraint;
using eligibility::Needs;

// An expert's place in the index: from Upsert until Remove. Never part of a result's order.
using Slot = uint32_t;
// A kind of item that has been Acquired. The number says nothing: another process gives another.
using SignatureId = uint32_t;

// How much each part of a score counts: 0 to kTopWeight. All zero: longest idle first (a round
// robin that survives a restart, as the idle order is a record).
inline constexpr int kTopWeight = 100;
struct Weights {
  int fit = 30;
  int affinity = 20;
  int load = 25;
  int cost = 10;
  int idle = 10;
  int learning = 5;
  friend bool operator==(const Weights&, const Weights&) = default;
};

// Parts of a score, before weights: 0 to kTopPart each. ScoreParts in score.h defines them.
inline constexpr int kTopPart = 1000;
struct Parts {
  int fit = 0;       // exact level is best, each level above costs; preferred skills add
  int affinity = 0;  // named by the item as the one who knows it
  int load = 0;      // little expected effort in hand
  int cost = 0;      // low rate
  int idle = 0;      // time since they last got work, full after eight hours
  int learning = 0;  // share of the required skills they are shadowing
  friend bool operator==(const Parts&, const Parts&) = default;
};

struct Scored {
  Slot slot = 0;
  int64_t score = 0;        // sum of weight times part
  uint64_t idle_order = 0;  // breaks ties: lower first, then the expert's id
  Parts parts;
};

// How many candidates are left after each constraint, in table order. Exact.
struct Funnel {
  uint32_t known = 0;  // experts in the index
  std::array<uint32_t, eligibility::kConstraints> left{};
};

inline constexpr size_t kRunnersUp = 3;

struct Choice {
  // Best first, at most 1 + kRunnersUp; empty when nobody may have it now.
  absl::InlinedVector<Scored, 1 + kRunnersUp> ranked;
  Funnel funnel;
  bool found() const { return !ranked.empty(); }
  const Scored& best() const { return ranked.front(); }
};

// One change to the needs that would give the item candidates.
struct Relaxation {
  Constraint constraint;  // what to relax
  std::string skill;      // kSkill: which
  int from_level = 0;     // kSkill: asked; kAuthority: grade asked
  int to_level = 0;       // kSkill: level that suffices (0: drop it); kAuthority: grade
  uint32_t people = 0;    // who would pass all standing constraints then
};

// People of one calendar who pass all standing constraints.
struct CalendarCount {
  std::string calendar;
  uint32_t people = 0;
  int64_t capacity = 0;  // their units
};

// A calendar's shifts: the span that contains an instant. Called at changes only; must be pure.
using ShiftSource = std::function<eligibility::ShiftSpan(absl::Time)>;

class Matcher {
 public:
  Matcher();
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  // ---- The roster. Cost: microseconds per expert; not for each item. ----

  // Adds an expert, or replaces all that is known of one (load, presence and responsiveness stay;
  // of a new one: no load, OFFLINE, responsive). Returns the slot, which stays the same.
  Slot Upsert(const eligibility::Expert& expert);
  // Forgets an expert; ignores one that is not there.
  void Remove(absl::string_view expert);
  // Sets or replaces a calendar. Experts of a calendar that was never set are always on shift.
  void SetCalendar(absl::string_view calendar, ShiftSource source);

  std::optional<Slot> Find(absl::string_view expert) const;
  absl::string_view ExpertId(Slot slot) const;
  const eligibility::Load& LoadOf(Slot slot) const;
  size_t size() const;  // experts

  // ---- How it stands with people. Hot: tens of nanoseconds. ----

  // Return true when the person may now take work that they could not take before (more free
  // units, fewer open items, a presence that takes work): look at WaitingFor then.
  bool SetLoad(Slot slot, const eligibility::Load& load);
  bool SetPresence(Slot slot, eligibility::Presence presence);
  bool SetUnresponsive(Slot slot, bool unresponsive);

  // ---- Signatures. ----

  // The signature of these needs (normalized inside); equal needs share one. Counted: Release as
  // often as Acquired. The first of a kind costs up to a millisecond with 100,000 experts.
  SignatureId Acquire(const Needs& needs);
  void Release(SignatureId signature);
  const Needs& NeedsOf(SignatureId signature) const;

  // ---- Questions. None changes an answer to another. ----

  // The best person for an item now, exactly: highest score, then lowest idle order, then id.
  Choice Choose(SignatureId signature, const Ask& ask, const Weights& weights);
  // As Choose, for one person: what fails, in table order (empty: they may have it).
  std::vector<Constraint> Check(SignatureId signature, const Ask& ask, Slot slot);
  // The person's score for an item, whether or not they may have it; a required skill that they
  // lack earns nothing.
  Scored Score(SignatureId signature, const Ask& ask, const Weights& weights, Slot slot);
  // How many people pass all standing constraints (before kShift) and have not declined, whatever
  // their shift, presence and load. 0: nobody known can do it, park it.
  uint32_t CouldEver(SignatureId signature, const Ask& ask);
  // Who those are by calendar, ordered by calendar id; for rostered minutes before a due time.
  std::vector<CalendarCount> CouldEverByCalendar(SignatureId signature, const Ask& ask);
  // Single changes that would give candidates, nearest first: levels lowered by one, by two, ...
  // a skill dropped, then the other standing constraints in table order. At most `most`.
  std::vector<Relaxation> NearestRelaxations(SignatureId signature, const Ask& ask, size_t most);
  // One expert as the table sees them.
  eligibility::Candidate CandidateOf(Slot slot, absl::Time now);

  // ---- The other way round: work for a person. ----

  // Says whether items of a signature wait, and how urgently (lower: sooner; such as the latest
  // start of its first item). std::nullopt: none wait.
  void SetWaiting(SignatureId signature, std::optional<int64_t> urgency);
  // Waiting signatures of which this person may take an item now (as far as the signature says:
  // exclusions, declines, effort and handoff are the item's, Check them), soonest first, then in
  // the order of the needs' canonical text; at most `most`.
  std::vector<SignatureId> WaitingFor(Slot slot, absl::Time now, size_t most);

  // ---- Time. ----

  // When a fact changes by itself next; InfiniteFuture when none will.
  absl::Time NextChange() const;
  // Brings the index to `now` and appends to `freed` (may be null) the slots that a change has
  // made able to take work, in idle order: those whose shift starts, leave ends.
  void Advance(absl::Time now, std::vector<Slot>* freed);

  // Experts in a canonical order with all that is known of them, for digests.
  void Dump(std::string& out) const;

 private:
  class Index;
  std::unique_ptr<Index> index_;
};

}  // namespace tideline::work_routing
