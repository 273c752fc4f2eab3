// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"

#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "common/redis/address.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/version.h"
#include "common/telemetry/http.h"
#include "common/telemetry/log.h"

ABSL_FLAG(std::vector<std::string>, listen, {"127.0.0.1:7480"},
          "Where to serve gRPC: ADDRESS:PORT (0: any free port) or unix:/path; several by commas.");
ABSL_FLAG(std::string, metrics_listen, "127.0.0.1:7481",
          "Where to serve /metrics, /livez, /readyz and /version; empty: nowhere.");
ABSL_FLAG(std::string, store, "",
          "redis://ADDRESS:PORT, unix:///path/to/redis.sock, or memory (gone with the process).");
ABSL_FLAG(std::string, password_file, "", "File whose first line is the store's password.");
ABSL_FLAG(int, partitions, tideline::rpc::kDefaultPartitions,
          "Partitions of the installation; refused if the store was set up with another number.");
ABSL_FLAG(std::string, replica, "",
          "This process's name among those that share the store; empty: the host's name.");
ABSL_FLAG(int, threads, 0, "Threads that run partitions; 0: one per core.");
ABSL_FLAG(std::string, log_level, "info", "debug, info, warning, error or off.");
ABSL_FLAG(std::vector<std::string>, peers, {},
          "Other services to call, such as skill_registry=127.0.0.1:7482.");
ABSL_FLAG(absl::Duration, open_timeout, absl::Seconds(30), "How long to wait for the store.");
ABSL_FLAG(absl::Duration, start_timeout, absl::Minutes(2), "How long partitions may load.");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(20),
          "How long a stopping server lets calls finish.");
ABSL_FLAG(bool, accept_unsecured, false, "Listen beyond loopback although nothing is secured.");
ABSL_FLAG(bool, accept_not_durable, false,
          "Start on a store that does not sync every write to disk.");
ABSL_FLAG(bool, accept_clock, false,
          "Start although the clock is far from the store's newest time.");

namespace tideline::rpc {
namespace {

using telemetry::Level;

// Everything a process owns, in the order in which it is made; it goes in the opposite one.
struct Process {
  telemetry::Metrics metrics;
  std::shared_ptr<void> process_metrics;
  SystemClock clock;
  UnsecuredAuthenticator authenticator;
  std::unique_ptr<journal::Store> store;
  std::vector<std::unique_ptr<Loop>> loops;
  std::map<std::string, std::shared_ptr<grpc::Channel>> peers;
  Deps deps;
  std::unique_ptr<Bindings> bindings;
  std::unique_ptr<Server> server;
  std::unique_ptr<telemetry::HttpServer> http;
};

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--password_file ", path, " cannot be read or is empty"));
  }
  return line;
}

absl::StatusOr<std::unique_ptr<journal::Store>> MakeStore() {
  const std::string url = absl::GetFlag(FLAGS_store);
  if (url.empty()) {
    return absl::InvalidArgumentError(
        "--store is missing: redis://ADDRESS:PORT, unix:///path/to/redis.sock or memory");
  }
  if (url == "memory") return std::make_unique<journal::MemoryStore>();
  TL_ASSIGN_OR_RETURN(redis::Address address, redis::ParseAddress(url));
  if (const std::string file = absl::GetFlag(FLAGS_password_file); !file.empty()) {
    TL_ASSIGN_OR_RETURN(address.password, ReadPassword(file));
  }
  return std::make_unique<journal::RedisStore>(
      journal::RedisStoreOptions{redis::FixedEndpoint(std::move(address))});
}

absl::Status OpenStore(Process& process) {
  TL_ASSIGN_OR_RETURN(process.store, MakeStore());
  TL_RETURN_IF_ERROR(
      process.store->Open(absl::GetFlag(FLAGS_partitions), absl::GetFlag(FLAGS_open_timeout)));
  TL_ASSIGN_OR_RETURN(const journal::StoreInfo info, process.store->Inspect());
  for (const std::string& warning : info.warnings) {
    telemetry::Log(Level::kWarning, "store.warning", {{"message", warning}});
  }
  const bool memory = absl::GetFlag(FLAGS_store) == "memory";
  if (!memory && !info.durable && !absl::GetFlag(FLAGS_accept_not_durable)) {
    return absl::FailedPreconditionError(absl::StrCat(
        info.description,
        " does not sync every write, so what is acknowledged could be lost: set "
        "appendonly yes and appendfsync always, or accept it with --accept_not_durable"));
  }
  telemetry::Log(Level::kInfo, "store.open", {{"store", info.description}});
  return absl::OkStatus();
}

absl::Status FillDeps(Process& process) {
  Deps& deps = process.deps;
  for (const std::string& peer : absl::GetFlag(FLAGS_peers)) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(peer, absl::MaxSplits('=', 1));
    if (pair.second.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--peers: '", peer, "' is not SERVICE=ADDRESS"));
    }
    process.peers[pair.first] = MakeChannel(pair.second);
  }
  int threads = absl::GetFlag(FLAGS_threads);
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  threads = std::clamp(threads, 1, absl::GetFlag(FLAGS_partitions));
  for (int i = 0; i < threads; ++i) {
    process.loops.push_back(std::make_unique<Loop>(absl::StrCat("partitions-", i)));
    deps.loops.push_back(process.loops.back().get());
  }
  deps.clock = &process.clock;
  deps.store = process.store.get();
  deps.partitions = absl::GetFlag(FLAGS_partitions);
  deps.replica = absl::GetFlag(FLAGS_replica);
  if (deps.replica.empty()) {
    char name[256] = {};
    gethostname(name, sizeof(name) - 1);
    deps.replica = name;
  }
  deps.metrics = &process.metrics;
  deps.authenticator = &process.authenticator;
  deps.accept_clock_behind = absl::GetFlag(FLAGS_accept_clock);
  deps.channel = [&process](absl::string_view service) {
    const auto it = process.peers.find(std::string(service));
    return it == process.peers.end() ? nullptr : it->second;
  };
  return absl::OkStatus();
}

absl::Status StartHttp(Process& process) {
  const std::string address = absl::GetFlag(FLAGS_metrics_listen);
  if (address.empty()) return absl::OkStatus();
  auto routes = telemetry::StandardRoutes(
      process.metrics, [] { return absl::OkStatus(); },
      [&process] { return process.bindings->Ready(); }, kVersion, kRevision);
  routes.emplace_back("/debug/anomalies", [&process] {
    return telemetry::HttpResponse{.body = process.bindings->ListAnomalies()};
  });
  TL_ASSIGN_OR_RETURN(process.http, telemetry::HttpServer::Start(address, std::move(routes)));
  return absl::OkStatus();
}

absl::Status StartAll(const Program& program, Process& process) {
  process.process_metrics = telemetry::AddProcessMetrics(process.metrics, kVersion, kRevision);
  TL_RETURN_IF_ERROR(OpenStore(process));
  TL_RETURN_IF_ERROR(FillDeps(process));
  process.bindings = std::make_unique<Bindings>();
  TL_RETURN_IF_ERROR(program.bind(process.deps, *process.bindings));
  ServerOptions options;
  options.listen = absl::GetFlag(FLAGS_listen);
  options.accept_unsecured = absl::GetFlag(FLAGS_accept_unsecured);
  TL_ASSIGN_OR_RETURN(process.server, Server::Start(options, process.deps, *process.bindings));
  TL_RETURN_IF_ERROR(StartHttp(process));
  process.bindings->Start();
  TL_RETURN_IF_ERROR(process.bindings->WaitServing(absl::GetFlag(FLAGS_start_timeout)));
  process.server->SetServing(true);
  for (const std::string& address : process.server->addresses()) {
    telemetry::Log(Level::kInfo, "server.serving",
                   {{"service", program.service},
                    {"address", address},
                    {"http", process.http == nullptr ? "" : process.http->address()},
                    {"version", kVersion}});
  }
  return absl::OkStatus();
}

}  // namespace

int Main(int argc, char** argv, const Program& program) {
  BlockStopSignals();
  absl::SetProgramUsageMessage(absl::StrCat("Serves ", program.service, " of Tideline.\n\n  ",
                                            argv[0], " --store=unix:///run/redis.sock"));
  if (absl::ParseCommandLine(argc, argv).size() > 1) {
    std::cerr << argv[0] << ": takes flags only; see --help\n";
    return 2;
  }
  const std::optional<Level> level = telemetry::ParseLevel(absl::GetFlag(FLAGS_log_level));
  if (!level || absl::GetFlag(FLAGS_partitions) < 1) {
    std::cerr << argv[0] << ": --log_level is debug, info, warning, error or off; --partitions is "
              << "at least 1\n";
    return 2;
  }
  telemetry::SetLogLevel(*level);
  RouteGrpcLog();
  Process process;
  if (const absl::Status status = StartAll(program, process); !status.ok()) {
    std::cerr << argv[0] << ": " << status.message() << "\n";
    return 1;
  }
  const int signal = WaitForStopSignal();
  telemetry::Log(Level::kInfo, "server.draining", {{"signal", signal}});
  process.server->Drain(absl::GetFlag(FLAGS_drain_timeout));
  const absl::Status drained = process.bindings->Drain(absl::GetFlag(FLAGS_drain_timeout));
  if (!drained.ok()) {
    telemetry::Log(Level::kWarning, "server.stopped", {{"message", drained.message()}});
    return 1;
  }
  telemetry::Log(Level::kInfo, "server.stopped");
  return 0;
}

}  // namespace tideline::rpc
