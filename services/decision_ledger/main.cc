// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/main.h"
#include "services/decision_ledger/module.h"

int main(int argc, char** argv) {
  return tideline::rpc::Main(argc, argv, {"decision_ledger", tideline::decision_ledger::Bind});
}
