// SPDX-License-Identifier: Apache-2.0
// skill_registry as a part of a process. It follows nobody and owes no calls.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/module.h"

namespace tideline::skill_registry {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings);

}  // namespace tideline::skill_registry
