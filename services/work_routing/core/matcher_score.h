// SPDX-License-Identifier: Apache-2.0
// The parts of a score, each a whole number from 0 to kTopPart, so that scores add up the same on
// every machine. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "services/work_routing/core/matcher.h"

namespace tideline::work_routing {

// A skill held exactly at the level asked earns kSkillCredit; each level above costs one, so that
// rare people are kept for rare work. A preferred skill that is held earns kSkillCredit.
inline constexpr int kSkillCredit = eligibility::kTopLevel - 1;

// Effort in hand at which the load part is one half: four hours.
inline constexpr int64_t kHalfLoadMinutes = 240;
// Rate at which the cost part is one half: 50.00 of the workspace's currency an hour.
inline constexpr int64_t kHalfCostMinor = 5000;
// Idle time that earns the full idle part: a shift of eight hours.
inline constexpr int32_t kFullIdleMinutes = 480;

// `excess`: levels above those asked, summed over the required skills. `held`: preferred skills
// held. No skills asked at all: everybody fits fully.
inline int FitPart(int required, int preferred, int excess, int held) {
  int most = kSkillCredit * (required + preferred);
  return most == 0 ? kTopPart : kTopPart * (kSkillCredit * (required + held) - excess) / most;
}

// Falls without ever reaching a floor, so that two heavily loaded people still differ.
inline int LoadPart(int64_t open_minutes) {
  return static_cast<int>(kTopPart * kHalfLoadMinutes /
                          (kHalfLoadMinutes + std::clamp<int64_t>(open_minutes, 0, 1'000'000'000)));
}

inline int CostPart(int64_t cost_per_hour) {
  return static_cast<int>(
      kTopPart * kHalfCostMinor /
      (kHalfCostMinor + std::clamp<int64_t>(cost_per_hour, 0, 1'000'000'000'000)));
}

// Whole minutes since 1970, held within +-2^30 so that differences fit 32 bits.
inline int32_t MinuteOf(absl::Time time) {
  constexpr int64_t kBound = int64_t{1} << 30;
  return static_cast<int32_t>(
      std::clamp<int64_t>(absl::ToUnixSeconds(time) / 60, -kBound, kBound - 1));
}

inline int IdlePart(int32_t now_minute, int32_t since_minute) {
  return kTopPart * std::clamp(now_minute - since_minute, 0, kFullIdleMinutes) / kFullIdleMinutes;
}

// `learning`: required skills that the person is shadowing, of `required`.
inline int LearningPart(int required, int learning) {
  return required == 0 ? 0 : kTopPart * learning / required;
}

inline int64_t TotalScore(const Weights& weights, const Parts& parts) {
  return int64_t{weights.fit} * parts.fit + int64_t{weights.affinity} * parts.affinity +
         int64_t{weights.load} * parts.load + int64_t{weights.cost} * parts.cost +
         int64_t{weights.idle} * parts.idle + int64_t{weights.learning} * parts.learning;
}

}  // namespace tideline::work_routing
