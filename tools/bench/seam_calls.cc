// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/seam_calls.h"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/face.h"
#include "common/rpc/server.h"
#include "tools/bench/echo.grpc.pb.h"
#include "tools/bench/echo.pb.h"
#include "tools/bench/scene.h"

namespace tideline::bench {
namespace {

namespace routing = work_routing::v1;

// Answers with a fixed response and keeps nothing.
class EchoCore final : public partition::Core {
 public:
  std::vector<std::string> Kinds() const override { return {}; }
  absl::Status Restore(absl::string_view, absl::string_view, absl::string_view) override {
    return absl::OkStatus();
  }
  absl::Status Restored() override { return absl::OkStatus(); }
  partition::Grant GrantOf(absl::string_view, absl::string_view) const override {
    partition::Grant grant;
    grant.roles.Add(type::v1::ROLE_OPERATOR);
    return grant;
  }
  void Dump(std::string&) const override {}
  absl::StatusOr<routing::SubmitWorkItemResponse> Echo(
      const partition::Call&, const routing::SubmitWorkItemRequest& request) const {
    routing::SubmitWorkItemResponse response;
    *response.mutable_work_item() = request.work_item();
    return response;
  }
};

class BareEcho final : public v1::EchoService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const routing::SubmitWorkItemRequest* request,
                                 routing::SubmitWorkItemResponse* response) override {
    *response->mutable_work_item() = request->work_item();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class SeamEcho final : public v1::EchoService::CallbackService {
 public:
  explicit SeamEcho(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const routing::SubmitWorkItemRequest* request,
                                 routing::SubmitWorkItemResponse* response) override {
    return face_.Query(context, request, response, &EchoCore::Echo);
  }

 private:
  rpc::Face<EchoCore> face_;
};

// A process with one service, on a Unix socket.
struct Process {
  SystemClock clock;
  journal::MemoryStore store;
  telemetry::Metrics metrics;
  rpc::UnsecuredAuthenticator authenticator;
  std::unique_ptr<Loop> loop = std::make_unique<Loop>("echo");
  rpc::Deps deps;
  std::unique_ptr<rpc::Bindings> bindings = std::make_unique<rpc::Bindings>();
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<v1::EchoService::Stub> stub;
};

absl::StatusOr<std::unique_ptr<Process>> StartProcess(const std::string& socket, bool seam) {
  auto process = std::make_unique<Process>();
  rpc::Deps& deps = process->deps;
  deps.clock = &process->clock;
  deps.store = &process->store;
  deps.loops = {process->loop.get()};
  deps.partitions = 1;
  deps.metrics = &process->metrics;
  deps.authenticator = &process->authenticator;
  TL_RETURN_IF_ERROR(process->store.Open(1, absl::Seconds(1)));
  if (seam) {
    rpc::HostSpec spec;
    spec.service = "echo";
    spec.make_core = [] { return std::make_unique<EchoCore>(); };
    const rpc::Router& router = process->bindings->AddHosts(deps, std::move(spec));
    TL_ASSIGN_OR_RETURN(auto made, rpc::Seam::Create<v1::EchoService>(deps, router));
    process->bindings->AddService(std::make_unique<SeamEcho>(std::move(made)));
  } else {
    process->bindings->AddService(std::make_unique<BareEcho>());
  }
  TL_ASSIGN_OR_RETURN(
      process->server,
      rpc::Server::Start({.listen = {absl::StrCat("unix:", socket)}}, deps, *process->bindings));
  process->bindings->Start();
  TL_RETURN_IF_ERROR(process->bindings->WaitServing(absl::Seconds(10)));
  process->stub = v1::EchoService::NewStub(rpc::MakeChannel(process->server->addresses()[0]));
  return process;
}

struct Call {
  grpc::ClientContext context;
  routing::SubmitWorkItemRequest request;
  routing::SubmitWorkItemResponse response;
};

absl::StatusOr<double> Rate(Process& process, int outstanding, absl::Duration round) {
  const Outcome outcome =
      RunLoad(outstanding, round, [&](int slot, std::function<void(std::string)> done) {
        auto* call = new Call;
        rpc::Prepare({.subject = kSubject}, call->context);
        call->request.set_parent(kWorkspace);
        FillItem(static_cast<uint64_t>(slot), {}, kOfferQueue, *call->request.mutable_work_item());
        process.stub->async()->Echo(&call->context, &call->request, &call->response,
                                    [call, done = std::move(done)](const grpc::Status& status) {
                                      delete call;
                                      done(status.ok() ? "" : status.error_message());
                                    });
      });
  if (outcome.bad != 0) return absl::InternalError(outcome.first_error);
  return outcome.per_second;
}

}  // namespace

absl::StatusOr<SeamCalls> MeasureSeamCalls(int outstanding, int rounds, absl::Duration round) {
  // A file without messages is not linked for its own sake, and its service's options are needed.
  static const void* volatile keep = &::descriptor_table_tools_2fbench_2fecho_2eproto;
  (void)keep;
  const auto folder =
      std::filesystem::temp_directory_path() / absl::StrCat("bench-seam-", getpid());
  std::filesystem::create_directory(folder);
  TL_ASSIGN_OR_RETURN(auto bare, StartProcess((folder / "bare").string(), false));
  TL_ASSIGN_OR_RETURN(auto seam, StartProcess((folder / "seam").string(), true));
  std::vector<double> bare_rates, seam_rates, ratios;
  for (int i = 0; i < rounds; ++i) {
    TL_ASSIGN_OR_RETURN(const double bare_rate, Rate(*bare, outstanding, round));
    TL_ASSIGN_OR_RETURN(const double seam_rate, Rate(*seam, outstanding, round));
    bare_rates.push_back(bare_rate);
    seam_rates.push_back(seam_rate);
    ratios.push_back(seam_rate / bare_rate);
  }
  bare.reset();
  seam.reset();
  std::filesystem::remove_all(folder);
  return SeamCalls{SpreadOf(bare_rates), SpreadOf(seam_rates), SpreadOf(ratios)};
}

}  // namespace tideline::bench
