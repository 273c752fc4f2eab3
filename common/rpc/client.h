// SPDX-License-Identifier: Apache-2.0
// Small things that every client needs: a channel, a call's metadata and deadline, request ids, and
// the positions that make its reads see its own writes. For tools, outboxes and tests. Thread-safe
// unless noted.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/rpc/identity.h"
#include "common/rpc/status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace tideline::rpc {

// An insecure channel to "127.0.0.1:7480" or "unix:/path", with keepalive and our message limits.
// `service_config` is a service's service_config.json; empty: no retries by gRPC. Not connected
// yet.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const std::string& service_config = "");

// A random request id in the form of a UUID (RFC 9562, version 4).
std::string MakeRequestId();

// How far a client has seen each service's journal. Give it to a call, take the reply's position
// from it, and a later call with the same Cursors sees at least that, in every service.
class Cursors {
 public:
  // "skill_registry=12,work_routing=40"; empty when nothing was seen.
  std::string Format() const;
  void Note(const partition::Position& position);
  // Takes the position from a finished call's trailing metadata.
  void Note(const grpc::ClientContext& context);

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, uint64_t> commits_ ABSL_GUARDED_BY(mutex_);
};

struct CallOptions {
  std::string subject;                         // empty: whoever the channel is
  std::string service;                         // the calling module; empty: none
  absl::Duration timeout = absl::Seconds(10);  // InfiniteDuration: none, for streams
  const Cursors* after = nullptr;              // read what was written there
};

// Prepares a context for one call.
void Prepare(const CallOptions& options, grpc::ClientContext& context);

}  // namespace tideline::rpc
