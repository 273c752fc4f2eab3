// SPDX-License-Identifier: Apache-2.0
// The log's column of the reconciliation, counted from what was observed and nothing else: it knows
// neither the plan nor the suite. Pure; any thread.
#pragma once

#include "tools/replay/facts.h"
#include "tools/replay/log.h"

namespace tideline::replay {

// Moves are changes of team between successive observations. A reopen is an observation of work
// (queued, working, waiting) right after a result. A move from a result to another result is no
// reopen: the work was closed elsewhere. An item that was closed at least once since its last
// reopen is completed.
FactsById Count(const Log& log);

}  // namespace tideline::replay
