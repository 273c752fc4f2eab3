// SPDX-License-Identifier: Apache-2.0
// Imports: rows by themselves, dry runs, and runs that continue.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kAlpha[] = "workspaces/acme/teams/alpha";

class Imports : public ::testing::Test {
 protected:
  void SetUp() override {
    Furnish(driver_);
    request_.set_parent("workspaces/acme");
    request_.set_import_id("monday");
  }

  v1::Expert& AddRow(const std::string& id, const std::string& team = kAlpha) {
    v1::Expert& row = *request_.add_experts();
    row.set_name(absl::StrCat("workspaces/acme/experts/", id));
    row.set_team(team);
    return row;
  }

  // Letters of the outcomes, in order: Created, Updated, =, Failed, Done already.
  std::string Send() {
    outcome_ = driver_.Run("ImportExperts", request_);
    EXPECT_TRUE(outcome_.status.ok()) << outcome_.status;
    response_.ParseFromString(outcome_.response);
    std::string letters;
    for (const v1::ImportRowResult& result : response_.results()) {
      letters += " CU=FD"[result.outcome()];
    }
    return letters;
  }

  std::string ReasonOfRow(int i) {
    google::rpc::ErrorInfo info;
    return response_.results(i).error().details(0).UnpackTo(&info) ? info.reason() : "none";
  }

  Driver driver_;
  v1::ImportExpertsRequest request_;
  v1::ImportExpertsResponse response_;
  Outcome outcome_;
};

TEST_F(Imports, EachRowStandsByItself) {
  AddRow("new");
  AddRow("lost", "workspaces/acme/teams/none");
  AddRow("ada").set_capacity_units(20);
  AddRow("bob");
  AddRow("Bad Name");
  AddRow("teamless").clear_team();
  AddRow("long").set_display_name(std::string(201, 'x'));
  AddRow("abroad").set_mentor("workspaces/other/experts/x");
  EXPECT_EQ(Send(), "CFU=FFFF");
  EXPECT_EQ(ReasonOfRow(1), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOfRow(4), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfRow(5), "FIELD_REQUIRED");
  EXPECT_EQ(ReasonOfRow(6), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfRow(7), "REFERENCE_NOT_FOUND");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(response_.results(6).error().details(1).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "expert.display_name");
  EXPECT_EQ(response_.import().next_row(), 8);
  EXPECT_EQ(response_.import().created_rows(), 1);
  EXPECT_EQ(response_.import().updated_rows(), 1);
  EXPECT_EQ(response_.import().unchanged_rows(), 1);
  EXPECT_THAT(response_.import().failed_rows(), ElementsAre(1, 4, 5, 6, 7));
  // A row without what the resource has keeps it.
  EXPECT_EQ(driver_.Must<v1::GetExpertResponse>("GetExpert", "name: 'workspaces/acme/experts/ada'")
                .expert()
                .cost_rate()
                .units(),
            80);
}

TEST_F(Imports, ASecondRunContinuesAndTriesFailedRowsAgain) {
  AddRow("new");
  AddRow("lost", "workspaces/acme/teams/gamma");
  EXPECT_EQ(Send(), "CF");
  driver_.RunText("CreateTeam",
                  "parent: 'workspaces/acme' team_id: 'gamma' team { "
                  "organization: 'workspaces/acme/organizations/north' "
                  "site: 'workspaces/acme/sites/krakow' }");
  AddRow("later");
  EXPECT_EQ(Send(), "DCC");
  EXPECT_THAT(response_.import().failed_rows(), IsEmpty());
  EXPECT_EQ(response_.import().created_rows(), 3);
  EXPECT_EQ(Send(), "DDD");
  EXPECT_THAT(outcome_.events, IsEmpty());
}

TEST_F(Imports, RowsDoneBeforeAreNotDoneAgain) {
  AddRow("new").set_capacity_units(5);
  EXPECT_EQ(Send(), "C");
  driver_.RunText("UpdateExpert",
                  "expert { name: 'workspaces/acme/experts/new' capacity_units: 7 }");
  EXPECT_EQ(Send(), "D");
  EXPECT_EQ(driver_.Must<v1::GetExpertResponse>("GetExpert", "name: 'workspaces/acme/experts/new'")
                .expert()
                .capacity_units(),
            7);
}

TEST_F(Imports, ADryRunSaysWhatWouldBeAndChangesNothing) {
  AddRow("chief");
  AddRow("report").set_line_manager("workspaces/acme/experts/chief");
  AddRow("ada").set_capacity_units(20);
  AddRow("ada").set_capacity_units(30);
  AddRow("stray").set_line_manager("workspaces/acme/experts/nobody");
  request_.set_validate_only(true);
  const std::string before = driver_.Dump();
  EXPECT_EQ(Send(), "CCUUF");
  EXPECT_EQ(driver_.Dump(), before);
  EXPECT_THAT(outcome_.events, IsEmpty());
  EXPECT_THAT(outcome_.writes, IsEmpty());
  EXPECT_EQ(response_.import().next_row(), 0);
  request_.set_first_row(400);
  EXPECT_EQ(Send(), "CCUUF");
  request_.set_first_row(0);
  request_.set_validate_only(false);
  EXPECT_EQ(Send(), "CCUUF");
}

TEST_F(Imports, AFullChunkStaysWithinAStep) {
  for (int i = 0; i < 200; ++i) AddRow(absl::StrCat("row-", i));
  EXPECT_EQ(Send(), std::string(200, 'C'));
  EXPECT_LE(outcome_.writes.size() + outcome_.events.size(), 500u);
  AddRow("one-more");
  EXPECT_EQ(ReasonOf(driver_.Run("ImportExperts", request_).status), Reason::REASON_INVALID_FIELD);
}

TEST_F(Imports, TooManyFailuresStopTheImport) {
  for (int i = 0; i < 200; ++i) AddRow("x", "workspaces/acme/teams/none");
  for (int chunk = 0; chunk < 5; ++chunk) {
    request_.set_first_row(200 * chunk);
    EXPECT_EQ(Send(), std::string(200, 'F'));
  }
  request_.set_first_row(1000);
  EXPECT_EQ(ReasonOf(driver_.Run("ImportExperts", request_).status), Reason::REASON_QUOTA_EXCEEDED);
  // Sending failed rows again is how one gets out of it.
  request_.set_first_row(0);
  for (v1::Expert& row : *request_.mutable_experts()) row.set_team(kAlpha);
  EXPECT_EQ(Send(), "C" + std::string(199, '='));
  EXPECT_EQ(response_.import().failed_rows_size(), 800);
}

TEST_F(Imports, AStageThatWasReachedStays) {
  v1::Expert& row = AddRow("ada");
  row.add_skills()->set_skill("workspaces/acme/skills/sql");
  row.mutable_skills(0)->set_level(type::v1::LEVEL_AUTHORITY);
  row.add_skills()->set_skill("workspaces/acme/skills/data");
  row.mutable_skills(1)->set_level(type::v1::LEVEL_NOVICE);
  EXPECT_EQ(Send(), "U");
  const auto ada =
      driver_.Must<v1::GetExpertResponse>("GetExpert", "name: 'workspaces/acme/experts/ada'")
          .expert();
  EXPECT_EQ(ada.skills(0).stage(), v1::SKILL_STAGE_INDEPENDENT);
  EXPECT_EQ(ada.skills(0).level(), type::v1::LEVEL_AUTHORITY);
  EXPECT_EQ(ada.skills(1).stage(), v1::SKILL_STAGE_ASSESSED);
}

TEST_F(Imports, AnImportKeepsItsKind) {
  AddRow("new");
  Send();
  const Outcome outcome = driver_.RunText(
      "ImportTaxonomy",
      "parent: 'workspaces/acme' import_id: 'monday' skills { name: 'workspaces/acme/skills/a' }");
  EXPECT_EQ(ReasonOf(outcome.status), Reason::REASON_INVALID_FIELD);
}

TEST_F(Imports, TaxonomiesComeParentsFirst) {
  const auto response = driver_.Must<v1::ImportTaxonomyResponse>(
      "ImportTaxonomy",
      "parent: 'workspaces/acme' import_id: 'esco' skills { name: 'workspaces/acme/skills/child' "
      "parents: 'workspaces/acme/skills/root' } skills { name: 'workspaces/acme/skills/root' }");
  EXPECT_EQ(response.results(0).outcome(), v1::ImportRowResult::OUTCOME_FAILED);
  EXPECT_EQ(response.results(1).outcome(), v1::ImportRowResult::OUTCOME_CREATED);
}

}  // namespace
}  // namespace tideline::skill_registry
