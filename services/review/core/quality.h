// SPDX-License-Identifier: Apache-2.0
// Counting how good work is. What a review adds to the counts follows from the review as it stands,
// so a verdict that is changed (by an appeal, by screening, by a reopening) takes its old
// contribution back and adds its new one. Counts are by day (UTC), subject and work type, in whole
// numbers, so that days and subjects add up. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "services/review/core/records.pb.h"
#include "tideline/review/v1/quality.pb.h"
#include "tideline/review/v1/resources.pb.h"

namespace tideline::review {

// How much a finding weighs: three minor ones are a major one, three of those a critical one.
int WeightOf(v1::Severity severity);

// Days since 1970, UTC.
int64_t DayOf(absl::Time time);

// What the review adds, with who approved it; nullopt while it is not decided, and for one that is
// void, which keeps what it has added. `escaped`: its item was reopened after the approval. Neither
// subject nor day is set.
std::optional<core::v1::StoredQuality> ContributionOf(const v1::Review& review, bool escaped);

// Adds the counts `sign` times; 1 or -1.
void Add(const core::v1::StoredQuality& from, int sign, core::v1::StoredQuality& to);

// The counts with their intervals.
v1::Quality FiguresOf(const core::v1::StoredQuality& counts);
v1::Share ShareOf(int64_t count, int64_t of);

// What first-pass yield says of a person; nothing is said of fewer than 20 cases.
v1::ProposeSkillEvidenceResponse::Bearing BearingOf(const v1::Quality& quality);

// How far two opinions agree, of the reviews that two judged; the latest of them.
v1::GetAgreementResponse AgreementOf(const std::vector<const v1::Review*>& reviews, uint64_t seed);

// Whether somebody judged it a second time at the first stage, apart from the first.
bool JudgedTwice(const v1::Review& review);

}  // namespace tideline::review
