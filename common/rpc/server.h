// SPDX-License-Identifier: Apache-2.0
// The gRPC server of a process: the services of its Bindings, health (grpc.health.v1), reflection,
// and limits on what a peer may cost. Callable over sockets and in process.
//
// Thread-safe after Start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rpc/module.h"

namespace grpc {
class Channel;
class ChannelArguments;
class Server;
class Service;
}  // namespace grpc

namespace tideline::rpc {

// A batch of 256 items at 1 KiB, with room for the envelope; larger messages are refused before
// they are parsed.
inline constexpr int kMaxRequestBytes = 256 << 10;
// A page or a batch response of 1 MiB, and the last element that carried it over.
inline constexpr int kMaxResponseBytes = 2 << 20;
// Metadata are a token, a few positions and a trace: 8 KiB is gRPC's own default, stated.
inline constexpr int kMaxMetadataBytes = 8 << 10;
// Calls in flight on one connection; a batch job at 256 outstanding fits four times.
inline constexpr int kMaxConcurrentStreams = 1024;
// TLS and HTTP/2 preface of a new connection.
inline constexpr absl::Duration kHandshakeTimeout = absl::Seconds(10);
// A peer that vanished is noticed after these two.
inline constexpr absl::Duration kKeepaliveTime = absl::Minutes(2);
inline constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(20);
// Clients may ping this often when idle.
inline constexpr absl::Duration kLeastPingInterval = absl::Seconds(10);
// What gRPC's buffers may hold in all; beyond it connections are slowed and then refused.
inline constexpr size_t kMaxBufferBytes = size_t{512} << 20;

struct ServerOptions {
  // "127.0.0.1:7480", "[::1]:0" (0: any free port), "unix:/path". Empty: in process only.
  std::vector<std::string> listen;
  // Listen beyond loopback although nothing is secured.
  bool accept_unsecured = false;
  std::vector<grpc::Service*> extra_services;  // outlive the server
};

class Server {
 public:
  // Registers the services of `bindings`, which outlive the server, and begins to listen; health
  // says NOT_SERVING until SetServing. FAILED_PRECONDITION for an address beyond loopback,
  // UNAVAILABLE when one cannot be bound.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const Deps& deps, const Bindings& bindings);
  // Cancels what is still running.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What health answers, for the server as a whole and for each service.
  void SetServing(bool serving);

  // Refuses new calls and lets those under way finish, up to `timeout`; streams end with
  // UNAVAILABLE (DRAINING) and can be resumed elsewhere. Blocks. What is not finished then is
  // cancelled.
  void Drain(absl::Duration timeout);

  // A channel that needs no socket. Its calls pass the same seam.
  std::shared_ptr<grpc::Channel> InProcessChannel() const;

  // What to dial, one per `listen`, with the ports that were taken.
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  Server();
  std::shared_ptr<Watches> watches_;
  std::vector<std::string> services_;
  std::vector<std::string> addresses_;
  std::unique_ptr<grpc::Server> server_;
};

// Whether an address is reachable from this machine only.
bool IsLocal(absl::string_view address);

// Sends gRPC's own log lines into ours. Once per process, before gRPC is used.
void RouteGrpcLog();

}  // namespace tideline::rpc
