// SPDX-License-Identifier: Apache-2.0
// A bar on stderr that shows how far a run has come. Shows nothing where stderr is no terminal, so
// that logs stay clean. One thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "tools/replay/stopwatch.h"

namespace tideline::replay {

class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  // Takes the bar away.
  ~ProgressBar();

  // Redraws at most ten times a second.
  void Show(int64_t done, int64_t total);

 private:
  const std::string label_;
  const bool shown_;
  const Stopwatch since_start_;
  Stopwatch since_drawn_;
  bool drawn_ = false;
};

}  // namespace tideline::replay
