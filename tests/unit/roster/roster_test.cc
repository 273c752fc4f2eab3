// SPDX-License-Identifier: Apache-2.0
// The roster that a follower builds: from events, from its own records, from a snapshot, and from
// what skill_registry has: always the same.
#include <string>

#include "absl/strings/str_cat.h"
#include "common/partition/personal.h"
#include "common/roster/eligible.h"
#include "common/roster/fold.h"
#include "common/roster/roster.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/skill_registry/core/resource_kinds.h"
#include "tests/unit/skill_registry/chance.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::roster {
namespace {

using skill_registry::Chance;
using skill_registry::Driver;
using skill_registry::Step;
namespace v1 = skill_registry::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string DumpOf(const Roster& roster) {
  std::string dump;
  roster.Dump(dump);
  return dump;
}

// A follower: applies events and keeps records as its Core would.
struct Follower {
  Roster roster;
  skill_registry::Records records;

  void Put(absl::string_view kind, absl::string_view id, const google::protobuf::Message& record) {
    records[std::string(kind)][std::string(id)] = record.SerializeAsString();
  }
  void Erase(absl::string_view kind, absl::string_view id) {
    records[std::string(kind)].erase(std::string(id));
  }
  void Follow(const std::string& bytes) {
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    absl::StatusOr<Change> change = roster.Apply(event);
    ASSERT_TRUE(change.ok()) << change.status() << event.DebugString();
    change->Keep(*this);
  }
  void FollowAll(const Driver& driver) {
    for (const std::string& bytes : driver.events()) Follow(bytes);
  }
};

// The roster that skill_registry's own records make, without their personal fields.
Roster FromSource(const skill_registry::Records& records) {
  Roster roster;
  for (const skill_registry::Kind& kind : skill_registry::Kinds()) {
    const std::string roster_kind = "roster_" + kind.record;
    auto it = records.find(kind.record);
    if (it == records.end() || !Roster::Keeps(roster_kind)) continue;
    for (const auto& [id, bytes] : it->second) {
      v1::Resource holder;
      auto* record = holder.GetReflection()->MutableMessage(&holder, kind.slot);
      EXPECT_TRUE(record->ParseFromString(bytes));
      partition::ClearPersonal(*record);
      EXPECT_TRUE(roster.Restore(roster_kind, id, record->SerializeAsString()).ok());
    }
  }
  return roster;
}

Roster FromRecords(const skill_registry::Records& records) {
  Roster roster;
  for (const auto& [kind, ids] : records) {
    for (const auto& [id, bytes] : ids) {
      const absl::Status restored = roster.Restore(kind, id, bytes);
      EXPECT_TRUE(restored.ok()) << restored;
    }
  }
  return roster;
}

void AddSnapshot(Driver& driver, const std::string& workspace, int page_size, Roster& roster) {
  v1::SnapshotRequest request;
  request.set_workspace(workspace);
  request.set_page_size(page_size);
  v1::SnapshotResponse page;
  do {
    EXPECT_TRUE(page.ParseFromString(driver.Run("Snapshot", request).response));
    for (const v1::Event& event : page.events()) {
      const absl::Status applied = roster.Apply(event).status();
      EXPECT_TRUE(applied.ok()) << applied;
    }
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  EXPECT_TRUE(page.has_position());
}

Roster FromSnapshots(Driver& driver, int page_size) {
  v1::ListWorkspacesResponse workspaces;
  workspaces.ParseFromString(driver.RunText("ListWorkspaces", "").response);
  Roster roster;
  for (const v1::Workspace& workspace : workspaces.workspaces()) {
    AddSnapshot(driver, workspace.name(), page_size, roster);
  }
  return roster;
}

class RosterFold : public ::testing::TestWithParam<int> {};

TEST_P(RosterFold, AllWaysLeadToTheSameRoster) {
  Driver driver;
  Populate(driver);
  Chance chance(GetParam());
  for (int i = 0; i < 800; ++i) {
    const Step step = chance.Next(driver.now());
    if (step.rpc.empty()) {
      driver.Advance(step.advance);
    } else {
      driver.Run(step.rpc, *step.request, step.grant);
    }
  }
  Follower follower;
  follower.FollowAll(driver);
  const std::string dump = DumpOf(follower.roster);
  EXPECT_GT(follower.roster.size(), 10u);
  // Too long to print.
  EXPECT_TRUE(dump == DumpOf(FromSource(driver.records())));
  EXPECT_TRUE(dump == DumpOf(FromRecords(follower.records)));
  EXPECT_TRUE(dump == DumpOf(FromSnapshots(driver, 7)));
  // Events that are known already change nothing, as long as their subject lives.
  for (const std::string& bytes : driver.events()) {
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    if (dump.find(absl::StrCat("roster ", event.header().subject(), " ")) == std::string::npos) {
      continue;
    }
    const absl::StatusOr<Change> change = follower.roster.Apply(event);
    ASSERT_TRUE(change.ok()) << change.status();
    EXPECT_FALSE(*change);
  }
  EXPECT_TRUE(dump == DumpOf(follower.roster));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RosterFold, ::testing::Range(1, 31));

class RosterOfAcme : public ::testing::Test {
 protected:
  void SetUp() override {
    Furnish(driver_);
    follower_.FollowAll(driver_);
  }
  // Runs a call, follows what it raised, and returns the last change.
  Change Do(const std::string& rpc, const std::string& request) {
    const size_t seen = driver_.events().size();
    const skill_registry::Outcome outcome = driver_.RunText(rpc, request);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    Change last;
    for (size_t i = seen; i < driver_.events().size(); ++i) {
      v1::Event event;
      event.ParseFromString(driver_.events()[i]);
      last = *follower_.roster.Apply(event);
    }
    return last;
  }
  const Roster& roster() const { return follower_.roster; }
  const v1::Expert& ada() const {
    return *roster().Find<v1::Expert>("workspaces/acme/experts/ada");
  }

  Driver driver_;
  Follower follower_;
};

TEST_F(RosterOfAcme, JoinsPeopleWithTheirTeams) {
  EXPECT_EQ(roster().TeamOf(ada())->name(), "workspaces/acme/teams/alpha");
  EXPECT_EQ(roster().SiteOf(ada())->country(), "PL");
  EXPECT_EQ(roster().OrganizationOf(ada()), "workspaces/acme/organizations/north");
  EXPECT_THAT(roster().ExpertsOf("workspaces/acme/teams/alpha"),
              ElementsAre("workspaces/acme/experts/ada", "workspaces/acme/experts/bob"));
  EXPECT_THAT(roster().TeamsOf("workspaces/acme/organizations/south"),
              ElementsAre("workspaces/acme/teams/beta"));
  EXPECT_EQ(roster().All<v1::Expert>("workspaces/acme").size(), 3u);
  EXPECT_EQ(roster().All<v1::Expert>("workspaces/none").size(), 0u);
  EXPECT_EQ(roster().Find<v1::Team>("workspaces/acme/experts/ada"), nullptr);
  EXPECT_EQ(ada().display_name(), "");
}

TEST_F(RosterOfAcme, AConflictHoldsForBothSides) {
  EXPECT_THAT(roster().ConflictsOf("workspaces/acme/organizations/north"),
              ElementsAre("workspaces/acme/organizations/south"));
  EXPECT_THAT(roster().ConflictsOf("workspaces/acme/organizations/south"),
              ElementsAre("workspaces/acme/organizations/north"));
  EXPECT_THAT(roster().ConflictsOf("workspaces/acme/organizations/bank"), IsEmpty());
}

TEST_F(RosterOfAcme, CompilesCalendars) {
  const auto* team = roster().TeamOf(ada());
  ASSERT_NE(roster().CalendarOf(*team), nullptr);
  absl::Time monday;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-11-23T10:00:00+01:00", &monday, nullptr));
  EXPECT_TRUE(roster().CalendarOf(*team)->IsOpen(monday));
  Do("UpdateCalendar",
     "calendar { name: 'workspaces/acme/calendars/office' rules { time_zone: 'UTC' weekly_hours { "
     "day: DAY_OF_WEEK_TUESDAY intervals { start_minute: 0 end_minute: 60 } } } }");
  EXPECT_FALSE(roster().CalendarOf(*team)->IsOpen(monday));
  EXPECT_THAT(roster().TeamsWith("workspaces/acme/calendars/office"),
              ElementsAre("workspaces/acme/teams/alpha"));
}

TEST_F(RosterOfAcme, SaysWhoIsAffected) {
  const Change moved = Do("UpdateExpert",
                          "expert { name: 'workspaces/acme/experts/bob' "
                          "team: 'workspaces/acme/teams/beta' }");
  EXPECT_EQ(moved.team_before, "workspaces/acme/teams/alpha");
  EXPECT_THAT(roster().Affected(moved), ElementsAre("workspaces/acme/experts/bob"));
  const Change site =
      Do("UpdateSite", "site { name: 'workspaces/acme/sites/krakow' country: 'DE' }");
  EXPECT_THAT(roster().Affected(site),
              ElementsAre("workspaces/acme/experts/ada", "workspaces/acme/experts/bob",
                          "workspaces/acme/experts/cyd"));
  const Change gone = Do("DeleteExpert", "name: 'workspaces/acme/experts/cyd'");
  EXPECT_EQ(gone.record, nullptr);
  EXPECT_EQ(gone.kind, Case::kExpert);
  EXPECT_EQ(gone.team_before, "workspaces/acme/teams/beta");
}

TEST_F(RosterOfAcme, TellsPresenceAndGrants) {
  EXPECT_EQ(roster().PresenceOf(ada().name()), v1::Presence::STATE_UNSPECIFIED);
  Do("SetPresence", "name: 'workspaces/acme/experts/ada/presence' state: STATE_AVAILABLE");
  EXPECT_EQ(roster().PresenceOf(ada().name()), v1::Presence::STATE_AVAILABLE);
  Do("CreateMember",
     "parent: 'workspaces/acme' member { subject: 's' roles: ROLE_EXPERT "
     "expert: 'workspaces/acme/experts/ada' }");
  EXPECT_EQ(roster().GrantOf("workspaces/acme", "s").expert, "workspaces/acme/experts/ada");
  EXPECT_EQ(roster().GrantOf("workspaces/acme", "t").roles.bits(), 0u);
}

TEST_F(RosterOfAcme, SpeaksTheWordsOfTheConstraintTable) {
  const int64_t now = absl::ToUnixSeconds(driver_.now());
  Do("UpdateExpert",
     absl::StrCat("expert { name: 'workspaces/acme/experts/ada' authority_grade: 4 "
                  "leaves { start_time { seconds: ",
                  now + 5, " } end_time { seconds: ", now + 9,
                  " } } clearances { client: 'workspaces/acme/organizations/bank' scope: 'pci' } "
                  "skills { skill: 'workspaces/acme/skills/data' level: LEVEL_NOVICE } "
                  "skills { skill: 'workspaces/acme/skills/sql' level: LEVEL_EXPERT "
                  "stage: SKILL_STAGE_INDEPENDENT } }"));
  const eligibility::Expert expert = Eligible(roster(), ada());
  ASSERT_EQ(expert.skills.size(), 1u);  // a claim counts for nothing
  EXPECT_EQ(expert.skills[0].skill, "workspaces/acme/skills/sql");
  EXPECT_EQ(expert.skills[0].level, 4);
  EXPECT_EQ(expert.person, "p-ada");
  EXPECT_EQ(expert.organization, "workspaces/acme/organizations/north");
  EXPECT_EQ(expert.calendar, "workspaces/acme/calendars/office");
  EXPECT_EQ(expert.country, "PL");
  EXPECT_EQ(expert.grade, 4);
  EXPECT_EQ(expert.capacity, 10);
  EXPECT_EQ(expert.cost_per_hour, 8000);
  ASSERT_EQ(expert.clearances.size(), 2u);
  EXPECT_EQ(expert.clearances[0].clearance, "workspaces/acme/organizations/bank");
  EXPECT_EQ(expert.clearances[1].clearance, "workspaces/acme/organizations/bank#pci");
  ASSERT_EQ(expert.leave.size(), 1u);
  EXPECT_EQ(expert.leave[0].from, absl::FromUnixSeconds(now + 5));
}

TEST_F(RosterOfAcme, RefusesWhatItCannotApplyAndStaysAsItWas) {
  const std::string before = DumpOf(roster());
  const auto code = [this](v1::Event event) {
    event.mutable_header()->mutable_revision()->set_commit(1000);
    return follower_.roster.Apply(event).status().code();
  };
  v1::Event event;
  event.mutable_header()->set_subject("workspaces/acme/teams/never");
  event.mutable_changed()->mutable_resource()->mutable_team();
  EXPECT_EQ(code(event), absl::StatusCode::kFailedPrecondition);
  event.mutable_header()->set_subject("workspaces/acme/experts/ada");
  EXPECT_EQ(code(event), absl::StatusCode::kInvalidArgument);
  event.mutable_changed()->mutable_resource()->mutable_expert();
  event.mutable_changed()->mutable_fields()->add_paths("colour");
  EXPECT_EQ(code(event), absl::StatusCode::kInvalidArgument);
  event.clear_kind();
  EXPECT_EQ(code(event), absl::StatusCode::kUnimplemented);
  event.mutable_created()->mutable_resource();
  EXPECT_EQ(code(event), absl::StatusCode::kUnimplemented);
  event.mutable_deleted();
  event.mutable_header()->set_subject("workspaces/acme/teams/never");
  EXPECT_EQ(code(event), absl::StatusCode::kOk);
  EXPECT_EQ(DumpOf(roster()), before);
}

TEST(Etag, ParsesWhatItFormats) {
  const auto revision = ParseEtag("12.3");
  ASSERT_TRUE(revision.ok());
  EXPECT_EQ(revision->commit(), 12u);
  EXPECT_EQ(revision->index(), 3u);
  EXPECT_FALSE(ParseEtag("12").ok());
  EXPECT_FALSE(ParseEtag("").ok());
  EXPECT_FALSE(ParseEtag("a.b").ok());
}

}  // namespace
}  // namespace tideline::roster
