// SPDX-License-Identifier: Apache-2.0
// How late alerts are: sla_monitor in its host, in real time, over a store in memory whose upstream
// journals were written beforehand. Blocks for as long as it measures.
#pragma once

#include <cstdint>

#include "tools/bench/sla_scene.h"

namespace tideline::bench {

// From the instant at which a clock reached something until a reader of sla_monitor's journal had
// the alert, in milliseconds.
struct Lateness {
  Percentiles steady;  // 1,000 alerts a second
  Percentiles burst;   // all at one instant
  int64_t burst_alerts = 0;
  int64_t alerts = 0;  // both; 0: the clocks were not followed in time
};

// With so many running clocks; the most urgent of them breach while it measures.
Lateness MeasureLateness(int64_t clocks);

}  // namespace tideline::bench
