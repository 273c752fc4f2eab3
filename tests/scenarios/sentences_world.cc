// SPDX-License-Identifier: Apache-2.0
// Who is there, and what time it is.
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::scenarios {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

absl::Status MakePerson(Stage& stage, const std::string& person, const std::string& team,
                        const std::vector<std::string>& skills, bool leads) {
  registry::CreateExpertRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_expert_id(person);
  registry::Expert& expert = *request.mutable_expert();
  expert.set_person(person);
  expert.set_team(Stage::Name("teams", team));
  expert.set_capacity_units(10);
  for (const std::string& id : skills) {
    registry::ExpertSkill& skill = *expert.add_skills();
    skill.set_skill(Stage::Name("skills", id));
    skill.set_level(type::v1::LEVEL_EXPERT);
    skill.set_stage(registry::SKILL_STAGE_INDEPENDENT);
  }
  TL_RETURN_IF_ERROR(stage.Call("", &Stage::Registry::CreateExpert, request).status());
  stage.team_of[person] = team;

  registry::CreateMemberRequest member;
  member.set_parent(Stage::kWorkspace);
  member.set_member_id(person);
  member.mutable_member()->set_subject(person);
  member.mutable_member()->set_expert(Stage::Name("experts", person));
  member.mutable_member()->add_roles(type::v1::ROLE_EXPERT);
  if (leads) member.mutable_member()->add_roles(type::v1::ROLE_LEAD);
  return stage.Call("", &Stage::Registry::CreateMember, member).status();
}

absl::Status SetPresence(Stage& stage, const std::string& person, registry::Presence::State state) {
  registry::SetPresenceRequest request;
  request.set_name(absl::StrCat(Stage::Name("experts", person), "/presence"));
  request.set_state(state);
  return stage.Call("", &Stage::Registry::SetPresence, request).status();
}

// Site, calendar and team under one name, and the team's lead.
absl::Status MakeTeam(Stage& stage, const Words& words) {
  const auto& [team, country, zone, hours, lead] =
      std::tie(words[0], words[1], words[2], words[3], words[4]);
  registry::CreateSiteRequest site;
  site.set_parent(Stage::kWorkspace);
  site.set_site_id(team);
  site.mutable_site()->set_country(country);
  site.mutable_site()->set_time_zone(zone);
  TL_RETURN_IF_ERROR(stage.Call("", &Stage::Registry::CreateSite, site).status());
  registry::CreateCalendarRequest calendar;
  calendar.set_parent(Stage::kWorkspace);
  calendar.set_calendar_id(team);
  *calendar.mutable_calendar()->mutable_rules() = testing::Rules(zone, hours);
  TL_RETURN_IF_ERROR(stage.Call("", &Stage::Registry::CreateCalendar, calendar).status());
  registry::CreateTeamRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_team_id(team);
  request.mutable_team()->set_organization(Stage::Name("organizations", "vendor"));
  request.mutable_team()->set_site(Stage::Name("sites", team));
  request.mutable_team()->set_calendar(Stage::Name("calendars", team));
  TL_RETURN_IF_ERROR(stage.Call("", &Stage::Registry::CreateTeam, request).status());
  stage.teams.push_back(team);
  TL_RETURN_IF_ERROR(MakePerson(stage, lead, team, {}, true));
  registry::UpdateTeamRequest update;
  update.mutable_team()->set_name(Stage::Name("teams", team));
  update.mutable_team()->add_leads(Stage::Name("experts", lead));
  update.mutable_update_mask()->add_paths("leads");
  return stage.Call("", &Stage::Registry::UpdateTeam, update).status();
}

absl::Status MakeSkill(Stage& stage, const Words& words) {
  for (absl::string_view id : absl::StrSplit(words[0], ", ")) {
    registry::CreateSkillRequest request;
    request.set_parent(Stage::kWorkspace);
    request.set_skill_id(std::string(id));
    request.mutable_skill()->set_display_name(std::string(id));
    TL_RETURN_IF_ERROR(stage.Call("", &Stage::Registry::CreateSkill, request).status());
  }
  return absl::OkStatus();
}

// All teams serve it, people are asked, and a result needs nobody's approval.
absl::Status MakeQueue(Stage& stage, const Words& words) {
  routing::CreateQueueRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_queue_id(words[0]);
  request.mutable_queue()->set_home_team(Stage::Name("teams", words[1]));
  routing::QueuePolicy& policy = *request.mutable_queue()->mutable_policy();
  for (const std::string& team : stage.teams) policy.add_teams(Stage::Name("teams", team));
  policy.set_mode(routing::QueuePolicy::MODE_PUSH);
  policy.set_holding(routing::QueuePolicy::HOLDING_KEEP);
  policy.set_completion(routing::QueuePolicy::COMPLETION_AUTO);
  policy.mutable_offer_timeout()->set_seconds(24 * 3600);
  policy.set_offer_again(true);
  return stage.Call("", &Stage::Routing::CreateQueue, request).status();
}

absl::Status Later(Stage& stage, const Words& words) {
  int64_t n = 0;
  if (!absl::SimpleAtoi(words[0], &n)) return absl::InvalidArgumentError(words[0]);
  const absl::Duration unit = words[1][0] == 'm'   ? absl::Minutes(1)
                              : words[1][0] == 'h' ? absl::Hours(1)
                                                   : absl::Hours(24);
  return stage.AdvanceTo(stage.now() + n * unit);
}

}  // namespace

std::vector<Sentence> WorldSentences() {
  return {
      {"Team TEAM in COUNTRY, ZONE, works HOURS, led by PERSON", MakeTeam},
      {"Skills are NAMES", MakeSkill},
      {"PERSON of TEAM knows NAMES",
       [](Stage& stage, const Words& words) {
         TL_RETURN_IF_ERROR(
             MakePerson(stage, words[0], words[1], absl::StrSplit(words[2], ", "), false));
         return SetPresence(stage, words[0], registry::Presence::STATE_AVAILABLE);
       }},
      {"PERSON goes offline",
       [](Stage& stage, const Words& words) {
         return SetPresence(stage, words[0], registry::Presence::STATE_OFFLINE);
       }},
      {"PERSON is back",
       [](Stage& stage, const Words& words) {
         return SetPresence(stage, words[0], registry::Presence::STATE_AVAILABLE);
       }},
      {"Queue QUEUE belongs to TEAM", MakeQueue},
      {"On DATE at CLOCK in ZONE",
       [](Stage& stage, const Words& words) {
         const absl::Time time = testing::At(absl::StrCat(words[0], " ", words[1]), words[2]);
         if (time < stage.now()) return absl::InternalError("it is later than that already");
         return stage.AdvanceTo(time);
       }},
      {"N UNIT later", Later},
  };
}

}  // namespace tideline::scenarios
