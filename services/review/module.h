// SPDX-License-Identifier: Apache-2.0
// review as a part of a process. It follows skill_registry, work_routing and handoff, and owes
// calls to work_routing.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::review {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::review
