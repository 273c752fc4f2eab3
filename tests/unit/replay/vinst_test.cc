// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/vinst.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace tideline::replay {
namespace {

using testing::HasSubstr;

// Made up here; only the columns are those of the real file.
constexpr absl::string_view kHeader =
    "\xef\xbb\xbf"
    "SR Number,Change Date+Time,Status,Sub Status,Activity,Activity Level,Involved ST Function "
    "Div,Involved Org line 3,Involved ST,Involved ST 2,ST Level,SR Latest Impact,Product,Country,"
    "Owner Country,Owner First Name,Resource\n";

std::string Row(absl::string_view number, absl::string_view time, absl::string_view status,
                absl::string_view sub, absl::string_view team, absl::string_view owner,
                absl::string_view country = "Sweden", absl::string_view org = "Org X",
                absl::string_view level = "L1", absl::string_view impact = "Low") {
  return absl::StrCat(number, ",2030-01-01T", time, "+01:00,", status, ",", sub, ",,,F,", org, ",",
                      team, ",", team, ",", level, ",", impact, ",WIDGET,se,", country, ",", owner,
                      ",x\n");
}

absl::StatusOr<Log> Read(absl::string_view rows) {
  return ReadVinst(FromText(absl::StrCat(kHeader, rows)));
}

TEST(Vinst, ReadsAnIncidentAsObservationsInOrder) {
  absl::StatusOr<Log> log = Read(absl::StrCat(
      Row("1-1", "08:00:00", "Queued", "Awaiting Assignment", "T1", "Ann"),
      Row("1-1", "08:00:05", "Accepted", "In Progress", "T1", "Bob"),
      Row("1-1", "08:10:00", "Accepted", "Wait - User", "T1", "Bob"),
      Row("1-1", "09:00:00", "Completed", "In Call", "T2", "Cid", "France", "Org Y", "L3"),
      Row("1-1", "10:00:00", "Completed", "Closed", "T2", "Siebel", "0", "Org Y", "L3")));
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->incidents.size(), 1u);
  const Incident& incident = log->incidents[0];
  EXPECT_EQ(incident.id, "sr-1-1");
  EXPECT_EQ(incident.impact, type::v1::IMPACT_CLASS_LOW);
  ASSERT_EQ(incident.observations.size(), 5u);
  const auto& seen = incident.observations;
  EXPECT_EQ(seen[0].phase, Phase::kQueued);
  EXPECT_EQ(seen[0].expert, kNone) << "who queued it is not who has it";
  EXPECT_EQ(seen[1].phase, Phase::kWorking);
  EXPECT_EQ(seen[2].phase, Phase::kWaiting);
  EXPECT_EQ(seen[1].expert, seen[2].expert);
  EXPECT_EQ(seen[3].phase, Phase::kResolved);
  EXPECT_NE(seen[3].team, seen[2].team);
  EXPECT_EQ(log->teams[seen[0].team].level, type::v1::LEVEL_PRACTITIONER);
  EXPECT_EQ(log->teams[seen[3].team].level, type::v1::LEVEL_EXPERT);
  EXPECT_EQ(log->experts[seen[3].expert].team, seen[3].team);
  EXPECT_EQ(seen[4].phase, Phase::kClosed);
  EXPECT_EQ(seen[4].expert, kNone) << "the system is nobody";
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_sec, seen[1].at, absl::UTCTimeZone()),
            "2030-01-01T07:00:05+00:00");
}

TEST(Vinst, PutsATeamWhereMostOfItsRowsAre) {
  absl::StatusOr<Log> log = Read(
      absl::StrCat(Row("1-1", "08:00:00", "Accepted", "Assigned", "T1", "Ann", "POLAND", "Org X"),
                   Row("1-1", "08:00:01", "Accepted", "Assigned", "T1", "Bob", "Sweden", "Org Y"),
                   Row("1-1", "08:00:02", "Accepted", "Assigned", "T1", "Bob", "Sweden", "Org Y"),
                   Row("1-1", "08:00:03", "Accepted", "Assigned", "T1", "Siebel", "0", "Org Y"),
                   Row("1-1", "08:00:04", "Accepted", "Assigned", "T2", "Siebel", "0", "Org Y")));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->organizations.size(), 2u);
  EXPECT_EQ(log->teams[0].organization, 1);
  EXPECT_EQ(log->sites[log->teams[0].site].country, "SE");
  EXPECT_EQ(log->sites[log->teams[0].site].time_zone, "Europe/Stockholm");
  EXPECT_EQ(log->sites[log->teams[1].site].country, "ZZ");
}

TEST(Vinst, KeepsPeopleOfOneNameInTwoTeamsApartAndShowsNoName) {
  absl::StatusOr<Log> log =
      Read(absl::StrCat(Row("1-1", "08:00:00", "Accepted", "Assigned", "Rivendell", "Elrond"),
                        Row("1-1", "08:00:01", "Accepted", "Assigned", "Moria", "Elrond")));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto& seen = log->incidents[0].observations;
  EXPECT_NE(seen[0].expert, seen[1].expert);
  for (const auto& expert : log->experts) {
    EXPECT_THAT(expert.id, testing::MatchesRegex("(expert|desk)-[0-9a-f]{12}"));
  }
  for (const auto& team : log->teams)
    EXPECT_THAT(team.id, testing::MatchesRegex("team-[0-9a-f]{12}"));
}

TEST(Vinst, LetsUnmatchedChangeNothing) {
  absl::StatusOr<Log> log =
      Read(absl::StrCat(Row("1-1", "08:00:00", "Completed", "Resolved", "T1", "Ann"),
                        Row("1-1", "08:00:01", "Unmatched", "Unmatched", "T1", "Ann")));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->incidents[0].observations[1].phase, Phase::kResolved);
}

TEST(Vinst, NamesTheLineAndColumnOfWhatItCannotRead) {
  const std::string good = Row("1-1", "08:00:00", "Queued", "", "T1", "Ann");
  const auto error = [&](const std::string& row) {
    return std::string(Read(good + row).status().message());
  };
  EXPECT_EQ(error(Row("1-1", "25:00:00", "Queued", "", "T1", "Ann")),
            "line 3: 'Change Date+Time' is '2030-01-01T25:00:00+01:00'");
  EXPECT_EQ(error(Row("1-1", "07:00:00", "Queued", "", "T1", "Ann")),
            "line 3: 'Change Date+Time' is '2030-01-01T07:00:00+01:00'")
      << "time goes back";
  EXPECT_EQ(error(Row("1-1", "08:00:00", "Lost", "", "T1", "Ann")), "line 3: 'Status' is 'Lost'");
  EXPECT_EQ(error(Row("1-1", "08:00:00", "Queued", "", "", "Ann")), "line 3: 'Involved ST' is ''");
  EXPECT_EQ(error(Row("1-2", "08:00:00", "Queued", "", "T", "A", "0", "O", "L9")),
            "line 3: 'ST Level' is 'L9'");
  EXPECT_EQ(error(Row("1-2", "08:00:00", "Queued", "", "T", "A", "0", "O", "L1", "Huge")),
            "line 3: 'SR Latest Impact' is 'Huge'");
  EXPECT_EQ(error(Row("1-2", "08:00:00", "Queued", "", "T", "A") + good),
            "line 4: 'SR Number' is '1-1'")
      << "an incident in two places";
  EXPECT_THAT(Read("").status().message(), HasSubstr("no rows"));
}

}  // namespace
}  // namespace tideline::replay
