// SPDX-License-Identifier: Apache-2.0
// skill_registry, work_routing and handoff as processes of their own over one Redis, with two
// people between whom items go, and clients that repeat each call under one request id until its
// outcome is known.
//
// The thread that makes it starts, kills and revives; Hand and its like may be called by others.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/client.h"
#include "tests/chaos/commit_gate.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::chaos {

class HandoffTown {
 public:
  enum class Victim { kHandoff, kWorkRouting, kRedis };
  static const char* NameOf(Victim victim);

  // How long a call, or a handoff that completes by itself, may take over crashes.
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  explicit HandoffTown(testing::RedisServer& redis);
  // Starts the three and makes the scene.
  absl::Status Open();

  CommitGate& gate() { return gate_; }
  // SIGKILL at once; any thread.
  void Kill(Victim victim);
  // Reaps and starts again; the thread that made this alone.
  void Revive(Victim victim);

  // A new item in the giver's hands.
  absl::StatusOr<work_routing::v1::WorkItem> NewItem();
  // Hands it to the receiver, who reads it back, and waits until custody has moved by itself. Looks
  // at handoff and item all the while: the first thing that cannot be is the error.
  absl::Status Hand(const work_routing::v1::WorkItem& item);
  // What is wrong with an item that was handed once; empty: one holder, one transfer, and its
  // intervals of accountability tile its life.
  std::string Examine(const work_routing::v1::WorkItem& before);
  // The last lines of the services' logs.
  std::string Logs() const;

 private:
  using Registry = skill_registry::v1::SkillRegistryService::Stub;
  using Routing = work_routing::v1::WorkRoutingService::Stub;
  using Handoffs = handoff::v1::HandoffService::Stub;

  void Start(const std::string& service);
  std::string AddressOf(const std::string& service) const {
    return absl::StrCat("unix:", folder_.path(), "/", service);
  }
  absl::Status MakeScene();
  absl::Status MakePerson(const std::string& id, const std::string& team, bool available);
  // Both sides of one moment.
  absl::Status Look(const std::string& item, const std::string& handoff, bool* transferred);

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request);
  // With a request id of its own.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Do(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              Request request);

  testing::RedisServer& redis_;
  testing::TempFolder folder_;
  CommitGate gate_;
  std::map<std::string, std::unique_ptr<testing::Process>> processes_;
  std::map<std::string, std::atomic<pid_t>> pids_;
  std::tuple<std::unique_ptr<Registry>, std::unique_ptr<Routing>, std::unique_ptr<Handoffs>> stubs_;
  rpc::Cursors seen_;
  std::atomic<int> last_id_{0};
};

}  // namespace tideline::chaos
