// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "common/rpc/main.h"

namespace tideline::rpc {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockStopSignals() {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int WaitForStopSignal() {
  const sigset_t signals = StopSignals();
  int number = 0;
  // Returns an error only for a set that is not valid.
  while (sigwait(&signals, &number) != 0) {
  }
  return number;
}

}  // namespace tideline::rpc
