// SPDX-License-Identifier: Apache-2.0
// Logs of a few incidents, written as text, for the tests of count, plan and fault.
//
//   SmallLog({"Q@a W@a:1 R@a C@a"})   one incident: queued in team a, its person 1 works, result,
//                                     closed. Phases: Q W A(waiting) R C X(cancelled).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/replay/log.h"
#include "tools/replay/parties.h"

namespace tideline::replay {

inline Phase PhaseOfLetter(char letter) {
  switch (letter) {
    case 'Q':
      return Phase::kQueued;
    case 'W':
      return Phase::kWorking;
    case 'A':
      return Phase::kWaiting;
    case 'R':
      return Phase::kResolved;
    case 'C':
      return Phase::kClosed;
    default:
      return Phase::kCancelled;
  }
}

// Incident i is "i0", "i1", ...; observations are a minute apart.
inline Log SmallLog(const std::vector<std::string>& incidents) {
  Parties parties(Parties::Names::kReadable);
  Log log;
  for (const std::string& text : incidents) {
    Incident& incident = log.incidents.emplace_back();
    incident.id = absl::StrCat("i", log.incidents.size() - 1);
    incident.skill = parties.Skill("skill");
    absl::Time at = absl::UnixEpoch();
    for (absl::string_view word : absl::StrSplit(text, ' ')) {
      Observation seen;
      seen.at = at += absl::Minutes(1);
      seen.phase = PhaseOfLetter(word[0]);
      seen.team = parties.Team(word.substr(2, 1));
      parties.Vote(seen.team, kNone, kNone, type::v1::LEVEL_PRACTITIONER);
      if (word.size() > 4) seen.expert = parties.Expert(seen.team, word.substr(4));
      incident.observations.push_back(seen);
    }
  }
  parties.Finish(log);
  return log;
}

}  // namespace tideline::replay
