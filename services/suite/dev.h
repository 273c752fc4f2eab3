// SPDX-License-Identifier: Apache-2.0
// `tideline dev`: the suite with a private Redis in a data folder, on loopback, for one machine and
// no configuration.
#pragma once

#include <string>

namespace tideline::suite {

struct DevOptions {
  std::string data;             // folder; made when absent; locked while in use
  std::string store = "redis";  // "redis": a private server in `data`; "memory": nothing kept
  std::string redis;            // URL of a Redis to use instead of a private one
  int port = 7480;              // gRPC on 127.0.0.1; 0: any
  int http_port = 7481;         // metrics and probes; 0: any
  int partitions = 16;
  // Folder of the ledger that seals every journal. Empty: "ledger" in `data` where the store is the
  // private one, else none; "none": none.
  std::string ledger;
  bool accept_clock_behind = false;
  bool check_digests = false;  // serve /debug/digests, for tests of restarts
  bool quiet = false;          // no "what to try next"
};

// Runs until SIGINT or SIGTERM, then stops cleanly. Returns the process's exit code: 0 after a
// clean stop, 1 with one line on stderr that says what is wrong and what to do. Call it early in
// main: it ignores SIGPIPE and blocks the two signals for threads to come.
int RunDev(const DevOptions& options);

}  // namespace tideline::suite
