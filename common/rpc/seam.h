// SPDX-License-Identifier: Apache-2.0
// The one seam to gRPC: what happens to every call between the wire and its partition.
//
//   wire -> method, identity, deadline, validation, tokens -> partition::Host::Execute
//        <- status, position, next page, metrics, log      <- done
//
// One per gRPC service; made at start, when everything that can be looked up is. Unary calls run on
// gRPC's threads on the way in and are answered on the partition's loop. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/partition/watch_start.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/methods.h"
#include "common/rpc/module.h"
#include "common/rpc/token.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace tideline::rpc {

// A call without a deadline would wait for a store that is away for ever.
inline constexpr absl::Duration kDefaultDeadline = absl::Seconds(10);
// The longest a unary call may wait, whatever it asks for.
inline constexpr absl::Duration kLongestDeadline = absl::Seconds(60);

class Seam {
 public:
  // Runs a verb; `changes` is null in a query.
  using Run = std::function<absl::Status(partition::Core& core, const partition::Call& call,
                                         partition::Changes* changes)>;

  // `Service` is the generated service class. FAILED_PRECONDITION when a method lacks kind or
  // roles.
  template <class Service>
  static absl::StatusOr<std::unique_ptr<Seam>> Create(const Deps& deps, const Router& router) {
    return Create(deps, router, Service::service_full_name());
  }
  static absl::StatusOr<std::unique_ptr<Seam>> Create(const Deps& deps, const Router& router,
                                                      const std::string& service);

  // The request and response live until the call is finished; the request is the seam's to change
  // (output-only fields, tokens).
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, Run run);

  // As Unary, over every partition in turn; the request has pages.
  grpc::ServerUnaryReactor* FanOut(grpc::CallbackServerContext* context,
                                   const google::protobuf::Message& request,
                                   google::protobuf::Message& response, Run run);

  // --- for streams (watch.h)

  // A call that passed everything on this side of the partition.
  struct Prepared {
    std::unique_ptr<partition::Request> request;
    std::string caller;
    std::string scope;   // request bytes that tokens are bound to; empty: the method has none
    std::string cursor;  // what its token held; empty: from the start
    int page_size = 0;
  };
  absl::StatusOr<Prepared> Prepare(const grpc::CallbackServerContext& context, const Method& method,
                                   google::protobuf::Message& request) const;
  const Method* Find(const google::protobuf::Message& request) const {
    return methods_.Find(request.GetDescriptor());
  }
  const Router& router() const { return router_; }
  const TokenSealer& tokens() const { return tokens_; }
  Watches& watches() const { return *watches_; }
  // Counts and logs a finished call. `status` as it leaves.
  void Record(const Method& method, const grpc::ServerContextBase& context,
              partition::MonotonicTime start, absl::string_view caller, absl::string_view workspace,
              const absl::Status& status) const;
  const CallMetrics& metrics(const Method& method) const { return *metrics_.at(&method); }

 private:
  struct UnaryCall;
  struct FanOutCall;

  Seam(const Deps& deps, const Router& router, MethodTable methods);

  // Null when the call is finished already.
  std::unique_ptr<UnaryCall> Begin(grpc::CallbackServerContext* context,
                                   grpc::ServerUnaryReactor* reactor,
                                   const google::protobuf::Message& request,
                                   google::protobuf::Message& response, Run run) const;
  absl::Status TakeToken(const Method& method, google::protobuf::Message& request,
                         Prepared& prepared) const;
  void Finish(UnaryCall& call, absl::Status status, const partition::Position& position) const;
  void AskNext(std::shared_ptr<FanOutCall> all) const;
  void OnPart(std::shared_ptr<FanOutCall> all, const partition::Position& position) const;

  const Router& router_;
  const MethodTable methods_;
  const Authenticator& authenticator_;
  const TokenSealer tokens_;
  const std::shared_ptr<Watches> watches_;
  absl::flat_hash_map<const Method*, std::unique_ptr<CallMetrics>> metrics_;
};

}  // namespace tideline::rpc

#include "common/rpc/watch.h"  // IWYU pragma: export
