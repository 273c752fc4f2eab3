// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"
#include "services/sla_monitor/module.h"

int main(int argc, char** argv) {
  return tideline::rpc::Main(argc, argv, {"sla_monitor", tideline::sla_monitor::Bind});
}
