// SPDX-License-Identifier: Apache-2.0
// What a policy would have made of the results that are kept: how many are judged, and what would
// have slipped through. What was never judged counts as good; nothing else is known of it.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/sampling/draw.h"
#include "services/review/core/lot_terms.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

// Results looked at, the last ones: what a step can bear.
constexpr int kResults = 2000;

// Lots of one team and work type, as they would have gone.
struct Run {
  sampling::Switching switching;
  int64_t lots = 0;
  int taken = 0;
  int defective = 0;
  int missed = 0;  // defective ones that were not drawn
  sampling::Severity severity = sampling::Severity::kNormal;
  sampling::Plan plan;
  std::vector<int64_t> drawn;
};

bool Fits(const v1::ReviewPolicy& policy, const v1::Review& review) {
  return (policy.engagement().empty() || policy.engagement() == review.engagement()) &&
         (policy.work_type().empty() || policy.work_type() == review.work_type()) &&
         (policy.impact_class() == type::v1::IMPACT_CLASS_UNSPECIFIED ||
          policy.impact_class() == review.impact_class());
}

bool Defective(const v1::Review& review) { return review.verdict() == v1::VERDICT_REWORK; }

void Open(const v1::Sampling& terms, const std::string& seed, sampling::Aql aql, Run& run) {
  ++run.lots;
  run.taken = run.defective = run.missed = 0;
  run.severity = run.switching.severity;
  run.plan = *sampling::FindPlan(terms.lot_size(), LevelOf(terms.level()), aql, run.severity, "");
  run.drawn = *sampling::DrawSample(absl::StrCat(seed, "-", run.lots), terms.lot_size(),
                                    sampling::Inspected(run.plan, terms.lot_size()));
}

// One more result into the open lot; the lot's end changes the switching.
void Take(const v1::Sampling& terms, sampling::Aql aql, bool defective, Run& run,
          v1::DryRunReviewPolicyResponse& out) {
  ++run.taken;
  const bool drawn = std::binary_search(run.drawn.begin(), run.drawn.end(), run.taken);
  if (drawn) {
    out.set_sampled(out.sampled() + 1);
    run.defective += defective;
  } else {
    out.set_not_sampled(out.not_sampled() + 1);
    run.missed += defective;
  }
  if (run.taken < terms.lot_size()) return;
  const sampling::Step next =
      sampling::AfterLot(run.switching, {run.severity, aql, run.plan, run.defective});
  run.switching = next.state;
  if (next.accepted) {
    out.set_accepted_lots(out.accepted_lots() + 1);
    out.set_escapes(out.escapes() + run.missed);
  } else {
    out.set_rejected_lots(out.rejected_lots() + 1);
    const int rest = run.taken - static_cast<int>(run.drawn.size());
    out.set_screened(out.screened() + rest);
  }
  run.taken = 0;
}

}  // namespace

absl::StatusOr<v1::DryRunReviewPolicyResponse> Core::DryRunReviewPolicy(
    const Call& call, const v1::DryRunReviewPolicyRequest& request) const {
  const v1::ReviewPolicy& policy = request.review_policy();
  TL_RETURN_IF_ERROR(CheckPolicy(call, policy));
  v1::DryRunReviewPolicyResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  const v1::Sampling& terms = policy.sampling();
  auto it = workspace->by_sequence.end();
  for (int n = 0; n < kResults && it != workspace->by_sequence.begin(); ++n) --it;
  std::map<std::pair<std::string, std::string>, Run> runs;
  std::map<std::string, int> results_of;
  for (; it != workspace->by_sequence.end(); ++it) {
    const v1::Review& review = it->second->review();
    if (!Fits(policy, review) || !Visible(call, review)) continue;
    response.set_results(response.results() + 1);
    if (Defective(review)) response.set_defective(response.defective() + 1);
    const bool full = !policy.has_sampling() || review.round() > 1 ||
                      review.impact_class() >= FullFrom(terms) ||
                      ++results_of[review.doer()] <= terms.new_person_results();
    if (full) {
      response.set_judged_in_full(response.judged_in_full() + 1);
      continue;
    }
    const auto aql = sampling::Aql::Parse(terms.aql(), "aql");
    Run& run = runs[{review.doer_team(), review.work_type()}];
    if (run.switching.discontinued) {
      response.set_judged_in_full(response.judged_in_full() + 1);
      continue;
    }
    const std::string seed = absl::StrCat(terms.seed().empty() ? "dry-run" : terms.seed(), ":",
                                          review.doer_team(), ":", review.work_type());
    if (run.taken == 0) Open(terms, seed, *aql, run);
    Take(terms, *aql, Defective(review), run, response);
  }
  return response;
}

}  // namespace tideline::review
