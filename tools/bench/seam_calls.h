// SPDX-License-Identifier: Apache-2.0
// One rpc answered two ways by one process: bare, and through the seam and a partition that does
// nothing. The difference is what every service pays before its own work.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/load.h"

namespace tideline::bench {

struct SeamCalls {
  Spread bare;   // calls per second
  Spread query;  // the same as a query: validated, authorised, checked with the store
  Spread ratio;  // query / bare, round by round
};

// `outstanding` calls at a time over a Unix socket; `rounds` rounds of `round` each, interleaved.
absl::StatusOr<SeamCalls> MeasureSeamCalls(int outstanding, int rounds, absl::Duration round);

}  // namespace tideline::bench
