// SPDX-License-Identifier: Apache-2.0
// A real redis-server for one test: private, on a Unix socket in a folder of its own, durable, with
// the means to hurt it. Gone when the object is, or when the test process dies.
//
//   auto server = RedisServer::StartOrNull();
//   if (!server) GTEST_SKIP() << RedisServer::kMissing;
//
// Use it from the thread that made it; Command also from others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/journal/redis_store.h"
#include "common/loop/loop.h"
#include "common/redis/client.h"
#include "common/redis/private_server.h"
#include "common/redis/reply.h"
#include "tests/support/temp_folder.h"

namespace tideline::testing {

class RedisServer {
 public:
  static constexpr char kMissing[] =
      "NOT TESTED: there is no redis-server; install Debian's package redis-server";

  // Null when the program is missing; aborts the test process when it does not come up.
  static std::unique_ptr<RedisServer> StartOrNull(uint64_t max_memory_bytes = 0,
                                                  std::vector<std::string> more = {});
  ~RedisServer();

  void Kill();     // SIGKILL, and waits for the end
  void Stop();     // SIGTERM, and waits for the end
  void Restart();  // starts it again on the same data; after Kill or Stop
  void Pause();    // SIGSTOP: connections stay, nobody answers
  void Resume();

  // One command on a connection of the test's own; waits for the reply. Not from a loop.
  redis::Reply Command(std::vector<std::string> args);

  std::string url() const { return server_.url(); }
  // Options of a store in this server. Time-outs are short: tests wait for them.
  journal::RedisStoreOptions store_options() const;

 private:
  RedisServer(uint64_t max_memory_bytes, std::vector<std::string> more);

  TempFolder folder_;
  redis::PrivateServer server_;
  Loop loop_;
  std::unique_ptr<redis::Client> client_;  // lives on loop_
};

}  // namespace tideline::testing
