// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/scope.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace tideline::skill_registry {
namespace {

using partition::Grant;
using type::v1::Role;

bool Confined(const Grant& grant) { return !grant.organization.empty(); }

absl::string_view OrganizationOf(const Catalog& catalog, const v1::Expert& expert) {
  const auto* team = catalog.Find<v1::Team>(expert.team());
  return team == nullptr ? absl::string_view() : absl::string_view(team->organization());
}

absl::Status Within(const Catalog& catalog, const Grant& grant, absl::string_view organization,
                    absl::string_view name) {
  if (!Confined(grant) || Owns(catalog, grant.organization, organization)) return absl::OkStatus();
  return NotYours(name);
}

}  // namespace

absl::Status NotYours(absl::string_view name) {
  return Refuse(Reason::REASON_NOT_YOURS,
                absl::StrCat("\"", name, "\" is not the caller's to change"), {{"name", name}});
}

bool Owns(const Catalog& catalog, absl::string_view owner, absl::string_view organization) {
  // Owners form no cycle (rules.h), so this ends.
  for (std::string at(organization); !at.empty();) {
    if (at == owner) return true;
    const auto* record = catalog.Find<v1::Organization>(at);
    if (record == nullptr) return false;
    at = record->owner();
  }
  return false;
}

bool SeesEverybody(const Catalog& catalog, const Grant& grant) {
  if (grant.roles.Has(Role::ROLE_SERVICE)) return true;
  if (!Confined(grant)) {
    return grant.roles.Has(Role::ROLE_FINANCE) || grant.roles.Has(Role::ROLE_AUDITOR) ||
           grant.roles.Has(Role::ROLE_ADMIN) || grant.roles.Has(Role::ROLE_LEAD);
  }
  if (!grant.roles.Has(Role::ROLE_FINANCE) && !grant.roles.Has(Role::ROLE_AUDITOR)) return false;
  const auto* organization = catalog.Find<v1::Organization>(grant.organization);
  return organization != nullptr && organization->kind() == v1::Organization::KIND_CLIENT;
}

void Hide(const Catalog& catalog, const Grant& grant, v1::Expert& expert) {
  if (SeesEverybody(catalog, grant)) return;
  if (!grant.expert.empty() && grant.expert == expert.name()) return;
  if (Confined(grant) && Owns(catalog, grant.organization, OrganizationOf(catalog, expert))) return;
  expert.clear_display_name();
  expert.clear_email();
  expert.clear_cost_rate();
}

void Hide(const Catalog& catalog, const Grant& grant, v1::Engagement& engagement) {
  if (SeesEverybody(catalog, grant)) return;
  if (Confined(grant) && (Owns(catalog, grant.organization, engagement.client()) ||
                          Owns(catalog, grant.organization, engagement.vendor()))) {
    return;
  }
  engagement.clear_volume_bands();
  engagement.clear_rate_card();
}

absl::Status MayChangeWorkspace(const Grant& grant, absl::string_view name) {
  return Confined(grant) ? NotYours(name) : absl::OkStatus();
}

absl::Status MayChange(const Catalog& catalog, const Grant& grant,
                       const v1::Organization& organization) {
  if (catalog.Find(organization.name()) == nullptr) {
    return Within(catalog, grant, organization.owner(), organization.name());
  }
  return Within(catalog, grant, organization.name(), organization.name());
}

absl::Status MayChange(const Catalog& catalog, const Grant& grant, const v1::Team& team) {
  return Within(catalog, grant, team.organization(), team.name());
}

absl::Status MayChange(const Catalog& catalog, const Grant& grant, const v1::Expert& expert) {
  return Within(catalog, grant, OrganizationOf(catalog, expert), expert.name());
}

absl::Status MayChange(const Catalog& catalog, const Grant& grant, const v1::Member& member) {
  return Within(catalog, grant, member.organization(), member.name());
}

bool ActsForSelf(const Grant& grant) {
  return !grant.roles.Has(Role::ROLE_ADMIN) && !grant.roles.Has(Role::ROLE_LEAD) &&
         !grant.roles.Has(Role::ROLE_SERVICE);
}

}  // namespace tideline::skill_registry
