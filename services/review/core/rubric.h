// SPDX-License-Identifier: Apache-2.0
// What a rubric makes of findings and scores. Pure; any thread.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"
#include "tideline/review/v1/resources.pb.h"

namespace tideline::review {

// What a reviewer says, as any of the verbs that give a verdict carries it.
struct Said {
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  const google::protobuf::RepeatedPtrField<v1::Finding>& findings;
  const google::protobuf::RepeatedPtrField<v1::CriterionScore>& scores;
};

// Weights add up to 100, no criterion twice. INVALID_ARGUMENT names the field under `field`.
absl::Status CheckRubric(const v1::Rubric& rubric, absl::string_view field);

// Whether the rubric lets this be said. INVALID_ARGUMENT: no verdict, an unknown criterion, one
// scored twice or not at all (approval asks for all), rework without findings, a finding without
// severity or action. FAILED_PRECONDITION (RUBRIC_NOT_MET): approved although the rubric forbids.
absl::Status CheckSaid(const v1::Rubric& rubric, const Said& said);

// Weighted mean of the scores in per cent, rounded down; 100 for a rubric without criteria, 0
// where no score was given.
int ScoreOf(const v1::Rubric& rubric,
            const google::protobuf::RepeatedPtrField<v1::CriterionScore>& scores);

}  // namespace tideline::review
