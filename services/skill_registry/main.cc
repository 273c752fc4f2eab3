// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"
#include "services/skill_registry/module.h"

int main(int argc, char** argv) {
  return tideline::rpc::Main(argc, argv, {"skill_registry", tideline::skill_registry::Bind});
}
