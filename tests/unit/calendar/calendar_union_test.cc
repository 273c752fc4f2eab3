// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "common/base/error.h"
#include "common/calendar/calendar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const Calendar> UnionOf(std::vector<std::shared_ptr<const Calendar>> members) {
  auto made = Calendar::Union(members);
  EXPECT_TRUE(made.ok()) << made.status();
  return *made;
}

TEST(CalendarUnionTest, FollowsTheSun) {
  // Manila 01:00 to 09:00 UTC, Warsaw 08:00 to 16:00 (summer 07:00 to 15:00), San Francisco 17:00
  // to 01:00 (summer 16:00 to 24:00).
  const auto sun = UnionOf({Make("Asia/Manila", "mon-fri 09:00-17:00"),
                            Make("Europe/Warsaw", "mon-fri 09:00-17:00"),
                            Make("America/Los_Angeles", "mon-fri 09:00-17:00")});
  // Winter: a hole from 16:00 to 17:00. Summer: from 15:00 to 16:00 and at midnight.
  EXPECT_THAT(sun->Closed(At("2024-01-16 00:00"), At("2024-01-17 00:00"), 9),
              ElementsAre(TimeSpan{At("2024-01-16 16:00"), At("2024-01-16 17:00")}));
  EXPECT_THAT(sun->Closed(At("2024-07-16 01:00"), At("2024-07-17 12:00"), 9),
              ElementsAre(TimeSpan{At("2024-07-16 15:00"), At("2024-07-16 16:00")},
                          TimeSpan{At("2024-07-17 00:00"), At("2024-07-17 01:00")}));
  // Between the two changes of March the west coast is already on summer time.
  EXPECT_THAT(sun->Closed(At("2024-03-19 01:00"), At("2024-03-20 12:00"), 9),
              ElementsAre(TimeSpan{At("2024-03-20 00:00"), At("2024-03-20 01:00")}));
  EXPECT_EQ(sun->Add(At("2024-01-16 15:00"), absl::Hours(2)), At("2024-01-16 18:00"));
  EXPECT_EQ(sun->Subtract(At("2024-01-16 18:00"), absl::Hours(2)), At("2024-01-16 15:00"));
}

TEST(CalendarUnionTest, AMembersHolidayClosesOnlyWhatNobodyElseCovers) {
  const auto both = UnionOf({Make("Europe/Warsaw", "mon-fri 09:00-17:00; 2024-05-01 holiday"),
                             Make("Europe/London", "mon-fri 12:00-20:00")});
  EXPECT_THAT(both->Open(At("2024-04-30 22:00"), At("2024-05-02 22:00"), 9),
              ElementsAre(TimeSpan{At("2024-05-01 11:00"), At("2024-05-01 19:00")},
                          TimeSpan{At("2024-05-02 07:00"), At("2024-05-02 19:00")}));
}

TEST(CalendarUnionTest, OfOneIsThatOneAndMembersMayBeUnions) {
  const auto one = Make("Pacific/Apia", "mon-fri 09:00-17:00; 2011-12-29 holiday");
  const auto same = UnionOf({UnionOf({one}), one});
  const absl::Time from = At("2011-12-20 00:00"), to = At("2012-01-20 00:00");
  EXPECT_EQ(same->Open(from, to, 100), one->Open(from, to, 100));
}

TEST(CalendarUnionTest, OfAnAlwaysOpenCalendarHasNoHoles) {
  const auto all = UnionOf({Make("Europe/Warsaw", "mon 09:00-10:00"), Calendar::Always()});
  EXPECT_THAT(all->Closed(At("1970-01-01 00:00"), At("2199-12-31 00:00"), 9), IsEmpty());
}

TEST(CalendarUnionTest, RefusesNoneAndTooMany) {
  const auto empty = Calendar::Union({}, "teams");
  EXPECT_EQ(empty.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(empty.status()), Reason::REASON_FIELD_REQUIRED);
  EXPECT_EQ(BadRequestOf(empty.status()).field_violations(0).field(), "teams");
  std::vector<std::shared_ptr<const Calendar>> members(64, Calendar::Always());
  EXPECT_TRUE(Calendar::Union(members).ok());
  members.push_back(Calendar::Always());
  const auto many = Calendar::Union(members);
  EXPECT_EQ(many.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(many.status()), Reason::REASON_INVALID_FIELD);
}

TEST(CoverageHolesTest, AreWhereWorkIsWantedAndNobodyIsThere) {
  const auto wanted = Make("Europe/Warsaw", "mon-fri 08:00-18:00");
  const auto cover = UnionOf({Make("Europe/Warsaw", "mon-fri 09:00-12:00"),
                              Make("Asia/Kolkata", "mon-fri 16:30-20:00")});  // 12:00 to 15:30
  const auto at = [](absl::string_view text) { return At(text, "Europe/Warsaw"); };
  const absl::Time from = at("2024-01-15 00:00"), to = at("2024-01-16 08:30");
  EXPECT_THAT(CoverageHoles(*wanted, *cover, from, to, 9),
              ElementsAre(TimeSpan{at("2024-01-15 08:00"), at("2024-01-15 09:00")},
                          TimeSpan{at("2024-01-15 15:30"), at("2024-01-15 18:00")},
                          TimeSpan{at("2024-01-16 08:00"), at("2024-01-16 08:30")}));
  EXPECT_EQ(CoverageHoles(*wanted, *cover, from, to, 1).size(), 1u);
  EXPECT_THAT(CoverageHoles(*wanted, *Calendar::Always(), from, to, 9), IsEmpty());
  EXPECT_THAT(CoverageHoles(*wanted, *wanted, from, to, 9), IsEmpty());
}

}  // namespace
}  // namespace tideline::testing
