// SPDX-License-Identifier: Apache-2.0
// The skill ladder: claimed -> assessed -> shadowing -> independent -> mentor. Nobody judges,
// vouches for or moves on their own skill.
#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

// Bounds of the lists in Expert, as resources.proto states them.
constexpr int kMaxSkills = 256;
constexpr int kMaxEndorsements = 32;

absl::Status SamePersonRefused(absl::string_view what, absl::string_view name) {
  return Refuse(Reason::REASON_SAME_PERSON,
                absl::StrCat("\"", name, "\" cannot ", what, " their own skill"),
                {{"expert", name}});
}

// The expert who speaks: the one named, or the one as whom the caller acts. Only who does not act
// for themselves may name another. Empty for a service that names nobody.
absl::StatusOr<std::string> Speaker(const Catalog& catalog, const Call& call,
                                    const v1::Expert& holder, absl::string_view field,
                                    const std::string& named, absl::string_view what) {
  const std::string& speaker = named.empty() ? call.grant.expert : named;
  if (speaker.empty()) {
    if (call.grant.roles.Has(type::v1::ROLE_SERVICE)) return speaker;
    return InvalidField(field, "is required of a caller who acts as no expert",
                        Reason::REASON_FIELD_REQUIRED);
  }
  if (ActsForSelf(call.grant) && speaker != call.grant.expert) return NotYours(speaker);
  for (const std::string& name : {speaker, call.grant.expert}) {
    if (name.empty()) continue;
    const auto* expert = catalog.Find<v1::Expert>(name);
    if (expert == nullptr) return ReferenceNotFound(field, name);
    if (SamePerson(*expert, holder)) return SamePersonRefused(what, name);
  }
  return speaker;
}

v1::ExpertSkill* FindSkill(v1::Expert& expert, const std::string& skill) {
  for (v1::ExpertSkill& held : *expert.mutable_skills()) {
    if (held.skill() == skill) return &held;
  }
  return nullptr;
}

// The answer of the ladder's verbs: the holder without personal fields, since assessors of other
// organizations call them too.
template <class Response>
Response Shown(const Catalog& catalog, const Call& call, const v1::Expert& holder) {
  Response response;
  *response.mutable_expert() = holder;
  ClearPersonal(KindOf<v1::Expert>(), *response.mutable_expert());
  Hide(catalog, call.grant, *response.mutable_expert());
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<v1::Expert>> Core::Holder(const Call& call,
                                                         const std::string& name) const {
  const auto* holder = catalog_.Find<v1::Expert>(name);
  if (holder == nullptr) return NotFound(name);
  TL_RETURN_IF_ERROR(MayChange(catalog_, call.grant, *holder));
  return std::make_unique<v1::Expert>(*holder);
}

absl::StatusOr<v1::AssessSkillResponse> Core::AssessSkill(const Call& call,
                                                          const v1::AssessSkillRequest& request,
                                                          Changes& changes) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<v1::Expert> holder, Holder(call, request.name()));
  TL_ASSIGN_OR_RETURN(const std::string assessor,
                      Speaker(catalog_, call, *holder, "assessor", request.assessor(), "assess"));
  if (catalog_.Find<v1::Skill>(request.skill()) == nullptr ||
      WorkspaceOf(request.skill()) != WorkspaceOf(request.name())) {
    return ReferenceNotFound("skill", request.skill());
  }
  if (request.level() == type::v1::LEVEL_UNSPECIFIED) {
    return InvalidField("level", "is required", Reason::REASON_FIELD_REQUIRED);
  }
  if (request.has_expire_time() && ToTime(request.expire_time()) <= call.now) {
    return InvalidField("expire_time", "has passed");
  }
  v1::ExpertSkill* held = FindSkill(*holder, request.skill());
  if (held == nullptr) {
    if (holder->skills_size() >= kMaxSkills) {
      return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                    absl::StrCat("\"", request.name(), "\" has ", kMaxSkills, " skills"),
                    {{"limit", absl::StrCat(kMaxSkills)}});
    }
    held = holder->add_skills();
    held->set_skill(request.skill());
  }
  held->set_level(request.level());
  held->set_stage(std::max(held->stage(), v1::SKILL_STAGE_ASSESSED));
  *held->mutable_evidence() = request.evidence();
  held->set_assessor(assessor);
  *held->mutable_assess_time() = ToProto(call.now);
  held->clear_expire_time();
  if (request.has_expire_time()) *held->mutable_expire_time() = request.expire_time();
  const Entry& entry =
      catalog_.Replace(call, std::move(holder), v1::ACTION_SKILL_ASSESSED, changes);
  return Shown<v1::AssessSkillResponse>(catalog_, call, entry.As<v1::Expert>());
}

absl::StatusOr<v1::EndorseSkillResponse> Core::EndorseSkill(const Call& call,
                                                            const v1::EndorseSkillRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<v1::Expert> holder, Holder(call, request.name()));
  TL_ASSIGN_OR_RETURN(const std::string endorser,
                      Speaker(catalog_, call, *holder, "endorser", request.endorser(), "endorse"));
  v1::ExpertSkill* held = FindSkill(*holder, request.skill());
  if (held == nullptr) return ReferenceNotFound("skill", request.skill());
  v1::Endorsement* endorsement = nullptr;
  for (v1::Endorsement& given : *held->mutable_endorsements()) {
    if (given.endorser() == endorser) endorsement = &given;
  }
  if (endorsement == nullptr) {
    if (held->endorsements_size() >= kMaxEndorsements) {
      return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                    absl::StrCat("the skill has ", kMaxEndorsements, " endorsements"),
                    {{"limit", absl::StrCat(kMaxEndorsements)}});
    }
    endorsement = held->add_endorsements();
  }
  endorsement->set_endorser(endorser);
  endorsement->set_comment(request.comment());
  *endorsement->mutable_time() = ToProto(call.now);
  const Entry& entry =
      catalog_.Replace(call, std::move(holder), v1::ACTION_SKILL_ENDORSED, changes);
  return Shown<v1::EndorseSkillResponse>(catalog_, call, entry.As<v1::Expert>());
}

absl::StatusOr<v1::AdvanceSkillResponse> Core::AdvanceSkill(const Call& call,
                                                            const v1::AdvanceSkillRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<v1::Expert> holder, Holder(call, request.name()));
  const auto* caller = catalog_.Find<v1::Expert>(call.grant.expert);
  if (caller != nullptr && SamePerson(*caller, *holder)) {
    return SamePersonRefused("advance", caller->name());
  }
  v1::ExpertSkill* held = FindSkill(*holder, request.skill());
  if (held == nullptr) return ReferenceNotFound("skill", request.skill());
  if (held->stage() < v1::SKILL_STAGE_ASSESSED || request.stage() != held->stage() + 1) {
    const absl::string_view now = v1::SkillStage_Name(held->stage());
    return Refuse(Reason::REASON_LADDER_STEP,
                  absl::StrCat("the skill is at ", now, "; ", v1::SkillStage_Name(request.stage()),
                               " is not its next stage"),
                  {{"stage", now}});
  }
  held->set_stage(request.stage());
  const Entry& entry =
      catalog_.Replace(call, std::move(holder), v1::ACTION_SKILL_ADVANCED, changes);
  return Shown<v1::AdvanceSkillResponse>(catalog_, call, entry.As<v1::Expert>());
}

}  // namespace tideline::skill_registry
