// SPDX-License-Identifier: Apache-2.0
// What lists can be narrowed to. Anchor names a resource to which all wanted ones refer, so that
// only those are looked at; Wanted judges each. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "services/skill_registry/core/catalog.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"

namespace tideline::skill_registry {

// Empty: the whole collection.
inline const std::string& Anchor(const v1::ListTeamsRequest& r) {
  return r.organization().empty() ? r.site() : r.organization();
}
inline const std::string& Anchor(const v1::ListSkillsRequest& r) { return r.parent_skill(); }
inline const std::string& Anchor(const v1::ListExpertsRequest& r) {
  return r.team().empty() ? r.skill() : r.team();
}
inline const std::string& Anchor(const v1::ListEngagementsRequest& r) {
  return r.client().empty() ? r.vendor() : r.client();
}
inline const std::string& Anchor(const v1::ListMembersRequest& r) { return r.organization(); }
inline const std::string& Anchor(const v1::ListAuthorityGrantsRequest& r) { return r.expert(); }
template <class Request>
absl::string_view Anchor(const Request&) {
  return {};
}

inline bool Fits(const std::string& wanted, const std::string& value) {
  return wanted.empty() || wanted == value;
}
bool HasSkill(const v1::Expert& expert, const std::string& skill);

inline bool Wanted(const Catalog&, const v1::ListOrganizationsRequest& r,
                   const v1::Organization& x) {
  return r.kind() == v1::Organization::KIND_UNSPECIFIED || r.kind() == x.kind();
}
inline bool Wanted(const Catalog&, const v1::ListSitesRequest& r, const v1::Site& x) {
  return Fits(r.country(), x.country());
}
inline bool Wanted(const Catalog&, const v1::ListTeamsRequest& r, const v1::Team& x) {
  return Fits(r.organization(), x.organization()) && Fits(r.site(), x.site());
}
inline bool Wanted(const Catalog& catalog, const v1::ListExpertsRequest& r, const v1::Expert& x) {
  if (!Fits(r.team(), x.team()) || !HasSkill(x, r.skill())) return false;
  if (r.organization().empty()) return true;
  const auto* team = catalog.Find<v1::Team>(x.team());
  return team != nullptr && team->organization() == r.organization();
}
inline bool Wanted(const Catalog&, const v1::ListEngagementsRequest& r, const v1::Engagement& x) {
  return Fits(r.client(), x.client()) && Fits(r.vendor(), x.vendor());
}
inline bool Wanted(const Catalog&, const v1::ListMembersRequest& r, const v1::Member& x) {
  return Fits(r.organization(), x.organization()) && Fits(r.subject(), x.subject());
}
template <class Request, class R>
bool Wanted(const Catalog&, const Request&, const R&) {
  return true;
}

}  // namespace tideline::skill_registry
