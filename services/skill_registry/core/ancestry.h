// SPDX-License-Identifier: Apache-2.0
// Relations that may not close a cycle: owners of organizations, parents of skills, line managers,
// grants that were delegated. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/skill_registry/core/catalog.h"

namespace tideline::skill_registry {

// What stands directly above a resource; nothing above an unknown one. Empty names are passed over.
using Above = std::function<std::vector<std::string>(const std::string& name)>;
Above OwnersOf(const Catalog& catalog);
Above ParentsOf(const Catalog& catalog);
Above ManagersOf(const Catalog& catalog);
Above DelegatorsOf(const Catalog& catalog);

// Most resources above one that are looked at. A taxonomy or hierarchy with more ancestors than
// this is refused as too deep, so that a step stays bounded.
inline constexpr size_t kMaxAncestors = 4096;

// INVALID_ARGUMENT (CYCLE) on `field` when `name` would stand above itself with these directly
// above it.
absl::Status RefuseCycle(absl::string_view field, const std::string& name,
                         const std::vector<std::string>& directly_above, const Above& above);

}  // namespace tideline::skill_registry
