// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/plan.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/unit/replay/small_log.h"

namespace tideline::replay {
namespace {

std::string Word(const Log& log, const Step& step) {
  switch (step.verb) {
    case Verb::kSubmit:
      return "submit:" + log.teams[step.team].id;
    case Verb::kMove:
      return "move:" + log.teams[step.team].id;
    case Verb::kTake:
      return "take:" + log.experts[step.expert].id;
    case Verb::kHold:
      return "hold";
    case Verb::kResume:
      return "resume";
    case Verb::kRelease:
      return "release";
    case Verb::kSubmitResult:
      return "result";
    case Verb::kApprove:
      return "approve";
    case Verb::kReopen:
      return "reopen";
    case Verb::kTakeBack:
      return "takeback";
    case Verb::kCancel:
      return "cancel";
  }
  return "?";
}

std::string PlanOf(const std::string& text) {
  const Log log = SmallLog({text});
  std::vector<std::string> words;
  const std::vector<ItemPlan> plans = MakePlan(log);
  for (const Step& step : plans[0].steps) words.push_back(Word(log, step));
  return absl::StrJoin(words, " ");
}

struct Case {
  const char* log;
  const char* plan;
};

// Expert "a-1" is person 1 of team a; "a-desk" its desk.
constexpr Case kCases[] = {
    {"Q@a W@a:1 A@a:1 W@a:1 R@a:1 C@a", "submit:a take:a-1 hold resume result approve"},
    {"W@a:1 Q@b W@b:2", "submit:a take:a-1 move:b take:b-2"},
    {"W@a:1 W@b:2", "submit:a take:a-1 move:b take:b-2"},
    {"W@a:1 W@a:2", "submit:a take:a-1 take:a-2"},
    {"A@a:1 A@a:2", "submit:a take:a-1 hold take:a-2 hold"},
    {"A@a:1 R@a:1", "submit:a take:a-1 hold resume result"},
    {"W@a:1 Q@a Q@a W@a:1", "submit:a take:a-1 release take:a-1"},
    {"Q@a R@a", "submit:a take:a-desk result"},
    {"W@a R@a:1", "submit:a take:a-desk take:a-1 result"},
    {"W@a:1 R@a R@a C@a C@a R@a", "submit:a take:a-1 result approve"},
    {"W@a:1 C@a", "submit:a take:a-1 result approve"},
    {"W@a:1 R@a W@a:1 R@a C@a", "submit:a take:a-1 result reopen take:a-1 result approve"},
    {"W@a:1 C@a Q@b W@b:1", "submit:a take:a-1 result approve reopen move:b take:b-1"},
    {"W@a:1 R@a C@b:1", "submit:a take:a-1 result takeback move:b take:b-1 result approve"},
    {"W@a:1 X@a", "submit:a take:a-1 cancel"},
    {"Q@a X@b", "submit:a move:b cancel"},
    {"W@a:1 R@a X@a", "submit:a take:a-1 result"},
};

TEST(Plan, TellsTheSuiteWhatTheLogSays) {
  for (const Case& c : kCases) EXPECT_EQ(PlanOf(c.log), c.plan) << c.log;
}

TEST(Plan, GivesEachExpertTheSkillsOfWhatItWillTakeAndDesksThoseOfTheirTeam) {
  Log log = SmallLog({"W@a:1 Q@b", "W@a:1"});
  log.skills.push_back({"other"});
  log.incidents[1].skill = 1;
  const auto needed = SkillsNeeded(log, MakePlan(log));
  using Skills = std::vector<Index>;
  for (size_t i = 0; i < log.experts.size(); ++i) {
    const std::string& id = log.experts[i].id;
    EXPECT_EQ(needed[i], id == "b-desk" ? Skills({0}) : Skills({0, 1})) << id;
  }
}

TEST(Plan, AsksForTheLowestLevelOfTheTeamsThatHaveTheItem) {
  Log log = SmallLog({"Q@a Q@b"});
  log.teams[0].level = type::v1::LEVEL_EXPERT;
  EXPECT_EQ(MakePlan(log)[0].level, type::v1::LEVEL_PRACTITIONER);
}

}  // namespace
}  // namespace tideline::replay
