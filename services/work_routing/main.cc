// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"
#include "services/work_routing/module.h"

int main(int argc, char** argv) {
  return tideline::rpc::Main(argc, argv, {"work_routing", tideline::work_routing::Bind});
}
