// SPDX-License-Identifier: Apache-2.0
// The toy service as a process would run it, in memory and without sockets unless asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/toy_service.h"

namespace tideline::toy {

class Process : public ::testing::Test {
 protected:
  Process() {
    deps_.clock = &clock_;
    deps_.store = &store_;
    for (auto& loop : loops_) deps_.loops.push_back(loop.get());
    deps_.partitions = 4;
    deps_.metrics = &metrics_;
    deps_.authenticator = &authenticator_;
  }

  void Start(rpc::ServerOptions options = {}) {
    ASSERT_TRUE(store_.Open(deps_.partitions, absl::Seconds(1)).ok());
    bindings_ = std::make_unique<rpc::Bindings>();
    ASSERT_TRUE(Bind(deps_, *bindings_).ok());
    auto server = rpc::Server::Start(options, deps_, *bindings_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    bindings_->Start();
    const absl::Status serving = bindings_->WaitServing(absl::Seconds(10));
    ASSERT_TRUE(serving.ok()) << serving;
    server_->SetServing(true);
    stub_ = v1::ToyService::NewStub(server_->InProcessChannel());
  }

  // One call as `subject`; empty: the trusted "dev".
  template <class Request, class Response>
  absl::Status Do(grpc::Status (v1::ToyService::Stub::*rpc)(grpc::ClientContext*, const Request&,
                                                            Response*),
                  const Request& request, Response* response, std::string subject = "ana") {
    grpc::ClientContext context;
    rpc::Prepare({.subject = std::move(subject), .after = &cursors_}, context);
    const absl::Status status = rpc::FromGrpc(((*stub_).*rpc)(&context, request, response));
    cursors_.Note(context);
    return status;
  }

  absl::StatusOr<v1::Thing> Put(const std::string& title, const std::string& id = "",
                                const std::string& workspace = "acme",
                                const std::string& request_id = "") {
    v1::PutThingRequest request;
    request.set_parent(absl::StrCat("workspaces/", workspace));
    request.mutable_thing()->set_title(title);
    if (!id.empty()) {
      request.mutable_thing()->set_name(absl::StrCat(request.parent(), "/things/", id));
    }
    request.set_request_id(request_id);
    v1::PutThingResponse response;
    const absl::Status status = Do(&v1::ToyService::Stub::PutThing, request, &response);
    if (!status.ok()) return status;
    return response.thing();
  }

  absl::StatusOr<v1::Thing> Get(const std::string& name, const std::string& subject = "ana") {
    v1::GetThingRequest request;
    request.set_name(name);
    v1::GetThingResponse response;
    const absl::Status status = Do(&v1::ToyService::Stub::GetThing, request, &response, subject);
    if (!status.ok()) return status;
    return response.thing();
  }

  SystemClock clock_;
  journal::MemoryStore store_;
  telemetry::Metrics metrics_;
  rpc::UnsecuredAuthenticator authenticator_;
  std::unique_ptr<Loop> loops_[2] = {std::make_unique<Loop>("toy-0"),
                                     std::make_unique<Loop>("toy-1")};
  rpc::Deps deps_;
  rpc::Cursors cursors_;
  std::unique_ptr<rpc::Bindings> bindings_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::ToyService::Stub> stub_;
};

}  // namespace tideline::toy
