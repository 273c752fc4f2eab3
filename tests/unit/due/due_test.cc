// SPDX-License-Identifier: Apache-2.0
#include "common/due/due.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using type::v1::ImpactClass;
using type::v1::Leg;
using type::v1::SlaRules;

SlaRules Parse(const std::string& text) {
  SlaRules rules;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rules)) << text;
  return rules;
}

// 16 hours for the client: 1 + 6 + 2 + 3 by legs and two handoffs of 2.
constexpr absl::string_view kHigh = R"(
  impact_class: IMPACT_CLASS_HIGH
  client_target { seconds: 57600 }
  legs { leg: LEG_REVIEW target { seconds: 7200 } }
  legs { leg: LEG_ACCEPT target { seconds: 3600 } }
  legs { leg: LEG_FIRST_DRAFT target { seconds: 21600 } }
  legs { leg: LEG_RESOLVE target { seconds: 10800 } }
  legs { leg: LEG_HANDOFF target { seconds: 7200 } }
  planned_handoffs: 2
  pause_budget { seconds: 14400 })";

std::string Class(absl::string_view body, absl::string_view rest = "") {
  return absl::StrCat("classes {", body, "} ", rest);
}

absl::Time Warsaw(absl::string_view text) { return At(text, "Europe/Warsaw"); }
std::shared_ptr<const Calendar> Office() {
  return Make("Europe/Warsaw", "mon-fri 09:00-17:00; 2024-05-03 holiday");
}

TEST(DueTest, AddsLegsUpInTheirOrderInWorkingTime) {
  const SlaRules rules = Parse(Class(kHigh, "warn_percents: 50 warn_percents: 90"));
  ASSERT_TRUE(due::Validate(rules).ok()) << due::Validate(rules);
  // 2024-05-02 is a Thursday, the 3rd a holiday.
  const auto times =
      due::Compute(rules, ImpactClass::IMPACT_CLASS_HIGH, *Office(), Warsaw("2024-05-02 15:00"));
  EXPECT_EQ(times.overall, Warsaw("2024-05-07 15:00"));
  EXPECT_THAT(times.legs, ElementsAre(std::pair(Leg::LEG_ACCEPT, Warsaw("2024-05-02 16:00")),
                                      std::pair(Leg::LEG_FIRST_DRAFT, Warsaw("2024-05-06 14:00")),
                                      std::pair(Leg::LEG_REVIEW, Warsaw("2024-05-06 16:00")),
                                      std::pair(Leg::LEG_RESOLVE, Warsaw("2024-05-07 11:00"))));
  EXPECT_THAT(times.warnings, ElementsAre(due::Warning{50, Warsaw("2024-05-06 15:00")},
                                          due::Warning{90, Warsaw("2024-05-07 13:24")}));
}

TEST(DueTest, SubmittedWhenClosedCountsFromTheOpening) {
  const SlaRules rules = Parse(Class(kHigh));
  const auto times =
      due::Compute(rules, ImpactClass::IMPACT_CLASS_HIGH, *Office(), Warsaw("2024-05-04 03:00"));
  EXPECT_EQ(times.overall, Warsaw("2024-05-07 17:00"));
  EXPECT_EQ(times.legs.at(Leg::LEG_ACCEPT), Warsaw("2024-05-06 10:00"));
}

TEST(DueTest, PromisesNothingToClassesThatAreNotListed) {
  const SlaRules rules = Parse(Class(kHigh, "warn_percents: 50"));
  const auto times =
      due::Compute(rules, ImpactClass::IMPACT_CLASS_LOW, *Office(), Warsaw("2024-05-02 15:00"));
  EXPECT_EQ(times.overall, absl::InfiniteFuture());
  EXPECT_THAT(times.legs, IsEmpty());
  EXPECT_THAT(times.warnings, IsEmpty());
}

TEST(DueTest, ItemsWithoutAClassCountAsLow) {
  const SlaRules rules =
      Parse(Class("impact_class: IMPACT_CLASS_LOW client_target { seconds: 3600 }"));
  EXPECT_EQ(due::Compute(rules, ImpactClass::IMPACT_CLASS_UNSPECIFIED, *Calendar::Always(),
                         Warsaw("2024-05-02 15:00"))
                .overall,
            Warsaw("2024-05-02 16:00"));
}

TEST(DueTest, PausesDelayTheDueTimeWithinTheBudget) {
  const SlaRules rules = Parse(Class(kHigh));
  const struct {
    absl::Duration paused;
    absl::string_view due;
  } kTable[] = {
      {absl::ZeroDuration(), "2024-05-07 15:00"}, {absl::Hours(1), "2024-05-07 16:00"},
      {absl::Hours(4), "2024-05-08 11:00"},       {absl::Hours(40), "2024-05-08 11:00"},
      {-absl::Hours(1), "2024-05-07 15:00"},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(due::OverallDue(rules, ImpactClass::IMPACT_CLASS_HIGH, *Office(),
                              Warsaw("2024-05-02 15:00"), row.paused),
              Warsaw(row.due))
        << row.paused;
  }
  EXPECT_EQ(due::OverallDue(rules, ImpactClass::IMPACT_CLASS_LOW, *Office(),
                            Warsaw("2024-05-02 15:00"), absl::Hours(1)),
            absl::InfiniteFuture());
}

TEST(DueTest, ALegIsDueFromWhenItBegan) {
  const SlaRules rules = Parse(Class(kHigh));
  const auto due = [&](Leg leg) {
    return due::LegDue(rules, ImpactClass::IMPACT_CLASS_HIGH, leg, *Office(),
                       Warsaw("2024-05-02 16:00"));
  };
  EXPECT_EQ(due(Leg::LEG_HANDOFF), Warsaw("2024-05-06 10:00"));
  EXPECT_EQ(due(Leg::LEG_ACCEPT), Warsaw("2024-05-02 17:00"));
  EXPECT_EQ(due(Leg::LEG_UNSPECIFIED), absl::InfiniteFuture());
}

TEST(DueTest, TheLatestStartLeavesTheEffortBeforeTheDueTime) {
  const auto office = Office();
  const struct {
    absl::string_view due;
    absl::Duration effort;
    absl::string_view start;
  } kTable[] = {
      {"2024-05-07 15:00", absl::Hours(2), "2024-05-07 13:00"},
      {"2024-05-07 15:00", absl::Hours(6), "2024-05-07 09:00"},
      {"2024-05-07 15:00", absl::Hours(7), "2024-05-06 16:00"},
      {"2024-05-07 15:00", absl::Hours(15), "2024-05-02 16:00"},
      // Due on the weekend: the work has to be done on the day before the holiday.
      {"2024-05-04 12:00", absl::Hours(3), "2024-05-02 14:00"},
      {"2024-05-04 12:00", absl::ZeroDuration(), "2024-05-04 12:00"},
      {"2024-05-04 12:00", -absl::Hours(3), "2024-05-04 12:00"},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(due::LatestStart(Warsaw(row.due), row.effort, *office), Warsaw(row.start))
        << row.due << " " << row.effort;
  }
  EXPECT_EQ(due::LatestStart(absl::InfiniteFuture(), absl::Hours(3), *office),
            absl::InfiniteFuture());
  EXPECT_EQ(due::LatestStart(At("1970-01-02 09:00"), absl::Hours(300), *office),
            absl::InfinitePast());
}

TEST(DueTest, SumsLegsAndPlannedHandoffs) {
  EXPECT_EQ(due::SumOfLegs(Parse(Class(kHigh)).classes(0)), absl::Hours(16));
}

// One change to good rules, and what is said about it.
TEST(DueTest, RefusesRulesThatDoNotHoldTogether) {
  const struct {
    absl::string_view from, to, verdict;
  } kTable[] = {
      {"", "", "ok"},
      {"seconds: 57600", "seconds: 57599", "TARGETS_EXCEED_CLIENT_TARGET classes[0].legs"},
      {"planned_handoffs: 2", "planned_handoffs: 3",
       "TARGETS_EXCEED_CLIENT_TARGET classes[0].legs"},
      {"planned_handoffs: 2", "", "ok"},
      {"planned_handoffs: 2", "planned_handoffs: -1", "INVALID_FIELD classes[0].planned_handoffs"},
      {"planned_handoffs: 2", "planned_handoffs: 101", "INVALID_FIELD classes[0].planned_handoffs"},
      {"legs { leg: LEG_HANDOFF target { seconds: 7200 } }", "",
       "INVALID_FIELD classes[0].planned_handoffs"},
      {"seconds: 57600", "", "INVALID_FIELD classes[0].client_target"},
      {"seconds: 57600", "seconds: -1", "INVALID_FIELD classes[0].client_target"},
      {"seconds: 57600", "seconds: 72000000", "ok"},
      {"seconds: 57600", "seconds: 72000000 nanos: 1", "INVALID_FIELD classes[0].client_target"},
      {"client_target { seconds: 57600 }", "", "FIELD_REQUIRED classes[0].client_target"},
      {"seconds: 3600", "nanos: 999999", "INVALID_FIELD classes[0].legs[1].target"},
      {"seconds: 3600", "nanos: 1000000", "ok"},
      {"LEG_ACCEPT target { seconds: 3600 }", "LEG_ACCEPT",
       "FIELD_REQUIRED classes[0].legs[1].target"},
      {"leg: LEG_ACCEPT", "", "FIELD_REQUIRED classes[0].legs[1].leg"},
      {"leg: LEG_ACCEPT", "leg: LEG_REVIEW", "INVALID_FIELD classes[0].legs[1].leg"},
      {"leg: LEG_ACCEPT", "leg: 77", "INVALID_FIELD classes[0].legs[1].leg"},
      {"seconds: 14400", "seconds: -14400", "INVALID_FIELD classes[0].pause_budget"},
      {"impact_class: IMPACT_CLASS_HIGH", "", "FIELD_REQUIRED classes[0].impact_class"},
      {"impact_class: IMPACT_CLASS_HIGH", "impact_class: 9",
       "INVALID_FIELD classes[0].impact_class"},
      {"warn_percents: 50", "warn_percents: 0", "INVALID_FIELD warn_percents[0]"},
      {"warn_percents: 90", "warn_percents: 100", "INVALID_FIELD warn_percents[1]"},
      {"warn_percents: 90", "warn_percents: 50", "INVALID_FIELD warn_percents[1]"},
      {"start: START_SUBMITTED", "start: START_ACCEPTED", "INVALID_FIELD classes[0].legs[1].leg"},
      {"stop: STOP_COMPLETED", "stop: STOP_FIRST_RESULT", "INVALID_FIELD classes[0].legs[0].leg"},
      {"start: START_SUBMITTED", "start: 9", "INVALID_FIELD start"},
      {"stop: STOP_COMPLETED", "stop: 9", "INVALID_FIELD stop"},
      {"max_depth: 0", "max_depth: 2 revision: 9", "INVALID_FIELD revision"},
      {"max_depth: 0", "max_depth: 3", "INVALID_FIELD max_depth"},
      {"max_depth: 0", "classes { impact_class: IMPACT_CLASS_HIGH client_target { seconds: 1 } }",
       "INVALID_FIELD classes[1].impact_class"},
      {"max_depth: 0", "warn_percents: [91, 92, 93, 94, 95, 96]", "ok"},
      {"max_depth: 0", "escalations { trigger: TRIGGER_BREACH widen: true }", "ok"},
      {"max_depth: 0", "escalations { widen: true }", "FIELD_REQUIRED escalations[0].trigger"},
      {"max_depth: 0", "escalations { trigger: TRIGGER_BREACH }", "FIELD_REQUIRED escalations[0]"},
      {"max_depth: 0", "escalations { trigger: TRIGGER_WARNING warn_percent: 90 widen: true }",
       "ok"},
      {"max_depth: 0", "escalations { trigger: TRIGGER_WARNING warn_percent: 60 widen: true }",
       "INVALID_FIELD escalations[0].warn_percent"},
      {"max_depth: 0", "escalations { trigger: TRIGGER_BREACH team: 't' }",
       "FIELD_REQUIRED escalations[0].queue"},
      {"max_depth: 0", "service_levels { id: 'a' target_basis_points: 9500 }", "ok"},
      {"max_depth: 0", "service_levels { target_basis_points: 9500 }",
       "FIELD_REQUIRED service_levels[0].id"},
      {"max_depth: 0", "service_levels { id: 'a' target_basis_points: 10000 }",
       "INVALID_FIELD service_levels[0].target_basis_points"},
      {"max_depth: 0",
       "service_levels { id: 'a' target_basis_points: 1 } "
       "service_levels { id: 'a' target_basis_points: 1 }",
       "INVALID_FIELD service_levels[1].id"},
      {"max_depth: 0",
       "service_levels { id: 'a' impact_class: IMPACT_CLASS_LOW target_basis_points: 1 }",
       "INVALID_FIELD service_levels[0].leg"},
      {"max_depth: 0",
       "service_levels { id: 'a' target_basis_points: 1 weight_basis_points: 6000 } "
       "service_levels { id: 'b' target_basis_points: 1 weight_basis_points: 4001 }",
       "INVALID_FIELD service_levels[1].weight_basis_points"},
      {"max_depth: 0",
       "service_levels { id: 'a' target_basis_points: 9000 "
       "credits { below_basis_points: 9001 credit_basis_points: 1 } }",
       "INVALID_FIELD service_levels[0].credits[0].below_basis_points"},
      {"max_depth: 0",
       "service_levels { id: 'a' target_basis_points: 9000 "
       "credits { below_basis_points: 9000 credit_basis_points: 5 } "
       "credits { below_basis_points: 8000 credit_basis_points: 5 } }",
       "INVALID_FIELD service_levels[0].credits[1].credit_basis_points"},
      {"max_depth: 0", "credit_terms { at_risk_basis_points: 1 }", "INVALID_FIELD credit_terms"},
      {"max_depth: 0", "work_types: 'a' work_types: 'a'", "INVALID_FIELD work_types[1]"},
      {"max_depth: 0", "warn_percents: [91, 92, 93, 94, 95, 96, 97]",
       "INVALID_FIELD warn_percents"},
  };
  for (const auto& row : kTable) {
    std::string text = Class(kHigh,
                             "start: START_SUBMITTED stop: STOP_COMPLETED "
                             "warn_percents: 50 warn_percents: 90 max_depth: 0");
    const size_t at = text.find(std::string(row.from));
    ASSERT_NE(at, std::string::npos) << row.from;
    text.replace(at, row.from.size(), std::string(row.to));
    const absl::Status status = due::Validate(Parse(text), "rules");
    std::string verdict = "ok";
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1);
      verdict = absl::StrCat(ReasonName(ReasonOf(status)), " ",
                             BadRequestOf(status).field_violations(0).field());
    }
    const std::string expected =
        row.verdict == "ok" ? "ok"
                            : std::string(row.verdict).insert(row.verdict.find(' ') + 1, "rules.");
    EXPECT_EQ(verdict, expected) << row.from << " -> " << row.to << "\n" << status;
  }
  EXPECT_EQ(ReasonOf(due::Validate(SlaRules())), Reason::REASON_FIELD_REQUIRED);
}

}  // namespace
}  // namespace tideline::testing
