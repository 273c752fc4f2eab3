// SPDX-License-Identifier: Apache-2.0
// Clients that live through crashes: each takes items through their lives and sends every call with
// one request id until its outcome is definite.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/history.h"
#include "tools/bench/scene.h"

namespace grpc {
class Channel;
}

namespace tideline::chaos {

struct WorkloadOptions {
  std::string address;
  int clients = 8;
  uint64_t seed = 1;
  bench::SceneOptions scene;
};

class Workload {
 public:
  Workload(WorkloadOptions options, History& history);
  // Resume starts the clients; Pause lets each finish the call it is at (the suite must be up, or
  // come up) and joins them.
  void Resume();
  void Pause();
  ~Workload();

  // Calls that ended well so far.
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  class Client;
  WorkloadOptions options_;
  History& history_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
};

// A channel that comes back quickly after its server does.
std::shared_ptr<grpc::Channel> QuickChannel(const std::string& address);

}  // namespace tideline::chaos
