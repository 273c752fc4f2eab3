// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/review_town.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace tideline::chaos {

namespace routing = work_routing::v1;
namespace reviews = review::v1;
using routing::WorkItem;

ReviewTown::ReviewTown(testing::RedisServer& redis)
    : Town(redis, {"skill_registry", "work_routing", "review"}),
      routing_(routing::WorkRoutingService::NewStub(ChannelTo("work_routing"))),
      reviews_(reviews::ReviewService::NewStub(ChannelTo("review"))) {}

absl::Status ReviewTown::Open() {
  StartAll();
  TL_RETURN_IF_ERROR(MakeTeams({"makers", "judges"}));
  TL_RETURN_IF_ERROR(MakePerson("doer", "makers", true));
  TL_RETURN_IF_ERROR(MakePerson("judge", "judges", true));
  for (const char* id : {"makers", "judges"}) {
    routing::CreateQueueRequest queue;
    queue.set_parent(kWorkspace);
    queue.set_queue_id(id);
    queue.mutable_queue()->set_home_team(Name("teams", id));
    queue.mutable_queue()->mutable_policy()->add_teams(Name("teams", id));
    queue.mutable_queue()->mutable_policy()->set_mode(routing::QueuePolicy::MODE_AUTO_ASSIGN);
    TL_RETURN_IF_ERROR(Do(*routing_, &Routing::CreateQueue, queue).status());
  }
  reviews::CreateReviewPolicyRequest policy;
  policy.set_parent(kWorkspace);
  policy.set_review_policy_id("all");
  policy.mutable_review_policy()->add_stages()->set_queue(Name("queues", "judges"));
  return Do(*reviews_, &Reviews::CreateReviewPolicy, policy).status();
}

absl::StatusOr<WorkItem> ReviewTown::NewItem() {
  routing::SubmitWorkItemRequest request;
  request.set_parent(kWorkspace);
  request.mutable_work_item()->set_queue(Name("queues", "makers"));
  request.mutable_work_item()->set_title("A search");
  TL_ASSIGN_OR_RETURN(auto response, Do(*routing_, &Routing::SubmitWorkItem, request));
  if (response.work_item().custody().holder() != Name("experts", "doer")) {
    return absl::InternalError(
        absl::StrCat("the doer does not get it: ", response.work_item().ShortDebugString()));
  }
  return response.work_item();
}

absl::StatusOr<WorkItem> ReviewTown::Get(const std::string& item) {
  routing::GetWorkItemRequest get;
  get.set_name(item);
  TL_ASSIGN_OR_RETURN(auto response, Call(*routing_, &Routing::GetWorkItem, get));
  return response.work_item();
}

absl::StatusOr<reviews::Review> ReviewTown::Due(const std::string& item) {
  reviews::ListReviewsRequest list;
  list.set_parent(kWorkspace);
  list.set_work_item(item);
  const absl::Duration give_up = Monotonic() + kPatience;
  for (;;) {
    TL_ASSIGN_OR_RETURN(const auto listed, Call(*reviews_, &Reviews::ListReviews, list));
    if (listed.reviews_size() > 1) {
      return absl::InternalError(absl::StrCat(item, " has ", listed.reviews_size(), " reviews"));
    }
    if (listed.reviews_size() == 1 && listed.reviews(0).opinions_size() > 0 &&
        !listed.reviews(0).opinions(0).reviewer().empty()) {
      return listed.reviews(0);
    }
    TL_ASSIGN_OR_RETURN(const WorkItem now, Get(item));
    if (now.state() != WorkItem::STATE_SUBMITTED) {
      return absl::InternalError(absl::StrCat("not judged yet: ", now.ShortDebugString()));
    }
    if (Monotonic() > give_up) {
      return absl::DeadlineExceededError(absl::StrCat("nobody is found who judges ", item));
    }
  }
}

absl::Status ReviewTown::Judge(const std::string& item, reviews::Verdict verdict) {
  routing::SubmitResultRequest result;
  result.set_name(item);
  result.mutable_result()->set_summary("Nothing older was found.");
  TL_RETURN_IF_ERROR(Do(*routing_, &Routing::SubmitResult, result).status());
  TL_ASSIGN_OR_RETURN(const reviews::Review due, Due(item));
  reviews::SubmitReviewRequest say;
  say.set_name(due.name());
  say.set_checksum(due.checksum());
  say.set_verdict(verdict);
  say.set_expert(due.opinions(0).reviewer());
  if (verdict == reviews::VERDICT_REWORK) {
    reviews::Finding& finding = *say.add_findings();
    finding.set_severity(reviews::SEVERITY_MAJOR);
    finding.set_action("Look into the Japanese ones, too.");
  }
  TL_RETURN_IF_ERROR(Do(*reviews_, &Reviews::SubmitReview, say).status());
  const bool approved = verdict == reviews::VERDICT_APPROVED;
  reviews::GetReviewRequest ask;
  ask.set_name(due.name());
  const absl::Duration give_up = Monotonic() + kPatience;
  for (bool finished = false; !finished;) {
    TL_ASSIGN_OR_RETURN(const auto seen, Call(*reviews_, &Reviews::GetReview, ask));
    TL_ASSIGN_OR_RETURN(const WorkItem now, Get(item));
    const WorkItem::State after = approved ? WorkItem::STATE_COMPLETED : WorkItem::STATE_ASSIGNED;
    if (now.state() != after && now.state() != WorkItem::STATE_SUBMITTED) {
      return absl::InternalError(absl::StrCat(item, " is ", now.ShortDebugString()));
    }
    if (seen.review().verdict() != verdict) {
      return absl::InternalError(absl::StrCat("is ", seen.review().ShortDebugString()));
    }
    if (seen.review().carried_out() && now.state() != after) {
      return absl::InternalError(absl::StrCat(due.name(), " is carried out, and ", item, " waits"));
    }
    finished = seen.review().carried_out();
    if (finished) {  // the reviewer's own item closes by itself, too
      TL_ASSIGN_OR_RETURN(const WorkItem own, Get(due.opinions(0).work_item()));
      finished = own.state() == WorkItem::STATE_COMPLETED;
    }
    if (Monotonic() > give_up) {
      return absl::DeadlineExceededError(absl::StrCat(due.name(), " is not carried out by itself"));
    }
  }
  return absl::OkStatus();
}

std::string ReviewTown::Examine(const std::string& item, reviews::Verdict verdict) {
  const auto found = Get(item);
  if (!found.ok()) return found.status().ToString();
  int completed = 0;
  int submitted = 0;
  for (const routing::Period& period : found->periods()) {
    completed += period.state() == WorkItem::STATE_COMPLETED;
    submitted += period.state() == WorkItem::STATE_SUBMITTED;
  }
  const bool approved = verdict == reviews::VERDICT_APPROVED;
  if (submitted != 1 || completed != (approved ? 1 : 0) ||
      found->return_count() != (approved ? 0 : 1) || found->reopen_count() != 0) {
    return absl::StrCat("approved ", completed, " times, returned ", found->return_count(),
                        " times: ", found->ShortDebugString());
  }
  const auto due = Due(item);
  if (!due.ok()) return due.status().ToString();
  if (due->opinions_size() != 1 || due->state() != (approved ? reviews::Review::STATE_APPROVED
                                                             : reviews::Review::STATE_RETURNED)) {
    return absl::StrCat("its review is ", due->ShortDebugString());
  }
  return "";
}

}  // namespace tideline::chaos
