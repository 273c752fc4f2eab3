// SPDX-License-Identifier: Apache-2.0
#include "services/handoff/core/relay_coverage.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/calendar/shift.h"

namespace tideline::handoff {
namespace {

using eligibility::Expert;
using eligibility::SkillNeed;
using Spans = std::vector<TimeSpan>;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

// Sorted, with touching and overlapping spans joined and empty ones gone.
Spans Join(Spans spans) {
  std::sort(spans.begin(), spans.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.from < b.from; });
  Spans joined;
  for (const TimeSpan& span : spans) {
    if (span.from >= span.to) continue;
    if (!joined.empty() && span.from <= joined.back().to) {
      joined.back().to = std::max(joined.back().to, span.to);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

// Both joined.
Spans Common(const Spans& a, const Spans& b) {
  Spans common;
  for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    const TimeSpan both{std::max(a[i].from, b[k].from), std::min(a[i].to, b[k].to)};
    if (both.from < both.to) common.push_back(both);
    a[i].to < b[k].to ? ++i : ++k;
  }
  return common;
}

// What of `a` is not in `b`; both joined.
Spans Without(const Spans& a, const Spans& b) {
  Spans left;
  size_t k = 0;
  for (TimeSpan span : a) {
    while (k < b.size() && b[k].to <= span.from) ++k;
    for (size_t n = k; n < b.size() && b[n].from < span.to; ++n) {
      if (span.from < b[n].from) left.push_back({span.from, b[n].from});
      span.from = b[n].to;
    }
    if (span.from < span.to) left.push_back(span);
  }
  return left;
}

Spans ShiftsOf(const RelayTeam& team, absl::Time from, absl::Time to) {
  return team.hours == nullptr ? Join({{from, to}}) : Shifts(*team.hours, from, to);
}

bool IsOnShift(const RelayTeam& team, absl::Time at) {
  return team.hours == nullptr || OnShift(*team.hours, at);
}

// When this person could be asked for the skill (null: for anything), whatever the hour.
Spans Ready(const Expert& person, const SkillNeed* need, absl::Time from, absl::Time to) {
  if (need != nullptr) {
    absl::Time expires = absl::InfinitePast();
    for (const eligibility::HeldSkill& held : person.skills) {
      if (held.skill == need->skill && held.level >= need->level) {
        expires = std::max(expires, held.expires);
      }
    }
    to = std::min(to, expires);
  }
  Spans away;
  for (const eligibility::Leave& leave : person.leave) away.push_back({leave.from, leave.to});
  return Without(Join({{from, to}}), Join(std::move(away)));
}

bool HasSomebody(const RelayTeam& team, absl::Span<const SkillNeed> needs, absl::Time at) {
  return std::any_of(team.people.begin(), team.people.end(), [&](const Expert& person) {
    return !eligibility::OnLeave(person.leave, at) &&
           std::all_of(needs.begin(), needs.end(), [&](const SkillNeed& need) {
             return eligibility::LevelAt(person, need.skill, at) >= need.level;
           });
  });
}

// When somebody of the chain is on shift and ready for the skill.
Spans Cover(const RelayChain& chain, const std::vector<Spans>& shifts, const SkillNeed* need,
            absl::Time from, absl::Time to) {
  Spans cover;
  for (size_t i = 0; i < chain.teams.size(); ++i) {
    Spans ready;
    for (const Expert& person : chain.teams[i].people) {
      for (const TimeSpan& span : Ready(person, need, from, to)) ready.push_back(span);
    }
    for (const TimeSpan& span : Common(shifts[i], Join(std::move(ready)))) cover.push_back(span);
  }
  return Join(std::move(cover));
}

}  // namespace

std::vector<Hole> FindHoles(const RelayChain& chain, absl::Time from, absl::Time to, size_t most) {
  const Spans wanted =
      chain.wanted == nullptr ? Join({{from, to}}) : Join(chain.wanted->Open(from, to, kAll));
  std::vector<Spans> shifts;
  for (const RelayTeam& team : chain.teams) shifts.push_back(ShiftsOf(team, from, to));
  std::vector<Hole> holes;
  const auto look = [&](const SkillNeed* need) {
    for (const TimeSpan& span : Without(wanted, Cover(chain, shifts, need, from, to))) {
      holes.push_back({need == nullptr ? std::string() : need->skill, span});
    }
  };
  for (const SkillNeed& need : chain.required) look(&need);
  if (chain.required.empty()) look(nullptr);
  std::stable_sort(holes.begin(), holes.end(),
                   [](const Hole& a, const Hole& b) { return a.span.from < b.span.from; });
  if (holes.size() > most) holes.resize(most);
  return holes;
}

std::vector<TimeSpan> OverlapWindows(const RelayTeam& one, const RelayTeam& other, absl::Time from,
                                     absl::Time to, size_t most) {
  Spans windows = Common(ShiftsOf(one, from, to), ShiftsOf(other, from, to));
  if (windows.size() > most) windows.resize(most);
  return windows;
}

std::vector<size_t> CoveringAt(const RelayChain& chain, absl::Time at,
                               absl::Span<const SkillNeed> needs) {
  std::vector<size_t> covering;
  for (size_t i = 0; i < chain.teams.size(); ++i) {
    const RelayTeam& team = chain.teams[i];
    if (IsOnShift(team, at) && HasSomebody(team, needs, at)) covering.push_back(i);
  }
  return covering;
}

std::optional<Relief> NextAfter(const RelayChain& chain, size_t giver, absl::Time at,
                                absl::Span<const SkillNeed> needs) {
  if (giver >= chain.teams.size() || chain.teams[giver].hours == nullptr) return std::nullopt;
  const absl::Time end = ShiftEnd(*chain.teams[giver].hours, at);
  if (end == absl::InfiniteFuture()) return std::nullopt;
  std::optional<Relief> best;
  for (size_t step = 1; step < chain.teams.size(); ++step) {
    const size_t index = (giver + step) % chain.teams.size();
    const RelayTeam& team = chain.teams[index];
    if (IsOnShift(team, end)) {
      if (!HasSomebody(team, needs, end)) continue;
      return Relief{end, index, team.hours == nullptr ? end : team.hours->LastOpening(end)};
    }
    const absl::Time comes = team.hours->NextOpening(end);
    if (comes == absl::InfiniteFuture() || !HasSomebody(team, needs, comes)) continue;
    if (!best.has_value() || comes < best->from) best = Relief{end, index, comes};
  }
  return best;
}

}  // namespace tideline::handoff
