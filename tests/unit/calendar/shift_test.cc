// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/shift.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ShiftTest, HoldsBreaksAndEndsWhenOneIsTooLong) {
  // 2027-05-03 is a Monday. Breaks of one hour, of exactly three, and of three and a minute.
  const auto hours = Make("UTC", "mon 06:00-08:00 09:00-11:00 14:00-15:00 18:01-20:00");
  EXPECT_EQ(ShiftEnd(*hours, At("2027-05-03 06:00")), At("2027-05-03 15:00"));
  EXPECT_EQ(ShiftEnd(*hours, At("2027-05-03 08:30")), At("2027-05-03 15:00"));
  EXPECT_EQ(ShiftEnd(*hours, At("2027-05-03 15:00")), At("2027-05-03 20:00"));
  EXPECT_TRUE(OnShift(*hours, At("2027-05-03 12:59")));
  EXPECT_FALSE(OnShift(*hours, At("2027-05-03 15:00")));
  EXPECT_FALSE(OnShift(*hours, At("2027-05-03 18:00")));
  EXPECT_THAT(Shifts(*hours, At("2027-05-03 00:00"), At("2027-05-04 00:00")),
              ElementsAre(TimeSpan{At("2027-05-03 06:00"), At("2027-05-03 15:00")},
                          TimeSpan{At("2027-05-03 18:01"), At("2027-05-03 20:00")}));
}

TEST(ShiftTest, AShiftThatNeverEndsOrNeverComes) {
  EXPECT_EQ(ShiftEnd(*Calendar::Always(), At("2027-05-03 06:00")), absl::InfiniteFuture());
  const auto once = Make("UTC", "mon 06:00-08:00; 2027-05-10 holiday");
  EXPECT_EQ(ShiftEnd(*once, At("2027-05-03 08:00")), At("2027-05-17 08:00"));
  EXPECT_THAT(Shifts(*once, At("2027-05-03 08:00"), At("2027-05-17 06:00")), IsEmpty());
}

TEST(ShiftTest, ARangeWithinABreakIsOneShift) {
  const auto hours = Make("UTC", "mon 06:00-08:00 09:00-11:00");
  EXPECT_THAT(Shifts(*hours, At("2027-05-03 08:15"), At("2027-05-03 08:45")),
              ElementsAre(TimeSpan{At("2027-05-03 08:15"), At("2027-05-03 08:45")}));
}

TEST(ShiftTest, EndsWhereTheClockPutsIt) {
  // Chicago goes forward on 14 March 2027: 02:00 does not come, the shift ends at 08:00 UTC.
  const auto night = Make("America/Chicago", "mon-sun 18:00-02:00");
  EXPECT_EQ(ShiftEnd(*night, At("2027-03-14 01:00")), At("2027-03-14 08:00"));
  EXPECT_EQ(ShiftEnd(*night, At("2027-03-14 23:00")), At("2027-03-15 07:00"));
  // And back on 7 November: 01:00 to 02:00 comes twice.
  EXPECT_EQ(ShiftEnd(*night, At("2027-11-07 00:00")), At("2027-11-07 08:00"));
}

}  // namespace
}  // namespace tideline::testing
