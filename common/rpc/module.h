// SPDX-License-Identifier: Apache-2.0
// How a service becomes part of a process: its module gets Deps and fills Bindings.
//
//   // services/work_routing/module.cc
//   absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
//     const rpc::Router& router = bindings.AddHosts(deps, {
//         .service = "work_routing",
//         .follows = {"skill_registry"},
//         .make_core = [] { return std::make_unique<Core>(); },
//     });
//     TL_ASSIGN_OR_RETURN(auto seam, rpc::Seam::Create<v1::WorkRoutingService>(deps, router));
//     bindings.AddService(std::make_unique<Service>(std::move(seam)));
//     return absl::OkStatus();
//   }
//
// One process, one Deps; `services/suite` binds every module to the same one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"
#include "common/partition/host.h"
#include "common/rpc/identity.h"
#include "common/rpc/router.h"
#include "common/rpc/watches.h"
#include "common/telemetry/metrics.h"
#include "common/time/clock.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace tideline::rpc {

// Enough to spread over a few machines later; each costs a connection and some kilobytes.
inline constexpr int kDefaultPartitions = 16;

// What a module may use of its process. Everything outlives the Bindings.
struct Deps {
  const Clock* clock = nullptr;     // required
  journal::Store* store = nullptr;  // required, opened
  std::vector<Loop*> loops;         // at least one; partition p lives on loops[p % size]
  int partitions = kDefaultPartitions;
  std::string replica = "local";                 // this process's name in ownership
  telemetry::Metrics* metrics = nullptr;         // required
  const Authenticator* authenticator = nullptr;  // required
  // Binds page and resume tokens to their caller and filters. Replicas of one installation share
  // it.
  std::string token_key = "tideline";
  bool accept_clock_behind = false;  // as HostOptions
  bool keep_load_digest = false;     // as HostOptions
  // The process's streams. A copy of Deps shares it.
  std::shared_ptr<Watches> watches = std::make_shared<Watches>();
  // A channel to another service, for owed calls; the in-process one where the suite hosts it. Not
  // connected yet. Called from Bind or later, any thread. May be null in a service that owes none.
  std::function<std::shared_ptr<grpc::Channel>(absl::string_view service)> channel;
};

// One service's partitions.
struct HostSpec {
  std::string service;                           // "work_routing"
  std::vector<std::string> follows;              // upstream services, same partition each
  partition::Host::CoreFactory make_core;        // called on the partition's loop
  partition::OwedSender* owed_sender = nullptr;  // kept alive by Bindings::Keep, or by the caller
};

// What the modules of a process contributed. Not thread-safe: one thread builds, starts and drains.
class Bindings {
 public:
  Bindings();
  // Destroys the hosts on their loops. The gRPC server must be gone.
  ~Bindings();
  Bindings(const Bindings&) = delete;
  Bindings& operator=(const Bindings&) = delete;

  // Opens the journals of all partitions and makes their hosts; they start with Start. The router
  // lives as long as the Bindings.
  const Router& AddHosts(const Deps& deps, HostSpec spec);

  // A gRPC service for the server to register.
  void AddService(std::unique_ptr<grpc::Service> service);

  // Keeps something alive until the hosts are gone (an outbox, a config).
  void Keep(std::shared_ptr<void> object);

  const std::vector<std::unique_ptr<grpc::Service>>& services() const { return services_; }
  // One per AddHosts.
  std::vector<const Router*> routers() const;

  // Starts every host.
  void Start();
  // Waits until every host serves. DEADLINE_EXCEEDED or the reason of a stopped one, naming it.
  absl::Status WaitServing(absl::Duration timeout);
  // Whether every host serves now, and if not, which and why. For /readyz. Blocks briefly.
  absl::Status Ready() const;
  // No host starts an owed call after this: before a server goes whose in-process channel they use,
  // as gRPC does not bear a call begun on one whose server is gone. Waits for the hosts' loops.
  void StopOwed();
  // Upstream events that could not be applied, a line each: service and partition, where the event
  // stands, its subject, tries, why. For people; any thread, blocks briefly.
  std::string ListAnomalies() const;
  // Lets batches under way finish; afterwards the hosts answer nothing. Up to `timeout`.
  absl::Status Drain(absl::Duration timeout);

 private:
  struct Partitions;
  std::atomic<bool> draining_ = false;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::unique_ptr<Partitions>> partitions_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
};

using BindFunction = std::function<absl::Status(const Deps&, Bindings&)>;

}  // namespace tideline::rpc
