// SPDX-License-Identifier: Apache-2.0
#include "services/suite/dev.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "common/redis/private_server.h"
#include "common/telemetry/log.h"
#include "services/suite/data_folder.h"
#include "services/suite/suite.h"

namespace tideline::suite {

namespace {

// A Unix socket's path ends at 107 bytes; a long data folder gets its socket elsewhere.
constexpr size_t kMaxSocketPath = 100;
// How often the private Redis is looked after.
constexpr int kLookMillis = 200;

// What one `tideline dev` holds, in order of birth.
struct Dev {
  std::unique_ptr<DataFolder> folder;
  std::unique_ptr<redis::PrivateServer> server;
  std::unique_ptr<journal::Store> store;
  std::unique_ptr<Suite> suite;
};

std::string SocketPath(const std::string& folder) {
  std::string path = absl::StrCat(folder, "/redis.sock");
  if (path.size() <= kMaxSocketPath) return path;
  return absl::StrCat("/tmp/tideline-", ::getpid(), ".sock");
}

absl::Status OpenStore(const DevOptions& options, Dev& dev) {
  if (options.store == "memory") {
    dev.store = std::make_unique<journal::MemoryStore>();
    return absl::OkStatus();
  }
  std::string url = options.redis;
  if (url.empty()) {
    TL_ASSIGN_OR_RETURN(dev.folder, DataFolder::Open(options.data));
    std::string folder = absl::StrCat(std::filesystem::absolute(options.data).string(), "/redis");
    std::filesystem::create_directories(folder);
    redis::PrivateServerOptions server;
    server.data_folder = folder;
    server.socket_path = SocketPath(folder);
    server.kept_descriptor = dev.folder->lock();
    dev.server = std::make_unique<redis::PrivateServer>(server);
    TL_RETURN_IF_ERROR(dev.server->Start());
    url = dev.server->url();
  }
  TL_ASSIGN_OR_RETURN(dev.store, journal::RedisStore::Create(url));
  return absl::OkStatus();
}

absl::Status StartAll(const DevOptions& options, Dev& dev) {
  TL_RETURN_IF_ERROR(OpenStore(options, dev));
  SuiteOptions suite;
  suite.store = dev.store.get();
  suite.partitions = options.partitions;
  suite.listen = absl::StrCat("127.0.0.1:", options.port);
  suite.http = absl::StrCat("127.0.0.1:", options.http_port);
  suite.replica = "dev";
  suite.check_digests = options.check_digests;
  suite.accept_clock_behind = options.accept_clock_behind;
  if (options.ledger != "none") suite.ledger = options.ledger;
  if (options.ledger.empty() && dev.server != nullptr) {
    suite.ledger = absl::StrCat(options.data, "/ledger");
  }
  TL_ASSIGN_OR_RETURN(dev.suite, Suite::Start(suite));
  if (dev.folder != nullptr) {
    // The address comes last: who sees it finds the rest there as well.
    TL_RETURN_IF_ERROR(dev.folder->Publish("http_address", dev.suite->http_address() + "\n"));
    TL_RETURN_IF_ERROR(dev.folder->Publish("address", dev.suite->address() + "\n"));
  }
  return absl::OkStatus();
}

void Greet(const DevOptions& options, const Dev& dev) {
  std::string kept = options.store == "memory" ? "in memory: nothing is kept"
                     : !options.redis.empty()
                         ? options.redis
                         : absl::StrCat(options.data, " (Redis, every commit synced)");
  std::printf("Tideline is running. Ctrl-C stops it.\n\n");
  std::printf("  gRPC     %s\n", dev.suite->address().c_str());
  std::printf("  metrics  http://%s/metrics\n", dev.suite->http_address().c_str());
  std::printf("  data     %s\n\n", kept.c_str());
  std::printf(
      "  Not secured: it listens on loopback only and believes what callers say they are.\n");
  if (!options.quiet) {
    std::string flag = dev.suite->address() == "127.0.0.1:7480"
                           ? ""
                           : absl::StrCat(" --address ", dev.suite->address());
    std::printf("\nTry next:\n");
    std::printf("  tideline doctor%s\n", flag.c_str());
    std::printf("  tideline workspace create acme%s\n", flag.c_str());
    std::printf("  tideline --help\n");
  }
  std::fflush(stdout);
}

// Until a signal asks to stop. A private Redis that died is started again: its data are on disk,
// and the hosts send again what was not acknowledged.
void LookAfter(Dev& dev, const sigset_t& stop) {
  for (;;) {
    timespec wait{0, kLookMillis * 1'000'000};
    if (::sigtimedwait(&stop, nullptr, &wait) > 0) return;
    if (dev.server == nullptr || dev.server->running()) continue;
    telemetry::Log(telemetry::Level::kWarning, "redis.restart",
                   {{"reason", "the private server ended"}});
    absl::Status status = dev.server->Start();
    if (!status.ok()) {
      telemetry::Log(telemetry::Level::kError, "redis.restart",
                     {{"error", std::string(status.message())}});
    }
  }
}

void StopAll(Dev& dev) {
  if (dev.suite != nullptr) {
    absl::Status status = dev.suite->Stop();
    if (!status.ok()) {
      telemetry::Log(telemetry::Level::kWarning, "suite.stop",
                     {{"error", std::string(status.message())}});
    }
  }
  dev.suite.reset();
  dev.store.reset();
  if (dev.folder != nullptr) {
    dev.folder->Withdraw("address");
    dev.folder->Withdraw("http_address");
  }
  dev.server.reset();
  dev.folder.reset();
}

}  // namespace

int RunDev(const DevOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  // Blocked before any thread is made, so that only sigtimedwait below takes them.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  Dev dev;
  absl::Status status = StartAll(options, dev);
  if (!status.ok()) {
    std::fprintf(stderr, "tideline dev: %s\n", std::string(status.message()).c_str());
    StopAll(dev);
    return 1;
  }
  Greet(options, dev);
  LookAfter(dev, stop);
  std::printf("\nstopping\n");
  StopAll(dev);
  return 0;
}

}  // namespace tideline::suite
