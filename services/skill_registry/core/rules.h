// SPDX-License-Identifier: Apache-2.0
// What must be true of each kind of resource before it is written: the rules of skill_registry as
// one overload per kind. Pure: they look, and refuse or agree.
//
// `after` is complete, `before` is null when it is new. Errors name fields below the kind's record
// name ("expert.skills[3].skill"). REFERENCE_NOT_FOUND, CYCLE, HOURS_OVERLAP, TIME_ZONE_UNKNOWN,
// FIELD_REQUIRED, INVALID_FIELD, SAME_PERSON, DEPTH_EXCEEDED, LADDER_STEP, as the protos say.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "services/skill_registry/core/catalog.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::skill_registry {

// Every reference names a resource of the right kind in the same workspace.
absl::Status CheckReferences(const Catalog& catalog, const Kind& kind, const Message& resource);

absl::Status Check(const Catalog& catalog, const v1::Workspace& after, const v1::Workspace* before);
absl::Status Check(const Catalog& catalog, const v1::Organization& after,
                   const v1::Organization* before);
absl::Status Check(const Catalog& catalog, const v1::Site& after, const v1::Site* before);
absl::Status Check(const Catalog& catalog, const v1::Calendar& after, const v1::Calendar* before);
absl::Status Check(const Catalog& catalog, const v1::Team& after, const v1::Team* before);
absl::Status Check(const Catalog& catalog, const v1::Skill& after, const v1::Skill* before);
absl::Status Check(const Catalog& catalog, const v1::Expert& after, const v1::Expert* before);
absl::Status Check(const Catalog& catalog, const v1::SlaPolicy& after, const v1::SlaPolicy* before);
absl::Status Check(const Catalog& catalog, const v1::WorkType& after, const v1::WorkType* before);
absl::Status Check(const Catalog& catalog, const v1::Engagement& after,
                   const v1::Engagement* before);
absl::Status Check(const Catalog& catalog, const v1::Member& after, const v1::Member* before);
absl::Status Check(const Catalog& catalog, const v1::AuthorityGrant& after,
                   const v1::AuthorityGrant* before);

// Brings a resource that a caller wrote into the form in which it is kept: fields that follow from
// others, order, where its dates stand. `before` is null when it is new.
void Complete(absl::Time now, v1::Calendar& after, const v1::Calendar* before);
void Complete(absl::Time now, v1::SlaPolicy& after, const v1::SlaPolicy* before);
void Complete(absl::Time now, v1::Expert& after, const v1::Expert* before);
void Complete(absl::Time now, v1::Engagement& after, const v1::Engagement* before);
void Complete(absl::Time now, v1::AuthorityGrant& after, const v1::AuthorityGrant* before);
template <class R>
void Complete(absl::Time, R&, const R*) {}

// What UpdateExpert may do to skills: add claims, remove entries. LADDER_STEP for anything else.
// Puts the stored entries in the place of those that came back unchanged but for what the caller
// has no say in.
absl::Status CheckSkillsUpdate(const v1::Expert& before, v1::Expert& after);

// Whether two experts are one person: the same record, or the same opaque person.
bool SamePerson(const v1::Expert& a, const v1::Expert& b);

}  // namespace tideline::skill_registry
