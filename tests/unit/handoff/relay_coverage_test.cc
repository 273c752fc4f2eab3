// SPDX-License-Identifier: Apache-2.0
// Every instant below was worked out by hand from the zones' laws of 2027: Chicago changes on
// 14 March and 7 November at 02:00 local, Warsaw on 28 March and 31 October at 01:00 UTC, Kolkata
// never.
#include "services/handoff/core/relay_coverage.h"

#include "common/calendar/shift.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::handoff {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tideline::testing::At;
using tideline::testing::Make;

constexpr char kEveryDay[] = "mon-sun ";

eligibility::Expert Person(std::vector<eligibility::HeldSkill> skills,
                           std::vector<eligibility::Leave> leave = {}) {
  eligibility::Expert person;
  person.skills = std::move(skills);
  person.leave = std::move(leave);
  return person;
}

RelayTeam Team(absl::string_view zone, absl::string_view hours,
               std::vector<eligibility::Expert> people) {
  return {std::string(zone), Make(zone, absl::StrCat(kEveryDay, hours)), std::move(people)};
}

RelayTeam Coders(absl::string_view zone, absl::string_view hours) {
  return Team(zone, hours, {Person({{"coding", 3}})});
}

Hole HoleOf(absl::string_view skill, absl::string_view from, absl::string_view to) {
  return {std::string(skill), {At(from), At(to)}};
}

// Warsaw 08:00 to 20:00 UTC (summer 07:00 to 19:00), Chicago 20:00 to 08:00 (summer 19:00 to
// 07:00): without a hole but for the weeks in which only one of them is on summer time.
RelayChain TwoSites() {
  RelayChain chain;
  chain.teams = {Coders("Europe/Warsaw", "09:00-21:00"), Coders("America/Chicago", "14:00-02:00")};
  chain.required = {{"coding", 2}};
  return chain;
}

TEST(RelayCoverageTest, FindsTheHolesThatOnlyTheWeeksBetweenTwoClockChangesHave) {
  const RelayChain chain = TwoSites();
  EXPECT_THAT(FindHoles(chain, At("2027-01-01 00:00"), At("2027-03-15 07:00"), 99), IsEmpty());
  const auto year = FindHoles(chain, At("2027-01-01 00:00"), At("2028-01-01 00:00"), 99);
  // One hour each morning from 15 to 27 March and from 31 October to 6 November.
  ASSERT_EQ(year.size(), 13u + 7u);
  EXPECT_EQ(year[0], HoleOf("coding", "2027-03-15 07:00", "2027-03-15 08:00"));
  EXPECT_EQ(year[12], HoleOf("coding", "2027-03-27 07:00", "2027-03-27 08:00"));
  EXPECT_EQ(year[13], HoleOf("coding", "2027-10-31 07:00", "2027-10-31 08:00"));
  EXPECT_EQ(year[19], HoleOf("coding", "2027-11-06 07:00", "2027-11-06 08:00"));
}

TEST(RelayCoverageTest, TheClocksOwnNightsAreNoHole) {
  // On 14 March Chicago's shift ends where 02:00 would have been, 08:00 UTC; on 7 November it works
  // 01:00 to 02:00 twice and ends at 08:00 UTC again.
  const RelayChain chain = TwoSites();
  EXPECT_THAT(FindHoles(chain, At("2027-03-14 00:00"), At("2027-03-15 00:00"), 9), IsEmpty());
  EXPECT_THAT(FindHoles(chain, At("2027-11-07 00:00"), At("2027-11-08 00:00"), 9), IsEmpty());
  EXPECT_EQ(NextAfter(chain, 1, At("2027-03-14 07:30"))->shift_end, At("2027-03-14 08:00"));
  EXPECT_EQ(NextAfter(chain, 1, At("2027-11-07 06:30"))->shift_end, At("2027-11-07 08:00"));
}

TEST(RelayCoverageTest, ASummerHoleOfHalfAnHourBetweenChicagoAndBangalore) {
  // Krakow 08:00 to 16:00 UTC (summer 07:00 to 15:00), Chicago 15:00 to 01:00 (14:00 to 24:00),
  // Bangalore 00:30 to 08:30 all year.
  RelayChain chain;
  chain.teams = {Coders("Asia/Kolkata", "06:00-14:00"), Coders("Europe/Warsaw", "09:00-17:00"),
                 Coders("America/Chicago", "09:00-19:00")};
  chain.required = {{"coding", 1}};
  EXPECT_THAT(FindHoles(chain, At("2027-01-01 01:00"), At("2027-03-14 23:00"), 9), IsEmpty());
  EXPECT_THAT(FindHoles(chain, At("2027-03-14 00:00"), At("2027-03-17 00:00"), 9),
              ElementsAre(HoleOf("coding", "2027-03-15 00:00", "2027-03-15 00:30"),
                          HoleOf("coding", "2027-03-16 00:00", "2027-03-16 00:30")));
  // From the night after 14 March to the night before 7 November: 238 nights.
  EXPECT_EQ(FindHoles(chain, At("2027-01-01 00:30"), At("2028-01-01 00:00"), 999).size(), 238u);
  EXPECT_EQ(FindHoles(chain, At("2027-01-01 00:30"), At("2028-01-01 00:00"), 3).size(), 3u);
}

TEST(RelayCoverageTest, EachRequiredSkillIsCoveredByItself) {
  RelayChain chain;
  chain.teams = {Team("UTC", "00:00-12:00", {Person({{"coding", 3}, {"law", 2}})}),
                 Team("UTC", "12:00-24:00", {Person({{"coding", 3}}), Person({{"law", 1}})})};
  chain.required = {{"coding", 3}, {"law", 2}};
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-02 06:00"), 9),
              ElementsAre(HoleOf("law", "2027-05-01 12:00", "2027-05-02 00:00")));
  chain.required = {{"law", 1}};
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-02 06:00"), 9), IsEmpty());
  chain.required = {{"cooking", 1}};
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-02 06:00"), 9),
              ElementsAre(HoleOf("cooking", "2027-05-01 00:00", "2027-05-02 06:00")));
}

TEST(RelayCoverageTest, EvidenceThatEndsAndLeaveOpenHolesToTheInstant) {
  RelayChain chain;
  chain.teams = {Team("UTC", "08:00-16:00",
                      {Person({{"law", 2, At("2027-05-03 10:00")}}),
                       Person({{"law", 2}}, {{At("2027-05-02 00:00"), At("2027-05-03 15:00")}})})};
  chain.wanted = Make("UTC", "mon-sun 08:00-16:00");
  chain.required = {{"law", 2}};
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-05 00:00"), 9),
              ElementsAre(HoleOf("law", "2027-05-03 10:00", "2027-05-03 15:00")));
  EXPECT_THAT(CoveringAt(chain, At("2027-05-03 09:59"), chain.required), ElementsAre(0));
  EXPECT_THAT(CoveringAt(chain, At("2027-05-03 10:00"), chain.required), IsEmpty());
  EXPECT_THAT(CoveringAt(chain, At("2027-05-03 15:00"), chain.required), ElementsAre(0));
}

TEST(RelayCoverageTest, ABreakIsWithinAShiftAndAHolidayIsNot) {
  RelayChain chain;
  chain.teams = {{"day",
                  Make("Europe/Warsaw", "mon-sun 08:00-12:00 13:00-17:00; 2027-05-03 holiday"),
                  {Person({})}}};
  chain.wanted = Make("Europe/Warsaw", "mon-sun 08:00-17:00");
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-06 00:00"), 9),
              ElementsAre(HoleOf("", "2027-05-03 06:00", "2027-05-03 15:00")));
  EXPECT_THAT(CoveringAt(chain, At("2027-05-02 10:30")), ElementsAre(0));
  // A range that begins and ends within a break sees it as one.
  EXPECT_THAT(FindHoles(chain, At("2027-05-02 10:15"), At("2027-05-02 10:45"), 9), IsEmpty());
}

TEST(RelayCoverageTest, ATeamWithoutPeopleCoversNothingAndOneWithoutCalendarEverything) {
  RelayChain chain;
  chain.teams = {{"empty", nullptr, {}}};
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2027-05-02 00:00"), 9),
              ElementsAre(HoleOf("", "2027-05-01 00:00", "2027-05-02 00:00")));
  chain.teams.push_back({"always", nullptr, {Person({})}});
  EXPECT_THAT(FindHoles(chain, At("2027-05-01 00:00"), At("2028-05-02 00:00"), 9), IsEmpty());
  EXPECT_FALSE(NextAfter(chain, 1, At("2027-05-01 00:00")).has_value());
}

TEST(RelayCoverageTest, OverlapWindowsMoveWithTheClocks) {
  const RelayTeam krakow = Coders("Europe/Warsaw", "09:00-17:00");
  const RelayTeam chicago = Coders("America/Chicago", "09:00-19:00");
  // Winter 15:00 to 16:00 UTC; from 14 March, when Chicago's clock is an hour on, 14:00 to 16:00;
  // from 28 March both are, and it is 14:00 to 15:00.
  const auto on = [&](absl::string_view day) {
    return OverlapWindows(krakow, chicago, At(absl::StrCat(day, " 00:00")),
                          At(absl::StrCat(day, " 00:00")) + absl::Hours(24), 9);
  };
  EXPECT_THAT(on("2027-03-13"),
              ElementsAre(TimeSpan{At("2027-03-13 15:00"), At("2027-03-13 16:00")}));
  EXPECT_THAT(on("2027-03-14"),
              ElementsAre(TimeSpan{At("2027-03-14 14:00"), At("2027-03-14 16:00")}));
  EXPECT_THAT(on("2027-03-28"),
              ElementsAre(TimeSpan{At("2027-03-28 14:00"), At("2027-03-28 15:00")}));
  EXPECT_THAT(OverlapWindows(krakow, chicago, At("2027-03-13 00:00"), At("2027-03-20 00:00"), 2),
              ElementsAre(TimeSpan{At("2027-03-13 15:00"), At("2027-03-13 16:00")},
                          TimeSpan{At("2027-03-14 14:00"), At("2027-03-14 16:00")}));
}

TEST(RelayCoverageTest, TheNextTeamIsTheOneThatIsThereWhenTheShiftEnds) {
  RelayChain chain;
  chain.teams = {Coders("Asia/Kolkata", "05:30-14:00"), Coders("Europe/Warsaw", "09:00-17:00"),
                 Coders("America/Chicago", "09:00-19:00")};
  // Bangalore goes at 08:30 UTC; Krakow came at 08:00.
  const auto morning = NextAfter(chain, 0, At("2027-03-12 05:00"));
  EXPECT_EQ(morning->shift_end, At("2027-03-12 08:30"));
  EXPECT_EQ(morning->team, 1u);
  EXPECT_EQ(morning->from, At("2027-03-12 08:00"));
  // Krakow is asked at night: its next shift is meant, after its own change of the clock.
  const auto evening = NextAfter(chain, 1, At("2027-03-28 00:30"));
  EXPECT_EQ(evening->shift_end, At("2027-03-28 15:00"));
  EXPECT_EQ(evening->team, 2u);
  // Chicago goes at midnight UTC in summer; Bangalore comes then.
  const auto night = NextAfter(chain, 2, At("2027-03-28 20:00"));
  EXPECT_EQ(night->shift_end, At("2027-03-29 00:00"));
  EXPECT_EQ(night->team, 0u);
  EXPECT_EQ(night->from, At("2027-03-29 00:00"));
}

TEST(RelayCoverageTest, TheNextTeamHasThePersonForTheItemOrIsPassedOver) {
  RelayChain chain;
  chain.teams = {Coders("UTC", "00:00-08:00"), Coders("UTC", "08:00-16:00"),
                 Team("UTC", "16:00-24:00", {Person({{"coding", 3}, {"law", 2}})})};
  const std::vector<eligibility::SkillNeed> both = {{"coding", 1}, {"law", 2}};
  EXPECT_EQ(NextAfter(chain, 0, At("2027-05-01 04:00"))->team, 1u);
  const auto relief = NextAfter(chain, 0, At("2027-05-01 04:00"), both);
  EXPECT_EQ(relief->team, 2u);
  EXPECT_EQ(relief->from, At("2027-05-01 16:00"));
  // One person needs all of it: two who share the skills do not do.
  chain.teams[2].people = {Person({{"coding", 3}}), Person({{"law", 2}})};
  EXPECT_FALSE(NextAfter(chain, 0, At("2027-05-01 04:00"), both).has_value());
}

}  // namespace
}  // namespace tideline::handoff
