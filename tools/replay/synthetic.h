// SPDX-License-Identifier: Apache-2.0
// A made-up log, so that the replay has something to show where no real log is: one day of work
// that follows the sun over three sites. Pure; any thread.
#pragma once

#include <cstdint>

#include "tools/replay/log.h"

namespace tideline::replay {

struct SampleOptions {
  uint64_t seed = 1;
  int incidents = 200;
};

// The same options give the same log. Two levels of teams in Pune, Krakow and Recife, the vendor's
// and the client's own; incidents arrive over 24 hours at the site that is awake, wait, are
// escalated, handed on at the end of a shift, sent back, put on hold, resolved, closed the next
// day, and some are reopened. A few are still open at the end. Nobody in it exists.
Log MakeSample(const SampleOptions& options);

}  // namespace tideline::replay
