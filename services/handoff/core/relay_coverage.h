// SPDX-License-Identifier: Apache-2.0
// Follow the sun, checked: what a chain of teams covers, and where it leaves a hole. A team covers
// a skill while a shift of its calendar runs (breaks are within it) and somebody of it holds the
// skill at its level, with evidence valid then, and is not on leave. Hours are the calendar's own,
// so a change to or from summer time that opens a hole for two weeks of the year is found.
//
// Plain values in, plain values out; InvalidField and the like are the caller's. Cost: about 1
// microsecond per open stretch of a calendar within the range, so 1 to 2 ms for three teams and a
// year. Pure; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/calendar/calendar.h"
#include "common/eligibility/eligibility.h"

namespace tideline::handoff {

// How far ahead a plan is checked: the coming year, leap day included, so that both changes of the
// clock and every yearly holiday are in it.
inline constexpr absl::Duration kCoverageHorizon = absl::Hours(24 * 366);

struct RelayTeam {
  std::string team;                         // full name, only for people to read
  std::shared_ptr<const Calendar> hours;    // null: around the clock
  std::vector<eligibility::Expert> people;  // skills and leave are looked at, nothing else
};

struct RelayChain {
  std::vector<RelayTeam> teams;            // in the order in which work goes round
  std::shared_ptr<const Calendar> wanted;  // when somebody has to be there; null: always
  // What has to be covered, each by itself. Empty: it is enough that somebody is on shift.
  std::vector<eligibility::SkillNeed> required;
};

// Nobody covers `skill` (empty: nobody is on shift at all) in `span`, although somebody should.
struct Hole {
  std::string skill;
  TimeSpan span;
  friend bool operator==(const Hole&, const Hole&) = default;
};

// The holes within [from, to), by instant, then in the order of `required`; the first `most` of
// them. Exact: a hole begins when the last one goes and ends when the next one comes.
std::vector<Hole> FindHoles(const RelayChain& chain, absl::Time from, absl::Time to, size_t most);

// The first `most` stretches within [from, to) in which both teams are on shift: when they can
// talk.
std::vector<TimeSpan> OverlapWindows(const RelayTeam& one, const RelayTeam& other, absl::Time from,
                                     absl::Time to, size_t most);

// Indexes of the teams that are on shift at `at` and have somebody with each of `needs` (one person
// for all of them), in the order of the chain.
std::vector<size_t> CoveringAt(const RelayChain& chain, absl::Time at,
                               absl::Span<const eligibility::SkillNeed> needs = {});

// Who takes over from a team.
struct Relief {
  absl::Time shift_end;  // of the giving team: the shift that runs, else its next
  size_t team = 0;       // who is next
  absl::Time from;       // since when, or from when on, they are on shift: up to shift_end when the
                         // two meet, after it when there is a gap
};

// The team after teams[giver] in the chain (which goes round) that is on shift when the giver's
// shift ends and has somebody with all of `needs`; if none is, the one that comes on shift first
// after it. Nothing when the giver works around the clock, or nobody else ever comes.
std::optional<Relief> NextAfter(const RelayChain& chain, size_t giver, absl::Time at,
                                absl::Span<const eligibility::SkillNeed> needs = {});

}  // namespace tideline::handoff
