// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/load.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"

namespace tideline::bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Slot {
  std::vector<uint32_t> micros;
  uint64_t bad = 0;
  std::string first_error;
};

struct Run {
  SteadyClock::time_point end;
  const StartCall* start;
  std::vector<Slot> slots;
  absl::BlockingCounter left;

  Run(int outstanding, SteadyClock::time_point e, const StartCall* s)
      : end(e), start(s), slots(outstanding), left(outstanding) {}

  void Next(int slot) {
    SteadyClock::time_point begun = SteadyClock::now();
    if (begun >= end) {
      left.DecrementCount();
      return;
    }
    (*start)(slot, [this, slot, begun](std::string error) {
      auto took = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun);
      Slot& mine = slots[slot];
      if (error.empty()) {
        mine.micros.push_back(static_cast<uint32_t>(took.count()));
      } else {
        if (mine.bad++ == 0) mine.first_error = std::move(error);
      }
      Next(slot);
    });
  }
};

}  // namespace

Outcome RunLoad(int outstanding, absl::Duration duration, const StartCall& start) {
  SteadyClock::time_point begun = SteadyClock::now();
  Run run(outstanding, begun + absl::ToChronoNanoseconds(duration), &start);
  for (int slot = 0; slot < outstanding; ++slot) run.Next(slot);
  run.left.Wait();
  double seconds = std::chrono::duration<double>(SteadyClock::now() - begun).count();
  Outcome outcome;
  std::vector<uint32_t> all;
  for (Slot& slot : run.slots) {
    all.insert(all.end(), slot.micros.begin(), slot.micros.end());
    outcome.bad += slot.bad;
    if (outcome.first_error.empty()) outcome.first_error = slot.first_error;
  }
  outcome.good = all.size();
  outcome.per_second = static_cast<double>(all.size()) / seconds;
  if (!all.empty()) {
    auto at = [&all](double share) {
      size_t index = std::min(all.size() - 1, static_cast<size_t>(share * all.size()));
      std::nth_element(all.begin(), all.begin() + index, all.end());
      return all[index] / 1000.0;
    };
    outcome.p50_ms = at(0.50);
    outcome.p99_ms = at(0.99);
  }
  return outcome;
}

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

}  // namespace tideline::bench
