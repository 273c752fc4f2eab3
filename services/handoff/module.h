// SPDX-License-Identifier: Apache-2.0
// handoff as a part of a process. It follows skill_registry and work_routing, and owes calls to
// work_routing.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::handoff {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::handoff
