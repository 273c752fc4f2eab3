// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/ancestry.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace tideline::skill_registry {
namespace {

template <class R>
Above Single(const Catalog& catalog, const std::string& (R::*field)() const) {
  return [&catalog, field](const std::string& name) -> std::vector<std::string> {
    const R* resource = catalog.Find<R>(name);
    if (resource == nullptr) return {};
    return {(resource->*field)()};
  };
}

}  // namespace

Above OwnersOf(const Catalog& catalog) { return Single(catalog, &v1::Organization::owner); }
Above ManagersOf(const Catalog& catalog) { return Single(catalog, &v1::Expert::line_manager); }
Above DelegatorsOf(const Catalog& catalog) {
  return Single(catalog, &v1::AuthorityGrant::delegated_from);
}

Above ParentsOf(const Catalog& catalog) {
  return [&catalog](const std::string& name) -> std::vector<std::string> {
    const auto* skill = catalog.Find<v1::Skill>(name);
    if (skill == nullptr) return {};
    return {skill->parents().begin(), skill->parents().end()};
  };
}

absl::Status RefuseCycle(absl::string_view field, const std::string& name,
                         const std::vector<std::string>& directly_above, const Above& above) {
  std::set<std::string> seen;
  std::vector<std::string> open = directly_above;
  while (!open.empty()) {
    std::string at = std::move(open.back());
    open.pop_back();
    if (at.empty()) continue;
    if (at == name) {
      return InvalidField(field, absl::StrCat("would put \"", name, "\" above itself"),
                          Reason::REASON_CYCLE);
    }
    if (!seen.insert(at).second) continue;
    if (seen.size() > kMaxAncestors) {
      return InvalidField(field, absl::StrCat("has more than ", kMaxAncestors, " above it"));
    }
    for (std::string& next : above(at)) open.push_back(std::move(next));
  }
  return absl::OkStatus();
}

}  // namespace tideline::skill_registry
