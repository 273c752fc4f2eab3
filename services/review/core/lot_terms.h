// SPDX-License-Identifier: Apache-2.0
// A policy's terms of sampling in the words of common/sampling. Pure.
#pragma once

#include "common/sampling/plan.h"
#include "tideline/review/v1/resources.pb.h"

namespace tideline::review {

// LEVEL_II where none is stated.
inline sampling::Level LevelOf(v1::Sampling::Level level) {
  switch (level) {
    case v1::Sampling::LEVEL_I:
      return sampling::Level::kI;
    case v1::Sampling::LEVEL_III:
      return sampling::Level::kIII;
    case v1::Sampling::LEVEL_S1:
      return sampling::Level::kS1;
    case v1::Sampling::LEVEL_S2:
      return sampling::Level::kS2;
    case v1::Sampling::LEVEL_S3:
      return sampling::Level::kS3;
    case v1::Sampling::LEVEL_S4:
      return sampling::Level::kS4;
    default:
      return sampling::Level::kII;
  }
}

// Impact class from which on everything is judged.
inline type::v1::ImpactClass FullFrom(const v1::Sampling& terms) {
  return terms.full_from() == type::v1::IMPACT_CLASS_UNSPECIFIED ? type::v1::IMPACT_CLASS_HIGH
                                                                 : terms.full_from();
}

}  // namespace tideline::review
