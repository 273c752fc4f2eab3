// SPDX-License-Identifier: Apache-2.0
// FindExperts: who meets all requirements.
#include "common/base/page.h"
#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

bool Meets(const v1::Expert& expert, const v1::SkillRequirement& requirement, absl::Time now) {
  for (const v1::ExpertSkill& held : expert.skills()) {
    if (held.skill() != requirement.skill()) continue;
    return held.stage() >= v1::SKILL_STAGE_ASSESSED && held.level() >= requirement.min_level() &&
           (!held.has_expire_time() || ToTime(held.expire_time()) > now);
  }
  return false;
}

bool Speaks(const v1::Expert& expert, const std::string& language) {
  if (language.empty()) return true;
  return std::any_of(expert.languages().begin(), expert.languages().end(),
                     [&language](const auto& known) { return known.language_code() == language; });
}

bool Cleared(const v1::Expert& expert, const std::string& client) {
  if (client.empty()) return true;
  return std::any_of(expert.clearances().begin(), expert.clearances().end(),
                     [&client](const auto& clearance) {
                       return clearance.client() == client && !clearance.expired();
                     });
}

bool Available(const Catalog& catalog, const v1::Expert& expert) {
  for (const v1::Leave& leave : expert.leaves()) {
    if (leave.state() == v1::Leave::STATE_CURRENT) return false;
  }
  const auto* presence = catalog.Find<v1::Presence>(absl::StrCat(expert.name(), "/presence"));
  return presence != nullptr && presence->state() == v1::Presence::STATE_AVAILABLE;
}

bool InPlace(const Catalog& catalog, const v1::Expert& expert,
             const v1::FindExpertsRequest& request) {
  if (!request.team().empty() && expert.team() != request.team()) return false;
  if (request.organization().empty() && request.country().empty()) return true;
  const auto* team = catalog.Find<v1::Team>(expert.team());
  if (!request.organization().empty() && team->organization() != request.organization()) {
    return false;
  }
  if (request.country().empty()) return true;
  const auto* site = catalog.Find<v1::Site>(expert.site().empty() ? team->site() : expert.site());
  return site->country() == request.country();
}

}  // namespace

absl::StatusOr<v1::FindExpertsResponse> Core::FindExperts(
    const Call& call, const v1::FindExpertsRequest& request) const {
  if (catalog_.Find<v1::Workspace>(request.parent()) == nullptr) return NotFound(request.parent());
  // Whoever is wanted refers to the team and to every skill: go through the fewest.
  const Entry* fewest = request.team().empty() ? nullptr : catalog_.Find(request.team());
  if (!request.team().empty() && fewest == nullptr)
    return ReferenceNotFound("team", request.team());
  for (int i = 0; i < request.requirements_size(); ++i) {
    const Entry* skill = catalog_.Find(request.requirements(i).skill());
    if (skill == nullptr || skill->kind != &KindOf<v1::Skill>()) {
      return ReferenceNotFound(absl::StrCat("requirements[", i, "].skill"),
                               request.requirements(i).skill());
    }
    if (fewest == nullptr || skill->referrers.size() < fewest->referrers.size()) fewest = skill;
  }
  const std::string prefix = absl::StrCat(request.parent(), "/experts/");
  v1::FindExpertsResponse response;
  Page page(request.page_size());
  std::string last;
  const auto visit = [&](const Entry& entry) {
    if (!page.Open()) {
      response.set_next_page_token(last);
      return false;
    }
    page.LookAt();
    last = entry.name;
    if (entry.kind != &KindOf<v1::Expert>() || !absl::StartsWith(entry.name, prefix)) return true;
    const auto& expert = entry.As<v1::Expert>();
    if (!InPlace(catalog_, expert, request) || !Speaks(expert, request.language_code()) ||
        !Cleared(expert, request.cleared_by()) ||
        (request.available_only() && !Available(catalog_, expert)) ||
        !std::all_of(request.requirements().begin(), request.requirements().end(),
                     [&](const auto& wanted) { return Meets(expert, wanted, call.now); })) {
      return true;
    }
    v1::Expert& found = *response.add_experts();
    found = expert;
    Hide(catalog_, call.grant, found);
    page.Take(found.ByteSizeLong());
    return true;
  };
  if (fewest == nullptr) {
    catalog_.Scan(prefix, request.page_token(), visit);
  } else {
    catalog_.ScanReferrers(*fewest, request.page_token(), visit);
  }
  return response;
}

}  // namespace tideline::skill_registry
