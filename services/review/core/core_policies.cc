// SPDX-License-Identifier: Apache-2.0
// Review policies: published, never half right. What nobody could satisfy is refused.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/roster/eligible.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace registry = skill_registry::v1;

namespace {

constexpr absl::string_view kStages = "review_policy.stages";

absl::Status CheckScope(const roster::Roster& roster, const Call& call,
                        const v1::ReviewPolicy& policy) {
  if (!policy.engagement().empty() &&
      (roster.Find<registry::Engagement>(policy.engagement()) == nullptr ||
       WorkspaceName(policy.engagement()) != call.workspace)) {
    return ReferenceNotFound("review_policy.engagement", policy.engagement());
  }
  if (!type::v1::ImpactClass_IsValid(policy.impact_class())) {
    return InvalidField("review_policy.impact_class", "is unknown");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ReviewPolicy*> Core::GetPolicy(const Call& call, const std::string& name,
                                                  const std::string& etag) const {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(name);
  auto it = workspace->policies.find(name);
  if (it == workspace->policies.end()) return NotFound(name);
  if (!etag.empty() && etag != it->second.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the policy has changed since it was read",
                  {{"etag", it->second.etag()}});
  }
  return &it->second;
}

absl::Status Core::CheckPolicy(const Call& call, const v1::ReviewPolicy& policy) const {
  TL_RETURN_IF_ERROR(CheckScope(roster_, call, policy));
  TL_RETURN_IF_ERROR(CheckRubric(policy.rubric(), "review_policy.rubric"));
  if (policy.has_sampling()) TL_RETURN_IF_ERROR(CheckSampling(policy.sampling()));
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (policy.stages().empty()) {
    return InvalidField(kStages, "needs at least one", Reason::REASON_FIELD_REQUIRED);
  }
  for (int i = 0; i < policy.stages_size(); ++i) {
    const v1::Stage& stage = policy.stages(i);
    const std::string field = absl::StrCat(kStages, "[", i, "].");
    if (workspace == nullptr || !workspace->queues.contains(stage.queue())) {
      return ReferenceNotFound(absl::StrCat(field, "queue"), stage.queue());
    }
    for (int j = 0; j < stage.requirements_size(); ++j) {
      const std::string& skill = stage.requirements(j).skill();
      if (roster_.Find<registry::Skill>(skill) == nullptr ||
          WorkspaceName(skill) != call.workspace) {
        return ReferenceNotFound(absl::StrCat(field, "requirements[", j, "].skill"), skill);
      }
    }
  }
  if (!policy.escalation_queue().empty() &&
      !workspace->queues.contains(policy.escalation_queue())) {
    return ReferenceNotFound("review_policy.escalation_queue", policy.escalation_queue());
  }
  return CheckStaffing(call, workspace, policy);
}

bool Core::MayReview(const Workspace& workspace, const v1::Stage& stage,
                     const registry::Expert& expert, absl::Time now) const {
  auto queue = workspace.queues.find(stage.queue());
  if (queue == workspace.queues.end()) return false;
  const core::v1::StoredQueue& served = queue->second;
  if (served.teams_size() + served.organizations_size() > 0) {
    const auto has = [](const auto& all, absl::string_view one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    if (!has(served.teams(), expert.team()) &&
        !has(served.organizations(), roster_.OrganizationOf(expert))) {
      return false;
    }
  }
  const eligibility::Expert known = roster::Eligible(roster_, expert);
  for (const auto& requirement : stage.requirements()) {
    if (requirement.kind() == work_routing::v1::Requirement::KIND_PREFERRED) continue;
    int level = std::max<int>(requirement.min_level(), type::v1::LEVEL_NOVICE);
    if (requirement.lowest_level() > 0) level = std::min<int>(level, requirement.lowest_level());
    if (eligibility::LevelAt(known, requirement.skill(), now) < level) return false;
  }
  return true;
}

// Whoever the doer is, somebody else has to be there; where teams or organizations must differ, two
// of them. Stops as soon as there are enough.
absl::Status Core::CheckStaffing(const Call& call, const Workspace* workspace,
                                 const v1::ReviewPolicy& policy) const {
  const auto known = experts_.find(call.workspace);
  for (int i = 0; i < policy.stages_size(); ++i) {
    const v1::Stage& stage = policy.stages(i);
    const v1::Independence& asked = stage.independence();
    std::set<std::string> people, teams, tops;
    const auto enough = [&] {
      return people.size() > 1 && (!asked.other_team() || teams.size() > 1) &&
             (!asked.other_organization() || tops.size() > 1);
    };
    bool other_doers = false;  // somebody whom nobody found so far stands in the way of
    if (known != experts_.end()) {
      for (const std::string& name : known->second) {
        const auto* expert = roster_.Find<registry::Expert>(name);
        if (expert == nullptr) continue;
        if (!MayReview(*workspace, stage, *expert, call.now)) {
          other_doers = true;
          continue;
        }
        people.insert(expert->person().empty() ? name : expert->person());
        teams.insert(expert->team());
        tops.insert(*FamilyOf(roster_, std::string(roster_.OrganizationOf(*expert))).begin());
        if (enough()) break;
      }
    }
    // One reviewer is enough where others do the work; who does it is not known yet, and a result
    // that nobody may judge raises an alarm.
    if (people.empty() || (people.size() == 1 && !other_doers)) {
      return Refuse(Reason::REASON_NO_REVIEWER,
                    people.empty() ? "nobody could judge at this stage"
                                   : "nobody could judge the work of the only reviewer",
                    {{"field", absl::StrCat(kStages, "[", i, "]")}, {"stage", absl::StrCat(i)}});
    }
  }
  return absl::OkStatus();
}

void Core::PutPolicy(Step& step, Workspace& workspace, v1::ReviewPolicy record, bool created) {
  active_ = true;
  if (!created) workspace.policy_of.erase(KeyOf(workspace.policies.at(record.name())));
  record.clear_etag();
  record.clear_update_time();
  if (created) record.clear_create_time();
  v1::Event event;
  if (created) {
    *event.mutable_review_policy_created()->mutable_review_policy() = record;
  } else {
    *event.mutable_review_policy_changed()->mutable_review_policy() = record;
  }
  const type::v1::Revision at = step.changes.Raise(step.call, record.name(), event);
  record.set_etag(partition::FormatEtag(at));
  if (created) *record.mutable_create_time() = ToProto(step.now);
  *record.mutable_update_time() = ToProto(step.now);
  workspace.policy_of[KeyOf(record)] = record.name();
  step.changes.Put("policy", record.name(), record);
  step.changes.Put("terms", absl::StrCat(record.name(), "@", record.revision()), record);
  workspace.terms[{record.name(), record.revision()}] = record;
  workspace.policies[record.name()] = std::move(record);
}

const v1::ReviewPolicy* Core::PolicyFor(const Item& item) const {
  const Workspace& workspace = *item.workspace;
  const work_routing::v1::WorkItem& of = item.item();
  const int impact = std::max<int>(of.impact_class(), type::v1::IMPACT_CLASS_LOW);
  if (const auto* contract = roster_.Find<registry::Engagement>(of.engagement())) {
    const std::string& named = contract->review_policy();
    auto it = workspace.policies.find(
        absl::StrContains(named, '/') ? named
                                      : absl::StrCat(workspace.name, "/reviewPolicies/", named));
    if (!named.empty() && it != workspace.policies.end()) {
      const v1::ReviewPolicy& policy = it->second;
      const bool fits = (policy.work_type().empty() || policy.work_type() == of.work_type()) &&
                        (policy.impact_class() == type::v1::IMPACT_CLASS_UNSPECIFIED ||
                         policy.impact_class() == impact);
      if (fits) return &policy;
    }
  }
  for (const int mask : {7, 6, 5, 4, 3, 2, 1, 0}) {  // engagement, work type, impact class
    const PolicyKey key{(mask & 4) != 0 ? of.engagement() : "",
                        (mask & 2) != 0 ? of.work_type() : "", (mask & 1) != 0 ? impact : 0};
    auto it = workspace.policy_of.find(key);
    if (it != workspace.policy_of.end()) return &workspace.policies.at(it->second);
  }
  return nullptr;
}

v1::ReviewPolicy Core::Shown(const Call& call, const v1::ReviewPolicy& policy) {
  v1::ReviewPolicy shown = policy;
  const partition::Roles& roles = call.grant.roles;
  if (shown.has_sampling() && !roles.Has(type::v1::ROLE_ADMIN) &&
      !roles.Has(type::v1::ROLE_AUDITOR)) {
    shown.mutable_sampling()->clear_seed();
  }
  return shown;
}

absl::StatusOr<v1::CreateReviewPolicyResponse> Core::CreateReviewPolicy(
    const Call& call, const v1::CreateReviewPolicyRequest& request, Changes& changes) {
  TL_RETURN_IF_ERROR(CheckPolicy(call, request.review_policy()));
  Workspace& workspace = WorkspaceOf(call.workspace);
  v1::ReviewPolicy record = request.review_policy();
  record.set_name(absl::StrCat(call.workspace, "/reviewPolicies/", request.review_policy_id()));
  record.set_revision(1);
  const auto same = workspace.policy_of.find(KeyOf(record));
  if (workspace.policies.contains(record.name()) || same != workspace.policy_of.end()) {
    const std::string& there = same != workspace.policy_of.end() ? same->second : record.name();
    return Refuse(Reason::REASON_RESOURCE_EXISTS, absl::StrCat(there, " exists"),
                  {{"resource", there}});
  }
  v1::CreateReviewPolicyResponse response;
  if (!request.validate_only()) {
    // A policy of this name may have been before: its revisions are still named by reviews.
    auto before = workspace.terms.upper_bound({record.name(), kMaxRevisions});
    if (before != workspace.terms.begin() && std::prev(before)->first.first == record.name()) {
      record.set_revision(std::prev(before)->first.second + 1);
    }
    Step step(*this, call, changes);
    if (record.has_sampling() && record.sampling().seed().empty()) {
      record.mutable_sampling()->set_seed(step.NewId());
    }
    PutPolicy(step, workspace, record, true);
    record = workspace.policies.at(record.name());
  }
  *response.mutable_review_policy() = Shown(call, record);
  return response;
}

absl::StatusOr<v1::UpdateReviewPolicyResponse> Core::UpdateReviewPolicy(
    const Call& call, const v1::UpdateReviewPolicyRequest& request, Changes& changes) {
  const v1::ReviewPolicy& wanted = request.review_policy();
  TL_ASSIGN_OR_RETURN(v1::ReviewPolicy * policy, GetPolicy(call, wanted.name(), wanted.etag()));
  v1::ReviewPolicy record = *policy;
  if (request.update_mask().paths().empty()) {
    record = wanted;
    record.set_name(policy->name());
    *record.mutable_create_time() = policy->create_time();
    // Whoever may not see the seed does not change it by sending back what they saw.
    if (record.has_sampling() && record.sampling().seed().empty()) {
      record.mutable_sampling()->set_seed(policy->sampling().seed());
    }
  } else {
    for (const std::string& path : request.update_mask().paths()) {
      const auto* field = v1::ReviewPolicy::descriptor()->FindFieldByName(path);
      if (field == nullptr || field->number() <= 4 || path == "revision") {
        return InvalidField("update_mask", absl::StrCat("\"", path, "\" cannot be changed"));
      }
      v1::ReviewPolicy part = wanted;
      record.GetReflection()->SwapFields(&record, &part, {field});
    }
  }
  record.set_revision(policy->revision() + 1);
  if (record.revision() > kMaxRevisions) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "the policy has been changed too often",
                  {{"limit", absl::StrCat(kMaxRevisions)}});
  }
  TL_RETURN_IF_ERROR(CheckPolicy(call, record));
  Workspace& workspace = WorkspaceOf(call.workspace);
  const auto same = workspace.policy_of.find(KeyOf(record));
  if (same != workspace.policy_of.end() && same->second != record.name()) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, absl::StrCat(same->second, " is for the same"),
                  {{"resource", same->second}});
  }
  v1::UpdateReviewPolicyResponse response;
  if (!request.validate_only()) {
    Step step(*this, call, changes);
    if (record.has_sampling() && record.sampling().seed().empty()) {
      record.mutable_sampling()->set_seed(step.NewId());
    }
    PutPolicy(step, workspace, record, false);
    record = workspace.policies.at(record.name());
  }
  *response.mutable_review_policy() = Shown(call, record);
  return response;
}

absl::StatusOr<v1::DeleteReviewPolicyResponse> Core::DeleteReviewPolicy(
    const Call& call, const v1::DeleteReviewPolicyRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(v1::ReviewPolicy * policy, GetPolicy(call, request.name(), request.etag()));
  Workspace& workspace = WorkspaceOf(call.workspace);
  workspace.policy_of.erase(KeyOf(*policy));
  workspace.policies.erase(request.name());
  v1::Event event;
  event.mutable_review_policy_deleted();
  changes.Raise(call, request.name(), event);
  changes.Erase("policy", request.name());
  changes.Retire(request.name());
  return v1::DeleteReviewPolicyResponse();
}

absl::StatusOr<v1::GetReviewPolicyResponse> Core::GetReviewPolicy(
    const Call& call, const v1::GetReviewPolicyRequest& request) const {
  TL_ASSIGN_OR_RETURN(const v1::ReviewPolicy* policy, GetPolicy(call, request.name(), ""));
  v1::GetReviewPolicyResponse response;
  *response.mutable_review_policy() = Shown(call, *policy);
  return response;
}

}  // namespace tideline::review
