// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_shifts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline::work_routing {
namespace {

using eligibility::ShiftSpan;

absl::Time At(absl::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, &time, &error)) << error;
  return time;
}

TEST(MatcherShifts, NoCalendarMeansNoSource) { EXPECT_EQ(ShiftsOf(nullptr), nullptr); }

TEST(MatcherShifts, AroundTheClockIsOneShift) {
  ShiftSpan span = ShiftAt(*Calendar::Always(), At("2026-03-02 10:00"));
  EXPECT_TRUE(span.on);
  EXPECT_TRUE(span.working);
}

// Mondays and Tuesdays 09:00 to 13:00 and 14:00 to 18:00, UTC.
std::shared_ptr<const Calendar> OfficeHours() {
  type::v1::CalendarRules rules;
  rules.set_time_zone("Etc/UTC");
  for (auto day : {type::v1::DAY_OF_WEEK_MONDAY, type::v1::DAY_OF_WEEK_TUESDAY}) {
    auto* hours = rules.add_weekly_hours();
    hours->set_day(day);
    for (auto [from, to] : {std::pair(9, 13), std::pair(14, 18)}) {
      auto* interval = hours->add_intervals();
      interval->set_start_minute(from * 60);
      interval->set_end_minute(to * 60);
    }
  }
  auto calendar = Calendar::Create(rules, "rules");
  EXPECT_TRUE(calendar.ok()) << calendar.status();
  return *calendar;
}

// 2 March 2026 is a Monday.
struct Row {
  absl::string_view at;
  bool on;
  bool working;
  absl::string_view until;
  int hours_after;
};

TEST(MatcherShifts, ABreakIsWithinTheShiftAndANightIsNot) {
  ShiftSource shifts = ShiftsOf(OfficeHours());
  for (const Row& row : {
           Row{"2026-03-02 08:59", false, false, "2026-03-02 09:00", 0},
           Row{"2026-03-02 09:00", true, true, "2026-03-02 13:00", 4},
           Row{"2026-03-02 12:59", true, true, "2026-03-02 13:00", 4},
           Row{"2026-03-02 13:00", true, false, "2026-03-02 14:00", 4},
           Row{"2026-03-02 14:00", true, true, "2026-03-02 18:00", 0},
           Row{"2026-03-02 18:00", false, false, "2026-03-03 09:00", 0},
           Row{"2026-03-03 18:00", false, false, "2026-03-09 09:00", 0},
       }) {
    ShiftSpan span = shifts(At(row.at));
    EXPECT_EQ(span.on, row.on) << row.at;
    EXPECT_EQ(span.until, At(row.until)) << row.at;
    if (!row.on) continue;
    EXPECT_EQ(span.working, row.working) << row.at;
    EXPECT_EQ(span.work_after, absl::Hours(row.hours_after)) << row.at;
  }
}

TEST(MatcherShifts, WorkLeftCountsWhatIsLeftOfTheShiftWithoutItsBreaks) {
  ShiftSource shifts = ShiftsOf(OfficeHours());
  auto left = [&](absl::string_view at) {
    ShiftSpan span = shifts(At(at));
    return eligibility::WorkLeft(span, shifts(span.until), At(at));
  };
  EXPECT_EQ(left("2026-03-02 10:00"), absl::Hours(7));
  EXPECT_EQ(left("2026-03-02 13:30"), absl::Hours(4));
  EXPECT_EQ(left("2026-03-02 17:45"), absl::Minutes(15));
  EXPECT_EQ(left("2026-03-02 07:00"), absl::Hours(8));  // all of the shift to come
}

}  // namespace
}  // namespace tideline::work_routing
