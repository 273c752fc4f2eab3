// SPDX-License-Identifier: Apache-2.0
// Laws of working time, over random calendars and all listed zones, around every change of their
// clocks; and equality with the reference that counts minutes.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/calendar/calendar.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/notation.h"
#include "tests/unit/calendar/reference.h"

namespace tideline::testing {
namespace {

absl::TimeZone Load(absl::string_view name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

// A calendar and, in words, where it comes from.
struct Subject {
  std::shared_ptr<const Calendar> calendar;
  std::string rules;
};

Subject MakeSubject(const type::v1::CalendarRules& rules) {
  auto made = Calendar::Create(rules);
  EXPECT_TRUE(made.ok()) << made.status() << "\n" << rules.DebugString();
  return {made.ok() ? *made : nullptr, rules.ShortDebugString()};
}

// Every minute of the window: measured, open or not.
::testing::AssertionResult MeasuresAsReference(const Subject& subject, const Reference& reference) {
  const Calendar& calendar = *subject.calendar;
  for (int i = 0; i < reference.minutes(); ++i) {
    const absl::Time at = reference.time(i);
    const absl::Duration measured = calendar.Measure(reference.from(), at);
    if (measured == absl::Minutes(reference.worked(i)) &&
        calendar.IsOpen(at) == reference.open(i) &&
        calendar.IsOpen(at + absl::Seconds(59)) == reference.open(i)) {
      continue;
    }
    return ::testing::AssertionFailure()
           << "at " << at << ": measured " << measured << ", reference "
           << absl::Minutes(reference.worked(i)) << ", open " << calendar.IsOpen(at) << "\n"
           << subject.rules;
  }
  return ::testing::AssertionSuccess();
}

// What the searches should find from minute `i`, as far as the window shows it.
::testing::AssertionResult FindsAsReference(const Subject& subject, const Reference& reference,
                                            int i) {
  const Calendar& calendar = *subject.calendar;
  const absl::Time at = reference.time(i);
  const auto compare = [&](absl::string_view what, int minute, absl::Time found) {
    if (minute < 1 || minute >= reference.minutes() || found == reference.time(minute)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << what << " from " << at << ": " << found
                                         << ", reference " << reference.time(minute) << "\n"
                                         << subject.rules;
  };
  int opening = i, closing = i;
  while (opening < reference.minutes() && !reference.open(opening)) ++opening;
  while (closing < reference.minutes() && reference.open(closing)) ++closing;
  int opened = i, closed = i;
  while (opened > 0 && !(reference.open(opened) && !reference.open(opened - 1))) --opened;
  while (closed > 0 && !(!reference.open(closed) && reference.open(closed - 1))) --closed;
  for (const auto& result : {compare("next opening", opening, calendar.NextOpening(at)),
                             compare("next closing", closing, calendar.NextClosing(at)),
                             compare("last opening", opened, calendar.LastOpening(at)),
                             compare("last closing", closed, calendar.LastClosing(at))}) {
    if (!result) return result;
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult Law(bool holds, absl::string_view law, const Subject& subject,
                               absl::Time at, absl::Duration a, absl::Duration b) {
  if (holds) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << law << " fails at " << at << " with " << a << ", " << b << "\n"
         << subject.rules;
}

// The laws of the header, at one instant with two durations.
::testing::AssertionResult KeepsLaws(const Subject& subject, absl::Time at, absl::Duration a,
                                     absl::Duration b) {
  const Calendar& c = *subject.calendar;
  const absl::Time later = c.Add(at, a);
  const absl::Time earlier = c.Subtract(at, a);
  const absl::Duration tick = absl::Microseconds(1);
  const bool zero = a == absl::ZeroDuration();
  struct {
    bool holds;
    absl::string_view law;
  } const laws[] = {
      {later == absl::InfiniteFuture() || c.Measure(at, later) == a, "add then measure"},
      {earlier == absl::InfinitePast() || c.Measure(earlier, at) == a, "subtract then measure"},
      {c.Add(later, b) == c.Add(at, a + b), "add is additive"},
      {earlier == absl::InfinitePast() || c.Subtract(earlier, b) == c.Subtract(at, a + b),
       "subtract is additive"},
      {zero || later == absl::InfiniteFuture() || c.IsOpen(later - tick), "add is the earliest"},
      {zero || earlier == absl::InfinitePast() || c.IsOpen(earlier), "subtract is the latest"},
      {c.Add(at, -a) == earlier && c.Subtract(at, -a) == later, "negative durations turn round"},
      {c.Measure(at, at + b) + c.Measure(at + b, at + b + a) == c.Measure(at, at + b + a),
       "measure is additive"},
      {c.Measure(at + b, at) == -c.Measure(at, at + b), "measure turns round"},
      {c.NextOpening(at) == at || c.Measure(at, c.NextOpening(at)) == absl::ZeroDuration(),
       "nothing is worked before the next opening"},
  };
  for (const auto& [holds, law] : laws) {
    if (auto result = Law(holds, law, subject, at, a, b); !result) return result;
  }
  return ::testing::AssertionSuccess();
}

// Changes of the zone's clock from 2010 to 2030; for a zone without any, a few days to try.
std::vector<absl::Time> Nights(const absl::TimeZone& zone) {
  std::vector<absl::Time> nights;
  absl::TimeZone::CivilTransition change;
  absl::Time at = At("2010-01-01 00:00");
  while (zone.NextTransition(at, &change)) {
    at = zone.At(std::min(change.from, change.to)).trans;
    if (at >= At("2031-01-01 00:00")) break;
    nights.push_back(at);
  }
  if (nights.empty()) {
    for (int year = 2010; year <= 2030; year += 4) {
      nights.push_back(absl::FromCivil(absl::CivilDay(year, 6, 15), zone));
    }
  }
  return nights;
}

// Each with another random calendar.
std::vector<absl::Time> ThreeTimes(const std::vector<absl::Time>& times) {
  std::vector<absl::Time> all;
  for (int i = 0; i < 3; ++i) all.insert(all.end(), times.begin(), times.end());
  return all;
}

void CheckWindow(Random& random, const Subject& subject, const Reference& reference) {
  ASSERT_TRUE(MeasuresAsReference(subject, reference));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        FindsAsReference(subject, reference, static_cast<int>(random.Below(reference.minutes()))));
  }
  for (int i = 0; i < 20; ++i) {
    const absl::Time at = reference.from() + random.Within(absl::Minutes(reference.minutes()));
    const absl::Duration most = i % 4 == 0 ? absl::Hours(100'000) : absl::Hours(30);
    ASSERT_TRUE(KeepsLaws(subject, at, random.Within(most), random.Within(most)));
    ASSERT_TRUE(KeepsLaws(subject, at, absl::ZeroDuration(), random.Within(most)));
  }
}

class ZoneTest : public ::testing::TestWithParam<absl::string_view> {};

TEST_P(ZoneTest, EqualsTheReferenceAroundEveryChangeOfTheClock) {
  const absl::TimeZone zone = Load(GetParam());
  uint64_t seed = 1;
  for (absl::Time night : ThreeTimes(Nights(zone))) {
    SCOPED_TRACE(absl::StrCat(GetParam(), " around ", absl::FormatTime(night), " seed ", seed));
    Random random(seed++);
    const auto rules = RandomRules(random, GetParam(), absl::CivilDay(zone.At(night).cs));
    const Subject subject = MakeSubject(rules);
    ASSERT_NE(subject.calendar, nullptr);
    Reference reference(night - absl::Hours(36), 72 * 60);
    reference.Add(rules, zone);
    reference.Sum();
    CheckWindow(random, subject, reference);
    if (HasFatalFailure()) return;
  }
}

TEST_P(ZoneTest, EqualsTheReferenceAnywhereFrom1972To2199) {
  const absl::TimeZone zone = Load(GetParam());
  for (uint64_t seed = 1000; seed < 1030; ++seed) {
    Random random(seed);
    const absl::Time from =
        absl::FromUnixSeconds(60 * (1'051'200 + random.Below(60LL * 24 * 365 * 227)));
    SCOPED_TRACE(absl::StrCat(GetParam(), " from ", absl::FormatTime(from), " seed ", seed));
    const auto rules = RandomRules(random, GetParam(), absl::CivilDay(zone.At(from).cs) + 3);
    const Subject subject = MakeSubject(rules);
    ASSERT_NE(subject.calendar, nullptr);
    Reference reference(from, 6 * 24 * 60);
    reference.Add(rules, zone);
    reference.Sum();
    CheckWindow(random, subject, reference);
    if (HasFatalFailure()) return;
  }
}

// Sums hang on every listed day and change of the clock in between.
TEST_P(ZoneTest, EqualsTheReferenceOverASeasonWithManyListedDays) {
  const absl::TimeZone zone = Load(GetParam());
  Random random(77);
  auto rules = RandomRules(random, GetParam(), absl::CivilDay(2011, 2, 10));
  for (int i = 1; i <= 10; ++i) {  // listed days lie within 5 of the middle
    const auto more = RandomRules(random, GetParam(), absl::CivilDay(2011, 2, 10) + 11 * i);
    rules.mutable_holidays()->MergeFrom(more.holidays());
    rules.mutable_exceptions()->MergeFrom(more.exceptions());
  }
  const Subject subject = MakeSubject(rules);
  ASSERT_NE(subject.calendar, nullptr);
  Reference reference(At("2011-02-01 00:00", GetParam()), 140 * 24 * 60);
  reference.Add(rules, zone);
  reference.Sum();
  EXPECT_TRUE(MeasuresAsReference(subject, reference));
}

INSTANTIATE_TEST_SUITE_P(All, ZoneTest, ::testing::ValuesIn(Zones()), [](const auto& info) {
  std::string name(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST(CalendarUnionPropertyTest, EqualsTheReferenceOfItsMembers) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Random random(seed);
    SCOPED_TRACE(seed);
    // Around a change of the first member's clock, half of the time.
    const absl::TimeZone first = Load(Zones()[seed % Zones().size()]);
    const auto nights = Nights(first);
    absl::Time centre = nights[random.Below(static_cast<int64_t>(nights.size()))];
    if (random.Chance(50)) {
      centre = absl::FromUnixSeconds(60 * (21'000'000 + random.Below(10'000'000)));
    }
    Reference reference(centre - absl::Hours(60), 120 * 60);
    std::vector<std::shared_ptr<const Calendar>> members;
    std::string all;
    for (int64_t i = 1 + random.Below(4); i > 0; --i) {
      const absl::string_view name =
          members.empty() ? Zones()[seed % Zones().size()]
                          : Zones()[random.Below(static_cast<int64_t>(Zones().size()))];
      const absl::TimeZone zone = Load(name);
      const auto rules = RandomRules(random, name, absl::CivilDay(zone.At(centre).cs));
      const Subject member = MakeSubject(rules);
      ASSERT_NE(member.calendar, nullptr);
      members.push_back(member.calendar);
      absl::StrAppend(&all, member.rules, "\n");
      reference.Add(rules, zone);
    }
    reference.Sum();
    // Half of them as a union of unions.
    if (random.Chance(50)) {
      auto inner = Calendar::Union({members.data(), 1});
      ASSERT_TRUE(inner.ok());
      members[0] = *inner;
    }
    auto made = Calendar::Union(members);
    ASSERT_TRUE(made.ok()) << made.status();
    CheckWindow(random, {*made, all}, reference);
    if (HasFatalFailure()) return;
  }
}

TEST(CoverageHolesPropertyTest, AreTheMinutesWantedAndNotCovered) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    SCOPED_TRACE(seed);
    const absl::CivilDay near(2024, 3, 31);
    const absl::string_view zone = Zones()[random.Below(static_cast<int64_t>(Zones().size()))];
    const auto wanted = RandomRules(random, zone, near);
    const auto cover = RandomRules(random, "Europe/Warsaw", near);
    const absl::Time from = At("2024-03-29 00:00");
    constexpr int kMinutes = 5 * 24 * 60;
    const auto holes = CoverageHoles(*MakeSubject(wanted).calendar, *MakeSubject(cover).calendar,
                                     from, from + absl::Minutes(kMinutes), 1000);
    std::set<int> found;
    for (const TimeSpan& hole : holes) {
      ASSERT_LT(hole.from, hole.to);
      for (absl::Time at = hole.from; at < hole.to; at += absl::Minutes(1)) {
        ASSERT_TRUE(found.insert(static_cast<int>((at - from) / absl::Minutes(1))).second);
      }
    }
    const absl::TimeZone wanted_zone = Load(zone), cover_zone = Load("Europe/Warsaw");
    for (int i = 0; i < kMinutes; ++i) {
      const absl::Time at = from + absl::Minutes(i);
      ASSERT_EQ(found.contains(i),
                OpenByRules(wanted, wanted_zone, at) && !OpenByRules(cover, cover_zone, at))
          << at;
    }
  }
}

}  // namespace
}  // namespace tideline::testing
