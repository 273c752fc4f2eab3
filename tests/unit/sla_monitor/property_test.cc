// SPDX-License-Identifier: Apache-2.0
// Whatever happens, a Core restored from its records is the one that lived: after random lives of
// items, changes of contracts, agreements and time, both answer the same further steps with the
// same bytes, changes and wake times; the parts of every reading add up; each alert stands at most
// once and never before its ground; tallies equal the clocks; the bounds of a step hold. Prints its
// seeds; TIDELINE_SEED=<n> runs one.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/unit/sla_monitor/monitor_world.h"

namespace tideline::sla_monitor {
namespace {

constexpr int kSeeds = 40;
constexpr uint64_t kJournalSeeds = 4;  // over real journals: each step is a commit
constexpr int kSteps = 300;
constexpr int kFurther = 200;

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

type::v1::SlaRules RandomRules(Chance& chance) {
  type::v1::SlaRules rules = Rules(absl::Seconds(600 + chance.Below(30'000)));
  rules.set_start(chance.OneIn(3) ? type::v1::SlaRules::START_ACCEPTED
                                  : type::v1::SlaRules::START_SUBMITTED);
  rules.set_stop(chance.OneIn(3) ? type::v1::SlaRules::STOP_FIRST_RESULT
                                 : type::v1::SlaRules::STOP_COMPLETED);
  rules.set_revision(chance.OneIn(2) ? type::v1::SlaRules::REVISION_PINNED
                                     : type::v1::SlaRules::REVISION_RECALCULATED);
  rules.set_pause_needs_agreement(chance.OneIn(3));
  if (chance.OneIn(2)) rules.add_warn_percents(33);
  if (chance.OneIn(2)) rules.add_warn_percents(75);
  SetBudget(absl::Seconds(chance.Below(3) * 2000), rules);
  for (Leg leg : {type::v1::LEG_ACCEPT, type::v1::LEG_FIRST_DRAFT, type::v1::LEG_REVIEW,
                  type::v1::LEG_HANDOFF}) {
    if (chance.OneIn(2)) SetLeg(leg, absl::Seconds(60 + chance.Below(3000)), rules);
  }
  auto& high = *rules.add_classes();
  high = rules.classes(0);
  high.set_impact_class(type::v1::IMPACT_CLASS_HIGH);
  if (chance.OneIn(2)) {
    auto& escalation = *rules.add_escalations();
    escalation.set_trigger(static_cast<type::v1::Escalation::Trigger>(2 + chance.Below(2)));
    escalation.set_queue(Name("queues", "up"));
    escalation.set_widen(chance.OneIn(2));
  }
  return rules;
}

const char* const kItems[] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"};
const char* const kPolicies[] = {"p0", "p1"};

void Build(MonitorWorld& world, Chance& chance) {
  for (const char* policy : kPolicies) {
    world.Policy(RandomRules(chance), chance.OneIn(2) ? "office" : "", policy);
  }
  world.Engagement("e0", "p0");
  world.Engagement("e1", "p1");
}

void Move(MonitorWorld& world, Chance& chance, const std::string& id) {
  switch (world.StateOf(id)) {
    case WorkItem::STATE_QUEUED:
      if (chance.OneIn(4)) return world.Transfer(id, chance.OneIn(2) ? "day" : "t1");
      if (chance.OneIn(9)) return world.Cancel(id);
      return world.Assign(id, chance.OneIn(2) ? "ann" : "bob", chance.OneIn(2) ? "day" : "");
    case WorkItem::STATE_ASSIGNED:
      switch (chance.Below(6)) {
        case 0:
          return world.Hold(id, chance.OneIn(2) ? "client" : "");
        case 1:
          return world.Transfer(id, chance.OneIn(2) ? "day" : "t1");
        case 2:
          return world.Queue(id);
        case 3:
          return world.Progress(id, chance.Below(101));
        default:
          return world.Result(id);
      }
    case WorkItem::STATE_ON_HOLD:
      return chance.OneIn(6) ? world.Transfer(id, "day") : world.Resume(id);
    case WorkItem::STATE_SUBMITTED:
      return chance.OneIn(3) ? world.Return(id) : world.Complete(id);
    case WorkItem::STATE_COMPLETED:
      if (chance.OneIn(3)) return world.Reopen(id);
      return world.Retire(id);
    default:
      return world.Retire(id);
  }
}

void Agree(MonitorWorld& world, Chance& chance, const std::string& id) {
  const Micros at = ToMicros(world.now()) - chance.Below(20'000) * kMicrosPerSecond;
  if (chance.OneIn(3)) {
    v1::MoveClockStartRequest request;
    request.set_name(ItemName(id));
    v1::StartChange& change = *request.mutable_change();
    SetTime(at, change.mutable_start_time());
    change.set_reason("late brief");
    change.set_asked_by("vendor");
    change.set_agreed_by("client");
    world.Do(&Core::MoveClockStart, request).status().IgnoreError();
  } else if (chance.OneIn(3)) {
    v1::RemovePauseRequest request;
    request.set_name(ItemName(id));
    request.set_pause(absl::StrCat("p", 1 + chance.Below(3)));
    request.set_reason("no");
    world.Do(&Core::RemovePause, request).status().IgnoreError();
  } else if (chance.OneIn(3)) {
    v1::SetExclusionRequest request;
    request.set_name(ItemName(id));
    if (chance.OneIn(2)) {
      v1::Exclusion& exclusion = *request.mutable_exclusion();
      exclusion.set_reason(v1::EXCLUSION_REASON_AGREED);
      exclusion.set_comment("so be it");
      exclusion.set_asked_by("vendor");
      exclusion.set_agreed_by("client");
    }
    world.Do(&Core::SetExclusion, request).status().IgnoreError();
  } else {
    v1::AddPauseRequest request;
    request.set_name(ItemName(id));
    v1::Pause& pause = *request.mutable_pause();
    SetTime(at, pause.mutable_start_time());
    SetTime(at + chance.Below(5000) * kMicrosPerSecond, pause.mutable_end_time());
    pause.set_reason("no power");
    pause.set_asked_by("vendor");
    pause.set_agreed_by("client");
    world.Do(&Core::AddPause, request).status().IgnoreError();
  }
}

void Act(MonitorWorld& world, Chance& chance) {
  const std::string id = kItems[chance.Below(8)];
  const int what = chance.Below(20);
  if (what == 0) {
    return world.Policy(RandomRules(chance), chance.OneIn(2) ? "office" : "",
                        kPolicies[chance.Below(2)]);
  }
  if (what == 1) return world.OfficeHours("office", chance.OneIn(2) ? "UTC" : "Asia/Kolkata");
  if (what == 2) {
    const auto owed = world.core().Owed(8);
    if (owed.empty()) return;
    return world.Settle(
        owed[static_cast<size_t>(chance.Below(static_cast<int>(owed.size())))].id,
        chance.OneIn(2) ? absl::OkStatus() : Refuse(Reason::REASON_STATE_FORBIDS, "no"));
  }
  if (!world.Has(id)) {
    return world.Submit(id, chance.OneIn(2) ? "e0" : "e1",
                        chance.OneIn(2) ? type::v1::IMPACT_CLASS_LOW : type::v1::IMPACT_CLASS_HIGH,
                        absl::Seconds(chance.Below(4) * 1800));
  }
  if (what < 6) return Agree(world, chance, id);
  Move(world, chance, id);
}

void Step(MonitorWorld& world, Chance& chance) {
  const int before = chance.Below(4);
  if (before == 0) world.Pass(absl::Milliseconds(chance.Below(9'000'000)));
  if (before == 1) world.Rest();
  // Often events come before timers have run.
  if (before == 2) world.SetNow(world.now() + absl::Milliseconds(chance.Below(900'000)));
  Act(world, chance);
}

void CheckReading(const v1::Reading& reading, absl::Time now) {
  Micros running = 0, legs = 0, parties = 0;
  Micros at = ToMicros(reading.clock().create_time());
  for (const v1::Interval& interval : reading.intervals()) {
    ASSERT_EQ(ToMicros(interval.start_time()), at);
    at = ToMicros(interval.end_time());
    if (interval.running()) running += ToMicros(interval.working());
  }
  ASSERT_EQ(at, ToMicros(reading.read_time()));
  for (const v1::LegReading& leg : reading.legs()) legs += ToMicros(leg.elapsed());
  for (const v1::PartyReading& party : reading.parties()) parties += ToMicros(party.elapsed());
  ASSERT_EQ(running, ToMicros(reading.elapsed()));
  ASSERT_EQ(legs, running);
  ASSERT_EQ(parties, running);
  std::set<std::string> standing, names;
  for (const v1::Alert& alert : reading.alerts()) {
    ASSERT_TRUE(names.insert(alert.name()).second) << alert.name();
    ASSERT_LE(ToMicros(alert.ground_time()), ToMicros(alert.raise_time()));
    ASSERT_LE(ToMicros(alert.raise_time()), ToMicros(now));
    if (alert.has_retract_time()) continue;
    ASSERT_TRUE(standing
                    .insert(absl::StrCat(alert.kind(), " ", alert.leg(), " ", alert.handoff(), " ",
                                         alert.percent()))
                    .second)
        << alert.name();
  }
  if (reading.clock().outcome() == v1::Clock::OUTCOME_ATTAINED) {
    ASSERT_LE(running, ToMicros(reading.clock().target()));
  }
}

void CheckAll(MonitorWorld& world) {
  for (const char* id : kItems) {
    if (!world.Has(id)) continue;
    v1::GetClocksRequest request;
    request.set_name(ItemName(id));
    const auto response = world.Ask(&Core::GetClocks, request);
    if (response.ok()) CheckReading(response->reading(), world.now());
  }
  // Folding the events of a clock gives it, and so they do for an alert.
  std::map<std::string, v1::Clock> clocks;
  std::map<std::string, v1::Alert> alerts;
  for (const v1::Event& event : world.events()) {
    const std::string& subject = event.header().subject();
    if (event.has_clock_created()) {
      clocks[subject] = event.clock_created().clock();
      *clocks[subject].mutable_create_time() = clocks[subject].create_time();
    } else if (event.has_clock_changed()) {
      clocks[subject] = event.clock_changed().clock();
    } else if (event.has_clock_retired()) {
      clocks.erase(subject);
    } else if (event.has_alert_raised()) {
      alerts[subject] = event.alert_raised().alert();
    } else if (event.has_alert_retracted()) {
      SetTime(ToMicros(event.header().time()), alerts[subject].mutable_retract_time());
      alerts[subject].set_retract_reason(event.alert_retracted().reason());
    } else if (event.has_alert_escalated()) {
      v1::EscalationStep* found = nullptr;
      for (v1::EscalationStep& step : *alerts[subject].mutable_escalations()) {
        if (step.id() == event.alert_escalated().step().id()) found = &step;
      }
      *(found != nullptr ? found : alerts[subject].add_escalations()) =
          event.alert_escalated().step();
    }
  }
  for (const auto& [name, clock] : clocks) {
    v1::GetClocksRequest request;
    request.set_name(WorkItemName(name));
    const auto response = world.Ask(&Core::GetClocks, request);
    ASSERT_TRUE(response.ok()) << name;
    v1::Clock now = response->reading().clock();
    v1::Clock folded = clock;
    for (v1::Clock* one : {&now, &folded}) {
      one->clear_etag();
      one->clear_update_time();
      one->clear_create_time();
    }
    EXPECT_EQ(folded.ShortDebugString(), now.ShortDebugString());
    for (const v1::Alert& alert : response->reading().alerts()) {
      EXPECT_EQ(alerts[alert.name()].ShortDebugString(), alert.ShortDebugString());
    }
  }
}

void RunSeed(uint64_t seed, testing::JournalMirror* mirror = nullptr) {
  SCOPED_TRACE(absl::StrCat("TIDELINE_SEED=", seed));
  Chance chance(seed);
  MonitorWorld lived;
  if (mirror != nullptr) lived.KeepIn(*mirror);
  Build(lived, chance);
  for (int i = 0; i < kSteps; ++i) {
    Step(lived, chance);
    ASSERT_LE(lived.last_changes(), 500u) << "step " << i;
    ASSERT_EQ(lived.log().find("BUT CHANGED"), std::string::npos) << lived.log();
  }
  std::unique_ptr<MonitorWorld> restored = lived.Reborn();
  ASSERT_EQ(lived.Dump(), restored->Dump());
  ASSERT_EQ(lived.core().NextWake(), restored->core().NextWake());
  Chance one(seed + 1);
  Chance two(seed + 1);
  for (int i = 0; i < kFurther; ++i) {
    Step(lived, one);
    Step(*restored, two);
    ASSERT_EQ(lived.log(), restored->log()) << "further step " << i;
    ASSERT_EQ(lived.core().NextWake(), restored->core().NextWake()) << "further step " << i;
  }
  EXPECT_EQ(lived.Dump(), restored->Dump());
  // A journal forgets kinds that have become empty; the map keeps them.
  if (mirror == nullptr) {
    EXPECT_EQ(lived.records(), restored->records());
  }
  CheckAll(lived);
}

TEST(SlaMonitorProperty, ARestoredCoreIsTheOneThatLived) {
  uint64_t first = 1;
  int seeds = kSeeds;
  if (const char* asked = std::getenv("TIDELINE_SEED")) {
    ASSERT_TRUE(absl::SimpleAtoi(asked, &first));
    seeds = 1;
  }
  std::cout << "seeds " << first << " to " << first + seeds - 1 << "\n";
  for (int i = 0; i < seeds && !::testing::Test::HasFatalFailure(); ++i) RunSeed(first + i);
}

TEST(SlaMonitorProperty, ARestoredCoreFromAMemoryJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    journal::MemoryStore store;
    ASSERT_TRUE(store.Open(1, absl::Seconds(1)).ok());
    testing::JournalMirror mirror(store, "sla_monitor");
    RunSeed(seed, &mirror);
  }
}

TEST(SlaMonitorProperty, ARestoredCoreFromARedisJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    auto redis = testing::RedisServer::StartOrNull();
    if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    journal::RedisStore store(redis->store_options());
    ASSERT_TRUE(store.Open(1, absl::Seconds(10)).ok());
    testing::JournalMirror mirror(store, "sla_monitor");
    RunSeed(seed, &mirror);
  }
}

}  // namespace
}  // namespace tideline::sla_monitor
