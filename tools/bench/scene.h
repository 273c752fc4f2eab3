// SPDX-License-Identifier: Apache-2.0
// The scene of the benchmarks: one workspace with 20 teams, 50 skills and 1,000 experts online, and
// queues that offer or assign. Built through gRPC, as a customer would.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace grpc {
class Channel;
}

namespace tideline::bench {

struct SceneOptions {
  int teams = 20;
  int skills = 50;
  int experts = 1000;
  int skills_per_expert = 10;
  int capacity_units = 10'000;
};

inline constexpr char kWorkspace[] = "workspaces/bench";
inline constexpr char kOfferQueue[] = "workspaces/bench/queues/offer";
inline constexpr char kAssignQueue[] = "workspaces/bench/queues/assign";
// The subject that calls; it has a Member record, so roles are enforced for every call.
inline constexpr char kSubject[] = "system:bench";

absl::Status BuildScene(const std::shared_ptr<grpc::Channel>& channel, const SceneOptions& options);

// The n-th item: two required skills, 300 bytes of payload, a request id of its own.
void FillItem(uint64_t n, const SceneOptions& options, const char* queue,
              work_routing::v1::WorkItem& item);

}  // namespace tideline::bench
