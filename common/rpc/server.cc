// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/server.h"

#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/telemetry/log.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"

namespace tideline::rpc {
namespace {

// A watcher who does not read does not hold up a stop for longer.
constexpr absl::Duration kLastWord = absl::Seconds(1);

using telemetry::Level;

void FromGrpcLog(gpr_log_func_args* args) {
  const Level level = args->severity == GPR_LOG_SEVERITY_ERROR  ? Level::kWarning
                      : args->severity == GPR_LOG_SEVERITY_INFO ? Level::kInfo
                                                                : Level::kDebug;
  if (!telemetry::LogEnabled(level)) return;
  telemetry::Log(level, "grpc",
                 {{"message", args->message}, {"file", args->file}, {"line", args->line}});
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxResponseBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(kHandshakeTimeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(kKeepaliveTime));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kLeastPingInterval));
  // Two processes on one port would share its calls out at random.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("tideline");
  quota.Resize(kMaxBufferBytes);
  builder.SetResourceQuota(quota);
}

// What to dial once the port is known.
std::string Dialable(const std::string& address, int port) {
  if (absl::StartsWith(address, "unix:")) return address;
  const size_t colon = address.rfind(':');
  return absl::StrCat(address.substr(0, colon), ":", port);
}

}  // namespace

bool IsLocal(absl::string_view address) {
  for (absl::string_view prefix : {"unix:", "127.", "localhost:", "[::1]:"}) {
    if (absl::StartsWith(address, prefix)) return true;
  }
  return false;
}

void RouteGrpcLog() { gpr_set_log_function(FromGrpcLog); }

Server::Server() = default;

Server::~Server() {
  if (server_ == nullptr) return;
  Drain(absl::ZeroDuration());
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const Deps& deps, const Bindings& bindings) {
  // Linked in for its descriptor, without which reflection could not describe the health service.
  (void)grpc::health::v1::HealthCheckRequest::descriptor();
  // Debian's Abseil is built with its checks for debugging: every lock of a mutex, gRPC's too,
  // would be looked up in one graph of the process behind one lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  auto server = std::unique_ptr<Server>(new Server);
  server->watches_ = deps.watches;
  grpc::ServerBuilder builder;
  SetLimits(builder);
  for (const auto& service : bindings.services()) builder.RegisterService(service.get());
  for (grpc::Service* service : options.extra_services) builder.RegisterService(service);
  std::vector<int> ports(options.listen.size(), -1);
  for (size_t i = 0; i < options.listen.size(); ++i) {
    if (!IsLocal(options.listen[i]) && !options.accept_unsecured) {
      return absl::FailedPreconditionError(absl::StrCat(
          "refusing to listen on ", options.listen[i],
          ": it is reachable from other machines and nothing is secured; listen on 127.0.0.1 or a "
          "unix: socket, or accept it with --accept_unsecured"));
    }
    builder.AddListeningPort(options.listen[i], grpc::InsecureServerCredentials(), &ports[i]);
  }
  server->server_ = builder.BuildAndStart();
  for (size_t i = 0; i < ports.size(); ++i) {
    if (server->server_ == nullptr || ports[i] == 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", options.listen[i], "; is another server there?"));
    }
    server->addresses_.push_back(Dialable(options.listen[i], ports[i]));
  }
  if (server->server_ == nullptr) return absl::UnavailableError("the gRPC server does not start");
  for (const Router* router : bindings.routers()) server->services_.push_back(router->service());
  server->SetServing(false);
  return server;
}

void Server::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus(serving);
  for (const std::string& service : services_) health->SetServingStatus(service, serving);
}

void Server::Drain(absl::Duration timeout) {
  if (server_ == nullptr) return;
  if (server_->GetHealthCheckService() != nullptr) server_->GetHealthCheckService()->Shutdown();
  // Streams would use up the whole time-out.
  watches_->CloseAll();
  // Their last word must be on its way before the connections go.
  watches_->AwaitNone(std::min(timeout, kLastWord));
  const gpr_timespec deadline =
      gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                   gpr_time_from_millis(absl::ToInt64Milliseconds(timeout), GPR_TIMESPAN));
  server_->Shutdown(deadline);
  server_->Wait();
}

std::shared_ptr<grpc::Channel> Server::InProcessChannel() const {
  return server_->InProcessChannel(grpc::ChannelArguments());
}

}  // namespace tideline::rpc
