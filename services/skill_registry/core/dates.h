// SPDX-License-Identifier: Apache-2.0
// What the passing of time does to resources: evidence expires, and the level with it; credentials
// and clearances end; leaves and agreements begin and end. Where a date stands is written in the
// resource itself (Leave.state, Engagement.validity, ...), so the next one follows from the record
// alone, and an event tells followers when it has passed. Pure.
#pragma once

#include "absl/time/time.h"
#include "services/skill_registry/core/resource_kinds.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::skill_registry {

// The first instant at which PassDates would change something; InfiniteFuture: never.
absl::Time NextDate(const v1::Expert& expert);
absl::Time NextDate(const v1::Engagement& engagement);
absl::Time NextDate(const v1::AuthorityGrant& grant);

// Brings the resource to where it stands at `now`.
void PassDates(absl::Time now, v1::Expert& expert);
void PassDates(absl::Time now, v1::Engagement& engagement);
void PassDates(absl::Time now, v1::AuthorityGrant& grant);

// Sets the kind's next_date and pass_dates, when it has dates.
void BindDates(Kind& kind);

}  // namespace tideline::skill_registry
