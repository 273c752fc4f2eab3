// SPDX-License-Identifier: Apache-2.0
// Spoils one move of a log before the suite is driven by it, to show that the reconciliation
// notices. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tools/replay/log.h"

namespace tideline::replay {

enum class Fault {
  kNone,
  kDrop,      // the move does not happen: the old team goes on
  kDouble,    // the move is made, undone and made again
  kMisroute,  // the move goes to a team that is neither the old nor the new one
};

// Spoils the first move of one incident, which `seed` chooses, and returns that incident's id.
// FAILED_PRECONDITION when the log has no move (for kMisroute: no third team) to spoil.
absl::StatusOr<std::string> Spoil(Fault fault, uint64_t seed, Log& log);

}  // namespace tideline::replay
