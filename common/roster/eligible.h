// SPDX-License-Identifier: Apache-2.0
// The roster's people in the words of the constraint table (common/eligibility), so that routing,
// handoff, review and search mean the same person. Pure.
#pragma once

#include "common/eligibility/eligibility.h"
#include "common/roster/roster.h"
#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/type/v1/values.pb.h"

namespace tideline::roster {

// Everything the constraints ask of an expert, with full names as ids. A skill counts from
// SKILL_STAGE_ASSESSED on. A clearance is the client's full name, and with a scope
// "{client}#{scope}"; the scoped ones also count as the client's ordinary one.
eligibility::Expert Eligible(const Roster& roster, const skill_registry::v1::Expert& expert);

// STATE_UNSPECIFIED (never set) is offline.
eligibility::Presence EligiblePresence(skill_registry::v1::Presence::State state);

// Hundredths of the currency's unit, rounded half away from zero: for comparing costs, not for
// billing.
int64_t Hundredths(const type::v1::Money& money);

}  // namespace tideline::roster
