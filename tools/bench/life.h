// SPDX-License-Identifier: Apache-2.0
// The full life of an item, from submission to completion, in its two forms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/load.h"
#include "tools/bench/scene.h"

namespace tideline::bench {

struct LifeOptions {
  std::string workspace;
  std::string subject;
  SceneOptions scene;
  int outstanding = 64;
  absl::Duration duration;
};

using Channels = std::vector<std::shared_ptr<grpc::Channel>>;

// Submit, accept the offer, submit the result, approve it: four unary calls, `outstanding` lives at
// once. The outcome counts lives.
absl::StatusOr<Outcome> RunUnaryLives(const Channels& channels, const LifeOptions& options);

// Batches of submissions into a queue that assigns and completes by itself, assignments on a
// stream, batches of results. Counts lives whose results were accepted.
absl::StatusOr<Outcome> RunStreamedLives(const Channels& channels, const LifeOptions& options);

}  // namespace tideline::bench
