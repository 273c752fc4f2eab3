// SPDX-License-Identifier: Apache-2.0
// Who may see and change what, beyond the roles that the rpc asks for: members who are confined to
// an organization, experts who act for themselves, and rates and personal fields, which competitors
// in one workspace do not see of each other. Pure.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/partition/call.h"
#include "services/skill_registry/core/catalog.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::skill_registry {

// Whether `organization` is `owner` or belongs to it, directly or through others.
bool Owns(const Catalog& catalog, absl::string_view owner, absl::string_view organization);

// Whether the caller sees rates and personal fields of every organization: the finance role and
// auditors, unless a vendor or captive has them for itself; administrators and leads who are not
// confined; the services.
bool SeesEverybody(const Catalog& catalog, const partition::Grant& grant);

// Clears what the caller may not see: of an expert display_name, email and cost_rate, of an
// engagement volume_bands and rate_card. Other resources show everything.
void Hide(const Catalog& catalog, const partition::Grant& grant, v1::Expert& expert);
void Hide(const Catalog& catalog, const partition::Grant& grant, v1::Engagement& engagement);
template <class R>
void Hide(const Catalog&, const partition::Grant&, R&) {}

// Whether the caller may change the resource, as it is and as it is to be: one confined to an
// organization only what belongs to it. PERMISSION_DENIED (NOT_YOURS). What belongs to the
// workspace as a whole is for those who are not confined.
absl::Status MayChange(const Catalog& catalog, const partition::Grant& grant,
                       const v1::Organization& organization);
absl::Status MayChange(const Catalog& catalog, const partition::Grant& grant, const v1::Team& team);
absl::Status MayChange(const Catalog& catalog, const partition::Grant& grant,
                       const v1::Expert& expert);
absl::Status MayChange(const Catalog& catalog, const partition::Grant& grant,
                       const v1::Member& member);
// Everything else: the workspace's own.
absl::Status MayChangeWorkspace(const partition::Grant& grant, absl::string_view name);
template <class R>
absl::Status MayChange(const Catalog&, const partition::Grant& grant, const R& resource) {
  return MayChangeWorkspace(grant, resource.name());
}

// Whether the caller only acts for themselves: an expert who is neither lead nor administrator nor
// a service.
bool ActsForSelf(const partition::Grant& grant);

// PERMISSION_DENIED (NOT_YOURS), naming the resource.
absl::Status NotYours(absl::string_view name);

}  // namespace tideline::skill_registry
