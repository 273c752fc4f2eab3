// SPDX-License-Identifier: Apache-2.0
#include "services/review/core/rubric.h"

#include <array>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace tideline::review {

namespace {

constexpr int kAllWeight = 100;

bool Knows(const v1::Rubric& rubric, const std::string& criterion) {
  for (const v1::Criterion& known : rubric.criteria()) {
    if (known.id() == criterion) return true;
  }
  return false;
}

absl::Status NotMet(absl::string_view why, absl::string_view rule) {
  return Refuse(Reason::REASON_RUBRIC_NOT_MET, why, {{"rule", rule}, {"field", "verdict"}});
}

absl::Status CheckFindings(const v1::Rubric& rubric, const Said& said) {
  for (int i = 0; i < said.findings.size(); ++i) {
    const v1::Finding& finding = said.findings[i];
    const auto field = [i](absl::string_view part) {
      return absl::StrCat("findings[", i, "].", part);
    };
    if (!finding.criterion().empty() || rubric.criteria_size() > 0) {
      if (!Knows(rubric, finding.criterion())) {
        return InvalidField(field("criterion"),
                            absl::StrCat("\"", finding.criterion(), "\" is none of the rubric's"));
      }
    }
    if (finding.severity() == v1::SEVERITY_UNSPECIFIED ||
        !v1::Severity_IsValid(finding.severity())) {
      return InvalidField(field("severity"), "must be stated", Reason::REASON_FIELD_REQUIRED);
    }
    if (finding.action().empty()) {
      return InvalidField(field("action"), "must be stated", Reason::REASON_FIELD_REQUIRED);
    }
  }
  if (said.verdict == v1::VERDICT_REWORK && said.findings.empty()) {
    return InvalidField("findings", "rework needs at least one", Reason::REASON_FIELD_REQUIRED);
  }
  return absl::OkStatus();
}

absl::Status CheckScores(const v1::Rubric& rubric, const Said& said) {
  std::set<std::string> seen;
  for (int i = 0; i < said.scores.size(); ++i) {
    const v1::CriterionScore& score = said.scores[i];
    const std::string field = absl::StrCat("scores[", i, "].");
    if (!Knows(rubric, score.criterion())) {
      return InvalidField(absl::StrCat(field, "criterion"),
                          absl::StrCat("\"", score.criterion(), "\" is none of the rubric's"));
    }
    if (!seen.insert(score.criterion()).second) {
      return InvalidField(absl::StrCat(field, "criterion"), "is scored twice");
    }
    if (score.percent() < 0 || score.percent() > 100) {
      return InvalidField(absl::StrCat(field, "percent"), "is from 0 to 100");
    }
  }
  const bool all = said.scores.size() == rubric.criteria_size();
  if (!all && (said.verdict == v1::VERDICT_APPROVED || !said.scores.empty())) {
    return InvalidField("scores",
                        absl::StrCat("has ", said.scores.size(), " of ", rubric.criteria_size()),
                        Reason::REASON_FIELD_REQUIRED);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRubric(const v1::Rubric& rubric, absl::string_view field) {
  int sum = 0;
  std::set<std::string> ids;
  for (int i = 0; i < rubric.criteria_size(); ++i) {
    const v1::Criterion& criterion = rubric.criteria(i);
    sum += criterion.weight();
    if (!ids.insert(criterion.id()).second) {
      return InvalidField(absl::StrCat(field, ".criteria[", i, "].id"), "is there twice");
    }
  }
  if (!ids.empty() && sum != kAllWeight) {
    return InvalidField(absl::StrCat(field, ".criteria"),
                        absl::StrCat("have weights that add up to ", sum, ", not ", kAllWeight));
  }
  if (ids.empty() && rubric.pass_percent() > 0) {
    return InvalidField(absl::StrCat(field, ".pass_percent"), "needs criteria");
  }
  return absl::OkStatus();
}

absl::Status CheckSaid(const v1::Rubric& rubric, const Said& said) {
  if (said.verdict == v1::VERDICT_UNSPECIFIED || !v1::Verdict_IsValid(said.verdict)) {
    return InvalidField("verdict", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(CheckFindings(rubric, said));
  TL_RETURN_IF_ERROR(CheckScores(rubric, said));
  if (said.verdict != v1::VERDICT_APPROVED) return absl::OkStatus();
  std::array<int, v1::Severity_ARRAYSIZE> found{};
  for (const v1::Finding& finding : said.findings) {
    ++found[static_cast<size_t>(finding.severity())];
  }
  if (found[v1::SEVERITY_CRITICAL] > 0) {
    return NotMet("a critical finding forbids approval", "CRITICAL");
  }
  if (found[v1::SEVERITY_MAJOR] > rubric.max_major()) {
    return NotMet(absl::StrCat(found[v1::SEVERITY_MAJOR], " major findings; ", rubric.max_major(),
                               " are allowed"),
                  "MAJOR");
  }
  if (found[v1::SEVERITY_MINOR] > rubric.max_minor()) {
    return NotMet(absl::StrCat(found[v1::SEVERITY_MINOR], " minor findings; ", rubric.max_minor(),
                               " are allowed"),
                  "MINOR");
  }
  const int score = ScoreOf(rubric, said.scores);
  if (score < rubric.pass_percent()) {
    return NotMet(absl::StrCat("the score is ", score, "; ", rubric.pass_percent(), " is asked"),
                  "SCORE");
  }
  return absl::OkStatus();
}

int ScoreOf(const v1::Rubric& rubric,
            const google::protobuf::RepeatedPtrField<v1::CriterionScore>& scores) {
  if (rubric.criteria().empty()) return 100;
  int sum = 0;
  for (const v1::CriterionScore& score : scores) {
    for (const v1::Criterion& criterion : rubric.criteria()) {
      if (criterion.id() == score.criterion()) sum += criterion.weight() * score.percent();
    }
  }
  return sum / kAllWeight;
}

}  // namespace tideline::review
