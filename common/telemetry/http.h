// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for what machines ask of a process: /metrics, /livez, /readyz, /version.
//
// One thread; GET and HEAD only; no bodies. A peer can hold it up by no more than the limits below:
// a request must be complete within the time-out, connections over the limit are closed at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tideline::telemetry {

// A scraper, two probes and a person with curl, many times over.
inline constexpr int kMaxHttpConnections = 64;
inline constexpr size_t kMaxHttpHeaderBytes = 8192;
inline constexpr absl::Duration kHttpTimeout = absl::Seconds(10);

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse()>;
  // Exact paths; queries are ignored. Handlers run on the server's thread and must not block long.
  using Routes = std::vector<std::pair<std::string, Handler>>;

  // Listens on an address such as "127.0.0.1:9464", "[::1]:0" or "[::]:9464"; port 0 takes a free
  // one. INVALID_ARGUMENT when it is no address, UNAVAILABLE when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(absl::string_view address,
                                                           Routes routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  // "127.0.0.1:9464", "[::1]:40001".
  std::string address() const;

 private:
  class Listener;
  class Session;
  HttpServer();
  std::unique_ptr<Listener> listener_;
};

class Metrics;

// The four paths. `ready` answers OK or why not (503 with the reason as text); `live` likewise.
HttpServer::Routes StandardRoutes(Metrics& metrics, std::function<absl::Status()> live,
                                  std::function<absl::Status()> ready, std::string version,
                                  std::string revision);

}  // namespace tideline::telemetry
