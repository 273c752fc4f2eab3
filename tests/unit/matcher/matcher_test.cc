// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tideline::work_routing {
namespace {

using eligibility::Expert;
using eligibility::Load;
using eligibility::Presence;
using eligibility::ShiftSpan;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'772'445'600);  // 2 March 2026, 10:00 UTC

class MatcherTest : public ::testing::Test {
 protected:
  // An available expert with skills, idle since longer the earlier they are added.
  Slot Add(const std::string& id, std::vector<eligibility::HeldSkill> skills) {
    Expert expert = Described(id);
    expert.skills = std::move(skills);
    return Add(expert);
  }
  Slot Add(const Expert& expert) {
    Slot slot = matcher_.Upsert(expert);
    matcher_.SetPresence(slot, Presence::kAvailable);
    Load load;
    load.idle_since = kNow - absl::Hours(1);
    load.idle_order = ++order_;
    matcher_.SetLoad(slot, load);
    return slot;
  }
  static Expert Described(const std::string& id) {
    Expert expert;
    expert.id = id;
    expert.person = "person-" + id;
    expert.team = "team-a";
    expert.organization = "vendor-a";
    expert.country = "PL";
    expert.capacity = 2;
    return expert;
  }
  static Needs Skilled(std::vector<eligibility::SkillNeed> required) {
    Needs needs;
    needs.required = std::move(required);
    return needs;
  }
  static Ask Now() {
    Ask ask;
    ask.now = kNow;
    return ask;
  }
  std::vector<std::string> Ranked(const Needs& needs, const Ask& ask, const Weights& weights) {
    SignatureId signature = matcher_.Acquire(needs);
    std::vector<std::string> ids;
    for (const Scored& scored : matcher_.Choose(signature, ask, weights).ranked) {
      ids.emplace_back(matcher_.ExpertId(scored.slot));
    }
    matcher_.Release(signature);
    return ids;
  }

  Matcher matcher_;
  uint64_t order_ = 0;
};

TEST_F(MatcherTest, NobodyKnownMeansNoChoiceAndAnEmptyFunnel) {
  Choice choice = matcher_.Choose(matcher_.Acquire(Needs()), Now(), Weights());
  EXPECT_FALSE(choice.found());
  EXPECT_EQ(choice.funnel.known, 0u);
  EXPECT_EQ(choice.funnel.left.back(), 0u);
}

TEST_F(MatcherTest, TheExactLevelGoesBeforeTheOverqualified) {
  Add("master", {{"patents", 5}});
  Add("adept", {{"patents", 3}});
  Add("novice", {{"patents", 1}});
  EXPECT_THAT(Ranked(Skilled({{"patents", 2}}), Now(), Weights()), ElementsAre("adept", "master"));
}

TEST_F(MatcherTest, PreferredSkillsSpeakForAPersonWithoutBeingNeeded) {
  Add("first", {{"patents", 2}});
  Add("second", {{"patents", 2}, {"pharma", 3}});
  Needs needs = Skilled({{"patents", 2}});
  needs.preferred = {{"pharma", 3}};
  EXPECT_THAT(Ranked(needs, Now(), Weights()), ElementsAre("second", "first"));
}

TEST_F(MatcherTest, AffinityNamesSomebodyWhoMayHaveIt) {
  Slot anna = Add("anna", {});
  Add("bert", {});
  Slot carl = Add("carl", {});
  Ask ask = Now();
  ask.affinity_experts = {"carl", "stranger", "carl"};
  EXPECT_THAT(Ranked(Needs(), ask, Weights()), ElementsAre("carl", "anna", "bert"));
  matcher_.SetPresence(carl, Presence::kOffline);
  EXPECT_THAT(Ranked(Needs(), ask, Weights()), ElementsAre("anna", "bert"));
  EXPECT_EQ(matcher_.ExpertId(anna), "anna");
}

TEST_F(MatcherTest, EachPartCountsByItsWeight) {
  Expert dear = Described("dear");
  dear.cost_per_hour = 9000;
  Expert learner = Described("learner");
  learner.cost_per_hour = 5000;
  learner.skills = {{"patents", 1, absl::InfiniteFuture(), true}};
  dear.skills = {{"patents", 1}};
  Slot dear_slot = Add(dear);
  Slot learner_slot = Add(learner);
  Load busy;
  busy.open_minutes = 240;
  busy.idle_since = kNow - absl::Hours(9);
  busy.idle_order = 7;
  matcher_.SetLoad(learner_slot, busy);
  Needs needs = Skilled({{"patents", 1}});
  EXPECT_THAT(Ranked(needs, Now(), {0, 0, 1, 0, 0, 0}), ElementsAre("dear", "learner"));
  EXPECT_THAT(Ranked(needs, Now(), {0, 0, 0, 1, 0, 0}), ElementsAre("learner", "dear"));
  EXPECT_THAT(Ranked(needs, Now(), {0, 0, 0, 0, 1, 0}), ElementsAre("learner", "dear"));
  EXPECT_THAT(Ranked(needs, Now(), {0, 0, 0, 0, 0, 1}), ElementsAre("learner", "dear"));
  SignatureId signature = matcher_.Acquire(needs);
  Scored scored = matcher_.Score(signature, Now(), Weights(), learner_slot);
  EXPECT_EQ(scored.parts, (Parts{1000, 0, 500, 500, 1000, 1000}));
  EXPECT_EQ(matcher_.Score(signature, Now(), Weights(), dear_slot).parts.idle, 125);
}

TEST_F(MatcherTest, ScoreGivesNoCreditForASkillThatIsMissing) {
  Slot anna = Add("anna", {{"patents", 2}});
  SignatureId signature = matcher_.Acquire(Skilled({{"patents", 2}, {"pharma", 1}}));
  EXPECT_EQ(matcher_.Score(signature, Now(), Weights(), anna).parts.fit, 500);
}

TEST_F(MatcherTest, WithoutWeightsTheLongestIdleGoesFirstRoundRobin) {
  Slot slots[] = {Add("a", {}), Add("b", {}), Add("c", {})};
  SignatureId signature = matcher_.Acquire(Needs());
  std::string turns;
  for (int i = 0; i < 6; ++i) {
    Choice choice = matcher_.Choose(signature, Now(), {0, 0, 0, 0, 0, 0});
    absl::StrAppend(&turns, matcher_.ExpertId(choice.best().slot));
    Load load = matcher_.LoadOf(choice.best().slot);
    load.idle_order = ++order_;
    matcher_.SetLoad(choice.best().slot, load);
  }
  EXPECT_EQ(turns, "abcabc");
  EXPECT_EQ(matcher_.LoadOf(slots[0]).idle_order, 7u);
}

TEST_F(MatcherTest, EqualIdleOrdersFallBackToTheId) {
  order_ = 0;
  for (const char* id : {"c", "a", "b"}) {
    Add(id, {});
    order_ = 0;
  }
  EXPECT_THAT(Ranked(Needs(), Now(), Weights()), ElementsAre("a", "b", "c"));
}

TEST_F(MatcherTest, TheFunnelCountsWhoIsLeftAfterEachConstraint) {
  Add("anna", {{"patents", 3}});
  Slot bert = Add("bert", {{"patents", 3}});
  Add("carl", {});
  Expert dora = Described("dora");
  dora.skills = {{"patents", 4}};
  dora.country = "IN";
  Add(dora);
  matcher_.SetPresence(bert, Presence::kBreak);
  Needs needs = Skilled({{"patents", 3}});
  needs.any_country = false;
  needs.countries = {"PL", "DE"};
  Choice choice = matcher_.Choose(matcher_.Acquire(needs), Now(), Weights());
  auto left = [&](Constraint c) { return choice.funnel.left[static_cast<size_t>(c)]; };
  EXPECT_EQ(choice.funnel.known, 4u);
  EXPECT_EQ(left(Constraint::kSkill), 3u);
  EXPECT_EQ(left(Constraint::kTeam), 3u);
  EXPECT_EQ(left(Constraint::kCountry), 2u);
  EXPECT_EQ(left(Constraint::kPresence), 1u);
  EXPECT_EQ(left(Constraint::kDeclined), 1u);
}

TEST_F(MatcherTest, SetLoadSaysWhenSomebodyMayTakeMore) {
  Slot anna = Add("anna", {});  // capacity 2
  Needs needs;
  needs.units = 2;
  needs.open_limit = 1;
  matcher_.Acquire(needs);
  Load load = matcher_.LoadOf(anna);
  load.used = 1;
  load.open_items = 1;
  EXPECT_FALSE(matcher_.SetLoad(anna, load));
  EXPECT_FALSE(matcher_.SetLoad(anna, load));
  load.open_items = 0;
  EXPECT_TRUE(matcher_.SetLoad(anna, load));
  load.used = 0;
  EXPECT_TRUE(matcher_.SetLoad(anna, load));
  EXPECT_FALSE(matcher_.SetLoad(anna, load));
}

TEST_F(MatcherTest, PresenceAndResponsivenessSayWhenSomebodyMayTakeWork) {
  Slot anna = Add("anna", {});
  matcher_.Acquire(Needs());
  EXPECT_FALSE(matcher_.SetPresence(anna, Presence::kBreak));
  EXPECT_FALSE(matcher_.SetPresence(anna, Presence::kTraining));
  EXPECT_TRUE(matcher_.SetPresence(anna, Presence::kAvailable));
  EXPECT_FALSE(matcher_.SetUnresponsive(anna, true));
  EXPECT_THAT(Ranked(Needs(), Now(), Weights()), IsEmpty());
  EXPECT_TRUE(matcher_.SetUnresponsive(anna, false));
  EXPECT_THAT(Ranked(Needs(), Now(), Weights()), ElementsAre("anna"));
}

TEST_F(MatcherTest, UpsertKeepsSlotLoadAndPresence) {
  Slot anna = Add("anna", {{"patents", 1}});
  Load load = matcher_.LoadOf(anna);
  load.open_items = 1;
  matcher_.SetLoad(anna, load);
  Expert changed = Described("anna");
  changed.skills = {{"pharma", 1}};
  EXPECT_EQ(matcher_.Upsert(changed), anna);
  EXPECT_EQ(matcher_.LoadOf(anna), load);
  EXPECT_EQ(matcher_.size(), 1u);
  EXPECT_THAT(Ranked(Skilled({{"patents", 1}}), Now(), Weights()), IsEmpty());
  EXPECT_THAT(Ranked(Skilled({{"pharma", 1}}), Now(), Weights()), ElementsAre("anna"));
}

TEST_F(MatcherTest, ARemovedExpertIsGoneAndTheSlotIsUsedAgain) {
  Add("anna", {{"patents", 5}});
  matcher_.Remove("anna");
  matcher_.Remove("anna");
  EXPECT_EQ(matcher_.Find("anna"), std::nullopt);
  Add("bert", {});
  EXPECT_THAT(Ranked(Skilled({{"patents", 1}}), Now(), Weights()), IsEmpty());
  EXPECT_THAT(Ranked(Needs(), Now(), Weights()), ElementsAre("bert"));
}

TEST_F(MatcherTest, EvidenceExpiresAtItsInstant) {
  Add("anna", {{"patents", 3, kNow + absl::Hours(1)}});
  Needs needs = Skilled({{"patents", 1}});
  EXPECT_THAT(Ranked(needs, Now(), Weights()), ElementsAre("anna"));
  EXPECT_EQ(matcher_.NextChange(), kNow + absl::Hours(1));
  Ask later = Now();
  later.now = kNow + absl::Hours(1) - absl::Nanoseconds(1);
  EXPECT_THAT(Ranked(needs, later, Weights()), ElementsAre("anna"));
  later.now = kNow + absl::Hours(1);
  EXPECT_THAT(Ranked(needs, later, Weights()), IsEmpty());
  EXPECT_EQ(matcher_.NextChange(), absl::InfiniteFuture());
}

TEST_F(MatcherTest, TimeNeverGoesBack) {
  Add("anna", {{"patents", 3, kNow + absl::Hours(1)}});
  matcher_.Advance(kNow + absl::Hours(2), nullptr);
  EXPECT_THAT(Ranked(Skilled({{"patents", 1}}), Now(), Weights()), IsEmpty());
}

TEST_F(MatcherTest, AnItemThatDoesNotFitTheShiftNeedsAPlannedHandoff) {
  Expert anna = Described("anna");
  anna.calendar = "day";
  Add(anna);
  matcher_.SetCalendar("day", [](absl::Time) {
    return ShiftSpan{true, true, kNow + absl::Hours(2), absl::ZeroDuration()};
  });
  Ask ask = Now();
  ask.effort = absl::Hours(2);
  EXPECT_THAT(Ranked(Needs(), ask, Weights()), ElementsAre("anna"));
  ask.effort = absl::Hours(3);
  EXPECT_THAT(Ranked(Needs(), ask, Weights()), IsEmpty());
  SignatureId signature = matcher_.Acquire(Needs());
  EXPECT_THAT(matcher_.Check(signature, ask, *matcher_.Find("anna")),
              ElementsAre(Constraint::kFinish));
  ask.planned_handoff = true;
  EXPECT_THAT(Ranked(Needs(), ask, Weights()), ElementsAre("anna"));
}

TEST_F(MatcherTest, CouldEverLooksBeyondTheHourTheLoadAndThePresence) {
  Expert anna = Described("anna");
  anna.calendar = "night";
  anna.skills = {{"patents", 2}};
  Slot slot = Add(anna);
  Add("bert", {{"patents", 2}});
  matcher_.SetCalendar("night", [](absl::Time) {
    return ShiftSpan{false, false, kNow + absl::Hours(12), absl::ZeroDuration()};
  });
  matcher_.SetPresence(slot, Presence::kOffline);
  Needs needs = Skilled({{"patents", 2}});
  SignatureId signature = matcher_.Acquire(needs);
  EXPECT_EQ(matcher_.CouldEver(signature, Now()), 2u);
  auto counts = matcher_.CouldEverByCalendar(signature, Now());
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].calendar, "");
  EXPECT_EQ(counts[1].calendar, "night");
  EXPECT_EQ(counts[1].people, 1u);
  EXPECT_EQ(counts[1].capacity, 2);
  Ask declined = Now();
  declined.declined_experts = {"anna", "bert"};
  EXPECT_EQ(matcher_.CouldEver(signature, declined), 0u);
  EXPECT_THAT(matcher_.CouldEverByCalendar(signature, declined), IsEmpty());
}

TEST_F(MatcherTest, TheNearestRelaxationComesFirst) {
  Add("anna", {{"patents", 3}, {"pharma", 1}});
  Add("bert", {{"patents", 4}});
  Needs needs = Skilled({{"patents", 4}, {"pharma", 3}});
  SignatureId signature = matcher_.Acquire(needs);
  EXPECT_EQ(matcher_.CouldEver(signature, Now()), 0u);
  auto relaxations = matcher_.NearestRelaxations(signature, Now(), 10);
  ASSERT_EQ(relaxations.size(), 1u);  // bert, without pharma; anna would need two changes
  EXPECT_EQ(relaxations[0].constraint, Constraint::kSkill);
  EXPECT_EQ(relaxations[0].skill, "pharma");
  EXPECT_EQ(relaxations[0].from_level, 3);
  EXPECT_EQ(relaxations[0].to_level, 0);
  EXPECT_EQ(relaxations[0].people, 1u);

  Add("carl", {{"patents", 3}, {"pharma", 3}});
  relaxations = matcher_.NearestRelaxations(signature, Now(), 10);
  ASSERT_EQ(relaxations.size(), 2u);
  EXPECT_EQ(relaxations[0].skill, "patents");
  EXPECT_EQ(relaxations[0].to_level, 3);
  EXPECT_EQ(relaxations[1].skill, "pharma");
  EXPECT_EQ(matcher_.NearestRelaxations(signature, Now(), 1).size(), 1u);
}

TEST_F(MatcherTest, OtherConstraintsAreRelaxedInTableOrder) {
  Expert anna = Described("anna");
  anna.grade = 2;
  Add(anna);
  Needs needs;
  needs.grade = 9;
  SignatureId signature = matcher_.Acquire(needs);
  auto relaxations = matcher_.NearestRelaxations(signature, Now(), 10);
  ASSERT_EQ(relaxations.size(), 1u);
  EXPECT_EQ(relaxations[0].constraint, Constraint::kAuthority);
  EXPECT_EQ(relaxations[0].from_level, 9);
  EXPECT_EQ(relaxations[0].to_level, 2);

  needs = Needs();
  needs.serving = {true, {"team-b"}, {}};
  signature = matcher_.Acquire(needs);
  relaxations = matcher_.NearestRelaxations(signature, Now(), 10);
  ASSERT_EQ(relaxations.size(), 1u);
  EXPECT_EQ(relaxations[0].constraint, Constraint::kTeam);

  needs = Needs();
  EXPECT_THAT(matcher_.NearestRelaxations(matcher_.Acquire(needs), Now(), 10), IsEmpty());
}

TEST_F(MatcherTest, EqualNeedsShareASignatureUntilAllAreReleased) {
  Slot anna = Add("anna", {});
  SignatureId a = matcher_.Acquire(Skilled({{"patents", 1}, {"pharma", 2}}));
  SignatureId b = matcher_.Acquire(Skilled({{"pharma", 2}, {"patents", 1}}));
  EXPECT_EQ(a, b);
  matcher_.Release(a);
  EXPECT_EQ(matcher_.NeedsOf(b).required.size(), 2u);
  matcher_.Release(b);
  // Many kinds come and go; the matcher forgets the oldest and stays right.
  for (int i = 1; i < 3000; ++i) {
    Needs needs;
    needs.units = i;
    SignatureId id = matcher_.Acquire(needs);
    EXPECT_EQ(matcher_.Choose(id, Now(), Weights()).found(), i <= 2) << i;
    matcher_.Release(id);
  }
  EXPECT_TRUE(matcher_.SetPresence(anna, Presence::kOffline) ||
              matcher_.SetPresence(anna, Presence::kAvailable));
}

TEST_F(MatcherTest, WaitingSignaturesComeSoonestFirstAndStopAtTheMost) {
  Slot anna = Add("anna", {{"patents", 3}, {"pharma", 2}});
  SignatureId later = matcher_.Acquire(Skilled({{"patents", 3}}));
  SignatureId sooner = matcher_.Acquire(Skilled({{"pharma", 1}}));
  SignatureId too_high = matcher_.Acquire(Skilled({{"patents", 4}}));
  SignatureId anybody = matcher_.Acquire(Needs());
  SignatureId quiet = matcher_.Acquire(Skilled({{"patents", 1}}));
  matcher_.SetWaiting(later, 30);
  matcher_.SetWaiting(sooner, 10);
  matcher_.SetWaiting(too_high, 1);
  matcher_.SetWaiting(anybody, 20);
  matcher_.SetWaiting(quiet, 5);
  matcher_.SetWaiting(quiet, std::nullopt);
  EXPECT_THAT(matcher_.WaitingFor(anna, kNow, 10), ElementsAre(sooner, anybody, later));
  EXPECT_THAT(matcher_.WaitingFor(anna, kNow, 2), ElementsAre(sooner, anybody));
  matcher_.SetWaiting(later, 0);
  EXPECT_THAT(matcher_.WaitingFor(anna, kNow, 1), ElementsAre(later));
  matcher_.SetPresence(anna, Presence::kTraining);
  EXPECT_THAT(matcher_.WaitingFor(anna, kNow, 10), IsEmpty());
  matcher_.Release(sooner);  // released while it waits: waits no more
  matcher_.SetPresence(anna, Presence::kAvailable);
  EXPECT_THAT(matcher_.WaitingFor(anna, kNow, 10), ElementsAre(later, anybody));
}

TEST_F(MatcherTest, ManyPeopleAreRankedExactly) {
  // 3,000 people over six chunks, all alike but for their load: the four least loaded win.
  for (int i = 0; i < 3000; ++i) {
    Slot slot = Add(absl::StrCat("e", i), {{"patents", 2}});
    Load load = matcher_.LoadOf(slot);
    load.open_minutes = (i * 7919) % 3001 + 1;
    matcher_.SetLoad(slot, load);
  }
  std::vector<std::pair<int, std::string>> expected;
  for (int i = 0; i < 3000; ++i) expected.emplace_back((i * 7919) % 3001 + 1, absl::StrCat("e", i));
  std::sort(expected.begin(), expected.end());
  SignatureId signature = matcher_.Acquire(Skilled({{"patents", 2}}));
  Choice choice = matcher_.Choose(signature, Now(), {0, 0, 1, 0, 0, 0});
  ASSERT_EQ(choice.ranked.size(), 1 + kRunnersUp);
  EXPECT_EQ(choice.funnel.left.back(), 3000u);
  EXPECT_EQ(choice.best().parts.load, 1000 * 240 / (240 + expected[0].first));
  EXPECT_EQ(choice.ranked[3].parts.load, 1000 * 240 / (240 + expected[3].first));
  EXPECT_EQ(matcher_.ExpertId(choice.best().slot), expected[0].second);
}

}  // namespace
}  // namespace tideline::work_routing
