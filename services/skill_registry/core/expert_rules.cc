// SPDX-License-Identifier: Apache-2.0
// The rules of experts, the largest of the resources (rules.h).
#include <algorithm>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "services/skill_registry/core/ancestry.h"
#include "services/skill_registry/core/dates.h"
#include "services/skill_registry/core/rules.h"

namespace tideline::skill_registry {
namespace {

// Whether `before` says already that this assessor judged this skill: they may have left since.
bool Known(const v1::Expert* before, const v1::ExpertSkill& held) {
  if (before == nullptr) return false;
  return std::any_of(before->skills().begin(), before->skills().end(), [&held](const auto& known) {
    return known.skill() == held.skill() && known.assessor() == held.assessor();
  });
}

absl::Status CheckSkills(const Catalog& catalog, const v1::Expert& expert,
                         const v1::Expert* before) {
  std::set<absl::string_view> seen;
  for (int i = 0; i < expert.skills_size(); ++i) {
    const v1::ExpertSkill& held = expert.skills(i);
    const std::string at = absl::StrCat("expert.skills[", i, "]");
    if (held.skill().empty()) {
      return InvalidField(absl::StrCat(at, ".skill"), "is required", Reason::REASON_FIELD_REQUIRED);
    }
    if (!seen.insert(held.skill()).second) {
      return InvalidField(absl::StrCat(at, ".skill"),
                          absl::StrCat("repeats \"", held.skill(), "\""));
    }
    if (held.assessor().empty()) continue;
    const auto* assessor = catalog.Find<v1::Expert>(held.assessor());
    if (assessor == nullptr && held.assessor() != expert.name() && !Known(before, held)) {
      return ReferenceNotFound(absl::StrCat(at, ".assessor"), held.assessor());
    }
    if (held.assessor() == expert.name() ||
        (assessor != nullptr && SamePerson(*assessor, expert))) {
      return Refuse(Reason::REASON_SAME_PERSON,
                    absl::StrCat("\"", held.assessor(), "\" cannot assess their own skill"),
                    {{"field", absl::StrCat(at, ".assessor")}});
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLeaves(const v1::Expert& expert) {
  for (int i = 0; i < expert.leaves_size(); ++i) {
    const std::string at = absl::StrCat("expert.leaves[", i, "]");
    if (ToTime(expert.leaves(i).end_time()) <= ToTime(expert.leaves(i).start_time())) {
      return InvalidField(absl::StrCat(at, ".end_time"), "is not after start_time");
    }
    // Kept in order of start (Complete), so neighbours suffice.
    if (i > 0 && ToTime(expert.leaves(i).start_time()) < ToTime(expert.leaves(i - 1).end_time())) {
      return InvalidField(absl::StrCat(at, ".start_time"), "lies within the leave before");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLines(const Catalog& catalog, const v1::Expert& expert) {
  if (expert.mentor() == expert.name()) {
    return InvalidField("expert.mentor", "names the expert themselves");
  }
  for (int i = 0; i < expert.dotted_lines_size(); ++i) {
    if (expert.dotted_lines(i) == expert.name()) {
      return InvalidField(absl::StrCat("expert.dotted_lines[", i, "]"),
                          "names the expert themselves");
    }
  }
  return RefuseCycle("expert.line_manager", expert.name(), {expert.line_manager()},
                     ManagersOf(catalog));
}

// An entry without what the caller has no say in, for comparing.
v1::ExpertSkill Stated(v1::ExpertSkill held) {
  if (held.stage() == v1::SKILL_STAGE_UNSPECIFIED) held.set_stage(v1::SKILL_STAGE_CLAIMED);
  for (v1::Endorsement& endorsement : *held.mutable_endorsements()) endorsement.clear_time();
  return held;
}

bool IsClaim(const v1::ExpertSkill& held) {
  return Stated(held).stage() == v1::SKILL_STAGE_CLAIMED && held.assessor().empty() &&
         !held.has_assess_time() && held.endorsements().empty();
}

v1::SkillStage StageOf(const v1::Expert* expert, const std::string& skill) {
  if (expert == nullptr) return v1::SKILL_STAGE_UNSPECIFIED;
  for (const v1::ExpertSkill& held : expert->skills()) {
    if (held.skill() == skill) return held.stage();
  }
  return v1::SKILL_STAGE_UNSPECIFIED;
}

}  // namespace

bool SamePerson(const v1::Expert& a, const v1::Expert& b) {
  return a.name() == b.name() || (!a.person().empty() && a.person() == b.person());
}

absl::Status Check(const Catalog& catalog, const v1::Expert& after, const v1::Expert* before) {
  if (after.team().empty()) {
    return InvalidField("expert.team", "is required", Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(CheckSkills(catalog, after, before));
  TL_RETURN_IF_ERROR(CheckLeaves(after));
  return CheckLines(catalog, after);
}

void Complete(absl::Time now, v1::Expert& after, const v1::Expert* before) {
  // Who creates or imports a person and states a level vouches for it; a stage that was reached
  // stays. Updates have been made claims before (CheckSkillsUpdate).
  for (v1::ExpertSkill& held : *after.mutable_skills()) {
    if (held.stage() != v1::SKILL_STAGE_UNSPECIFIED) continue;
    held.set_stage(held.level() == type::v1::LEVEL_UNSPECIFIED
                       ? v1::SKILL_STAGE_CLAIMED
                       : std::max(v1::SKILL_STAGE_ASSESSED, StageOf(before, held.skill())));
  }
  if (before == nullptr && after.capacity_units() == 0) after.set_capacity_units(1);
  std::sort(after.mutable_leaves()->begin(), after.mutable_leaves()->end(),
            [](const v1::Leave& a, const v1::Leave& b) {
              return ToTime(a.start_time()) < ToTime(b.start_time());
            });
  PassDates(now, after);
}

absl::Status CheckSkillsUpdate(const v1::Expert& before, v1::Expert& after) {
  absl::flat_hash_map<absl::string_view, const v1::ExpertSkill*> stored;
  for (const v1::ExpertSkill& held : before.skills()) stored[held.skill()] = &held;
  for (int i = 0; i < after.skills_size(); ++i) {
    v1::ExpertSkill& held = *after.mutable_skills(i);
    auto it = stored.find(held.skill());
    // Most entries come back as they were; the copies without what the caller has no say in are
    // made for the others.
    if (it != stored.end() && held.SerializeAsString() == it->second->SerializeAsString()) continue;
    const bool same = it != stored.end() &&
                      Stated(held).SerializeAsString() == Stated(*it->second).SerializeAsString();
    if (same) {
      held = *it->second;
    } else if (!IsClaim(held) || (it != stored.end() && !IsClaim(*it->second))) {
      return Refuse(Reason::REASON_LADDER_STEP,
                    absl::StrCat("\"", held.skill(),
                                 "\" is changed by AssessSkill, EndorseSkill and AdvanceSkill"),
                    {{"field", absl::StrCat("expert.skills[", i, "]")}, {"skill", held.skill()}});
    } else {
      held.set_stage(v1::SKILL_STAGE_CLAIMED);
    }
  }
  return absl::OkStatus();
}

}  // namespace tideline::skill_registry
