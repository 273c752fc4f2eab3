// SPDX-License-Identifier: Apache-2.0
// The matcher against a reference that asks everybody one by one: random people, needs, loads and
// time. The reference shares only common/eligibility with it, and states the score again.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/matcher.h"

namespace tideline::work_routing {
namespace {

using eligibility::Candidate;
using eligibility::Expert;
using eligibility::Load;
using eligibility::Presence;
using eligibility::ShiftSpan;

const absl::Time kStart = absl::FromUnixSeconds(1'772'409'600);  // 2 March 2026, 00:00 UTC

// Every day eight hours from `hour` with a break in the fifth; pure, as a calendar is.
ShiftSpan DailyShift(int hour, absl::Time at) {
  absl::Duration day = (at - kStart + absl::Hours(24000)) % absl::Hours(24);
  absl::Time midnight = at - day;
  absl::Duration open = absl::Hours(hour);
  auto until = [&](absl::Duration d) { return midnight + d; };
  if (day < open) return {false, false, until(open), absl::ZeroDuration()};
  if (day < open + absl::Hours(4))
    return {true, true, until(open + absl::Hours(4)), absl::Hours(3)};
  if (day < open + absl::Hours(5))
    return {true, false, until(open + absl::Hours(5)), absl::Hours(3)};
  if (day < open + absl::Hours(8)) return {true, true, until(open + absl::Hours(8)), {}};
  return {false, false, until(open + absl::Hours(24)), absl::ZeroDuration()};
}

// All that is known, plainly.
struct World {
  std::map<std::string, Candidate> people;
  std::map<std::string, int> calendars;  // name -> hour at which its shifts begin
  absl::Time now = kStart;

  std::vector<Candidate> Now() const {
    std::vector<Candidate> all;
    for (auto [id, candidate] : people) {
      auto it = calendars.find(candidate.expert.calendar);
      if (it != calendars.end()) {
        candidate.shift = DailyShift(it->second, now);
        candidate.next = DailyShift(it->second, candidate.shift.until);
      }
      all.push_back(candidate);
    }
    return all;
  }
};

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  int Roll(int sides) { return static_cast<int>(random_() % sides); }
  bool Chance(int percent) { return Roll(100) < percent; }
  std::string Name(absl::string_view kind, int many) { return absl::StrCat(kind, Roll(many)); }
  // Each of `many` names with a chance.
  std::vector<std::string> Some(absl::string_view kind, int many, int percent) {
    std::vector<std::string> some;
    for (int i = 0; i < many; ++i) {
      if (Chance(percent)) some.push_back(absl::StrCat(kind, i));
    }
    return some;
  }

 private:
  std::mt19937_64 random_;
};

constexpr int kSkills = 6, kTeams = 5, kOrganizations = 3, kCountries = 4, kClearances = 3;

absl::Time SomeTime(Dice& dice, absl::Time now) {
  return now + absl::Hours(48) - absl::Minutes(dice.Roll(4 * 24 * 60));
}

Expert RandomExpert(Dice& dice, const std::string& id, absl::Time now) {
  Expert expert;
  expert.id = id;
  expert.person = dice.Name("person", 300);
  expert.team = dice.Name("team", kTeams);
  expert.organization = dice.Name("org", kOrganizations);
  expert.calendar = dice.Chance(10) ? "" : dice.Name("calendar", 4);
  expert.country = dice.Name("country", kCountries);
  expert.shore = dice.Roll(4);
  expert.grade = dice.Roll(6);
  expert.capacity = dice.Roll(6);
  expert.cost_per_hour = dice.Roll(4) * 1500;
  for (const std::string& skill : dice.Some("skill", kSkills, 70)) {
    expert.skills.push_back({skill, 1 + dice.Roll(5),
                             dice.Chance(30) ? SomeTime(dice, now) : absl::InfiniteFuture(),
                             dice.Chance(20)});
  }
  for (const std::string& clearance : dice.Some("clearance", kClearances, 70)) {
    expert.clearances.push_back(
        {clearance, dice.Chance(30) ? SomeTime(dice, now) : absl::InfiniteFuture()});
  }
  if (dice.Chance(30)) {
    absl::Time from = SomeTime(dice, now);
    expert.leave.push_back({from, from + absl::Hours(dice.Roll(30))});
  }
  return expert;
}

Load RandomLoad(Dice& dice, absl::Time now, uint64_t order) {
  return {dice.Roll(3), dice.Roll(4), dice.Roll(5) * 60, now - absl::Minutes(dice.Roll(600)),
          dice.Chance(20) ? order / 2 : order};  // orders may be equal: then the id decides
}

Needs RandomNeeds(Dice& dice, absl::Time now) {
  Needs needs;
  for (const std::string& skill : dice.Some("skill", kSkills, 25)) {
    needs.required.push_back({skill, 1 + dice.Roll(4)});
  }
  for (const std::string& skill : dice.Some("skill", kSkills, 15)) {
    needs.preferred.push_back({skill, 1 + dice.Roll(5)});
  }
  if (dice.Chance(60)) {
    needs.serving = {true, dice.Some("team", kTeams, 60), dice.Some("org", kOrganizations, 20)};
  }
  if (dice.Chance(30)) needs.engagement = {true, {}, dice.Some("org", kOrganizations, 80)};
  if (dice.Chance(20)) needs.engagement_from = SomeTime(dice, now);
  if (dice.Chance(20)) needs.engagement_to = SomeTime(dice, now);
  if (dice.Chance(30)) {
    needs.any_country = false;
    needs.countries = dice.Some("country", kCountries, 70);
  }
  if (dice.Chance(30)) needs.clearances = dice.Some("clearance", kClearances, 40);
  needs.grade = dice.Chance(60) ? 0 : dice.Roll(6);
  if (dice.Chance(20)) needs.excluded_teams = dice.Some("team", kTeams, 20);
  if (dice.Chance(20)) needs.excluded_organizations = dice.Some("org", kOrganizations, 20);
  if (dice.Chance(20)) needs.conflicting_organizations = dice.Some("org", kOrganizations, 20);
  needs.stopped = dice.Chance(2);
  if (dice.Chance(20)) needs.restricted_teams = dice.Some("team", kTeams, 20);
  if (dice.Chance(10)) needs.restricted_organizations = dice.Some("org", kOrganizations, 20);
  if (dice.Chance(20)) needs.restricted_shores = static_cast<uint8_t>(1 << dice.Roll(4));
  if (dice.Chance(30)) needs.shift_lead = absl::Hours(dice.Roll(8));
  if (dice.Chance(70)) {
    needs.presences |= eligibility::MaskOf(Presence::kPresent);
    needs.presences |= eligibility::MaskOf(Presence::kFocus);
  }
  needs.units = dice.Roll(3);
  needs.open_limit = dice.Chance(60) ? 0 : 1 + dice.Roll(4);
  return needs;
}

Ask RandomAsk(Dice& dice, absl::Time now) {
  Ask ask;
  ask.now = now;
  if (dice.Chance(40)) ask.effort = absl::Minutes(dice.Roll(480));
  ask.planned_handoff = dice.Chance(20);
  if (dice.Chance(30)) ask.excluded_people = dice.Some("person", 300, 10);
  if (dice.Chance(30)) ask.declined_experts = dice.Some("expert", 200, 10);
  if (dice.Chance(30)) ask.affinity_experts = dice.Some("expert", 200, 5);
  return ask;
}

Weights RandomWeights(Dice& dice) {
  if (dice.Chance(30)) return Weights();
  if (dice.Chance(20)) return {0, 0, 0, 0, 0, 0};
  auto weight = [&] { return dice.Roll(5) * 20; };
  return {weight(), weight(), weight(), weight(), weight(), weight()};
}

// The score again, from its description, with no bitmaps.
Parts ReferenceParts(const Needs& needs, const Ask& ask, const Candidate& candidate) {
  const Expert& expert = candidate.expert;
  int credit = 0, learning = 0;
  for (const auto& need : needs.required) {
    int held = eligibility::LevelAt(expert, need.skill, ask.now);
    credit += held < need.level ? 0 : 4 - (held - need.level);
    for (const auto& skill : expert.skills) {
      learning += skill.skill == need.skill && skill.learning && ask.now < skill.expires;
    }
  }
  for (const auto& wish : needs.preferred) {
    credit += eligibility::LevelAt(expert, wish.skill, ask.now) >= wish.level ? 4 : 0;
  }
  int asked = static_cast<int>(needs.required.size() + needs.preferred.size());
  Parts parts;
  parts.fit = asked == 0 ? 1000 : 1000 * credit / (4 * asked);
  parts.affinity =
      std::count(ask.affinity_experts.begin(), ask.affinity_experts.end(), expert.id) ? 1000 : 0;
  parts.load = static_cast<int>(1000 * 240 / (240 + candidate.load.open_minutes));
  parts.cost = static_cast<int>(1000 * 5000 / (5000 + expert.cost_per_hour));
  int64_t idle =
      absl::ToUnixSeconds(ask.now) / 60 - absl::ToUnixSeconds(candidate.load.idle_since) / 60;
  parts.idle = static_cast<int>(1000 * std::clamp<int64_t>(idle, 0, 480) / 480);
  parts.learning =
      needs.required.empty() ? 0 : 1000 * learning / static_cast<int>(needs.required.size());
  return parts;
}

struct ReferenceScored {
  std::string id;
  int64_t score;
  uint64_t order;
  Parts parts;
};

struct Reference {
  std::vector<ReferenceScored> ranked;
  Funnel funnel;
};

Reference ReferenceChoice(const World& world, const Needs& needs, const Ask& ask,
                          const Weights& w) {
  Reference reference;
  for (const Candidate& candidate : world.Now()) {
    ++reference.funnel.known;
    size_t passed = static_cast<size_t>(eligibility::Evaluate(needs, ask, candidate));
    for (size_t c = 0; c < passed; ++c) ++reference.funnel.left[c];
    if (passed < eligibility::kConstraints) continue;
    Parts p = ReferenceParts(needs, ask, candidate);
    int64_t score = w.fit * p.fit + w.affinity * p.affinity + w.load * p.load + w.cost * p.cost +
                    w.idle * p.idle + w.learning * p.learning;
    reference.ranked.push_back({candidate.expert.id, score, candidate.load.idle_order, p});
  }
  std::sort(reference.ranked.begin(), reference.ranked.end(), [](const auto& a, const auto& b) {
    return std::tuple(-a.score, a.order, a.id) < std::tuple(-b.score, b.order, b.id);
  });
  if (reference.ranked.size() > 1 + kRunnersUp) reference.ranked.resize(1 + kRunnersUp);
  return reference;
}

// One matcher and the plain world, told the same.
struct Twin {
  explicit Twin(uint64_t seed) : dice(seed) {}

  void AddCalendars() {
    for (int i = 0; i < 3; ++i) {  // calendar3 is never set: always on shift
      std::string name = absl::StrCat("calendar", i);
      world.calendars[name] = i * 7;
      matcher.SetCalendar(name, [i](absl::Time at) { return DailyShift(i * 7, at); });
    }
  }
  void Upsert(const std::string& id) {
    Expert expert = RandomExpert(dice, id, world.now);
    bool is_new = world.people.count(id) == 0;
    world.people[id].expert = expert;
    Slot slot = matcher.Upsert(expert);
    if (is_new) Touch(id, slot);
  }
  void Touch(const std::string& id, Slot slot) {
    Candidate& candidate = world.people[id];
    candidate.load = RandomLoad(dice, world.now, ++order);
    candidate.presence = static_cast<Presence>(dice.Chance(60) ? 3 : dice.Roll(7));
    candidate.unresponsive = dice.Chance(10);
    matcher.SetLoad(slot, candidate.load);
    matcher.SetPresence(slot, candidate.presence);
    matcher.SetUnresponsive(slot, candidate.unresponsive);
  }
  void Step() {
    int roll = dice.Roll(100);
    std::string id = dice.Name("expert", 200);
    if (roll < 25) {
      Upsert(id);
    } else if (roll < 30) {
      world.people.erase(id);
      matcher.Remove(id);
    } else if (roll < 85) {
      if (auto slot = matcher.Find(id)) Touch(id, *slot);
    } else {
      world.now += absl::Minutes(dice.Roll(200));
      if (dice.Chance(50)) matcher.Advance(world.now, nullptr);
    }
  }

  Dice dice;
  World world;
  Matcher matcher;
  uint64_t order = 0;
};

void ExpectSameChoice(Matcher& matcher, const World& world, const Needs& needs, const Ask& ask,
                      const Weights& weights) {
  SignatureId signature = matcher.Acquire(needs);
  const Needs& normal = matcher.NeedsOf(signature);
  Reference expected = ReferenceChoice(world, normal, ask, weights);
  Choice choice = matcher.Choose(signature, ask, weights);
  EXPECT_EQ(choice.funnel.known, expected.funnel.known);
  EXPECT_EQ(choice.funnel.left, expected.funnel.left);
  ASSERT_EQ(choice.ranked.size(), expected.ranked.size());
  for (size_t i = 0; i < choice.ranked.size(); ++i) {
    EXPECT_EQ(matcher.ExpertId(choice.ranked[i].slot), expected.ranked[i].id);
    EXPECT_EQ(choice.ranked[i].score, expected.ranked[i].score);
    EXPECT_EQ(choice.ranked[i].parts, expected.ranked[i].parts);
    EXPECT_TRUE(matcher.Check(signature, ask, choice.ranked[i].slot).empty());
  }
  matcher.Release(signature);
}

class MatcherProperty : public ::testing::TestWithParam<int> {};

TEST_P(MatcherProperty, ChoosesAndCountsAsTheReferenceDoes) {
  Twin twin(GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", GetParam()));
  twin.AddCalendars();
  // Sizes on both sides of a chunk.
  for (int i = 0, n = twin.dice.Roll(200); i < n; ++i) twin.Upsert(absl::StrCat("expert", i));
  for (int i = 0, n = GetParam() % 4 == 0 ? 900 : 0; i < n; ++i) {
    twin.Upsert(absl::StrCat("more", i));
  }
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 10; ++i) twin.Step();
    Needs needs = RandomNeeds(twin.dice, twin.world.now);
    Ask ask = RandomAsk(twin.dice, twin.world.now);
    ExpectSameChoice(twin.matcher, twin.world, needs, ask, RandomWeights(twin.dice));
    if (::testing::Test::HasFailure()) return;
    ++found;
  }
  EXPECT_EQ(found, 60);
}

TEST_P(MatcherProperty, AnIndexBuiltAnewAnswersTheSame) {
  Twin twin(1000 + GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", 1000 + GetParam()));
  twin.AddCalendars();
  std::vector<Needs> kinds;
  for (int i = 0; i < 10; ++i) kinds.push_back(RandomNeeds(twin.dice, twin.world.now));
  std::vector<SignatureId> old_ids, new_ids;
  for (size_t i = 0; i < kinds.size(); ++i) {
    old_ids.push_back(twin.matcher.Acquire(kinds[i]));
    twin.matcher.SetWaiting(old_ids[i], twin.dice.Roll(5));
    for (int j = 0; j < 40; ++j) twin.Step();
  }
  twin.matcher.Advance(twin.world.now, nullptr);

  // The same facts in another order, other slots, and time passed in one jump.
  Matcher anew;
  std::vector<const Candidate*> people;
  for (const auto& [id, candidate] : twin.world.people) people.push_back(&candidate);
  std::reverse(people.begin(), people.end());
  for (const Candidate* c : people) {
    Slot slot = anew.Upsert(c->expert);
    anew.SetUnresponsive(slot, c->unresponsive);
    anew.SetPresence(slot, c->presence);
    anew.SetLoad(slot, c->load);
  }
  anew.Advance(twin.world.now, nullptr);
  for (const auto& [name, hour] : twin.world.calendars) {
    int start = hour;
    anew.SetCalendar(name, [start](absl::Time at) { return DailyShift(start, at); });
  }
  for (size_t i = kinds.size(); i-- > 0;) {
    SignatureId id = anew.Acquire(kinds[i]);
    new_ids.insert(new_ids.begin(), id);
    Ask ask = RandomAsk(twin.dice, twin.world.now);
    Weights weights = RandomWeights(twin.dice);
    Choice a = twin.matcher.Choose(old_ids[i], ask, weights);
    Choice b = anew.Choose(id, ask, weights);
    EXPECT_EQ(a.funnel.left, b.funnel.left);
    ASSERT_EQ(a.ranked.size(), b.ranked.size());
    for (size_t r = 0; r < a.ranked.size(); ++r) {
      EXPECT_EQ(twin.matcher.ExpertId(a.ranked[r].slot), anew.ExpertId(b.ranked[r].slot));
      EXPECT_EQ(a.ranked[r].parts, b.ranked[r].parts);
    }
    EXPECT_EQ(twin.matcher.CouldEver(old_ids[i], ask), anew.CouldEver(id, ask));
  }
  for (SignatureId id : old_ids) twin.matcher.SetWaiting(id, std::nullopt);
  std::string live, fresh;
  twin.matcher.Dump(live);
  anew.Dump(fresh);
  EXPECT_EQ(live, fresh);
  EXPECT_EQ(twin.matcher.NextChange(), anew.NextChange());
}

TEST_P(MatcherProperty, WaitingSignaturesAreThoseThatThePersonSatisfiesSoonestFirst) {
  Twin twin(2000 + GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", 2000 + GetParam()));
  twin.AddCalendars();
  for (int i = 0; i < 100; ++i) twin.Upsert(absl::StrCat("expert", i));
  std::map<SignatureId, int64_t> waiting;
  for (int i = 0; i < 60; ++i) {
    SignatureId id = twin.matcher.Acquire(RandomNeeds(twin.dice, twin.world.now));
    int64_t urgency = twin.dice.Roll(20);
    twin.matcher.SetWaiting(id, urgency);
    waiting[id] = urgency;
  }
  for (int i = 0; i < 300; ++i) twin.Step();
  size_t seen = 0;
  for (const Candidate& candidate : twin.world.Now()) {
    Ask ask;
    ask.now = twin.world.now;
    std::vector<std::pair<int64_t, std::string>> expected;
    for (const auto& [id, urgency] : waiting) {
      const Needs& needs = twin.matcher.NeedsOf(id);
      if (eligibility::Evaluate(needs, ask, candidate) == Constraint::kCount) {
        expected.emplace_back(urgency, eligibility::Signature(needs));
      }
    }
    std::sort(expected.begin(), expected.end());
    size_t most = twin.dice.Chance(50) ? 3 : 1000;
    if (expected.size() > most) expected.resize(most);
    std::vector<std::pair<int64_t, std::string>> got;
    Slot slot = *twin.matcher.Find(candidate.expert.id);
    for (SignatureId id : twin.matcher.WaitingFor(slot, twin.world.now, most)) {
      got.emplace_back(waiting[id], eligibility::Signature(twin.matcher.NeedsOf(id)));
    }
    EXPECT_EQ(got, expected) << candidate.expert.id;
    seen += got.size();
  }
  EXPECT_GT(seen, 0u);
}

TEST_P(MatcherProperty, AdvanceNamesThoseWhoseShiftBegins) {
  Twin twin(3000 + GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", 3000 + GetParam()));
  twin.AddCalendars();
  for (int i = 0; i < 150; ++i) twin.Upsert(absl::StrCat("expert", i));
  Needs needs;
  needs.shift_lead = absl::Minutes(45);
  SignatureId signature = twin.matcher.Acquire(needs);
  twin.matcher.Advance(twin.world.now, nullptr);
  auto on_shift = [&] {
    std::set<std::string> on;
    for (const Candidate& c : twin.world.Now()) {
      if (eligibility::OnShift(c.shift, needs.shift_lead, twin.world.now) &&
          !eligibility::OnLeave(c.expert.leave, twin.world.now)) {
        on.insert(c.expert.id);
      }
    }
    return on;
  };
  for (int i = 0; i < 40; ++i) {
    std::set<std::string> before = on_shift();
    absl::Time next = twin.matcher.NextChange();
    twin.world.now = twin.dice.Chance(50) && next < absl::InfiniteFuture()
                         ? next
                         : twin.world.now + absl::Minutes(twin.dice.Roll(300));
    std::vector<Slot> freed;
    twin.matcher.Advance(twin.world.now, &freed);
    std::set<std::string> got, expected;
    for (Slot slot : freed) got.insert(std::string(twin.matcher.ExpertId(slot)));
    for (const std::string& id : on_shift()) {
      if (before.count(id) == 0) expected.insert(id);
    }
    EXPECT_EQ(got, expected);
    EXPECT_GT(twin.matcher.NextChange(), twin.world.now);
    EXPECT_TRUE(std::is_sorted(freed.begin(), freed.end(), [&](Slot a, Slot b) {
      return twin.matcher.LoadOf(a).idle_order < twin.matcher.LoadOf(b).idle_order;
    }));
  }
  twin.matcher.Release(signature);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MatcherProperty, ::testing::Range(0, 40));

}  // namespace
}  // namespace tideline::work_routing
