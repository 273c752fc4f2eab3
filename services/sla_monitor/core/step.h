// SPDX-License-Identifier: Apache-2.0
// What one step of the Core has touched: the records of its clocks are written once, when the step
// ends. Lives on the stack of a verb.
#pragma once

#include <string>
#include <vector>

#include "services/sla_monitor/core/core.h"

namespace tideline::sla_monitor {

struct Core::Step {
  Step(Core& core, const Call& call, Changes& changes)
      : core(core), call(call), changes(changes), now(ToMicros(call.now)) {}
  ~Step();  // writes the records
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void Touch(Clock& clock) {
    if (clock.touched) return;
    clock.touched = true;
    clocks.push_back(&clock);
  }
  // A new id, different for each call of it in the step.
  std::string NewId() { return partition::MakeId(call.entropy, ids++); }

  Core& core;
  const Call& call;
  Changes& changes;
  const Micros now;
  uint32_t ids = 0;
  std::vector<Clock*> clocks;  // records to write
};

}  // namespace tideline::sla_monitor
