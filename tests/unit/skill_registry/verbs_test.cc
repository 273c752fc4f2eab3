// SPDX-License-Identifier: Apache-2.0
// What the verbs of skill_registry do when they are allowed.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using type::v1::Role;

std::string Expand(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"W/", "workspaces/acme/"}});
}

v1::Event LastEvent(const Driver& driver) {
  v1::Event event;
  EXPECT_TRUE(event.ParseFromString(driver.events().back()));
  return event;
}

class Verbs : public ::testing::Test {
 protected:
  void SetUp() override { Furnish(driver_); }

  v1::Expert GetExpert(const std::string& id, const partition::Grant& grant = Everything()) {
    return driver_
        .Must<v1::GetExpertResponse>("GetExpert",
                                     Expand(absl::StrCat("name: 'W/experts/", id, "'")), grant)
        .expert();
  }
  Reason ReasonFor(const std::string& rpc, absl::string_view request,
                   const partition::Grant& grant) {
    return ReasonOf(driver_.RunText(rpc, Expand(request), grant).status);
  }
  // Ids of the experts in a response.
  template <class Response>
  std::vector<std::string> Ids(const std::string& rpc, const std::string& request) {
    const auto response = driver_.Must<Response>(rpc, Expand(request));
    std::vector<std::string> ids;
    for (const v1::Expert& expert : response.experts()) {
      ids.push_back(expert.name().substr(sizeof("workspaces/acme/experts/") - 1));
    }
    return ids;
  }
  std::vector<std::string> Names(const std::string& request) {
    return Ids<v1::ListExpertsResponse>("ListExperts", request);
  }
  std::vector<std::string> Found(const std::string& request) {
    return Ids<v1::FindExpertsResponse>("FindExperts", "parent: 'workspaces/acme' " + request);
  }

  Driver driver_;
};

TEST_F(Verbs, CreatingTwiceIsCreatingOnce) {
  const std::string request =
      "parent: 'workspaces/acme' site_id: 'pune' site { country: 'IN' time_zone: 'Asia/Kolkata' }";
  const Outcome first = driver_.RunText("CreateSite", request);
  const Outcome second = driver_.RunText("CreateSite", request);
  EXPECT_THAT(first.events, SizeIs(1));
  EXPECT_THAT(second.events, IsEmpty());
  EXPECT_THAT(second.writes, IsEmpty());
  EXPECT_EQ(first.response, second.response);
}

TEST_F(Verbs, ANewExpertCanWorkAtOnce) {
  driver_.Must<v1::CreateExpertResponse>(
      "CreateExpert",
      Expand("parent: 'workspaces/acme' expert_id: 'dan' expert { team: 'W/teams/alpha' "
             "skills { skill: 'W/skills/sql' level: LEVEL_EXPERT } "
             "skills { skill: 'W/skills/data' } }"));
  EXPECT_EQ(GetExpert("dan").capacity_units(), 1);
  EXPECT_EQ(GetExpert("dan").skills(0).stage(), v1::SKILL_STAGE_ASSESSED);
  EXPECT_EQ(GetExpert("dan").skills(1).stage(), v1::SKILL_STAGE_CLAIMED);
  EXPECT_THAT(Found("requirements { skill: 'W/skills/sql' }"), ElementsAre("ada", "dan"));
  driver_.Must<v1::UpdateExpertResponse>(
      "UpdateExpert",
      Expand("expert { name: 'W/experts/dan' } update_mask { paths: 'capacity_units' }"));
  EXPECT_EQ(GetExpert("dan").capacity_units(), 0);
}

TEST_F(Verbs, AnIdIsMadeWhenNoneIsGiven) {
  const auto made =
      driver_.Must<v1::CreateSkillResponse>("CreateSkill", "parent: 'workspaces/acme' skill {}");
  EXPECT_THAT(made.skill().name(), HasSubstr("workspaces/acme/skills/"));
  EXPECT_THAT(made.skill().name(), Not(HasSubstr("//")));
}

TEST_F(Verbs, TheEtagIsThePlaceOfTheLastEvent) {
  const auto updated = driver_.Must<v1::UpdateTeamResponse>(
      "UpdateTeam", Expand("team { name: 'W/teams/alpha' display_name: 'Alpha' }"));
  const v1::Event event = LastEvent(driver_);
  EXPECT_EQ(updated.team().etag(), absl::StrCat(event.header().revision().commit(), ".0"));
  EXPECT_THAT(event.changed().fields().paths(), ElementsAre("display_name"));
  EXPECT_EQ(event.changed().action(), v1::ACTION_UPDATED);
  EXPECT_EQ(event.changed().resource().team().display_name(), "Alpha");
  EXPECT_EQ(event.changed().resource().team().name(), "");
}

TEST_F(Verbs, AMaskedAndAbsentFieldIsCleared) {
  const auto updated = driver_.Must<v1::UpdateTeamResponse>(
      "UpdateTeam", Expand("team { name: 'W/teams/alpha' } update_mask { paths: 'calendar' }"));
  EXPECT_EQ(updated.team().calendar(), "");
  EXPECT_EQ(updated.team().site(), "workspaces/acme/sites/krakow");
  EXPECT_TRUE(driver_.RunText("DeleteCalendar", Expand("name: 'W/calendars/office'")).status.ok());
}

TEST_F(Verbs, AnUpdateThatChangesNothingRaisesNothing) {
  const Outcome outcome =
      driver_.RunText("UpdateSite", Expand("site { name: 'W/sites/krakow' country: 'PL' }"));
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_THAT(outcome.events, IsEmpty());
  EXPECT_THAT(outcome.writes, IsEmpty());
}

TEST_F(Verbs, RulesOfACalendarCountTheirVersions) {
  const std::string name = "calendar { name: 'W/calendars/office' ";
  EXPECT_EQ(driver_
                .Must<v1::UpdateCalendarResponse>("UpdateCalendar",
                                                  Expand(name + "display_name: 'Office' }"))
                .calendar()
                .version(),
            1);
  EXPECT_EQ(
      driver_
          .Must<v1::UpdateCalendarResponse>(
              "UpdateCalendar", Expand(name + "rules { time_zone: 'UTC' always_open: true } }"))
          .calendar()
          .version(),
      2);
}

TEST_F(Verbs, PagesContinueWhereTheyEnded) {
  EXPECT_THAT(Names("parent: 'workspaces/acme'"), ElementsAre("ada", "bob", "cyd"));
  EXPECT_THAT(Names("parent: 'workspaces/acme' team: 'W/teams/alpha'"), ElementsAre("ada", "bob"));
  EXPECT_THAT(Names("parent: 'workspaces/acme' skill: 'W/skills/sql'"), ElementsAre("ada"));
  EXPECT_THAT(Names("parent: 'workspaces/acme' organization: 'W/organizations/south'"),
              ElementsAre("cyd"));
  const auto first = driver_.Must<v1::ListExpertsResponse>(
      "ListExperts", "parent: 'workspaces/acme' page_size: 2");
  ASSERT_NE(first.next_page_token(), "");
  const auto second = driver_.Must<v1::ListExpertsResponse>(
      "ListExperts", absl::StrCat("parent: 'workspaces/acme' page_size: 2 page_token: '",
                                  first.next_page_token(), "'"));
  ASSERT_EQ(second.experts_size(), 1);
  EXPECT_EQ(second.experts(0).name(), "workspaces/acme/experts/cyd");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(Verbs, ListsWorkspacesWhateverIsInThem) {
  for (const char* name : {"acme-b", "acme0", "zoo"}) {
    driver_.Must<v1::CreateWorkspaceResponse>(
        "CreateWorkspace", absl::StrCat("workspace { name: 'workspaces/", name, "' }"));
  }
  driver_.RunText("CreateSkill", "parent: 'workspaces/acme-b' skill_id: 'x' skill {}");
  std::vector<std::string> names;
  v1::ListWorkspacesResponse page;
  do {
    page = driver_.Must<v1::ListWorkspacesResponse>(
        "ListWorkspaces", absl::StrCat("page_size: 1 page_token: '", page.next_page_token(), "'"));
    for (const auto& workspace : page.workspaces()) names.push_back(workspace.name());
  } while (!page.next_page_token().empty());
  EXPECT_THAT(names, ElementsAre("workspaces/acme", "workspaces/acme-b", "workspaces/acme0",
                                 "workspaces/zoo"));
}

TEST_F(Verbs, DeletingAnExpertTakesTheirPresenceAlong) {
  driver_.Must<v1::SetPresenceResponse>(
      "SetPresence", Expand("name: 'W/experts/cyd/presence' state: STATE_AVAILABLE"));
  const Outcome outcome = driver_.RunText("DeleteExpert", Expand("name: 'W/experts/cyd'"));
  EXPECT_THAT(outcome.events, SizeIs(2));
  EXPECT_EQ(ReasonFor("GetPresence", "name: 'W/experts/cyd/presence'", Everything()),
            Reason::REASON_RESOURCE_NOT_FOUND);
  EXPECT_TRUE(driver_.RunText("DeleteTeam", Expand("name: 'W/teams/beta'")).status.ok());
}

TEST_F(Verbs, WhoJudgedMayLeave) {
  driver_.Must<v1::AssessSkillResponse>(
      "AssessSkill", Expand("name: 'W/experts/ada' skill: 'W/skills/data' level: LEVEL_NOVICE "
                            "assessor: 'W/experts/cyd'"));
  EXPECT_TRUE(driver_.RunText("DeleteExpert", Expand("name: 'W/experts/cyd'")).status.ok());
  EXPECT_TRUE(driver_
                  .RunText("UpdateExpert",
                           Expand("expert { name: 'W/experts/ada' display_name: 'Ada L.' }"))
                  .status.ok());
}

// ---- Who sees and changes what. ----

TEST_F(Verbs, CompetitorsDoNotSeeEachOthersRatesAndNames) {
  const auto south = RolesOf({Role::ROLE_LEAD}, "workspaces/acme/organizations/south");
  EXPECT_FALSE(GetExpert("ada", south).has_cost_rate());
  EXPECT_EQ(GetExpert("ada", south).display_name(), "");
  EXPECT_TRUE(GetExpert("cyd", south).has_cost_rate());
  EXPECT_EQ(GetExpert("cyd", south).display_name(), "Cyd");
}

TEST_F(Verbs, FinanceAndAuditorsOfTheClientSeeRates) {
  const std::string bank = "workspaces/acme/organizations/bank";
  const std::string south = "workspaces/acme/organizations/south";
  EXPECT_TRUE(GetExpert("ada", RolesOf({Role::ROLE_FINANCE}, bank)).has_cost_rate());
  EXPECT_TRUE(GetExpert("ada", RolesOf({Role::ROLE_AUDITOR})).has_cost_rate());
  EXPECT_FALSE(GetExpert("ada", RolesOf({Role::ROLE_FINANCE}, south)).has_cost_rate());
  EXPECT_FALSE(GetExpert("ada", RolesOf({Role::ROLE_SUBMITTER})).has_cost_rate());
  EXPECT_TRUE(GetExpert("ada", RolesOf({Role::ROLE_EXPERT}, "", "workspaces/acme/experts/ada"))
                  .has_cost_rate());
}

TEST_F(Verbs, PartiesSeeTheTermsOfTheirEngagement) {
  const auto rate_card = [this](const partition::Grant& grant) {
    return driver_
        .Must<v1::GetEngagementResponse>("GetEngagement", Expand("name: 'W/engagements/claims'"),
                                         grant)
        .engagement()
        .rate_card();
  };
  EXPECT_EQ(rate_card(RolesOf({Role::ROLE_LEAD}, "workspaces/acme/organizations/north")), "rc-1");
  EXPECT_EQ(rate_card(RolesOf({Role::ROLE_LEAD}, "workspaces/acme/organizations/south")), "");
}

TEST_F(Verbs, NoEventCarriesPersonalFields) {
  driver_.Must<v1::UpdateExpertResponse>(
      "UpdateExpert", Expand("expert { name: 'W/experts/ada' display_name: 'Countess' "
                             "email: 'countess@example.com' }"));
  for (const std::string& event : driver_.events()) {
    EXPECT_THAT(event, Not(HasSubstr("Countess")));
    EXPECT_THAT(event, Not(HasSubstr("example.com")));
  }
  EXPECT_THAT(LastEvent(driver_).changed().fields().paths(), IsEmpty());
  EXPECT_EQ(GetExpert("ada").email(), "countess@example.com");
}

TEST_F(Verbs, ARememberedAnswerIsRefilledWithTodaysPersonalFields) {
  v1::UpdateExpertResponse remembered;
  remembered.mutable_expert()->set_name("workspaces/acme/experts/ada");
  driver_.core().RefillPersonal(remembered);
  EXPECT_EQ(remembered.expert().display_name(), "Ada");
  v1::AssessSkillResponse other;
  other.mutable_expert()->set_name("workspaces/acme/experts/ada");
  driver_.core().RefillPersonal(other);
  EXPECT_EQ(other.expert().display_name(), "");
}

TEST_F(Verbs, AConfinedLeadChangesOnlyTheirOrganization) {
  const auto north = RolesOf({Role::ROLE_LEAD}, "workspaces/acme/organizations/north");
  EXPECT_EQ(ReasonFor("UpdateExpert", "expert { name: 'W/experts/cyd' capacity_units: 1 }", north),
            Reason::REASON_NOT_YOURS);
  EXPECT_EQ(
      ReasonFor("UpdateExpert", "expert { name: 'W/experts/ada' team: 'W/teams/beta' }", north),
      Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("SetPresence", "name: 'W/experts/cyd/presence' state: STATE_BREAK", north),
            Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("DeleteTeam", "name: 'W/teams/beta'", north), Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("CreateSkill", "parent: 'workspaces/acme' skill {}",
                      RolesOf({Role::ROLE_ADMIN}, "workspaces/acme/organizations/north")),
            Reason::REASON_NOT_YOURS);
  EXPECT_TRUE(driver_
                  .RunText("UpdateExpert",
                           Expand("expert { name: 'W/experts/ada' capacity_units: 3 }"), north)
                  .status.ok());
}

TEST_F(Verbs, AnExpertChangesOnlyWhatIsTheirs) {
  const auto ada = RolesOf({Role::ROLE_EXPERT}, "", "workspaces/acme/experts/ada");
  EXPECT_EQ(ReasonFor("UpdateExpert", "expert { name: 'W/experts/ada' capacity_units: 9 }", ada),
            Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("UpdateExpert", "expert { name: 'W/experts/bob' display_name: 'B' }", ada),
            Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("SetPresence", "name: 'W/experts/bob/presence' state: STATE_BREAK", ada),
            Reason::REASON_NOT_YOURS);
  EXPECT_TRUE(driver_
                  .RunText("UpdateExpert",
                           Expand("expert { name: 'W/experts/ada' languages { "
                                  "language_code: 'pl' proficiency: PROFICIENCY_NATIVE } }"),
                           ada)
                  .status.ok());
}

// ---- The ladder and time. ----

TEST_F(Verbs, ASkillClimbsTheLadder) {
  const auto bob = [this] { return GetExpert("bob").skills(0); };
  driver_.Must<v1::UpdateExpertResponse>(
      "UpdateExpert", Expand("expert { name: 'W/experts/bob' skills { skill: 'W/skills/sql' "
                             "level: LEVEL_NOVICE } }"));
  EXPECT_EQ(bob().stage(), v1::SKILL_STAGE_CLAIMED);
  EXPECT_EQ(ReasonFor("AdvanceSkill",
                      "name: 'W/experts/bob' skill: 'W/skills/sql' stage: SKILL_STAGE_ASSESSED",
                      Everything()),
            Reason::REASON_LADDER_STEP);
  driver_.Must<v1::AssessSkillResponse>(
      "AssessSkill", Expand("name: 'W/experts/bob' skill: 'W/skills/sql' level: LEVEL_PROFICIENT "
                            "assessor: 'W/experts/ada' evidence { uri: 'https://x/1' }"));
  EXPECT_EQ(bob().stage(), v1::SKILL_STAGE_ASSESSED);
  EXPECT_EQ(bob().level(), type::v1::LEVEL_PROFICIENT);
  for (const char* stage : {"SHADOWING", "INDEPENDENT", "MENTOR"}) {
    driver_.Must<v1::AdvanceSkillResponse>(
        "AdvanceSkill", Expand(absl::StrCat("name: 'W/experts/bob' skill: 'W/skills/sql' stage: ",
                                            "SKILL_STAGE_", stage)));
  }
  EXPECT_EQ(bob().stage(), v1::SKILL_STAGE_MENTOR);
  EXPECT_EQ(LastEvent(driver_).changed().action(), v1::ACTION_SKILL_ADVANCED);
}

TEST_F(Verbs, WhoActsAsAnExpertSpeaksForThemselves) {
  const auto cyd = RolesOf({Role::ROLE_REVIEWER}, "", "workspaces/acme/experts/cyd");
  const auto assessed = driver_.Must<v1::AssessSkillResponse>(
      "AssessSkill", Expand("name: 'W/experts/bob' skill: 'W/skills/sql' level: LEVEL_NOVICE"),
      cyd);
  EXPECT_EQ(assessed.expert().skills(0).assessor(), "workspaces/acme/experts/cyd");
  EXPECT_EQ(assessed.expert().display_name(), "");
  EXPECT_EQ(ReasonFor("AssessSkill",
                      "name: 'W/experts/bob' skill: 'W/skills/sql' level: LEVEL_NOVICE "
                      "assessor: 'W/experts/ada'",
                      cyd),
            Reason::REASON_NOT_YOURS);
  EXPECT_EQ(ReasonFor("AssessSkill",
                      "name: 'W/experts/cyd' skill: 'W/skills/sql' level: LEVEL_NOVICE", cyd),
            Reason::REASON_SAME_PERSON);
}

TEST_F(Verbs, ASecondWordReplacesTheFirst) {
  for (const char* comment : {"good", "better"}) {
    driver_.Must<v1::EndorseSkillResponse>(
        "EndorseSkill", Expand(absl::StrCat("name: 'W/experts/ada' skill: 'W/skills/sql' endorser: "
                                            "'W/experts/bob' comment: '",
                                            comment, "'")));
  }
  ASSERT_EQ(GetExpert("ada").skills(0).endorsements_size(), 1);
  EXPECT_EQ(GetExpert("ada").skills(0).endorsements(0).comment(), "better");
}

TEST_F(Verbs, ALevelExpiresWithItsEvidence) {
  driver_.Must<v1::AssessSkillResponse>(
      "AssessSkill",
      Expand(absl::StrCat("name: 'W/experts/bob' skill: 'W/skills/sql' level: LEVEL_EXPERT "
                          "assessor: 'W/experts/ada' expire_time { seconds: ",
                          absl::ToUnixSeconds(driver_.now()) + 60, " }")));
  EXPECT_THAT(Found("requirements { skill: 'W/skills/sql' min_level: LEVEL_EXPERT }"),
              ElementsAre("ada", "bob"));
  EXPECT_THAT(driver_.Advance(absl::Seconds(59)), IsEmpty());
  EXPECT_THAT(driver_.Advance(absl::Seconds(1)), SizeIs(1));
  EXPECT_EQ(GetExpert("bob").skills(0).stage(), v1::SKILL_STAGE_CLAIMED);
  EXPECT_EQ(GetExpert("bob").skills(0).level(), type::v1::LEVEL_UNSPECIFIED);
  EXPECT_EQ(LastEvent(driver_).changed().action(), v1::ACTION_DATE_PASSED);
  EXPECT_EQ(LastEvent(driver_).header().workspace(), "workspaces/acme");
  EXPECT_THAT(Found("requirements { skill: 'W/skills/sql' }"), ElementsAre("ada"));
  EXPECT_EQ(driver_.core().NextWake(), absl::InfiniteFuture());
}

TEST_F(Verbs, LeavesAndAgreementsBeginAndEnd) {
  const int64_t now = absl::ToUnixSeconds(driver_.now());
  driver_.Must<v1::UpdateExpertResponse>(
      "UpdateExpert",
      Expand(absl::StrCat("expert { name: 'W/experts/bob' leaves { start_time { seconds: ",
                          now + 10, " } end_time { seconds: ", now + 20,
                          " } } clearances { client: "
                          "'W/organizations/bank' expire_time { seconds: ",
                          now + 15, " } } }")));
  driver_.Must<v1::UpdateEngagementResponse>(
      "UpdateEngagement",
      Expand(absl::StrCat("engagement { name: 'W/engagements/claims' start_time { seconds: ",
                          now + 5, " } end_time { seconds: ", now + 25, " } }")));
  const auto state = [this] {
    return absl::StrCat(GetExpert("bob").leaves(0).state(),
                        GetExpert("bob").clearances(0).expired() ? "e" : "-",
                        driver_
                            .Must<v1::GetEngagementResponse>("GetEngagement",
                                                             Expand("name: 'W/engagements/claims'"))
                            .engagement()
                            .validity());
  };
  EXPECT_EQ(state(), "1-1");
  driver_.Advance(absl::Seconds(5));
  EXPECT_EQ(state(), "1-2");
  driver_.Advance(absl::Seconds(5));
  EXPECT_EQ(state(), "2-2");
  driver_.Advance(absl::Seconds(5));
  EXPECT_EQ(state(), "2e2");
  driver_.Advance(absl::Seconds(5));
  EXPECT_EQ(state(), "3e2");
  driver_.Advance(absl::Seconds(5));
  EXPECT_EQ(state(), "3e3");
  EXPECT_EQ(driver_.core().NextWake(), absl::InfiniteFuture());
}

// ---- Presence and search. ----

TEST_F(Verbs, PresenceSaysSinceWhen) {
  const std::string set = "name: 'W/experts/ada/presence' state: ";
  EXPECT_EQ(
      driver_.Must<v1::GetPresenceResponse>("GetPresence", Expand("name: 'W/experts/ada/presence'"))
          .presence()
          .state(),
      v1::Presence::STATE_UNSPECIFIED);
  driver_.Must<v1::SetPresenceResponse>("SetPresence", Expand(set + "STATE_AVAILABLE"));
  const int64_t since = absl::ToUnixSeconds(driver_.now());
  driver_.Advance(absl::Minutes(1));
  const auto again =
      driver_.Must<v1::SetPresenceResponse>("SetPresence", Expand(set + "STATE_AVAILABLE"));
  EXPECT_EQ(again.presence().since().seconds(), since);
  driver_.Advance(absl::Minutes(1));
  const auto focus =
      driver_.Must<v1::SetPresenceResponse>("SetPresence", Expand(set + "STATE_FOCUS"));
  EXPECT_EQ(focus.presence().since().seconds(), since + 120);
  EXPECT_EQ(driver_
                .Must<v1::ListPresencesResponse>(
                    "ListPresences", Expand("parent: 'workspaces/acme' team: 'W/teams/alpha'"))
                .presences_size(),
            1);
}

TEST_F(Verbs, AParentSkillGrantsNothing) {
  EXPECT_THAT(Found("requirements { skill: 'W/skills/sql' min_level: LEVEL_EXPERT }"),
              ElementsAre("ada"));
  EXPECT_THAT(Found("requirements { skill: 'W/skills/sql' min_level: LEVEL_AUTHORITY }"),
              IsEmpty());
  EXPECT_THAT(Found("requirements { skill: 'W/skills/data' }"), IsEmpty());
}

TEST_F(Verbs, SearchNarrowsByPlaceAndPresence) {
  EXPECT_THAT(Found(""), ElementsAre("ada", "bob", "cyd"));
  EXPECT_THAT(Found("country: 'PL' organization: 'W/organizations/south'"), ElementsAre("cyd"));
  EXPECT_THAT(Found("country: 'DE'"), IsEmpty());
  EXPECT_THAT(Found("team: 'W/teams/alpha' available_only: true"), IsEmpty());
  driver_.Must<v1::SetPresenceResponse>(
      "SetPresence", Expand("name: 'W/experts/bob/presence' state: STATE_AVAILABLE"));
  EXPECT_THAT(Found("available_only: true"), ElementsAre("bob"));
}

// ---- Members. ----

TEST_F(Verbs, AMemberRecordGrants) {
  driver_.Must<v1::CreateMemberResponse>(
      "CreateMember",
      Expand("parent: 'workspaces/acme' member_id: 'm' member { subject: 'oidc|7' roles: ROLE_LEAD "
             "roles: ROLE_EXPERT organization: 'W/organizations/north' expert: 'W/experts/ada' }"));
  const partition::Grant grant = driver_.core().GrantOf("workspaces/acme", "oidc|7");
  EXPECT_TRUE(grant.roles.Has(Role::ROLE_LEAD));
  EXPECT_TRUE(grant.roles.Has(Role::ROLE_EXPERT));
  EXPECT_FALSE(grant.roles.Has(Role::ROLE_ADMIN));
  EXPECT_EQ(grant.organization, "workspaces/acme/organizations/north");
  EXPECT_EQ(grant.expert, "workspaces/acme/experts/ada");
  EXPECT_EQ(driver_.core().GrantOf("workspaces/other", "oidc|7").roles.bits(), 0u);
  driver_.Must<v1::DeleteMemberResponse>("DeleteMember", Expand("name: 'W/members/m'"));
  EXPECT_EQ(driver_.core().GrantOf("workspaces/acme", "oidc|7").roles.bits(), 0u);
}

TEST_F(Verbs, ANewWorkspaceHasItsAdministrator) {
  Driver fresh;
  fresh.Must<v1::CreateWorkspaceResponse>(
      "CreateWorkspace", "workspace { name: 'workspaces/new' } admin_subject: 'boss'");
  EXPECT_TRUE(fresh.core().GrantOf("workspaces/new", "boss").roles.Has(Role::ROLE_ADMIN));
}

// ---- Watches. ----

TEST_F(Verbs, AWatchBeginsWithWhatIsThereAndHidesRates) {
  v1::WatchRosterRequest request;
  request.set_workspace("workspaces/acme");
  partition::Call call;
  call.grant = RolesOf({Role::ROLE_LEAD}, "workspaces/acme/organizations/south");
  const auto start = driver_.core().WatchRoster(call, request);
  ASSERT_TRUE(start.ok()) << start.status();
  ASSERT_EQ(start->snapshot.size(), 1u);
  EXPECT_TRUE(start->snapshot[0].snapshot_sent());
  std::set<std::string> subjects;
  for (const v1::Event& event : start->snapshot[0].events()) {
    subjects.insert(event.header().subject());
    EXPECT_FALSE(event.created().resource().expert().has_cost_rate());
    EXPECT_EQ(event.created().resource().engagement().rate_card(), "");
  }
  EXPECT_TRUE(subjects.contains("workspaces/acme"));
  EXPECT_TRUE(subjects.contains("workspaces/acme/experts/ada"));

  driver_.Must<v1::UpdateExpertResponse>(
      "UpdateExpert", Expand("expert { name: 'W/experts/ada' capacity_units: 7 cost_rate { "
                             "currency_code: 'EUR' units: 90 } }"));
  const auto shown = start->show("workspaces/acme/experts/ada", {}, driver_.events().back());
  ASSERT_TRUE(shown.has_value());
  EXPECT_THAT(shown->events(0).changed().fields().paths(), ElementsAre("capacity_units"));
  EXPECT_FALSE(shown->events(0).changed().resource().expert().has_cost_rate());
}

}  // namespace
}  // namespace tideline::skill_registry
