// SPDX-License-Identifier: Apache-2.0
#include "common/eligibility/eligibility.h"

#include <algorithm>
#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

namespace tideline::eligibility {
namespace {

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  return absl::c_linear_search(list, value);
}

bool HasSkills(const Needs& needs, const Ask& ask, const Candidate& c) {
  return absl::c_all_of(needs.required, [&](const SkillNeed& need) {
    return LevelAt(c.expert, need.skill, ask.now) >= need.level;
  });
}

bool Serves(const Needs& needs, const Ask&, const Candidate& c) {
  return !needs.serving.limited || Contains(needs.serving.teams, c.expert.team) ||
         Contains(needs.serving.organizations, c.expert.organization);
}

bool IsEngaged(const Needs& needs, const Ask& ask, const Candidate& c) {
  return ask.now >= needs.engagement_from && ask.now < needs.engagement_to &&
         (!needs.engagement.limited || Contains(needs.engagement.teams, c.expert.team) ||
          Contains(needs.engagement.organizations, c.expert.organization));
}

bool IsInCountry(const Needs& needs, const Ask&, const Candidate& c) {
  return needs.any_country || Contains(needs.countries, c.expert.country);
}

bool IsCleared(const Needs& needs, const Ask& ask, const Candidate& c) {
  return absl::c_all_of(needs.clearances, [&](const std::string& clearance) {
    return absl::c_any_of(c.expert.clearances, [&](const HeldClearance& held) {
      return held.clearance == clearance && ask.now < held.expires;
    });
  });
}

bool HasAuthority(const Needs& needs, const Ask&, const Candidate& c) {
  return c.expert.grade >= needs.grade;
}

bool IsNotExcluded(const Needs& needs, const Ask& ask, const Candidate& c) {
  return !Contains(needs.excluded_teams, c.expert.team) &&
         !Contains(needs.excluded_organizations, c.expert.organization) &&
         !Contains(ask.excluded_people, c.expert.person);
}

bool HasNoConflict(const Needs& needs, const Ask&, const Candidate& c) {
  return !Contains(needs.conflicting_organizations, c.expert.organization);
}

bool IsUnrestricted(const Needs& needs, const Ask&, const Candidate& c) {
  return !needs.stopped && !Contains(needs.restricted_teams, c.expert.team) &&
         !Contains(needs.restricted_organizations, c.expert.organization) &&
         ((needs.restricted_shores >> (c.expert.shore & 7)) & 1) == 0;
}

bool IsOnShift(const Needs& needs, const Ask& ask, const Candidate& c) {
  return OnShift(c.shift, needs.shift_lead, ask.now) && !OnLeave(c.expert.leave, ask.now);
}

bool TakesWork(const Needs& needs, const Ask&, const Candidate& c) {
  return (needs.presences & MaskOf(c.presence)) != 0;
}

bool IsResponsive(const Needs&, const Ask&, const Candidate& c) { return !c.unresponsive; }

bool HasCapacity(const Needs& needs, const Ask&, const Candidate& c) {
  return c.expert.capacity - c.load.used >= needs.units;
}

bool IsBelowWipLimit(const Needs& needs, const Ask&, const Candidate& c) {
  return needs.open_limit == 0 || c.load.open_items < needs.open_limit;
}

bool CanFinish(const Needs&, const Ask& ask, const Candidate& c) {
  return ask.planned_handoff || WorkLeft(c.shift, c.next, ask.now) >= ask.effort;
}

bool HasNotDeclined(const Needs&, const Ask& ask, const Candidate& c) {
  return !Contains(ask.declined_experts, c.expert.id);
}

// The table. Its order is the enum's; RuleOf and the funnel index it by the enum.
constexpr std::array<Rule, kConstraints> kTable = {{
    {Constraint::kSkill, "SKILL",
     "lacks a required skill at its level, or the evidence for it has expired", &HasSkills},
    {Constraint::kTeam, "TEAM", "neither the team nor the organization serves the queue", &Serves},
    {Constraint::kEngagement, "ENGAGEMENT",
     "the engagement is not in force, or does not cover the organization", &IsEngaged},
    {Constraint::kCountry, "COUNTRY", "the work may not be done and viewed in this country",
     &IsInCountry},
    {Constraint::kClearance, "CLEARANCE", "lacks a clearance, or it has expired", &IsCleared},
    {Constraint::kAuthority, "AUTHORITY", "authority grade is too low for the impact class",
     &HasAuthority},
    {Constraint::kExclusion, "EXCLUSION",
     "the person, the team or the organization is excluded from this item", &IsNotExcluded},
    {Constraint::kConflict, "CONFLICT",
     "the organization has a conflict of interest with the client", &HasNoConflict},
    {Constraint::kRestriction, "RESTRICTION", "a restriction in force stops this work here",
     &IsUnrestricted},
    {Constraint::kShift, "SHIFT", "is neither on shift nor soon to be, or is on leave", &IsOnShift},
    {Constraint::kPresence, "PRESENCE", "is not present in a way that takes work", &TakesWork},
    {Constraint::kUnresponsive, "UNRESPONSIVE",
     "has let two offers in a row time out and has not acted since", &IsResponsive},
    {Constraint::kCapacity, "CAPACITY", "has not enough free capacity", &HasCapacity},
    {Constraint::kWipLimit, "WIP_LIMIT", "has as many items open as the queue allows a person",
     &IsBelowWipLimit},
    {Constraint::kFinish, "FINISH",
     "cannot finish before the shift ends, and no handoff is planned", &CanFinish},
    {Constraint::kDeclined, "DECLINED", "has declined this item, or let its offer pass, before",
     &HasNotDeclined},
}};

void SortUnique(std::vector<std::string>& list) {
  absl::c_sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void NormalizeAudience(Audience& audience) {
  if (!audience.limited) audience = Audience();
  SortUnique(audience.teams);
  SortUnique(audience.organizations);
}

void NormalizeSkills(std::vector<SkillNeed>& skills) {
  for (SkillNeed& need : skills) need.level = std::max(need.level, 1);
  absl::c_sort(skills, [](const SkillNeed& a, const SkillNeed& b) {
    return a.skill != b.skill ? a.skill < b.skill : a.level > b.level;
  });
  skills.erase(
      std::unique(skills.begin(), skills.end(),
                  [](const SkillNeed& a, const SkillNeed& b) { return a.skill == b.skill; }),
      skills.end());
}

// Length-prefixed, so that no id can look like two.
void AppendList(std::string& out, absl::string_view tag, const std::vector<std::string>& list) {
  if (list.empty()) return;
  absl::StrAppend(&out, tag);
  for (const std::string& value : list) absl::StrAppend(&out, value.size(), ":", value);
}

void AppendSkills(std::string& out, absl::string_view tag, const std::vector<SkillNeed>& skills) {
  if (skills.empty()) return;
  absl::StrAppend(&out, tag);
  for (const SkillNeed& need : skills) {
    absl::StrAppend(&out, need.skill.size(), ":", need.skill, need.level, ",");
  }
}

void AppendAudience(std::string& out, absl::string_view tag, const Audience& audience) {
  if (!audience.limited) return;
  absl::StrAppend(&out, tag);
  AppendList(out, "t", audience.teams);
  AppendList(out, "o", audience.organizations);
}

}  // namespace

void Normalize(Needs& needs) {
  NormalizeSkills(needs.required);
  NormalizeSkills(needs.preferred);
  needs.preferred.erase(
      std::remove_if(needs.preferred.begin(), needs.preferred.end(),
                     [&](const SkillNeed& wish) {
                       return absl::c_any_of(needs.required, [&](const SkillNeed& need) {
                         return need.skill == wish.skill && need.level >= wish.level;
                       });
                     }),
      needs.preferred.end());
  NormalizeAudience(needs.serving);
  NormalizeAudience(needs.engagement);
  if (needs.any_country) needs.countries.clear();
  for (auto* list : {&needs.countries, &needs.clearances, &needs.excluded_teams,
                     &needs.excluded_organizations, &needs.conflicting_organizations,
                     &needs.restricted_teams, &needs.restricted_organizations}) {
    SortUnique(*list);
  }
  needs.grade = std::max(needs.grade, 0);
  needs.shift_lead = std::max(needs.shift_lead, absl::ZeroDuration());
  needs.open_limit = std::max<int64_t>(needs.open_limit, 0);
}

std::string Signature(const Needs& needs) {
  std::string out;
  AppendSkills(out, "R", needs.required);
  AppendSkills(out, "P", needs.preferred);
  AppendAudience(out, "S", needs.serving);
  AppendAudience(out, "E", needs.engagement);
  if (needs.engagement_from != absl::InfinitePast()) {
    absl::StrAppend(&out, "F", absl::ToUnixNanos(needs.engagement_from));
  }
  if (needs.engagement_to != absl::InfiniteFuture()) {
    absl::StrAppend(&out, "T", absl::ToUnixNanos(needs.engagement_to));
  }
  if (!needs.any_country) absl::StrAppend(&out, "C");
  AppendList(out, "c", needs.countries);
  AppendList(out, "L", needs.clearances);
  AppendList(out, "X", needs.excluded_teams);
  AppendList(out, "Y", needs.excluded_organizations);
  AppendList(out, "K", needs.conflicting_organizations);
  if (needs.stopped) absl::StrAppend(&out, "!");
  AppendList(out, "V", needs.restricted_teams);
  AppendList(out, "W", needs.restricted_organizations);
  absl::StrAppend(&out, "g", needs.grade, "s", static_cast<int>(needs.restricted_shores), "l",
                  absl::ToInt64Nanoseconds(needs.shift_lead), "p",
                  static_cast<int>(needs.presences), "u", needs.units, "w", needs.open_limit);
  return out;
}

absl::Span<const Rule> Table() { return kTable; }

const Rule& RuleOf(Constraint constraint) { return kTable[static_cast<size_t>(constraint)]; }

Constraint Evaluate(const Needs& needs, const Ask& ask, const Candidate& candidate) {
  for (const Rule& rule : kTable) {
    if (!rule.holds(needs, ask, candidate)) return rule.constraint;
  }
  return Constraint::kCount;
}

std::vector<Constraint> Check(const Needs& needs, const Ask& ask, const Candidate& candidate) {
  std::vector<Constraint> failing;
  for (const Rule& rule : kTable) {
    if (!rule.holds(needs, ask, candidate)) failing.push_back(rule.constraint);
  }
  return failing;
}

int LevelAt(const Expert& expert, absl::string_view skill, absl::Time now) {
  for (const HeldSkill& held : expert.skills) {
    if (held.skill == skill) return now < held.expires ? held.level : 0;
  }
  return 0;
}

bool OnShift(const ShiftSpan& shift, absl::Duration lead, absl::Time now) {
  return shift.on || shift.until - now <= lead;
}

absl::Duration WorkLeft(const ShiftSpan& shift, const ShiftSpan& next, absl::Time now) {
  const ShiftSpan& span = shift.on ? shift : next;
  absl::Time from = shift.on ? now : shift.until;
  if (!span.on) return absl::ZeroDuration();
  return (span.working ? span.until - from : absl::ZeroDuration()) + span.work_after;
}

bool OnLeave(absl::Span<const Leave> leave, absl::Time now) {
  return absl::c_any_of(leave, [&](const Leave& l) { return l.from <= now && now < l.to; });
}

}  // namespace tideline::eligibility
