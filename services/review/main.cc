// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"
#include "services/review/module.h"

int main(int argc, char** argv) {
  return tideline::rpc::Main(argc, argv, {"review", tideline::review::Bind});
}
