// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/count.h"

#include <algorithm>

namespace tideline::replay {
namespace {

bool HasResult(Phase phase) {
  return phase == Phase::kResolved || phase == Phase::kClosed || phase == Phase::kCancelled;
}

void CountMove(Phase before, const std::string& team, Facts& facts) {
  if (before == Phase::kQueued) {
    ++facts.moves_from_queue;
  } else if (HasResult(before)) {
    ++facts.moves_from_result;
  } else {
    ++facts.moves_from_holder;
  }
  facts.returns += std::find(facts.route.begin(), facts.route.end(), team) != facts.route.end();
  facts.route.push_back(team);
  facts.handed.push_back(team);  // that it moves by handoff is the replay's rule, not the log's
}

Outcome Next(Outcome outcome, Phase phase, bool result_anew) {
  switch (phase) {
    case Phase::kQueued:
    case Phase::kWorking:
    case Phase::kWaiting:
      return Outcome::kOpen;
    case Phase::kResolved:
      // "Resolved" after "closed" in the same team is the same result once more.
      return outcome == Outcome::kCompleted && !result_anew ? outcome : Outcome::kAwaitingApproval;
    case Phase::kClosed:
      return Outcome::kCompleted;
    case Phase::kCancelled:
      // Cancelling what has a result changes nothing: the result stands.
      return outcome == Outcome::kOpen ? Outcome::kCancelled : outcome;
  }
  return outcome;
}

Facts CountOne(const Log& log, const Incident& incident) {
  Facts facts;
  const Observation* before = nullptr;
  for (const Observation& now : incident.observations) {
    const bool moved = before != nullptr && before->team != now.team;
    const bool had_result = before != nullptr && HasResult(before->phase);
    if (before == nullptr) facts.route.push_back(log.teams[now.team].id);
    if (moved) CountMove(before->phase, log.teams[now.team].id, facts);
    facts.reopens += had_result && !HasResult(now.phase);
    facts.closed_elsewhere += had_result && HasResult(now.phase) && moved;
    facts.outcome = Next(facts.outcome, now.phase, moved);
    before = &now;
  }
  return facts;
}

}  // namespace

FactsById Count(const Log& log) {
  FactsById facts;
  for (const Incident& incident : log.incidents) facts[incident.id] = CountOne(log, incident);
  return facts;
}

}  // namespace tideline::replay
