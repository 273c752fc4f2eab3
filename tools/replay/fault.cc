// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/fault.h"

#include <vector>

#include "absl/status/status.h"

namespace tideline::replay {
namespace {

// Place of the first observation in another team than the one before; 0 when there is none.
size_t FirstMove(const Incident& incident) {
  for (size_t i = 1; i < incident.observations.size(); ++i) {
    if (incident.observations[i].team != incident.observations[i - 1].team) return i;
  }
  return 0;
}

// Gives the stay that begins at `at` to `team`, where nobody is named.
void Relabel(Incident& incident, size_t at, Index team) {
  const Index was = incident.observations[at].team;
  for (; at < incident.observations.size() && incident.observations[at].team == was; ++at) {
    incident.observations[at].team = team;
    incident.observations[at].expert = kNone;
  }
}

// A team that neither neighbour of the stay is: the number of moves stays as it was, and only the
// route tells.
Index ThirdTeam(const Log& log, const Incident& incident, size_t at) {
  const auto& seen = incident.observations;
  const Index from = seen[at - 1].team;
  const Index to = seen[at].team;
  size_t end = at;
  while (end < seen.size() && seen[end].team == to) ++end;
  const Index next = end < seen.size() ? seen[end].team : kNone;
  for (size_t i = 0; i < log.teams.size(); ++i) {
    const Index team = static_cast<Index>(i);
    if (team != from && team != to && team != next) return team;
  }
  return kNone;
}

}  // namespace

absl::StatusOr<std::string> Spoil(Fault fault, uint64_t seed, Log& log) {
  std::vector<size_t> moved;
  for (size_t i = 0; i < log.incidents.size(); ++i) {
    if (FirstMove(log.incidents[i]) > 0) moved.push_back(i);
  }
  if (moved.empty()) return absl::FailedPreconditionError("no incident of this log moves");
  Incident& incident = log.incidents[moved[seed % moved.size()]];
  const size_t at = FirstMove(incident);
  const Observation before = incident.observations[at - 1];
  const Observation after = incident.observations[at];
  switch (fault) {
    case Fault::kNone:
      break;
    case Fault::kDrop:
      Relabel(incident, at, before.team);
      break;
    case Fault::kDouble: {
      const Observation back = {after.at, Phase::kQueued, before.team, kNone};
      incident.observations.insert(incident.observations.begin() + at, {after, back});
      break;
    }
    case Fault::kMisroute: {
      const Index third = ThirdTeam(log, incident, at);
      if (third == kNone) return absl::FailedPreconditionError("there is no third team");
      Relabel(incident, at, third);
      break;
    }
  }
  return incident.id;
}

}  // namespace tideline::replay
