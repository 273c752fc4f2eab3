// SPDX-License-Identifier: Apache-2.0
// Sends the calls that a service's partitions owe to other services, in the name of the service.
// One for every service that owes any:
//
//   auto outbox = std::make_shared<rpc::Outbox>("handoff", deps);
//   spec.owed_sender = outbox.get();
//   bindings.Keep(outbox);
//
// A call has a deadline and is not retried here: the host sends it again until the answer is
// definite. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/partition/host.h"
#include "common/rpc/module.h"

namespace grpc {
class Channel;
}

namespace tideline::rpc {

class Outbox : public partition::OwedSender {
 public:
  // `service` is who calls. Channels are asked of `deps` when the first call is due: the process's
  // own server is not there before.
  Outbox(std::string service, const Deps& deps);
  // Cancels what is under way and waits for it. The hosts must be gone.
  ~Outbox() override;

  void Send(const partition::OwedCall& call, std::vector<partition::Position> after,
            Done done) override;

 private:
  struct Sent;

  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service);

  const std::string service_;
  const decltype(Deps::channel) channel_;
  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
  std::set<Sent*> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline::rpc
