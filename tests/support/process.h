// SPDX-License-Identifier: Apache-2.0
// A real process under test: started, watched, stopped and killed by its pid alone.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tideline::testing {

// Where the programs under test are: build/<preset>/bin.
std::string ProgramPath(const std::string& program);

class Process {
 public:
  // Starts `program` with its output appended to `log`. The child gets SIGKILL when this process's
  // main thread ends.
  Process(const std::string& program, const std::vector<std::string>& arguments,
          const std::string& log);
  // SIGKILL, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal);
  // Waits for the end; the exit code, or 128 + signal. -1 when it has not ended by then.
  int Wait(absl::Duration patience = absl::Seconds(20));
  bool running();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// Waits until `path` exists and returns its first line; empty when `process` ends or time runs out.
std::string WaitForLine(const std::string& path, Process& process,
                        absl::Duration patience = absl::Seconds(60));

// The body of an HTTP GET on loopback, "127.0.0.1:port"; empty when it fails.
std::string HttpGet(const std::string& address, const std::string& path);

}  // namespace tideline::testing
