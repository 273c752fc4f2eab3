// SPDX-License-Identifier: Apache-2.0
// work_routing as a part of a process. It follows skill_registry and owes no calls.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::work_routing {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::work_routing
