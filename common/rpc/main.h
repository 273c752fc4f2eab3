// SPDX-License-Identifier: Apache-2.0
// A service as a program of its own.
//
//   int main(int argc, char** argv) {
//     return tideline::rpc::Main(argc, argv, {"work_routing", tideline::work_routing::Bind});
//   }
//
// `--help` lists the flags. Stops cleanly on SIGTERM and SIGINT.
#pragma once

#include <string>

#include "common/rpc/module.h"

namespace tideline::rpc {

struct Program {
  std::string service;  // "work_routing"
  BindFunction bind;
};

// Returns the exit code: 0 after a clean stop, 1 when it could not start (one line on stderr says
// why and what to do) or had to stop, 2 for wrong flags.
int Main(int argc, char** argv, const Program& program);

// Ignores SIGPIPE (a peer that closed would kill the process) and blocks SIGTERM and SIGINT for
// this thread and those to come. First thing in main, before any thread.
void BlockStopSignals();
// Waits for SIGTERM or SIGINT; returns its number.
int WaitForStopSignal();

}  // namespace tideline::rpc
