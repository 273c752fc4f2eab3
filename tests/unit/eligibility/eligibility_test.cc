// SPDX-License-Identifier: Apache-2.0
#include "common/eligibility/eligibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace tideline::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'772'445'600);  // 2 March 2026, 10:00 UTC

// Somebody who may have everything that AskedOfAnna asks.
Candidate Anna() {
  Candidate anna;
  anna.expert.id = "anna";
  anna.expert.person = "person-1";
  anna.expert.team = "team-a";
  anna.expert.organization = "vendor-a";
  anna.expert.country = "PL";
  anna.expert.shore = 2;
  anna.expert.grade = 3;
  anna.expert.capacity = 5;
  anna.expert.skills = {{"patents", 3}, {"pharma", 4}};
  anna.expert.clearances = {{"client-a"}};
  anna.load.used = 2;
  anna.load.open_items = 2;
  anna.presence = Presence::kAvailable;
  anna.shift.until = kNow + absl::Hours(4);
  anna.next.on = false;
  return anna;
}

Needs AskedOfAnna() {
  Needs needs;
  needs.required = {{"patents", 3}, {"pharma", 2}};
  needs.serving = {true, {"team-a"}, {}};
  needs.engagement_from = kNow - absl::Hours(1);
  needs.engagement_to = kNow + absl::Hours(1);
  needs.engagement = {true, {}, {"vendor-a"}};
  needs.any_country = false;
  needs.countries = {"DE", "PL"};
  needs.clearances = {"client-a"};
  needs.grade = 3;
  needs.units = 3;
  needs.open_limit = 3;
  return needs;
}

Ask AskNow() {
  Ask ask;
  ask.now = kNow;
  ask.effort = absl::Hours(4);
  return ask;
}

TEST(Eligibility, TheTableIsInTheOrderOfTheEnumAndNamesAreUnique) {
  std::set<std::string> names;
  ASSERT_EQ(Table().size(), kConstraints);
  for (size_t i = 0; i < Table().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(Table()[i].constraint), i);
    EXPECT_EQ(&RuleOf(Table()[i].constraint), &Table()[i]);
    EXPECT_FALSE(Table()[i].explanation.empty());
    names.insert(std::string(Table()[i].name));
  }
  EXPECT_EQ(names.size(), kConstraints);
}

TEST(Eligibility, SomebodyWhoMeetsEverythingFailsNothing) {
  EXPECT_EQ(Evaluate(AskedOfAnna(), AskNow(), Anna()), Constraint::kCount);
  EXPECT_THAT(Check(AskedOfAnna(), AskNow(), Anna()), IsEmpty());
}

struct Change {
  const char* what;
  Constraint fails;
  std::function<void(Needs&, Ask&, Candidate&)> apply;
};

class EachConstraint : public ::testing::TestWithParam<Change> {};

TEST_P(EachConstraint, FailsAloneAndByItsName) {
  Needs needs = AskedOfAnna();
  Ask ask = AskNow();
  Candidate anna = Anna();
  GetParam().apply(needs, ask, anna);
  EXPECT_THAT(Check(needs, ask, anna), ElementsAre(GetParam().fails)) << GetParam().what;
  EXPECT_EQ(Evaluate(needs, ask, anna), GetParam().fails) << GetParam().what;
}

const Change kChanges[] = {
    {"level too low", Constraint::kSkill, [](auto& n, auto&, auto&) { n.required[0].level = 4; }},
    {"skill unknown", Constraint::kSkill,
     [](auto& n, auto&, auto&) {
       n.required.push_back({"law", 1});
     }},
    {"evidence expires now", Constraint::kSkill,
     [](auto&, auto&, auto& c) { c.expert.skills[1].expires = kNow; }},
    {"another team serves", Constraint::kTeam,
     [](auto& n, auto&, auto&) { n.serving.teams = {"team-b"}; }},
    {"nobody serves", Constraint::kTeam, [](auto& n, auto&, auto&) { n.serving.teams = {}; }},
    {"engagement over", Constraint::kEngagement,
     [](auto& n, auto&, auto&) { n.engagement_to = kNow; }},
    {"engagement not begun", Constraint::kEngagement,
     [](auto& n, auto&, auto&) { n.engagement_from = kNow + absl::Nanoseconds(1); }},
    {"another vendor's engagement", Constraint::kEngagement,
     [](auto& n, auto&, auto&) { n.engagement.organizations = {"vendor-b"}; }},
    {"country", Constraint::kCountry, [](auto& n, auto&, auto&) { n.countries = {"DE"}; }},
    {"no country at all", Constraint::kCountry, [](auto& n, auto&, auto&) { n.countries = {}; }},
    {"clearance missing", Constraint::kClearance,
     [](auto& n, auto&, auto&) { n.clearances.push_back("client-b"); }},
    {"clearance expired", Constraint::kClearance,
     [](auto&, auto&, auto& c) { c.expert.clearances[0].expires = kNow; }},
    {"grade", Constraint::kAuthority, [](auto& n, auto&, auto&) { n.grade = 4; }},
    {"person excluded", Constraint::kExclusion,
     [](auto&, auto& a, auto&) { a.excluded_people = {"person-1"}; }},
    {"team excluded", Constraint::kExclusion,
     [](auto& n, auto&, auto&) { n.excluded_teams = {"team-a"}; }},
    {"organization excluded", Constraint::kExclusion,
     [](auto& n, auto&, auto&) { n.excluded_organizations = {"vendor-a"}; }},
    {"conflict of interest", Constraint::kConflict,
     [](auto& n, auto&, auto&) { n.conflicting_organizations = {"vendor-a"}; }},
    {"stopped", Constraint::kRestriction, [](auto& n, auto&, auto&) { n.stopped = true; }},
    {"team restricted", Constraint::kRestriction,
     [](auto& n, auto&, auto&) { n.restricted_teams = {"team-a"}; }},
    {"organization restricted", Constraint::kRestriction,
     [](auto& n, auto&, auto&) { n.restricted_organizations = {"vendor-a"}; }},
    {"shore restricted", Constraint::kRestriction,
     [](auto& n, auto&, auto&) { n.restricted_shores = 1 << 2; }},
    {"off shift", Constraint::kShift,
     [](auto&, auto&, auto& c) {
       c.shift.on = false;
       c.next = ShiftSpan();
     }},
    {"on leave", Constraint::kShift,
     [](auto&, auto&, auto& c) {
       c.expert.leave = {{kNow, kNow + absl::Hours(1)}};
     }},
    {"in training", Constraint::kPresence,
     [](auto&, auto&, auto& c) { c.presence = Presence::kTraining; }},
    {"unresponsive", Constraint::kUnresponsive,
     [](auto&, auto&, auto& c) { c.unresponsive = true; }},
    {"capacity", Constraint::kCapacity, [](auto& n, auto&, auto&) { n.units = 4; }},
    {"open items", Constraint::kWipLimit, [](auto& n, auto&, auto&) { n.open_limit = 2; }},
    {"shift too short", Constraint::kFinish,
     [](auto&, auto& a, auto&) { a.effort += absl::Nanoseconds(1); }},
    {"a break takes its time", Constraint::kFinish,
     [](auto&, auto&, auto& c) { c.shift.working = false; }},
    {"declined", Constraint::kDeclined,
     [](auto&, auto& a, auto&) { a.declined_experts = {"anna"}; }},
};

INSTANTIATE_TEST_SUITE_P(All, EachConstraint, ::testing::ValuesIn(kChanges), [](const auto& info) {
  std::string name(RuleOf(info.param.fails).name);
  return name + "_" + std::to_string(info.index);
});

TEST(Eligibility, EveryConstraintHasACaseAbove) {
  std::set<Constraint> seen;
  for (const Change& change : kChanges) seen.insert(change.fails);
  EXPECT_EQ(seen.size(), kConstraints);
}

TEST(Eligibility, EvaluateNamesTheFirstInTableOrder) {
  Needs needs = AskedOfAnna();
  Candidate anna = Anna();
  anna.presence = Presence::kOffline;
  anna.unresponsive = true;
  needs.grade = 5;
  EXPECT_EQ(Evaluate(needs, AskNow(), anna), Constraint::kAuthority);
  EXPECT_THAT(
      Check(needs, AskNow(), anna),
      ElementsAre(Constraint::kAuthority, Constraint::kPresence, Constraint::kUnresponsive));
}

TEST(Eligibility, APlannedHandoffNeedNotBeFinished) {
  Ask ask = AskNow();
  ask.effort = absl::Hours(40);
  ask.planned_handoff = true;
  EXPECT_EQ(Evaluate(AskedOfAnna(), ask, Anna()), Constraint::kCount);
}

TEST(Eligibility, AShiftThatStartsWithinTheLeadCounts) {
  Candidate anna = Anna();
  anna.shift = {false, false, kNow + absl::Minutes(30), absl::ZeroDuration()};
  anna.next = {true, true, kNow + absl::Minutes(30) + absl::Hours(3), absl::Hours(1)};
  Needs needs = AskedOfAnna();
  EXPECT_EQ(Evaluate(needs, AskNow(), anna), Constraint::kShift);
  needs.shift_lead = absl::Minutes(30);
  EXPECT_EQ(Evaluate(needs, AskNow(), anna), Constraint::kCount);
}

TEST(Eligibility, NormalizedNeedsThatMeanTheSameHaveOneSignature) {
  Needs a = AskedOfAnna();
  Needs b = AskedOfAnna();
  b.required = {{"pharma", 2}, {"patents", 1}, {"patents", 3}};
  b.preferred = {{"pharma", 1}};  // required anyway
  b.countries = {"PL", "DE", "PL"};
  Normalize(a);
  Normalize(b);
  EXPECT_EQ(a, b);
  EXPECT_EQ(Signature(a), Signature(b));
}

TEST(Eligibility, SignaturesTellApartWhatDiffers) {
  std::set<std::string> signatures;
  auto add = [&](auto change) {
    Needs needs = AskedOfAnna();
    change(needs);
    Normalize(needs);
    EXPECT_TRUE(signatures.insert(Signature(needs)).second) << Signature(needs);
  };
  add([](Needs&) {});
  add([](Needs& n) { n.required[0].level = 2; });
  add([](Needs& n) { n.preferred = {{"law", 1}}; });
  add([](Needs& n) { n.serving.limited = false; });
  add([](Needs& n) { n.serving.teams = {}; });
  add([](Needs& n) { n.serving.organizations = {"team-a"}; });
  add([](Needs& n) { n.engagement.limited = false; });
  add([](Needs& n) { n.engagement_to += absl::Seconds(1); });
  add([](Needs& n) { n.any_country = true; });
  add([](Needs& n) { n.countries = {}; });
  add([](Needs& n) { n.countries = {"DEPL"}; });
  add([](Needs& n) { n.clearances = {}; });
  add([](Needs& n) { n.excluded_teams = {"x"}; });
  add([](Needs& n) { n.excluded_organizations = {"x"}; });
  add([](Needs& n) { n.conflicting_organizations = {"x"}; });
  add([](Needs& n) { n.restricted_teams = {"x"}; });
  add([](Needs& n) { n.restricted_organizations = {"x"}; });
  add([](Needs& n) { n.restricted_shores = 4; });
  add([](Needs& n) { n.stopped = true; });
  add([](Needs& n) { n.grade = 0; });
  add([](Needs& n) { n.shift_lead = absl::Minutes(1); });
  add([](Needs& n) { n.presences |= MaskOf(Presence::kPresent); });
  add([](Needs& n) { n.units = 1; });
  add([](Needs& n) { n.open_limit = 0; });
}

}  // namespace
}  // namespace tideline::eligibility
