// SPDX-License-Identifier: Apache-2.0
// Who judges results, and what comes of it. People speak of "the review of ITEM": the last one.
#include <map>

#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"

namespace tideline::scenarios {
namespace {

namespace v1 = review::v1;

absl::Status Publish(Stage& stage, const Words& words) {
  v1::CreateReviewPolicyRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_review_policy_id("all");
  v1::ReviewPolicy& policy = *request.mutable_review_policy();
  v1::Stage& judges = *policy.add_stages();
  judges.set_queue(Stage::Name("queues", words[0]));
  judges.mutable_independence()->set_untouched(true);
  judges.mutable_independence()->set_other_team(true);
  policy.mutable_appeal_window()->set_seconds(24 * 3600);
  return stage.Call("", &Stage::Reviews::CreateReviewPolicy, request).status();
}

// The work item of the opinion that is awaited.
absl::StatusOr<work_routing::v1::WorkItem> ItemOf(Stage& stage, const v1::Review& review) {
  for (const v1::Opinion& opinion : review.opinions()) {
    if (opinion.state() != v1::Opinion::STATE_OPEN) continue;
    return stage.Item(opinion.work_item().substr(opinion.work_item().rfind('/') + 1));
  }
  return absl::InternalError(absl::StrCat("no opinion is awaited: ", review.ShortDebugString()));
}

absl::Status Take(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Review review, stage.LastReview(words[1]));
  TL_ASSIGN_OR_RETURN(const auto item, ItemOf(stage, review));
  if (item.offer().expert() != Stage::Name("experts", words[0])) {
    return absl::InternalError(absl::StrCat("it is offered to '", item.offer().expert(), "'"));
  }
  work_routing::v1::AcceptOfferRequest request;
  request.set_name(item.offer().name());
  return stage.Call(words[0], &Stage::Routing::AcceptOffer, request).status();
}

absl::Status Say(Stage& stage, const Words& words, v1::Verdict verdict) {
  TL_ASSIGN_OR_RETURN(const v1::Review review, stage.LastReview(words[1]));
  bool arbitrates = false;
  for (const v1::Opinion& opinion : review.opinions()) {
    arbitrates |=
        opinion.state() == v1::Opinion::STATE_OPEN && opinion.kind() > v1::Opinion::KIND_SECOND;
  }
  const auto fill = [&](auto request) {
    request.set_name(review.name());
    request.set_checksum(review.checksum());
    request.set_verdict(verdict);
    if (verdict == v1::VERDICT_REWORK) {
      v1::Finding& finding = *request.add_findings();
      finding.set_severity(v1::SEVERITY_MAJOR);
      finding.set_action(words[2]);
    }
    return request;
  };
  if (arbitrates) {
    return stage
        .Call(words[0], &Stage::Reviews::ArbitrateReview, fill(v1::ArbitrateReviewRequest()))
        .status();
  }
  return stage.Call(words[0], &Stage::Reviews::SubmitReview, fill(v1::SubmitReviewRequest()))
      .status();
}

absl::Status Appeal(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Review review, stage.LastReview(words[1]));
  v1::AppealReviewRequest request;
  request.set_name(review.name());
  request.set_reason(words[2]);
  return stage.Call(words[0], &Stage::Reviews::AppealReview, request).status();
}

absl::Status Expect(Stage& stage, const Words& words, v1::Review::State state) {
  TL_ASSIGN_OR_RETURN(const v1::Review review, stage.LastReview(words[0]));
  if (review.state() == state) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("its review is ", review.ShortDebugString()));
}

absl::Status ExpectOffer(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Review review, stage.LastReview(words[1]));
  TL_ASSIGN_OR_RETURN(const auto item, ItemOf(stage, review));
  if (item.offer().expert() == Stage::Name("experts", words[0])) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("it is offered to '", item.offer().expert(), "'"));
}

}  // namespace

std::vector<Sentence> ReviewSentences() {
  using State = v1::Review;
  const auto expect = [](State::State state) {
    return [state](Stage& stage, const Words& words) { return Expect(stage, words, state); };
  };
  return {
      {"Results are judged in QUEUE by people of another team", Publish},
      {"PERSON is asked to judge ITEM", ExpectOffer},
      {"PERSON begins to judge ITEM", Take},
      {"PERSON approves ITEM",
       [](Stage& stage, const Words& words) { return Say(stage, words, v1::VERDICT_APPROVED); }},
      {"PERSON wants rework of ITEM: TEXT",
       [](Stage& stage, const Words& words) { return Say(stage, words, v1::VERDICT_REWORK); }},
      {"PERSON appeals about ITEM: TEXT", Appeal},
      {"ITEM is under review", expect(State::STATE_IN_REVIEW)},
      {"ITEM is approved", expect(State::STATE_APPROVED)},
      {"ITEM is sent back for rework", expect(State::STATE_RETURNED)},
  };
}

}  // namespace tideline::scenarios
