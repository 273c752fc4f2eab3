// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/servicenow.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tools/replay/count.h"

namespace tideline::replay {
namespace {

constexpr absl::string_view kHeader =
    "number,incident_state,reopen_count,sys_updated_at,location,category,subcategory,priority,"
    "assignment_group,assigned_to,made_sla\n";

std::string Row(absl::string_view number, absl::string_view state, int reopens,
                absl::string_view time, absl::string_view group, absl::string_view person,
                absl::string_view priority = "3 - Moderate", absl::string_view category = "C",
                absl::string_view made_sla = "true") {
  return absl::StrCat(number, ",", state, ",", reopens, ",1/3/2030 ", time, ",L,", category, ",S,",
                      priority, ",", group, ",", person, ",", made_sla, "\n");
}

absl::StatusOr<Log> Read(absl::string_view rows) {
  return ReadServiceNow(FromText(absl::StrCat(kHeader, rows)));
}

TEST(ServiceNow, ReadsDayBeforeMonthAtPlusOneHour) {
  absl::StatusOr<Log> log = Read(Row("INC1", "New", 0, "08:30", "G1", "?"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_sec, log->incidents[0].observations[0].at,
                             absl::UTCTimeZone()),
            "2030-03-01T07:30:00+00:00");
}

TEST(ServiceNow, TakesCategoryAndPriorityOfTheFirstRow) {
  absl::StatusOr<Log> log =
      Read(absl::StrCat(Row("INC1", "New", 0, "08:00", "G1", "?", "1 - Critical", "C1"),
                        Row("INC1", "Active", 0, "08:01", "G1", "P", "4 - Low", "C2")));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->skills.size(), 1u);
  EXPECT_EQ(log->incidents[0].impact, type::v1::IMPACT_CLASS_CRITICAL);
  EXPECT_EQ(log->incidents[0].priority, type::v1::PRIORITY_URGENT);
}

TEST(ServiceNow, TakesMadeSlaOfTheLastRow) {
  const std::string first = Row("INC1", "New", 0, "08:00", "G1", "?", "4 - Low", "C", "true");
  absl::StatusOr<Log> log = Read(
      absl::StrCat(first, Row("INC1", "Active", 0, "08:01", "G1", "P", "4 - Low", "C", "false")));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->incidents[0].made_sla, false);
  EXPECT_EQ(Read(first)->incidents[0].made_sla, true);
  const auto neither = Read(Row("INC1", "New", 0, "08:00", "G1", "?", "4 - Low", "C", "maybe"));
  EXPECT_EQ(neither.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(neither.status().message(), "line 2: 'made_sla' is 'maybe'");
}

TEST(ServiceNow, KeepsTheGroupOverRowsWithoutOne) {
  absl::StatusOr<Log> log = Read(absl::StrCat(
      Row("INC1", "New", 0, "08:00", "?", "?"), Row("INC1", "New", 0, "08:01", "G1", "?"),
      Row("INC1", "Active", 0, "08:02", "?", "P"), Row("INC1", "Active", 0, "08:03", "G2", "P")));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto& seen = log->incidents[0].observations;
  EXPECT_EQ(seen[0].team, seen[1].team);
  EXPECT_EQ(seen[1].team, seen[2].team);
  EXPECT_NE(seen[2].team, seen[3].team);
  EXPECT_NE(seen[2].expert, seen[3].expert);
  EXPECT_EQ(Sum(Count(*log)).moves, 1);
}

TEST(ServiceNow, PutsAnIncidentWithoutAnyGroupInATeamOfItsOwn) {
  absl::StatusOr<Log> log = Read(absl::StrCat(Row("INC1", "New", 0, "08:00", "?", "?"),
                                              Row("INC1", "Closed", 0, "08:01", "?", "?")));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->teams.size(), 1u);
  EXPECT_EQ(Sum(Count(*log)).completed, 1);
}

TEST(ServiceNow, ReadsStatesAndTheSourcesOwnCountOfReopens) {
  absl::StatusOr<Log> log = Read(absl::StrCat(
      Row("INC1", "Active", 0, "08:00", "G1", "P"), Row("INC1", "-100", 0, "08:01", "G1", "P"),
      Row("INC1", "Awaiting Vendor", 0, "08:02", "G1", "P"),
      Row("INC1", "Resolved", 0, "08:03", "G1", "P"), Row("INC1", "Active", 1, "08:04", "G1", "P"),
      Row("INC1", "Closed", 1, "08:05", "G1", "P")));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto& seen = log->incidents[0].observations;
  EXPECT_EQ(seen[1].phase, Phase::kWorking);
  EXPECT_EQ(seen[2].phase, Phase::kWaiting);
  EXPECT_EQ(seen[3].phase, Phase::kResolved);
  EXPECT_EQ(log->incidents[0].reopens_recorded, 1);
  EXPECT_EQ(Sum(Count(*log)).reopens, 1);
}

TEST(ServiceNow, LetsTheFilesOrderStandWhereAStampGoesBack) {
  absl::StatusOr<Log> log = Read(absl::StrCat(Row("INC1", "New", 0, "08:05", "G1", "?"),
                                              Row("INC1", "Active", 0, "08:00", "G1", "P")));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto& seen = log->incidents[0].observations;
  EXPECT_EQ(seen[0].at, seen[1].at);
}

TEST(ServiceNow, NamesTheLineAndColumnOfWhatItCannotRead) {
  const auto error = [](const std::string& rows) {
    return std::string(Read(rows).status().message());
  };
  EXPECT_EQ(error(Row("INC1", "Lost", 0, "08:00", "G", "?")), "line 2: 'incident_state' is 'Lost'");
  EXPECT_EQ(error(Row("INC1", "New", 0, "8 am", "G", "?")),
            "line 2: 'sys_updated_at' is '1/3/2030 8 am'");
  EXPECT_EQ(error(Row("INC1", "New", -1, "08:00", "G", "?")), "line 2: 'reopen_count' is '-1'");
  EXPECT_EQ(error(Row("INC1", "New", 0, "08:00", "G", "?", "9")), "line 2: 'priority' is '9'");
  const std::string one = Row("INC1", "New", 0, "08:00", "G", "?");
  EXPECT_EQ(error(one + Row("INC2", "New", 0, "08:00", "G", "?") + one),
            "line 4: 'number' is 'INC1'");
}

}  // namespace
}  // namespace tideline::replay
