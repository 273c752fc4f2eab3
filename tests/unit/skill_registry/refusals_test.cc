// SPDX-License-Identifier: Apache-2.0
// Every rule of skill_registry as a line of a table: a request, and the code, reason and field with
// which it is refused. The driver checks after each that nothing has changed.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {
namespace {

struct Row {
  const char* title;
  const char* rpc;
  const char* request;  // "W/" stands for "workspaces/acme/"
  const char* answer;   // "CODE REASON field"
};

std::string Expand(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"W/", "workspaces/acme/"}});
}

constexpr Row kTable[] = {
    // Names, existence, etags.
    {"unknown workspace", "CreateSite",
     "parent: 'workspaces/none' site_id: 'x' site { country: 'PL' time_zone: 'UTC' }",
     "NOT_FOUND RESOURCE_NOT_FOUND"},
    {"taken name", "CreateSite",
     "parent: 'workspaces/acme' site_id: 'krakow' site { country: 'DE' time_zone: 'UTC' }",
     "ALREADY_EXISTS RESOURCE_EXISTS"},
    {"unknown resource", "GetTeam", "name: 'W/teams/none'", "NOT_FOUND RESOURCE_NOT_FOUND"},
    {"resource of another kind", "GetTeam", "name: 'W/sites/krakow'",
     "NOT_FOUND RESOURCE_NOT_FOUND"},
    {"stale etag", "UpdateTeam", "team { name: 'W/teams/alpha' etag: '1.0' display_name: 'A' }",
     "ABORTED ETAG_MISMATCH"},
    {"stale etag on delete", "DeleteEngagement", "name: 'W/engagements/claims' etag: '1.0'",
     "ABORTED ETAG_MISMATCH"},
    {"mask names no field", "UpdateTeam",
     "team { name: 'W/teams/alpha' } update_mask { paths: 'colour' }",
     "INVALID_ARGUMENT INVALID_FIELD update_mask.paths[0]"},
    {"list in an unknown workspace", "ListTeams", "parent: 'workspaces/none'",
     "NOT_FOUND RESOURCE_NOT_FOUND"},
    {"workspace exists otherwise", "CreateWorkspace",
     "workspace { name: 'workspaces/acme' display_name: 'Other' }",
     "ALREADY_EXISTS RESOURCE_EXISTS"},
    {"workspace without a name", "CreateWorkspace", "workspace { display_name: 'Other' }",
     "INVALID_ARGUMENT INVALID_FIELD workspace.name"},
    // Organizations.
    {"organization without a kind", "CreateOrganization",
     "parent: 'workspaces/acme' organization { display_name: 'x' }",
     "INVALID_ARGUMENT FIELD_REQUIRED organization.kind"},
    {"unknown owner", "CreateOrganization",
     "parent: 'workspaces/acme' organization { kind: KIND_VENDOR owner: 'W/organizations/none' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND organization.owner"},
    {"owner of itself", "UpdateOrganization",
     "organization { name: 'W/organizations/bank' owner: 'W/organizations/bank' }",
     "INVALID_ARGUMENT CYCLE organization.owner"},
    {"conflict with itself", "UpdateOrganization",
     "organization { name: 'W/organizations/bank' conflicts: 'W/organizations/bank' }",
     "INVALID_ARGUMENT INVALID_FIELD organization.conflicts[0]"},
    {"organization with teams", "DeleteOrganization", "name: 'W/organizations/north'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    // Sites and calendars.
    {"unknown zone of a site", "CreateSite",
     "parent: 'workspaces/acme' site { country: 'PL' time_zone: 'Europe/Nowhere' }",
     "INVALID_ARGUMENT TIME_ZONE_UNKNOWN site.time_zone"},
    {"site without a country", "CreateSite", "parent: 'workspaces/acme' site { time_zone: 'UTC' }",
     "INVALID_ARGUMENT FIELD_REQUIRED site.country"},
    {"site with a team", "DeleteSite", "name: 'W/sites/krakow'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    {"unknown zone of a calendar", "CreateCalendar",
     "parent: 'workspaces/acme' calendar { rules { time_zone: 'Mars/Olympus' always_open: true } }",
     "INVALID_ARGUMENT TIME_ZONE_UNKNOWN calendar.rules.time_zone"},
    {"overlapping hours", "CreateCalendar",
     "parent: 'workspaces/acme' calendar { rules { time_zone: 'UTC' weekly_hours { "
     "day: DAY_OF_WEEK_MONDAY intervals { start_minute: 540 end_minute: 720 } "
     "intervals { start_minute: 700 end_minute: 900 } } } }",
     "INVALID_ARGUMENT HOURS_OVERLAP calendar.rules.weekly_hours[0].intervals[1]"},
    {"calendar without rules", "CreateCalendar", "parent: 'workspaces/acme' calendar {}",
     "INVALID_ARGUMENT FIELD_REQUIRED calendar.rules"},
    {"calendar of a team", "DeleteCalendar", "name: 'W/calendars/office'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    // Teams.
    {"team without a site", "CreateTeam",
     "parent: 'workspaces/acme' team { organization: 'W/organizations/north' }",
     "INVALID_ARGUMENT FIELD_REQUIRED team.site"},
    {"team at an unknown site", "CreateTeam",
     "parent: 'workspaces/acme' team { organization: 'W/organizations/north' site: 'W/sites/x' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND team.site"},
    {"a site is no organization", "CreateTeam",
     "parent: 'workspaces/acme' team { organization: 'W/sites/krakow' site: 'W/sites/krakow' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND team.organization"},
    {"team that holds people", "DeleteTeam", "name: 'W/teams/alpha'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    // Skills.
    {"unknown parent skill", "CreateSkill",
     "parent: 'workspaces/acme' skill { parents: 'W/skills/none' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND skill.parents[0]"},
    {"cycle in the taxonomy", "UpdateSkill",
     "skill { name: 'W/skills/data' parents: 'W/skills/sql' }",
     "INVALID_ARGUMENT CYCLE skill.parents"},
    {"skill that people have", "DeleteSkill", "name: 'W/skills/sql'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    {"skill with children", "DeleteSkill", "name: 'W/skills/data'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    // Experts.
    {"expert in an unknown team", "CreateExpert",
     "parent: 'workspaces/acme' expert { team: 'W/teams/none' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND expert.team"},
    {"expert without a team", "CreateExpert", "parent: 'workspaces/acme' expert {}",
     "INVALID_ARGUMENT FIELD_REQUIRED expert.team"},
    {"expert with an unknown skill", "CreateExpert",
     "parent: 'workspaces/acme' expert { team: 'W/teams/alpha' skills { skill: 'W/skills/sql' } "
     "skills { skill: 'W/skills/none' } }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND expert.skills[1].skill"},
    {"the same skill twice", "CreateExpert",
     "parent: 'workspaces/acme' expert { team: 'W/teams/alpha' skills { skill: 'W/skills/sql' } "
     "skills { skill: 'W/skills/sql' } }",
     "INVALID_ARGUMENT INVALID_FIELD expert.skills[1].skill"},
    {"cycle of line managers", "UpdateExpert",
     "expert { name: 'W/experts/ada' line_manager: 'W/experts/bob' }",
     "INVALID_ARGUMENT CYCLE expert.line_manager"},
    {"mentor of oneself", "UpdateExpert",
     "expert { name: 'W/experts/ada' mentor: 'W/experts/ada' }",
     "INVALID_ARGUMENT INVALID_FIELD expert.mentor"},
    {"assessed by the same person elsewhere", "CreateExpert",
     "parent: 'workspaces/acme' expert { team: 'W/teams/beta' person: 'p-ada' skills { "
     "skill: 'W/skills/sql' stage: SKILL_STAGE_ASSESSED assessor: 'W/experts/ada' } }",
     "FAILED_PRECONDITION SAME_PERSON expert.skills[0].assessor"},
    {"assessed by nobody known", "CreateExpert",
     "parent: 'workspaces/acme' expert { team: 'W/teams/beta' skills { "
     "skill: 'W/skills/sql' stage: SKILL_STAGE_ASSESSED assessor: 'W/experts/zoe' } }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND expert.skills[0].assessor"},
    {"overlapping leaves", "UpdateExpert",
     "expert { name: 'W/experts/ada' leaves { start_time { seconds: 20 } end_time { seconds: 30 } }"
     " leaves { start_time { seconds: 10 } end_time { seconds: 21 } } }",
     "INVALID_ARGUMENT INVALID_FIELD expert.leaves[1].start_time"},
    {"leave that ends before it starts", "UpdateExpert",
     "expert { name: 'W/experts/ada' leaves { start_time { seconds: 20 } end_time { seconds: 5 } } "
     "}",
     "INVALID_ARGUMENT INVALID_FIELD expert.leaves[0].end_time"},
    {"level raised without an assessment", "UpdateExpert",
     "expert { name: 'W/experts/ada' skills { skill: 'W/skills/sql' level: LEVEL_AUTHORITY "
     "stage: SKILL_STAGE_INDEPENDENT } }",
     "FAILED_PRECONDITION LADDER_STEP expert.skills[0]"},
    {"manager who manages", "DeleteExpert", "name: 'W/experts/ada'",
     "FAILED_PRECONDITION RESOURCE_IN_USE"},
    // The ladder.
    {"own assessment", "AssessSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' level: LEVEL_EXPERT assessor: 'W/experts/ada'",
     "FAILED_PRECONDITION SAME_PERSON"},
    {"assessor nobody knows", "AssessSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' level: LEVEL_EXPERT assessor: 'W/experts/zoe'",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND assessor"},
    {"assessment of an unknown skill", "AssessSkill",
     "name: 'W/experts/ada' skill: 'W/skills/none' level: LEVEL_EXPERT assessor: 'W/experts/bob'",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND skill"},
    {"assessment without a level", "AssessSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' assessor: 'W/experts/bob'",
     "INVALID_ARGUMENT FIELD_REQUIRED level"},
    {"evidence that has expired", "AssessSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' level: LEVEL_EXPERT assessor: 'W/experts/bob' "
     "expire_time { seconds: 5 }",
     "INVALID_ARGUMENT INVALID_FIELD expire_time"},
    {"own endorsement", "EndorseSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' endorser: 'W/experts/ada'",
     "FAILED_PRECONDITION SAME_PERSON"},
    {"endorsement of what is not claimed", "EndorseSkill",
     "name: 'W/experts/bob' skill: 'W/skills/sql' endorser: 'W/experts/ada'",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND skill"},
    {"a step back", "AdvanceSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' stage: SKILL_STAGE_SHADOWING",
     "FAILED_PRECONDITION LADDER_STEP"},
    {"the same step", "AdvanceSkill",
     "name: 'W/experts/ada' skill: 'W/skills/sql' stage: SKILL_STAGE_INDEPENDENT",
     "FAILED_PRECONDITION LADDER_STEP"},
    // Presence.
    {"presence of nobody", "SetPresence", "name: 'W/experts/zoe/presence' state: STATE_AVAILABLE",
     "NOT_FOUND RESOURCE_NOT_FOUND"},
    {"presence without a state", "SetPresence", "name: 'W/experts/ada/presence'",
     "INVALID_ARGUMENT FIELD_REQUIRED state"},
    {"presence until yesterday", "SetPresence",
     "name: 'W/experts/ada/presence' state: STATE_BREAK until { seconds: 5 }",
     "INVALID_ARGUMENT INVALID_FIELD until"},
    // Engagements.
    {"engagement with an unknown client", "CreateEngagement",
     "parent: 'workspaces/acme' engagement { client: 'W/organizations/none' "
     "vendor: 'W/organizations/north' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND engagement.client"},
    {"engagement with oneself", "CreateEngagement",
     "parent: 'workspaces/acme' engagement { client: 'W/organizations/bank' "
     "vendor: 'W/organizations/bank' }",
     "INVALID_ARGUMENT INVALID_FIELD engagement.vendor"},
    {"engagement that ends before it starts", "UpdateEngagement",
     "engagement { name: 'W/engagements/claims' start_time { seconds: 9 } end_time { seconds: 9 } "
     "}",
     "INVALID_ARGUMENT INVALID_FIELD engagement.end_time"},
    {"volume bands out of order", "UpdateEngagement",
     "engagement { name: 'W/engagements/claims' volume_bands { from_items: 10 } "
     "volume_bands { from_items: 10 } }",
     "INVALID_ARGUMENT INVALID_FIELD engagement.volume_bands[1].from_items"},
    {"two rules for one class", "UpdateEngagement",
     "engagement { name: 'W/engagements/claims' authority_matrix { impact_class: "
     "IMPACT_CLASS_LOW } authority_matrix { impact_class: IMPACT_CLASS_LOW } }",
     "INVALID_ARGUMENT INVALID_FIELD engagement.authority_matrix[1].impact_class"},
    // SLA policies.
    {"policy without rules", "CreateSlaPolicy", "parent: 'workspaces/acme' sla_policy {}",
     "INVALID_ARGUMENT FIELD_REQUIRED sla_policy.rules"},
    {"policy of an unknown calendar", "CreateSlaPolicy",
     "parent: 'workspaces/acme' sla_policy { calendar: 'W/calendars/none' rules { classes { "
     "impact_class: IMPACT_CLASS_LOW client_target { seconds: 60 } } } }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND sla_policy.calendar"},
    {"legs above the client's target", "CreateSlaPolicy",
     "parent: 'workspaces/acme' sla_policy { rules { classes { impact_class: IMPACT_CLASS_LOW "
     "client_target { seconds: 60 } legs { leg: LEG_ACCEPT target { seconds: 61 } } } } }",
     "INVALID_ARGUMENT TARGETS_EXCEED_CLIENT_TARGET sla_policy.rules.classes[0].legs"},
    {"negative target", "CreateSlaPolicy",
     "parent: 'workspaces/acme' sla_policy { rules { classes { impact_class: IMPACT_CLASS_LOW "
     "client_target { seconds: -60 } } } }",
     "INVALID_ARGUMENT INVALID_FIELD sla_policy.rules.classes[0].client_target"},
    {"no target", "CreateSlaPolicy",
     "parent: 'workspaces/acme' sla_policy { rules { classes { impact_class: IMPACT_CLASS_LOW "
     "client_target { seconds: 0 } } } }",
     "INVALID_ARGUMENT INVALID_FIELD sla_policy.rules.classes[0].client_target"},
    {"escalation to an unknown team", "CreateSlaPolicy",
     "parent: 'workspaces/acme' sla_policy { rules { classes { impact_class: IMPACT_CLASS_LOW "
     "client_target { seconds: 60 } } escalations { trigger: TRIGGER_BREACH queue: 'W/queues/q' "
     "team: 'W/teams/none' } } }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND sla_policy.rules.escalations[0].team"},
    // Work types.
    {"a required part twice", "CreateWorkType",
     "parent: 'workspaces/acme' work_type { handoff { required_parts: PACKET_PART_DONE "
     "required_parts: PACKET_PART_DONE } }",
     "INVALID_ARGUMENT INVALID_FIELD work_type.handoff.required_parts[1]"},
    {"a required part that is none", "CreateWorkType",
     "parent: 'workspaces/acme' work_type { handoff { required_parts: PACKET_PART_UNSPECIFIED } }",
     "INVALID_ARGUMENT FIELD_REQUIRED work_type.handoff.required_parts[0]"},
    // Members.
    {"member without roles", "CreateMember", "parent: 'workspaces/acme' member { subject: 's' }",
     "INVALID_ARGUMENT FIELD_REQUIRED member.roles"},
    {"operator by membership", "CreateMember",
     "parent: 'workspaces/acme' member { subject: 's' roles: ROLE_OPERATOR }",
     "INVALID_ARGUMENT INVALID_FIELD member.roles[0]"},
    {"member who acts for another organization's expert", "CreateMember",
     "parent: 'workspaces/acme' member { subject: 's' roles: ROLE_EXPERT expert: 'W/experts/ada' "
     "organization: 'W/organizations/south' }",
     "INVALID_ARGUMENT INVALID_FIELD member.expert"},
    // Authority.
    {"grant to nobody", "CreateAuthorityGrant", "parent: 'workspaces/acme' authority_grant {}",
     "INVALID_ARGUMENT FIELD_REQUIRED authority_grant.expert"},
    {"window without an amount", "CreateAuthorityGrant",
     "parent: 'workspaces/acme' authority_grant { min_grade: 3 window { seconds: 60 } }",
     "INVALID_ARGUMENT FIELD_REQUIRED authority_grant.window_amount"},
    // Search and imports.
    {"search for an unknown skill", "FindExperts",
     "parent: 'workspaces/acme' requirements { skill: 'W/skills/none' }",
     "FAILED_PRECONDITION REFERENCE_NOT_FOUND requirements[0].skill"},
    {"import with a gap", "ImportTaxonomy",
     "parent: 'workspaces/acme' import_id: 'i' first_row: 1 skills { name: 'W/skills/a' }",
     "INVALID_ARGUMENT INVALID_FIELD first_row"},
};

TEST(Refusals, AreAsTheProtosSay) {
  Driver driver;
  Furnish(driver);
  for (const Row& row : kTable) {
    SCOPED_TRACE(row.title);
    const Outcome outcome = driver.RunText(row.rpc, Expand(row.request));
    EXPECT_EQ(Describe(outcome.status), row.answer) << outcome.status;
  }
}

TEST(Refusals, TwoMembersWithOneSubject) {
  Driver driver;
  Furnish(driver);
  const std::string member = "parent: 'workspaces/acme' member { subject: 's' roles: ROLE_LEAD }";
  EXPECT_TRUE(driver.RunText("CreateMember", member).status.ok());
  EXPECT_EQ(Describe(driver.RunText("CreateMember", member).status),
            "ALREADY_EXISTS RESOURCE_EXISTS");
}

TEST(Refusals, DelegationDeeperThanAllowedAndInACircle) {
  Driver driver;
  Furnish(driver);
  const auto grant = [](const std::string& id, const std::string& rest) {
    return Expand(absl::StrCat("parent: 'workspaces/acme' authority_grant_id: '", id,
                               "' authority_grant { min_grade: 3 ", rest, " }"));
  };
  const auto code = [&driver](const std::string& request) {
    return Describe(driver.RunText("CreateAuthorityGrant", request).status);
  };
  EXPECT_TRUE(
      driver.RunText("CreateAuthorityGrant", grant("first", "max_delegations: 1")).status.ok());
  EXPECT_TRUE(
      driver
          .RunText("CreateAuthorityGrant", grant("second",
                                                 "delegated_from: 'W/authorityGrants/first' "
                                                 "max_delegations: 8"))
          .status.ok());
  EXPECT_EQ(code(grant("third", "delegated_from: 'W/authorityGrants/second'")),
            "FAILED_PRECONDITION DEPTH_EXCEEDED");
  EXPECT_EQ(Describe(driver
                         .RunText("UpdateAuthorityGrant",
                                  Expand("authority_grant { name: 'W/authorityGrants/first' "
                                         "delegated_from: 'W/authorityGrants/second' }"))
                         .status),
            "INVALID_ARGUMENT CYCLE authority_grant.delegated_from");
}

}  // namespace
}  // namespace tideline::skill_registry
