// SPDX-License-Identifier: Apache-2.0
#include "tests/support/redis_server.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/synchronization/notification.h"

namespace tideline::testing {
namespace {

void MustStart(redis::PrivateServer& server) {
  const absl::Status status = server.Start();
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

RedisServer::RedisServer(uint64_t max_memory_bytes, std::vector<std::string> more)
    : server_({.data_folder = folder_.path(),
               .max_memory_bytes = max_memory_bytes,
               .death_signal = SIGKILL,
               .more = std::move(more)}),
      loop_("test-redis") {
  signal(SIGPIPE, SIG_IGN);
  MustStart(server_);
  loop_.Run([this] {
    client_ =
        std::make_unique<redis::Client>(loop_, redis::FixedEndpoint(*redis::ParseAddress(url())));
  });
}

RedisServer::~RedisServer() {
  loop_.Run([this] { client_.reset(); });
  Resume();
  Kill();  // nobody reads the data again
}

std::unique_ptr<RedisServer> RedisServer::StartOrNull(uint64_t max_memory_bytes,
                                                      std::vector<std::string> more) {
  if (!redis::PrivateServer::FindProgram().ok()) return nullptr;
  return std::unique_ptr<RedisServer>(new RedisServer(max_memory_bytes, std::move(more)));
}

void RedisServer::Kill() {
  server_.Signal(SIGKILL);
  server_.Reap();
}

void RedisServer::Stop() { server_.Stop(); }
void RedisServer::Restart() { MustStart(server_); }
void RedisServer::Pause() { server_.Signal(SIGSTOP); }
void RedisServer::Resume() { server_.Signal(SIGCONT); }

redis::Reply RedisServer::Command(std::vector<std::string> args) {
  redis::Reply answer;
  absl::Notification done;
  loop_.Post([&] {
    client_->Send(std::move(args), [&](redis::Reply reply) {
      answer = std::move(reply);
      done.Notify();
    });
  });
  done.WaitForNotification();
  return answer;
}

journal::RedisStoreOptions RedisServer::store_options() const {
  return {redis::FixedEndpoint(*redis::ParseAddress(url())),
          {.timeout = absl::Seconds(2), .connect_timeout = absl::Seconds(1)}};
}

}  // namespace tideline::testing
