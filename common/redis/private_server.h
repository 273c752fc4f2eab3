// SPDX-License-Identifier: Apache-2.0
// A redis-server of one's own: a child process on a Unix socket in a folder, durable to the last
// acknowledged write. For `tideline dev` and for tests.
//
// The child dies with the *thread* that started it (PR_SET_PDEATHSIG), so start it from one that
// lives as long as the process, such as main's. One thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tideline::redis {

struct PrivateServerOptions {
  std::string program = "redis-server";  // looked up in PATH unless it has a '/'
  std::string data_folder;               // must exist; holds the append-only files and the log
  std::string socket_path;               // empty: data_folder/redis.sock; at most 107 bytes
  uint64_t max_memory_bytes = 0;         // 0: no limit. Nothing is ever evicted.
  bool fsync_always = true;              // otherwise once a second
  int death_signal = 15;                 // what the child gets when the starter dies; SIGTERM
  int kept_descriptor = -1;              // stays open in the child, such as a lock on its folder
  std::vector<std::string> more;         // further arguments: "--name", "value", ...
};

class PrivateServer {
 public:
  explicit PrivateServer(PrivateServerOptions options);
  // Stops it.
  ~PrivateServer();

  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // The program's full path; NOT_FOUND says what to install.
  static absl::StatusOr<std::string> FindProgram(const std::string& program = "redis-server");

  // Starts the child and waits until it answers PING: it has loaded its data then. NOT_FOUND when
  // there is no such program; UNAVAILABLE with the end of its log when it exits or takes longer
  // than `timeout`. FAILED_PRECONDITION when it is running.
  absl::Status Start(absl::Duration timeout = absl::Seconds(60));

  // SIGTERM, and SIGKILL after `patience`; waits for the end.
  void Stop(absl::Duration patience = absl::Seconds(10));

  // Sends any signal, such as SIGKILL, SIGSTOP or SIGCONT.
  void Signal(int signal);
  // Waits for the end of a child that was killed.
  void Reap();

  // Whether the child is there (it may be stopped). Notices a child that exited by itself.
  bool running();
  pid_t pid() const { return pid_; }
  const std::string& socket_path() const { return options_.socket_path; }
  std::string url() const { return "unix://" + options_.socket_path; }
  // The last lines of the child's log.
  std::string LogTail() const;

 private:
  std::string log_path() const { return options_.data_folder + "/redis.log"; }
  std::vector<std::string> Arguments(const std::string& program) const;
  bool AnswersPing() const;

  PrivateServerOptions options_;
  pid_t pid_ = -1;
};

}  // namespace tideline::redis
