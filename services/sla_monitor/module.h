// SPDX-License-Identifier: Apache-2.0
// sla_monitor as a part of a process. It follows skill_registry and work_routing, and owes
// work_routing what alerts bring about.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::sla_monitor {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::sla_monitor
