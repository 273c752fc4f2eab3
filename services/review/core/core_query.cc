// SPDX-License-Identifier: Apache-2.0
// Reads. They change nothing, and each looks at a bounded number of records.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

bool Wanted(const v1::ListReviewsRequest& request, const v1::Review& review) {
  const auto& states = request.states();
  if (!states.empty() && std::find(states.begin(), states.end(), review.state()) == states.end()) {
    return false;
  }
  if (!request.team().empty() && review.doer_team() != request.team()) return false;
  if (request.reviewer().empty()) return true;
  return std::any_of(review.opinions().begin(), review.opinions().end(),
                     [&](const v1::Opinion& o) { return o.reviewer() == request.reviewer(); });
}

}  // namespace

absl::StatusOr<v1::GetReviewResponse> Core::GetReview(const Call& call,
                                                      const v1::GetReviewRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Entry* entry, GetEntry(call, request.name()));
  v1::GetReviewResponse response;
  *response.mutable_review() = Shown(call, entry->review());
  return response;
}

absl::StatusOr<v1::ListReviewsResponse> Core::ListReviews(
    const Call& call, const v1::ListReviewsRequest& request) const {
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
  }
  v1::ListReviewsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  absl::btree_map<uint64_t, Entry*> of_item;  // those of one item are few
  if (!request.work_item().empty()) {
    const Item* item = FindItem(request.work_item());
    if (item == nullptr || item->workspace != workspace) return response;
    for (const std::string& name : item->reviews) {
      Entry* entry = FindEntry(name);
      of_item[entry->record.sequence()] = entry;
    }
  }
  const auto& all = request.work_item().empty() ? workspace->by_sequence : of_item;
  Page page(request.page_size());
  for (auto it = all.upper_bound(after); it != all.end(); ++it) {
    const v1::Review& review = it->second->review();
    page.LookAt();
    if (Wanted(request, review) && Visible(call, review)) {
      *response.add_reviews() = Shown(call, review);
      page.Take(review.ByteSizeLong());
    }
    if (page.Open()) continue;
    if (std::next(it) != all.end()) response.set_next_page_token(absl::StrCat(it->first));
    break;
  }
  return response;
}

absl::StatusOr<v1::ListReviewPoliciesResponse> Core::ListReviewPolicies(
    const Call& call, const v1::ListReviewPoliciesRequest& request) const {
  v1::ListReviewPoliciesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->policies, request, [&](const v1::ReviewPolicy& policy) {
        *response.add_review_policies() = Shown(call, policy);
        return policy.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::GetOverrideResponse> Core::GetOverride(
    const Call& call, const v1::GetOverrideRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto it = workspace->overrides.find(request.name());
  if (it == workspace->overrides.end()) return NotFound(request.name());
  v1::GetOverrideResponse response;
  *response.mutable_override() = it->second;
  return response;
}

absl::StatusOr<v1::ListOverridesResponse> Core::ListOverrides(
    const Call& call, const v1::ListOverridesRequest& request) const {
  v1::ListOverridesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->overrides, request, [&](const v1::Override& record) {
        *response.add_overrides() = record;
        return record.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::ListReviewAlarmsResponse> Core::ListReviewAlarms(
    const Call& call, const v1::ListReviewAlarmsRequest& request) const {
  v1::ListReviewAlarmsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->alarms, request, [&](const v1::ReviewAlarm& alarm) {
        *response.add_review_alarms() = alarm;
        return alarm.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::ClearReviewAlarmResponse> Core::ClearReviewAlarm(
    const Call& call, const v1::ClearReviewAlarmRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto alarm = workspace->alarms.find(request.name());
  if (alarm == workspace->alarms.end()) return NotFound(request.name());
  v1::ClearReviewAlarmResponse response;
  *response.mutable_review_alarm() = alarm->second;
  Step step(*this, call, changes);
  ClearAlarm(step, *workspace, alarm->second.kind(), std::string(alarm->second.subject()));
  return response;
}

}  // namespace tideline::review
