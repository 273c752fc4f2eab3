// SPDX-License-Identifier: Apache-2.0
// Calls to a suite, blocking, repeated under the same request id until their outcome is known.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::replay {

using Registry = skill_registry::v1::SkillRegistryService::Stub;
using Routing = work_routing::v1::WorkRoutingService::Stub;
using Handoffs = handoff::v1::HandoffService::Stub;
using Monitor = sla_monitor::v1::SlaMonitorService::Stub;

class Session {
 public:
  // How long a call is repeated while its outcome is unknown (a store that restarts takes seconds).
  static constexpr absl::Duration kPatience = absl::Minutes(2);
  // Deadline of one attempt.
  static constexpr absl::Duration kAttempt = absl::Seconds(30);

  // `workspace` is an id; request ids begin with `run`, so two runs never share one.
  Session(std::shared_ptr<grpc::Channel> channel, absl::string_view workspace, std::string run);

  // "workspaces/{workspace}", and names below it.
  const std::string& workspace() const { return workspace_; }
  std::string Name(absl::string_view collection, absl::string_view id) const {
    return absl::StrCat(workspace_, "/", collection, "/", id);
  }

  // Where the last call of a thread stood: "skill_registry=12". For `after` of a later call.
  struct Position {
    std::string text;

    // Both.
    Position operator+(const Position& other) const {
      return {absl::StrCat(text, text.empty() || other.text.empty() ? "" : ",", other.text)};
    }
  };

  // Waits a moment before something is looked at again that only a look can tell.
  static void Pause(absl::Duration time);

  // One call. `after`, when not empty, makes the receiver wait until it has followed that far.
  // The request must carry the request id already (see NextRequestId) when it has such a field.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Registry::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                                const Request& request, Position* position = nullptr) {
    return Repeat<Response>(
        [&](grpc::ClientContext& context, Response& response) {
          return ((*registry_).*method)(&context, request, &response);
        },
        {}, position);
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Routing::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                const Request& request, const Position& after = {},
                                Position* position = nullptr) {
    return Repeat<Response>(
        [&](grpc::ClientContext& context, Response& response) {
          return ((*routing_).*method)(&context, request, &response);
        },
        after, position);
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Handoffs::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                                const Request& request, const Position& after = {},
                                Position* position = nullptr) {
    return Repeat<Response>(
        [&](grpc::ClientContext& context, Response& response) {
          return ((*handoffs_).*method)(&context, request, &response);
        },
        after, position);
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Monitor::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                const Request& request, const Position& after = {}) {
    return Repeat<Response>(
        [&](grpc::ClientContext& context, Response& response) {
          return ((*monitor_).*method)(&context, request, &response);
        },
        after, nullptr);
  }

  std::string NextRequestId() { return absl::StrCat(run_, "-", ++last_request_); }

  Routing& routing() { return *routing_; }
  // Calls made so far, repeats included.
  int64_t calls() const { return calls_.load(std::memory_order_relaxed); }

 private:
  template <class Response, class Send>
  absl::StatusOr<Response> Repeat(const Send& send, const Position& after, Position* position) {
    Response response;
    absl::Status status = RepeatUntilKnown(
        [&](grpc::ClientContext& context) {
          response.Clear();
          return send(context, response);
        },
        after, position);
    if (!status.ok()) return status;
    return response;
  }
  absl::Status RepeatUntilKnown(const std::function<grpc::Status(grpc::ClientContext&)>& send,
                                const Position& after, Position* position);

  const std::string workspace_;
  const std::string run_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Routing> routing_;
  std::unique_ptr<Handoffs> handoffs_;
  std::unique_ptr<Monitor> monitor_;
  std::atomic<uint64_t> last_request_{0};
  std::atomic<int64_t> calls_{0};
};

}  // namespace tideline::replay
