// SPDX-License-Identifier: Apache-2.0
// Items with a known answer, mixed in among the others: nobody can tell them apart, and their
// results are judged like any. So they say two things: how often a person is right, and how often a
// reviewer lets a wrong result pass or sends a right one back.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace routing = work_routing::v1;

namespace {

// A number from 0 to 999 that follows from an item's name alone.
uint64_t DrawOf(absl::string_view item) {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a, 64 bits
  for (const char c : item) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return (hash >> 32) % 1000;
}

bool Right(const v1::GoldItem& gold, const routing::Result& result) {
  for (const auto& [key, value] : gold.answer()) {
    const auto given = result.attributes().find(key);
    if (given == result.attributes().end() || given->second != value) return false;
  }
  return true;
}

}  // namespace

absl::Status Core::CheckGold(const Call& call, const v1::GoldItem& gold) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (gold.answer().empty()) {
    return InvalidField("gold_item.answer", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (workspace == nullptr || !workspace->policies.contains(gold.policy())) {
    return ReferenceNotFound("gold_item.policy", gold.policy());
  }
  if (!workspace->queues.contains(gold.work_item().queue())) {
    return ReferenceNotFound("gold_item.work_item.queue", gold.work_item().queue());
  }
  if (gold.work_item().depth() != 0 || !gold.work_item().origin().empty()) {
    return InvalidField("gold_item.work_item.origin", "would give it away");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateGoldItemResponse> Core::CreateGoldItem(
    const Call& call, const v1::CreateGoldItemRequest& request, Changes& changes) {
  TL_RETURN_IF_ERROR(CheckGold(call, request.gold_item()));
  Workspace& workspace = WorkspaceOf(call.workspace);
  v1::GoldItem record = request.gold_item();
  record.set_name(absl::StrCat(call.workspace, "/goldItems/", request.gold_item_id()));
  if (workspace.golds.contains(record.name())) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, absl::StrCat(record.name(), " exists"),
                  {{"resource", record.name()}});
  }
  if (workspace.golds.size() >= kMaxGoldItems) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "there are too many",
                  {{"limit", absl::StrCat(kMaxGoldItems)}});
  }
  record.clear_etag();
  record.clear_create_time();
  record.clear_update_time();
  record.set_given(0);
  v1::Event event;
  *event.mutable_gold_item_created()->mutable_gold_item() = record;
  record.set_etag(partition::FormatEtag(changes.Raise(call, record.name(), event)));
  *record.mutable_create_time() = ToProto(call.now);
  *record.mutable_update_time() = ToProto(call.now);
  changes.Put("gold", record.name(), record);
  v1::CreateGoldItemResponse response;
  *response.mutable_gold_item() = record;
  workspace.golds[record.name()] = std::move(record);
  return response;
}

absl::StatusOr<v1::DeleteGoldItemResponse> Core::DeleteGoldItem(
    const Call& call, const v1::DeleteGoldItemRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto it = workspace->golds.find(request.name());
  if (it == workspace->golds.end()) return NotFound(request.name());
  if (!request.etag().empty() && request.etag() != it->second.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "it has changed since it was read",
                  {{"etag", it->second.etag()}});
  }
  workspace->golds.erase(it);
  v1::Event event;
  event.mutable_gold_item_deleted();
  changes.Raise(call, request.name(), event);
  changes.Erase("gold", request.name());
  changes.Retire(request.name());
  return v1::DeleteGoldItemResponse();
}

// A share of the items that come in brings one with a known answer along: that of its policy which
// was given least often, first by name.
void Core::MixIn(Step& step, const Item& item) {
  Workspace& workspace = *item.workspace;
  if (workspace.golds.empty()) return;
  const v1::ReviewPolicy* policy = PolicyFor(item);
  if (policy == nullptr ||
      DrawOf(item.name()) >= static_cast<uint64_t>(std::max(0, policy->gold_per_mille()))) {
    return;
  }
  v1::GoldItem* next = nullptr;
  for (auto& [name, gold] : workspace.golds) {
    if (gold.policy() != policy->name()) continue;
    if (next == nullptr || gold.given() < next->given()) next = &gold;
  }
  if (next == nullptr) return;
  const std::string id = step.NewId();  // looks like any that the suite makes
  routing::SubmitWorkItemRequest request;
  request.set_parent(workspace.name);
  request.set_work_item_id(id);
  *request.mutable_work_item() = next->work_item();
  request.mutable_work_item()->clear_name();
  const std::string made = absl::StrCat(workspace.name, "/workItems/", id);
  core::v1::StoredGoldRun& run = workspace.gold_runs[made];
  run.set_gold(next->name());
  step.changes.Put("gold_run", made, run);
  next->set_given(next->given() + 1);
  step.changes.Put("gold", next->name(), *next);
  Owe(step, core::v1::StoredOwed::ACTION_SUBMIT, next->name(), made, request);
}

core::v1::StoredGoldScore& Core::GoldScoreOf(Workspace& workspace, const std::string& expert) {
  core::v1::StoredGoldScore& score = workspace.gold_scores[expert];
  score.mutable_score()->set_expert(expert);
  return score;
}

// A result of an item whose answer is known: the first one counts for who did it.
void Core::HoldAgainstGold(Step& step, Item& item, const routing::Result& result) {
  Workspace& workspace = *item.workspace;
  auto run = workspace.gold_runs.find(item.name());
  if (run == workspace.gold_runs.end()) return;
  auto gold = workspace.golds.find(run->second.gold());
  if (gold == workspace.golds.end()) return;
  const bool right = Right(gold->second, result);
  run->second.set_right(right);
  step.changes.Put("gold_run", item.name(), run->second);
  if (item.record.results() > 1) return;
  core::v1::StoredGoldScore& score = GoldScoreOf(workspace, result.expert());
  v1::GoldScore& shown = *score.mutable_score();
  shown.set_done(shown.done() + 1);
  if (right) shown.set_right(shown.right() + 1);
  step.changes.Put("gold_score", result.expert(), score);
}

// What a reviewer says of a result whose worth is known.
void Core::HoldReviewerAgainstGold(Step& step, const Item& item, const v1::Opinion& opinion) {
  Workspace& workspace = *item.workspace;
  auto run = workspace.gold_runs.find(item.name());
  if (run == workspace.gold_runs.end() || opinion.verdict() == v1::VERDICT_ESCALATED) return;
  core::v1::StoredGoldScore& score = GoldScoreOf(workspace, opinion.reviewer());
  v1::GoldScore& shown = *score.mutable_score();
  const bool approved = opinion.verdict() == v1::VERDICT_APPROVED;
  if (run->second.right()) {
    shown.set_right_judged(shown.right_judged() + 1);
    if (!approved) shown.set_false_alarms(shown.false_alarms() + 1);
  } else {
    shown.set_wrong_judged(shown.wrong_judged() + 1);
    if (approved) shown.set_escapes(shown.escapes() + 1);
  }
  step.changes.Put("gold_score", opinion.reviewer(), score);
}

absl::StatusOr<v1::GetGoldItemResponse> Core::GetGoldItem(
    const Call& call, const v1::GetGoldItemRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto it = workspace->golds.find(request.name());
  if (it == workspace->golds.end()) return NotFound(request.name());
  v1::GetGoldItemResponse response;
  *response.mutable_gold_item() = it->second;
  return response;
}

absl::StatusOr<v1::ListGoldItemsResponse> Core::ListGoldItems(
    const Call& call, const v1::ListGoldItemsRequest& request) const {
  v1::ListGoldItemsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(FillPage(workspace->golds, request, [&](const v1::GoldItem& gold) {
    *response.add_gold_items() = gold;
    return gold.ByteSizeLong();
  }));
  return response;
}

absl::StatusOr<v1::ListGoldScoresResponse> Core::ListGoldScores(
    const Call& call, const v1::ListGoldScoresRequest& request) const {
  v1::ListGoldScoresResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->gold_scores, request, [&](const core::v1::StoredGoldScore& score) {
        *response.add_gold_scores() = score.score();
        return score.score().ByteSizeLong();
      }));
  return response;
}

}  // namespace tideline::review
