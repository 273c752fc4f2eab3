// SPDX-License-Identifier: Apache-2.0
// What a service's gRPC face is made of: one line per rpc, naming the Core's verb.
//
//   grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
//                                         const AcceptOfferRequest* request,
//                                         AcceptOfferResponse* response) override {
//     return face_.Mutate(context, request, response, &Core::AcceptOffer);
//   }
//
// Everything else happens in the Seam (seam.h): deadline, identity, validation, tokens, the way to
// the partition, status, metrics, log. The rpc is known by its request type, which is its own.
// Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/partition/watch_start.h"
#include "common/rpc/seam.h"

namespace tideline::rpc {

template <class Core>
class Face {
 public:
  explicit Face(std::unique_ptr<Seam> seam) : seam_(std::move(seam)) {}

  // A verb that changes state: the reply leaves when its commit is durable.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Mutate(grpc::CallbackServerContext* context, const Request* request,
                                   Response* response,
                                   absl::StatusOr<Response> (Core::*verb)(const partition::Call&,
                                                                          const Request&,
                                                                          partition::Changes&)) {
    return seam_->Unary(
        context, *request, *response,
        [verb, request, response](partition::Core& core, const partition::Call& call,
                                  partition::Changes* changes) {
          return Take((static_cast<Core&>(core).*verb)(call, *request, *changes), *response);
        });
  }

  // A verb that reads one workspace.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Query(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response,
                                  absl::StatusOr<Response> (Core::*verb)(const partition::Call&,
                                                                         const Request&) const) {
    return seam_->Unary(context, *request, *response, Reader(request, response, verb));
  }

  // A list over all partitions, such as ListWorkspaces: pages go through partition after partition.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* QueryAll(grpc::CallbackServerContext* context, const Request* request,
                                     Response* response,
                                     absl::StatusOr<Response> (Core::*verb)(const partition::Call&,
                                                                            const Request&) const) {
    return seam_->FanOut(context, *request, *response, Reader(request, response, verb));
  }

  // A stream of what happens, from a snapshot or a resume token on.
  template <class Request, class Response>
  grpc::ServerWriteReactor<Response>* Watch(
      grpc::CallbackServerContext* context, const Request* request,
      absl::StatusOr<partition::WatchStart<Response>> (Core::*verb)(const partition::Call&,
                                                                    const Request&) const) {
    return OpenWatch<Response>(*seam_, context, *request,
                               [verb, request](partition::Core& core, const partition::Call& call) {
                                 return (static_cast<const Core&>(core).*verb)(call, *request);
                               });
  }

 private:
  template <class Response>
  static absl::Status Take(absl::StatusOr<Response> answer, Response& response) {
    if (!answer.ok()) return std::move(answer).status();
    response = *std::move(answer);
    return absl::OkStatus();
  }

  template <class Request, class Response>
  static Seam::Run Reader(const Request* request, Response* response,
                          absl::StatusOr<Response> (Core::*verb)(const partition::Call&,
                                                                 const Request&) const) {
    return [verb, request, response](partition::Core& core, const partition::Call& call,
                                     partition::Changes*) {
      return Take((static_cast<const Core&>(core).*verb)(call, *request), *response);
    };
  }

  std::unique_ptr<Seam> seam_;
};

}  // namespace tideline::rpc
