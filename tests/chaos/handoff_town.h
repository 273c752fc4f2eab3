// SPDX-License-Identifier: Apache-2.0
// A town in which items go from one person to another: skill_registry, work_routing and handoff,
// each a process.
#pragma once

#include <memory>
#include <string>

#include "tests/chaos/town.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::chaos {

class HandoffTown : public Town {
 public:
  enum class Victim { kHandoff, kWorkRouting, kRedis };
  static const char* NameOf(Victim victim);

  explicit HandoffTown(testing::RedisServer& redis);
  // Starts the three and makes the scene.
  absl::Status Open();

  void Kill(Victim victim) { Town::Kill(NameOf(victim)); }
  void Revive(Victim victim) { Town::Revive(NameOf(victim)); }

  // A new item in the giver's hands.
  absl::StatusOr<work_routing::v1::WorkItem> NewItem();
  // Hands it to the receiver, who reads it back, and waits until custody has moved by itself. Looks
  // at handoff and item all the while: the first thing that cannot be is the error.
  absl::Status Hand(const work_routing::v1::WorkItem& item);
  // What is wrong with an item that was handed once; empty: one holder, one transfer, and its
  // intervals of accountability tile its life.
  std::string Examine(const work_routing::v1::WorkItem& before);

 private:
  using Routing = work_routing::v1::WorkRoutingService::Stub;
  using Handoffs = handoff::v1::HandoffService::Stub;

  absl::Status MakeScene();
  // Both sides of one moment.
  absl::Status Look(const std::string& item, const std::string& handoff, bool* transferred);

  std::unique_ptr<Routing> routing_;
  std::unique_ptr<Handoffs> handoffs_;
};

}  // namespace tideline::chaos
