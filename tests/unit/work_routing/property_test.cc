// SPDX-License-Identifier: Apache-2.0
// Whatever happens, a Core restored from its records is the one that lived: after random calls,
// roster events and time, both answer the same further steps with the same bytes, changes and wake
// times; the events fold to the resources; and the bounds of a step hold. Prints its seeds;
// TIDELINE_SEED=<n> runs one.
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
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

const char* const kPeople[] = {"ann", "bob", "cid", "dan", "eve", "fay"};
const char* const kTeams[] = {"t1", "t2", "day"};
const char* const kSkills[] = {"law", "tax", "art"};
const char* const kQueues[] = {"push", "auto", "pull"};

registry::Expert RandomExpert(Chance& chance) {
  registry::Expert expert;
  const std::string id = kPeople[chance.Below(6)];
  expert.set_name(Expert(id));
  expert.set_person(chance.OneIn(4) ? "same" : "person-" + id);
  expert.set_team(Team(kTeams[chance.Below(3)]));
  expert.set_capacity_units(1 + chance.Below(6));
  for (const char* skill : kSkills) {
    if (chance.OneIn(3)) continue;
    registry::ExpertSkill& held = *expert.add_skills();
    held.set_skill(Skill(skill));
    held.set_level(static_cast<type::v1::Level>(1 + chance.Below(5)));
    held.set_stage(registry::SKILL_STAGE_INDEPENDENT);
  }
  return expert;
}

v1::QueuePolicy RandomPolicy(Chance& chance, v1::QueuePolicy::Mode mode) {
  v1::QueuePolicy policy;
  policy.set_mode(mode);
  policy.mutable_offer_timeout()->set_seconds(30 + chance.Below(600));
  policy.set_completion(chance.OneIn(2) ? v1::QueuePolicy::COMPLETION_AUTO
                                        : v1::QueuePolicy::COMPLETION_REVIEWED);
  policy.set_holding(static_cast<v1::QueuePolicy::Holding>(1 + chance.Below(3)));
  policy.mutable_holding_return_after()->set_seconds(chance.Below(7200));
  policy.mutable_retention()->set_seconds(chance.Below(20'000));
  policy.mutable_reopen_window()->set_seconds(3600);
  policy.mutable_pause_budget()->set_seconds(3000);
  if (chance.OneIn(2)) policy.mutable_progress_timeout()->set_seconds(2000);
  policy.set_offer_again(chance.OneIn(4));
  policy.set_max_offers(3 + chance.Below(6));
  policy.set_max_returns(1 + chance.Below(3));
  policy.set_finish_in_shift(chance.OneIn(3));
  if (chance.OneIn(3)) policy.set_max_items_in_progress(3);
  if (chance.OneIn(3)) policy.set_max_items_per_expert(2);
  if (chance.OneIn(2)) policy.add_teams(Team("t1"));
  if (chance.OneIn(2)) {
    auto& bound = *policy.add_aging_bounds();
    bound.mutable_age()->set_seconds(1000 + chance.Below(5000));
  }
  for (int i = chance.Below(3); i > 0; --i) {
    auto& step = *policy.add_widening_steps();
    if (chance.OneIn(2)) step.mutable_after()->set_seconds(100 + chance.Below(3000));
    if (chance.OneIn(3)) step.set_due_percent(50);
    step.set_drop_preferred(chance.OneIn(2));
    step.set_lower_levels(chance.OneIn(2));
    step.set_any_team(chance.OneIn(2));
    if (chance.OneIn(2)) step.add_add_teams(Team(kTeams[chance.Below(3)]));
  }
  return policy;
}

v1::WorkItem RandomItem(Chance& chance, absl::Time now) {
  v1::WorkItem item;
  item.set_queue(QueueName(kQueues[chance.Below(3)]));
  item.set_title("work");
  item.set_work_type(chance.OneIn(2) ? "patents" : "audits");
  if (chance.OneIn(3)) item.set_engagement(Name("engagements", "e1"));
  for (const char* skill : kSkills) {
    if (chance.OneIn(2)) continue;
    v1::Requirement& r = *item.add_requirements();
    r.set_skill(Skill(skill));
    r.set_min_level(static_cast<type::v1::Level>(1 + chance.Below(4)));
    if (chance.OneIn(3)) r.set_kind(v1::Requirement::KIND_PREFERRED);
    if (chance.OneIn(3)) r.mutable_droppable_after()->set_seconds(chance.Below(4000));
    if (chance.OneIn(3)) r.set_lowest_level(type::v1::LEVEL_NOVICE);
  }
  if (chance.OneIn(3)) {
    SetTime(ToNanos(now + absl::Seconds(chance.Below(20'000))), item.mutable_due_time());
  }
  if (chance.OneIn(2)) item.mutable_expected_effort()->set_seconds(chance.Below(10'000));
  item.set_priority(static_cast<type::v1::Priority>(chance.Below(5)));
  item.set_impact_class(static_cast<type::v1::ImpactClass>(chance.Below(5)));
  if (chance.OneIn(4)) {
    item.mutable_constraints()->add_excluded_experts(Expert(kPeople[chance.Below(6)]));
  }
  if (chance.OneIn(4)) {
    item.mutable_constraints()->add_affinity_experts(Expert(kPeople[chance.Below(6)]));
  }
  if (chance.OneIn(5)) item.set_team(Team(kTeams[chance.Below(3)]));
  (*item.mutable_attributes())["k"] = "v";
  return item;
}

void Build(RoutingWorld& world, Chance& chance) {
  world.Basics();
  world.AddSkill("art");
  world.OfficeHours("office");
  world.AddTeam("day", "vendor", "home", "office");
  registry::Engagement engagement;
  engagement.set_name(Name("engagements", "e1"));
  engagement.set_client(Name("organizations", "client"));
  engagement.set_vendor(Name("organizations", "vendor"));
  world.Put(engagement);
  for (const char* id : kPeople) world.AddExpert(id, kTeams[chance.Below(3)], "law tax", 3);
  world.AddQueue("push", RandomPolicy(chance, v1::QueuePolicy::MODE_PUSH));
  world.AddQueue("auto", RandomPolicy(chance, v1::QueuePolicy::MODE_AUTO_ASSIGN));
  world.AddQueue("pull", RandomPolicy(chance, v1::QueuePolicy::MODE_PULL));
}

// One random item there is; empty when there is none.
v1::WorkItem Pick(RoutingWorld& world, Chance& chance) {
  v1::ListWorkItemsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto list = world.Ask(&Core::ListWorkItems, request);
  const int at = chance.Below(1'000'000);
  if (!list.ok() || list->work_items().empty()) return v1::WorkItem();
  // Young ones more often: they have more life in them.
  const int size = list->work_items_size();
  const int from = at % 3 == 0 ? 0 : std::max(0, size - 12);
  return list->work_items(from + at / 3 % (size - from));
}

template <class Request, class Verb>
void On(RoutingWorld& world, const v1::WorkItem& item, Verb verb) {
  Request request;
  request.set_name(item.name());
  if constexpr (requires { request.set_reason("because"); }) request.set_reason("because");
  world.Do(verb, request).status().IgnoreError();
}

void Act(RoutingWorld& world, Chance& chance) {
  const int what = chance.Below(30);
  const v1::WorkItem item = Pick(world, chance);
  switch (what) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      world.TrySubmit(RandomItem(chance, world.now())).status().IgnoreError();
      return;
    case 5: {
      v1::BatchSubmitWorkItemsRequest request;
      request.set_parent(kWorkspace);
      for (int i = chance.Below(8); i >= 0; --i) {
        *request.add_items()->mutable_work_item() = RandomItem(chance, world.now());
      }
      world.Do(&Core::BatchSubmitWorkItems, request).status().IgnoreError();
      return;
    }
    case 6:
    case 7:
    case 8:
    case 9:
      world.Accept(item).status().IgnoreError();
      return;
    case 10:
    case 11:
      world.Decline(item).status().IgnoreError();
      return;
    case 12: {
      v1::HoldWorkItemRequest request;
      request.set_name(item.name());
      request.mutable_hold()->set_reason("waits");
      request.mutable_hold()->set_asked_by("client");
      world.Do(&Core::HoldWorkItem, request).status().IgnoreError();
      return;
    }
    case 13:
      return On<v1::ResumeWorkItemRequest>(world, item, &Core::ResumeWorkItem);
    case 14:
    case 15:
    case 16:
      world.Finish(item).status().IgnoreError();
      return;
    case 17:
      return On<v1::ApproveResultRequest>(world, item, &Core::ApproveResult);
    case 18:
      return On<v1::ReturnForReworkRequest>(world, item, &Core::ReturnForRework);
    case 19:
      return On<v1::ReopenWorkItemRequest>(world, item, &Core::ReopenWorkItem);
    case 20:
      return On<v1::ReleaseWorkItemRequest>(world, item, &Core::ReleaseWorkItem);
    case 21:
      if (chance.OneIn(3)) On<v1::CancelWorkItemRequest>(world, item, &Core::CancelWorkItem);
      return On<v1::WidenWorkItemRequest>(world, item, &Core::WidenWorkItem);
    case 22: {
      v1::TransferWorkItemRequest request;
      request.set_name(item.name());
      request.set_custody_epoch(item.custody().epoch());
      if (chance.OneIn(2)) {
        request.set_team(Team(kTeams[chance.Below(3)]));
      } else {
        request.set_expert(Expert(kPeople[chance.Below(6)]));
      }
      world.Do(&Core::TransferWorkItem, request).status().IgnoreError();
      return;
    }
    case 23: {
      v1::ReprioritizeWorkItemRequest request;
      request.set_name(item.name());
      request.set_priority(static_cast<type::v1::Priority>(1 + chance.Below(4)));
      if (chance.OneIn(2)) {
        SetTime(ToNanos(world.now() + absl::Seconds(chance.Below(9000))),
                request.mutable_due_time());
      }
      world.Do(&Core::ReprioritizeWorkItem, request).status().IgnoreError();
      return;
    }
    case 24: {
      v1::ClaimNextRequest request;
      request.set_parent(kWorkspace);
      request.set_expert(Expert(kPeople[chance.Below(6)]));
      world.Do(&Core::ClaimNext, request).status().IgnoreError();
      return;
    }
    case 25: {
      v1::PutRestrictionRequest request;
      v1::Restriction& restriction = *request.mutable_restriction();
      restriction.set_name(Name("restrictions", chance.OneIn(2) ? "r1" : "r2"));
      restriction.set_effect(chance.OneIn(2) ? v1::Restriction::EFFECT_EXCLUDE
                                             : v1::Restriction::EFFECT_LIFT);
      restriction.set_source("directive");
      restriction.set_reason("because");
      if (chance.OneIn(2)) restriction.mutable_scope()->add_work_types("patents");
      if (chance.OneIn(2)) restriction.mutable_scope()->add_teams(Team("t1"));
      if (chance.OneIn(2)) {
        SetTime(ToNanos(world.now() + absl::Seconds(chance.Below(2000))),
                restriction.mutable_until());
      }
      world.Do(&Core::PutRestriction, request).status().IgnoreError();
      return;
    }
    case 26: {
      v1::UpdateQueueRequest request;
      const int which = chance.Below(3);
      request.mutable_queue()->set_name(QueueName(kQueues[which]));
      *request.mutable_queue()->mutable_policy() =
          RandomPolicy(chance, static_cast<v1::QueuePolicy::Mode>(which + 1));
      if (chance.OneIn(3)) world.Do(&Core::UpdateQueue, request).status().IgnoreError();
      return;
    }
    case 27: {
      const char* id = kPeople[chance.Below(6)];
      const int state = 1 + chance.Below(7);
      if (chance.OneIn(3)) return world.Offline(id);
      if (chance.OneIn(3)) return world.Presence(id, static_cast<registry::Presence::State>(state));
      return world.Online(id);
    }
    case 28:
      if (chance.OneIn(6)) return world.RemoveExpert(kPeople[chance.Below(6)]);
      return world.Put(RandomExpert(chance));
    default: {
      v1::ReportProgressRequest request;
      request.set_name(item.name());
      request.set_progress_percent(chance.Below(101));
      world.Do(&Core::ReportProgress, request).status().IgnoreError();
      return;
    }
  }
}

void Step(RoutingWorld& world, Chance& chance) {
  const int before = chance.Below(4);
  if (before == 0) world.Pass(absl::Seconds(chance.Below(900)));
  if (before == 1) world.Rest();  // often calls come before timers have run
  Act(world, chance);
}

void CheckFolds(RoutingWorld& world) {
  v1::ListWorkItemsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto list = world.Ask(&Core::ListWorkItems, request);
  for (const v1::WorkItem& item : list->work_items()) {
    EXPECT_EQ(FoldItem(world.events(), item.name()).ShortDebugString(),
              world.Get(item.name()).ShortDebugString());
  }
}

void RunSeed(uint64_t seed, testing::JournalMirror* mirror = nullptr) {
  SCOPED_TRACE(absl::StrCat("TIDELINE_SEED=", seed));
  Chance chance(seed);
  RoutingWorld lived;
  if (mirror != nullptr) lived.KeepIn(*mirror);
  Build(lived, chance);
  for (int i = 0; i < kSteps; ++i) {
    Step(lived, chance);
    ASSERT_LE(lived.last_changes(), 500u) << "step " << i;
    ASSERT_EQ(lived.log().find("BUT CHANGED"), std::string::npos) << lived.log();
  }
  std::unique_ptr<RoutingWorld> restored = lived.Reborn();
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
  CheckFolds(lived);
}

TEST(WorkRoutingProperty, ARestoredCoreIsTheOneThatLived) {
  uint64_t first = 1;
  int seeds = kSeeds;
  if (const char* asked = std::getenv("TIDELINE_SEED")) {
    ASSERT_TRUE(absl::SimpleAtoi(asked, &first));
    seeds = 1;
  }
  std::cout << "seeds " << first << " to " << first + seeds - 1 << "\n";
  for (int i = 0; i < seeds && !::testing::Test::HasFatalFailure(); ++i) RunSeed(first + i);
}

TEST(WorkRoutingProperty, ARestoredCoreFromAMemoryJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    journal::MemoryStore store;
    ASSERT_TRUE(store.Open(1, absl::Seconds(1)).ok());
    testing::JournalMirror mirror(store, "work_routing");
    RunSeed(seed, &mirror);
  }
}

TEST(WorkRoutingProperty, ARestoredCoreFromARedisJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    auto redis = testing::RedisServer::StartOrNull();
    if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    journal::RedisStore store(redis->store_options());
    ASSERT_TRUE(store.Open(1, absl::Seconds(10)).ok());
    testing::JournalMirror mirror(store, "work_routing");
    RunSeed(seed, &mirror);
  }
}

}  // namespace
}  // namespace tideline::work_routing
