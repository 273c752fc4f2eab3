// SPDX-License-Identifier: Apache-2.0
// May this person take this item? The hard constraints of Tideline as one table, in one order. The
// matcher (which asks it of a hundred thousand people at once), handoff, review and search all
// answer from this table, so that a refusal has the same name and the same words everywhere.
//
// Three plain values go in: Needs (what a kind of item asks; equal for all items of a requirement
// signature), Ask (what one item adds at one moment) and Candidate (one expert as seen now). Pure;
// any thread. Ids are opaque strings, compared byte by byte; nothing here knows resource names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace tideline::eligibility {

// The constraints in the order of the table, which is the order of a funnel: first what a person
// is (changes with a record), then how it stands with them now. Never reorder: kept explanations
// hold these numbers; add new ones before kCount and say so in the table.
enum class Constraint : uint8_t {
  kSkill,         // every required skill at its level, evidence valid now
  kTeam,          // team or organization serves the queue
  kEngagement,    // engagement valid now and covers the person's organization
  kCountry,       // country may do and view this work
  kClearance,     // every clearance asked for, valid now
  kAuthority,     // authority grade covers the impact class
  kExclusion,     // neither person, team nor organization excluded
  kConflict,      // organization has no conflict of interest with the client
  kRestriction,   // no restriction stops this work here
  kShift,         // on shift now or soon enough, and not on leave
  kPresence,      // presence is one that takes work
  kUnresponsive,  // has not let two offers in a row time out
  kCapacity,      // free capacity units for the item
  kWipLimit,      // below the queue's limit of open items per person
  kFinish,        // can finish before the shift ends, or a handoff is planned
  kDeclined,      // has not declined or let pass this item before
  kCount,
};
inline constexpr size_t kConstraints = static_cast<size_t>(Constraint::kCount);
// Constraints before this one hold of a person whatever the hour and the load: who fails one of
// them could not take the item tomorrow either (kEngagement and evidence are taken as of now).
inline constexpr Constraint kFirstPassing = Constraint::kShift;

// What somebody is doing now, as they or the roster say. Same meaning as skill_registry's Presence.
enum class Presence : uint8_t {
  kOffline,
  kRostered,
  kPresent,
  kAvailable,
  kFocus,
  kTraining,
  kBreak,
};
inline constexpr size_t kPresences = 7;
// A set of presences, one bit each.
using PresenceMask = uint8_t;
constexpr PresenceMask MaskOf(Presence p) { return PresenceMask(1u << static_cast<unsigned>(p)); }

// Where a team stands relative to its client; values of tideline.type.v1.Shore.
using ShoreMask = uint8_t;  // bit per Shore value

// Most levels a skill has, and the top authority grade; levels and grades start at 1 and 0.
inline constexpr int kTopLevel = 5;
inline constexpr int kTopGrade = 15;

struct SkillNeed {
  std::string skill;
  int level = 1;  // 1 to 5
  friend bool operator==(const SkillNeed&, const SkillNeed&) = default;
};

// A set of which "everybody" is a member unless it is `limited`; a limited empty set has none.
struct Audience {
  bool limited = false;
  std::vector<std::string> teams;
  std::vector<std::string> organizations;
  friend bool operator==(const Audience&, const Audience&) = default;
};

// What a kind of item asks. Build it once, Normalize it, and equal needs compare equal.
struct Needs {
  // Required skills: all of them at their level. No skill twice.
  std::vector<SkillNeed> required;
  // Skills that speak for a person without being needed.
  std::vector<SkillNeed> preferred;

  // Who serves the queue (widening adds to it).
  Audience serving;

  // The engagement: from (inclusive) to (exclusive), and the organizations it covers.
  absl::Time engagement_from = absl::InfinitePast();
  absl::Time engagement_to = absl::InfiniteFuture();
  Audience engagement;  // teams stay empty

  // Countries in which the work may be done and viewed: the engagement's and the item's, cut.
  bool any_country = true;
  std::vector<std::string> countries;
  // Clearances, all needed (usually the client's id).
  std::vector<std::string> clearances;
  // Least authority grade for the impact class.
  int grade = 0;

  // Teams and organizations that may not have it (the doer's own, in a review by others).
  std::vector<std::string> excluded_teams;
  std::vector<std::string> excluded_organizations;
  // Organizations in conflict of interest with the client.
  std::vector<std::string> conflicting_organizations;

  // Restrictions in force: nothing at all, or not these teams, organizations, shores.
  bool stopped = false;
  std::vector<std::string> restricted_teams;
  std::vector<std::string> restricted_organizations;
  ShoreMask restricted_shores = 0;

  // How long before the start of their shift people may be given this work.
  absl::Duration shift_lead = absl::ZeroDuration();
  // Presences that take this work.
  PresenceMask presences = MaskOf(Presence::kAvailable);
  // Capacity units one item takes.
  int64_t units = 1;
  // Most items a person may have open (of any queue) when given one more here, plus one: with 3,
  // somebody with 2 open items may have a third. 0: no limit.
  int64_t open_limit = 0;

  friend bool operator==(const Needs&, const Needs&) = default;
};

// Sorts and removes doubles, so that needs that mean the same compare equal. Of a skill that is
// required twice the higher level stays; a preferred skill that is required at least as high goes.
void Normalize(Needs& needs);

// A canonical text of normalized needs: equal texts exactly when the needs are equal.
std::string Signature(const Needs& needs);

// A span of a team's working time, and what follows in the same shift.
struct ShiftSpan {
  bool on = true;                                    // within a shift (a break is within it)
  bool working = true;                               // within working hours (a break is not)
  absl::Time until = absl::InfiniteFuture();         // end of this span; off: start of next shift
  absl::Duration work_after = absl::ZeroDuration();  // working time after `until`, same shift
  friend bool operator==(const ShiftSpan&, const ShiftSpan&) = default;
};

struct HeldSkill {
  std::string skill;
  int level = 1;
  absl::Time expires = absl::InfiniteFuture();  // evidence counts before this instant
  bool learning = false;                        // on the ladder at shadowing: wants such work
  friend bool operator==(const HeldSkill&, const HeldSkill&) = default;
};

struct HeldClearance {
  std::string clearance;
  absl::Time expires = absl::InfiniteFuture();
  friend bool operator==(const HeldClearance&, const HeldClearance&) = default;
};

struct Leave {
  absl::Time from;
  absl::Time to;  // exclusive
  friend bool operator==(const Leave&, const Leave&) = default;
};

// What the records say of one expert. Vectors sorted by their first field, no doubles.
struct Expert {
  std::string id;      // unique in the workspace
  std::string person;  // opaque, equal across workspaces
  std::string team;
  std::string organization;
  std::string calendar;  // whose shifts apply; empty: always on shift
  std::string country;
  int shore = 0;              // tideline.type.v1.Shore
  int grade = 0;              // 0 to kTopGrade
  int64_t capacity = 1;       // units
  int64_t cost_per_hour = 0;  // minor units of the workspace's currency
  std::vector<HeldSkill> skills;
  std::vector<HeldClearance> clearances;
  std::vector<Leave> leave;
  friend bool operator==(const Expert&, const Expert&) = default;
};

// What they have in hand.
struct Load {
  int64_t used = 0;                              // capacity units taken, pending offers included
  int64_t open_items = 0;                        // offered or assigned and not submitted
  int64_t open_minutes = 0;                      // expected effort left in them
  absl::Time idle_since = absl::InfinitePast();  // when they last got work (or became present)
  uint64_t idle_order = 0;                       // the same as a sequence: lower has waited longer
  friend bool operator==(const Load&, const Load&) = default;
};

// One expert as seen at a moment.
struct Candidate {
  Expert expert;
  Load load;
  Presence presence = Presence::kOffline;
  bool unresponsive = false;
  ShiftSpan shift;  // of their calendar, at Ask::now
  ShiftSpan next;   // the span that starts at shift.until
};

// What one item adds, now.
struct Ask {
  absl::Time now;
  absl::Duration effort = absl::ZeroDuration();  // expected effort that remains
  bool planned_handoff = false;                  // need not be finished in this shift
  std::vector<std::string> excluded_people;      // Expert::person
  std::vector<std::string> declined_experts;     // Expert::id
  std::vector<std::string> affinity_experts;     // Expert::id; a wish, not a constraint
};

// One row of the table.
struct Rule {
  Constraint constraint;
  absl::string_view name;         // stable, upper case: metadata and explanations
  absl::string_view explanation;  // for people: what the person lacks who fails it
  bool (*holds)(const Needs&, const Ask&, const Candidate&);
};
// All rules, ordered, kConstraints of them.
absl::Span<const Rule> Table();
const Rule& RuleOf(Constraint constraint);

// First constraint that fails, in table order; kCount when none does.
Constraint Evaluate(const Needs& needs, const Ask& ask, const Candidate& candidate);
// All that fail, in table order.
std::vector<Constraint> Check(const Needs& needs, const Ask& ask, const Candidate& candidate);

// Level held in `skill` with evidence valid at `now`; 0 when none.
int LevelAt(const Expert& expert, absl::string_view skill, absl::Time now);
// Whether a span counts as on shift for work that may be given `lead` before a shift.
bool OnShift(const ShiftSpan& shift, absl::Duration lead, absl::Time now);
// Working time left in the shift that runs at `now`, or in the whole next one when off shift.
absl::Duration WorkLeft(const ShiftSpan& shift, const ShiftSpan& next, absl::Time now);
// Whether `now` lies in one of the leaves.
bool OnLeave(absl::Span<const Leave> leave, absl::Time now);

}  // namespace tideline::eligibility
