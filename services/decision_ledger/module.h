// SPDX-License-Identifier: Apache-2.0
// decision_ledger as a part of a process: its Core, which follows skill_registry and owes calls to
// work_routing. The ledger is started by whoever has a folder for it (ledger/folder.h).
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::decision_ledger {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::decision_ledger
