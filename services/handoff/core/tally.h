// SPDX-License-Identifier: Apache-2.0
// Counting handoffs: by pair of teams and day (UTC), in whole numbers, so that days add up. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/handoff/core/records.pb.h"
#include "tideline/handoff/v1/resources.pb.h"

namespace tideline::handoff {

// Days since 1970, UTC.
int64_t DayOf(absl::Time time);

// Id of the record.
std::string TallyId(const core::v1::StoredTally& tally);

// Counts a handoff that has just ended.
void CountClosed(const v1::Handoff& handoff, core::v1::StoredTally& tally);

// Counts the time that a read-back took.
void CountAcknowledged(const v1::Handoff& handoff, absl::Time now, core::v1::StoredTally& tally);

// Adds one day's counts to another's.
void Add(const core::v1::StoredTally& from, core::v1::StoredTally& to);

// The counts as they are shown.
void FillStats(const core::v1::StoredTally& tally, v1::PairStats& stats);

// `part` of `whole` in per cent, rounded; 0 of nothing.
int32_t Percent(int64_t part, int64_t whole);

// The logarithmic scale of durations: bucket of one, and the middle of a bucket. Neighbouring
// middles differ by 1/16, so what is read back is within 4 % of what was counted.
int32_t BucketOf(absl::Duration duration);
absl::Duration MiddleOf(int32_t bucket);

}  // namespace tideline::handoff
