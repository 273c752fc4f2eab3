// SPDX-License-Identifier: Apache-2.0
// Whatever happens: a Core restored from its records is the one that lived (responses, changes and
// wake times are equal, byte for byte), the events fold to the resources, the bounds of a step
// hold, and the intervals of accountability of an item tile its life. Prints its seeds;
// TIDELINE_SEED=<n> runs one.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/unit/handoff/handoff_world.h"

namespace tideline::handoff {
namespace {

constexpr int kSeeds = 30;
constexpr uint64_t kJournalSeeds = 2;  // over real journals: each step is a commit
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

const char* const kPeople[] = {"ann", "ada", "ben", "bea", "cal", "cem"};
const char* const kHome[] = {"kr", "kr", "bg", "bg", "ch", "ch"};
const char* const kTeams[] = {"kr", "bg", "ch"};

std::string AnyExpert(Chance& chance) { return Expert(kPeople[chance.Below(6)]); }

v1::Packet RandomPacket(Chance& chance) {
  v1::Packet packet = FullPacket();
  if (chance.OneIn(3)) packet.clear_decisions();
  if (chance.OneIn(4)) packet.clear_done();
  if (chance.OneIn(12)) packet.clear_summary();
  return packet;
}

void RandomTo(Chance& chance, v1::Handoff::Receiver& to) {
  switch (chance.Below(5)) {
    case 0:
      to.mutable_search();
      break;
    case 1:
    case 2:
      to.set_team(Team(kTeams[chance.Below(3)]));
      break;
    default:
      to.set_expert(AnyExpert(chance));
  }
}

v1::Handoff RandomHandoff(Chance& chance, const std::string& item, absl::Time now) {
  v1::Handoff handoff;
  handoff.set_work_item(item);
  handoff.set_kind(static_cast<v1::Handoff::Kind>(chance.Below(4)));
  handoff.set_reason(static_cast<v1::Handoff::Reason>(1 + chance.Below(8)));
  RandomTo(chance, *handoff.mutable_to());
  *handoff.mutable_packet() = RandomPacket(chance);
  if (chance.OneIn(4)) {
    *handoff.mutable_acknowledge_due_time() =
        ToProto(now + absl::Seconds(chance.Below(20'000) - 100));
  }
  return handoff;
}

std::string AnyItem(HandoffWorld& world, Chance& chance) {
  routing::ListWorkItemsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto list = world.routing().Ask(&work_routing::Core::ListWorkItems, request);
  const int at = chance.Below(1'000'000);
  if (!list.ok() || list->work_items().empty()) return "";
  const int size = list->work_items_size();
  const int from = std::max(0, size - 6);
  return list->work_items(from + at % (size - from)).name();
}

v1::Handoff AnyHandoff(HandoffWorld& world, Chance& chance) {
  const std::vector<v1::Handoff> all = world.List();
  const int at = chance.Below(1'000'000);
  if (all.empty()) return v1::Handoff();
  const int size = static_cast<int>(all.size());
  const int from = at % 4 == 0 ? 0 : std::max(0, size - 6);
  return all[static_cast<size_t>(from + at / 4 % (size - from))];
}

// Whom a handoff asks, mostly; its giver where both have to speak; now and then anybody.
std::string Answerer(const v1::Handoff& handoff, Chance& chance) {
  const v1::Party& party =
      handoff.joint_session_required() && chance.OneIn(2) ? handoff.from() : handoff.receiver();
  const int person = chance.Below(6);
  if (chance.OneIn(12)) return Expert(kPeople[person]);
  if (!party.expert().empty()) return party.expert();
  for (int i = 0; i < 6; ++i) {
    const int other = (person + i) % 6;
    if (Team(kHome[other]) == party.team()) return Expert(kPeople[other]);
  }
  return Expert(kPeople[person]);
}

void Routing(HandoffWorld& world, Chance& chance) {
  work_routing::RoutingWorld& routing = world.routing();
  const std::string name = AnyItem(world, chance);
  const int what = chance.Below(12);
  const auto on = [&](auto request, auto verb) {
    request.set_name(name);
    if constexpr (requires { request.set_reason("because"); }) request.set_reason("because");
    routing.Do(verb, request).status().IgnoreError();
  };
  if (what <= 3 || name.empty()) {
    routing::WorkItem item;
    item.set_queue(QueueName("q"));
    item.set_title("work");
    if (chance.OneIn(2)) item.set_work_type("patents");
    if (chance.OneIn(2)) work_routing::Require("law", item);
    if (chance.OneIn(2)) item.mutable_expected_effort()->set_seconds(chance.Below(40'000));
    if (chance.OneIn(3)) *item.mutable_due_time() = ToProto(world.now() + absl::Hours(20));
    routing.TrySubmit(item).status().IgnoreError();
    return;
  }
  switch (what) {
    case 4:
    case 5: {
      routing::ClaimNextRequest request;
      request.set_parent(kWorkspace);
      request.set_expert(AnyExpert(chance));
      routing.Do(&work_routing::Core::ClaimNext, request).status().IgnoreError();
      return;
    }
    case 6: {
      routing::ReportProgressRequest request;
      request.set_progress_percent(chance.Below(101));
      return on(request, &work_routing::Core::ReportProgress);
    }
    case 7: {
      routing::HoldWorkItemRequest request;
      request.mutable_hold()->set_reason("waits");
      request.mutable_hold()->set_asked_by("client");
      if (chance.OneIn(2)) return on(request, &work_routing::Core::HoldWorkItem);
      return on(routing::ResumeWorkItemRequest(), &work_routing::Core::ResumeWorkItem);
    }
    case 8:
      routing.Finish(routing.Get(name)).status().IgnoreError();
      if (chance.OneIn(2))
        return on(routing::ApproveResultRequest(), &work_routing::Core::ApproveResult);
      return on(routing::ReturnForReworkRequest(), &work_routing::Core::ReturnForRework);
    case 9:
      if (chance.OneIn(4))
        return on(routing::CancelWorkItemRequest(), &work_routing::Core::CancelWorkItem);
      return on(routing::ReopenWorkItemRequest(), &work_routing::Core::ReopenWorkItem);
    case 10:
      return on(routing::ReleaseWorkItemRequest(), &work_routing::Core::ReleaseWorkItem);
    default: {
      routing::TransferWorkItemRequest request;
      request.set_custody_epoch(routing.Get(name).custody().epoch());
      request.set_expert(AnyExpert(chance));
      return on(request, &work_routing::Core::TransferWorkItem);
    }
  }
}

void Registry(HandoffWorld& world, Chance& chance) {
  const int person = chance.Below(6);
  const char* id = kPeople[person];
  switch (chance.Below(7)) {
    case 0:
      return world.routing().Offline(id);
    case 4: {
      registry::Resource resource;
      registry::Team& team = *resource.mutable_team();
      team.set_name(Team(kHome[person]));
      team.set_organization(Name("organizations", "vendor"));
      team.set_site(Name("sites", "home"));
      team.set_calendar(Name("calendars", kHome[person]));
      for (int i = chance.Below(3); i > 0; --i) team.add_leads(Expert(kPeople[(person + i) % 6]));
      return world.routing().Put(resource, team.name());
    }
    case 1: {
      registry::Expert expert;
      expert.set_name(Expert(id));
      expert.set_person(chance.OneIn(6) ? "same" : absl::StrCat("person-", id));
      expert.set_team(Team(kHome[person]));
      expert.set_capacity_units(1000);
      if (chance.OneIn(2)) {
        registry::Leave& leave = *expert.add_leaves();
        const absl::Time start = world.now() + absl::Hours(chance.Below(40) - 10);
        *leave.mutable_start_time() = ToProto(start);
        *leave.mutable_end_time() = ToProto(start + absl::Hours(20));
      }
      return world.routing().Put(expert);
    }
    case 2: {
      type::v1::HandoffRules rules;
      if (chance.OneIn(2)) rules.add_required_parts(type::v1::PACKET_PART_DONE);
      rules.set_max_returns(1 + chance.Below(2));
      rules.mutable_acknowledge_within()->set_seconds(600 + chance.Below(20'000));
      return world.Rules("patents", rules);
    }
    case 3:
      return world.routing().OfficeHours(kTeams[chance.Below(3)], "Europe/Warsaw");
    default:
      return world.routing().AddExpert(id, kHome[person], chance.OneIn(3) ? "tax" : "law tax",
                                       1000);
  }
}

void Plans(HandoffWorld& world, Chance& chance) {
  if (chance.OneIn(3)) {
    v1::DeleteRelayPlanRequest request;
    request.set_name(Name("relayPlans", "sun"));
    world.Do(&Core::DeleteRelayPlan, request).status().IgnoreError();
    return;
  }
  v1::RelayPlan plan;
  plan.set_name(Name("relayPlans", "sun"));
  plan.set_queue(QueueName("q"));
  for (const char* team : {"kr", "ch", "bg"}) plan.add_teams(Team(team));
  if (chance.OneIn(2)) plan.mutable_assumed_effort()->set_seconds(3600);
  if (chance.OneIn(2)) plan.mutable_horizon()->set_seconds(600 + chance.Below(7200));
  if (chance.OneIn(3)) plan.set_calendar(Name("calendars", "kr"));
  if (chance.OneIn(2)) {
    v1::UpdateRelayPlanRequest request;
    *request.mutable_relay_plan() = plan;
    request.set_validate_only(chance.OneIn(4));
    world.Do(&Core::UpdateRelayPlan, request).status().IgnoreError();
    return;
  }
  v1::CreateRelayPlanRequest request;
  request.set_parent(kWorkspace);
  request.set_relay_plan_id("sun");
  *request.mutable_relay_plan() = plan;
  world.Do(&Core::CreateRelayPlan, request).status().IgnoreError();
}

void Act(HandoffWorld& world, Chance& chance) {
  const int what = chance.Below(30);
  if (what < 8) return Routing(world, chance);
  if (what == 8) return Registry(world, chance);
  if (what == 9) return Plans(world, chance);
  if (what < 16) {
    const std::string item = AnyItem(world, chance);
    world.Propose(RandomHandoff(chance, item, world.now())).status().IgnoreError();
    return;
  }
  const v1::Handoff handoff = AnyHandoff(world, chance);
  const std::string who = Answerer(handoff, chance);
  const auto on = [&](auto request, auto verb) {
    request.set_name(handoff.name());
    world.Do(verb, request).status().IgnoreError();
  };
  switch (what) {
    case 16: {
      v1::DeclineHandoffRequest request;
      request.set_expert(who);
      request.set_reason(static_cast<v1::DeclineReason>(chance.Below(4)));
      return on(request, &Core::DeclineHandoff);
    }
    case 17:
      if (chance.OneIn(2)) return;
      return on(v1::WithdrawHandoffRequest(), &Core::WithdrawHandoff);
    case 18: {
      v1::ForwardHandoffRequest request;
      RandomTo(chance, *request.mutable_to());
      return on(request, &Core::ForwardHandoff);
    }
    case 19: {
      v1::ReturnHandoffRequest request;
      *request.mutable_packet() = RandomPacket(chance);
      return on(request, &Core::ReturnHandoff);
    }
    case 20: {
      v1::UpdateHandoffPacketRequest request;
      *request.mutable_packet() = RandomPacket(chance);
      return on(request, &Core::UpdateHandoffPacket);
    }
    case 21: {
      v1::AskQuestionsRequest request;
      request.set_expert(who);
      request.add_questions("Why?");
      return on(request, &Core::AskQuestions);
    }
    case 22: {
      v1::AnswerQuestionRequest request;
      request.set_number(1 + chance.Below(2));
      request.set_answer("Because.");
      return on(request, &Core::AnswerQuestion);
    }
    case 23: {
      v1::RatePacketRequest request;
      request.set_expert(who);
      request.mutable_rating()->set_usefulness(1 + chance.Below(5));
      return on(request, &Core::RatePacket);
    }
    case 24: {
      v1::PreviewRelayRequest request;
      request.set_parent(kWorkspace);
      request.set_team(Team(kTeams[chance.Below(3)]));
      world.Ask(&Core::PreviewRelay, request).status().IgnoreError();
      return;
    }
    default: {
      v1::AcknowledgeHandoffRequest request;
      request.set_expert(who);
      request.set_read_back(chance.OneIn(10) ? "short" : "I go on where the packet ends.");
      request.set_take(chance.OneIn(2));
      return on(request, &Core::AcknowledgeHandoff);
    }
  }
}

void Step(HandoffWorld& world, Chance& chance) {
  world.ClearLog();
  const int before = chance.Below(5);
  world.order =
      chance.OneIn(2) ? HandoffWorld::Order::kAnswerFirst : HandoffWorld::Order::kEventFirst;
  world.deliver = !chance.OneIn(4);  // often the answer is long in coming
  if (before == 0) world.Pass(absl::Seconds(chance.Below(7200)));
  Act(world, chance);
}

bool Same(const v1::Party& party, const routing::Custody& custody) {
  return party.team() == custody.team() && party.expert() == custody.holder();
}

// From the events of routing alone: who was accountable when, without a gap or an overlap; and each
// move by a handoff is one that was acknowledged, from its giver to its receiver.
void CheckAccountability(HandoffWorld& world) {
  struct Life {
    routing::Custody custody;
    absl::Time since;
  };
  std::map<std::string, Life> lives;
  std::map<std::string, int> moved;
  for (const routing::Event& event : world.routing().events()) {
    const std::string& item = event.header().subject();
    const absl::Time at = ToTime(event.header().time());
    if (event.has_work_item_submitted()) {
      lives[item] = {event.work_item_submitted().work_item().custody(), at};
      ASSERT_FALSE(lives[item].custody.team().empty());
      continue;
    }
    const auto* reflection = event.GetReflection();
    const auto* kind =
        reflection->GetOneofFieldDescriptor(event, routing::Event::descriptor()->oneof_decl(0));
    const auto& inner = reflection->GetMessage(event, kind);
    const auto* field = inner.GetDescriptor()->FindFieldByName("standing");
    if (field == nullptr || !lives.contains(item)) continue;
    const auto& standing = static_cast<const routing::WorkItemStanding&>(
        inner.GetReflection()->GetMessage(inner, field));
    Life& life = lives[item];
    const routing::Custody before = life.custody;
    if (standing.custody().epoch() != before.epoch()) {
      ASSERT_EQ(standing.custody().epoch(), before.epoch() + 1) << item;
      ASSERT_EQ(ToTime(standing.custody().since()), at) << item;  // begins where the last one ends
      ASSERT_GE(at, life.since);
      ASSERT_FALSE(standing.custody().team().empty());
      life = {standing.custody(), at};
    } else {
      ASSERT_EQ(standing.custody().holder(), before.holder()) << item;
    }
    if (!event.has_work_item_transferred()) continue;
    const std::string& by = event.work_item_transferred().reason();
    if (by.find("/handoffs/") == std::string::npos) continue;
    ++moved[by];
    const v1::Handoff handoff = FoldHandoff(world.events(), by);
    if (handoff.name().empty()) continue;  // retired
    ASSERT_TRUE(handoff.has_acknowledgement()) << by;
    ASSERT_TRUE(Same(handoff.from(), before)) << by;
    ASSERT_EQ(handoff.receiver().team(), standing.custody().team()) << by;
  }
  for (const auto& [name, times] : moved) EXPECT_EQ(times, 1) << name;
  for (const v1::Handoff& handoff : world.List()) {
    EXPECT_EQ(moved.contains(handoff.name()), handoff.state() == v1::Handoff::STATE_TRANSFERRED)
        << handoff.ShortDebugString();
  }
}

void CheckFolds(HandoffWorld& world) {
  for (const v1::Handoff& handoff : world.List()) {
    EXPECT_EQ(FoldHandoff(world.events(), handoff.name()).ShortDebugString(),
              handoff.ShortDebugString());
  }
}

// Kinds of events that came up so far, so that nobody mistakes a narrow history for a good one.
std::set<std::string>& SeenKinds() {
  static auto& seen = *new std::set<std::string>();
  return seen;
}

void NoteKinds(const HandoffWorld& world) {
  for (const v1::Event& event : world.events()) {
    const auto* kind = event.GetReflection()->GetOneofFieldDescriptor(
        event, v1::Event::descriptor()->oneof_decl(0));
    SeenKinds().insert(kind->name());
  }
}

void RunSeed(uint64_t seed, testing::JournalMirror* mirror = nullptr) {
  SCOPED_TRACE(absl::StrCat("TIDELINE_SEED=", seed));
  Chance chance(seed);
  HandoffWorld lived(true);
  if (mirror != nullptr) lived.KeepIn(*mirror);
  Plans(lived, chance);
  for (int i = 0; i < kSteps; ++i) {
    Step(lived, chance);
    ASSERT_LE(lived.last_changes(), 500u) << "step " << i;
    ASSERT_EQ(lived.log().find("BUT CHANGED"), std::string::npos) << lived.log();
  }
  std::unique_ptr<HandoffWorld> restored = lived.Reborn();
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
  lived.deliver = true;
  lived.Sync();
  CheckFolds(lived);
  CheckAccountability(lived);
  NoteKinds(lived);
}

TEST(HandoffProperty, ARestoredCoreIsTheOneThatLivedAndAccountabilityTilesEachLife) {
  uint64_t first = 1;
  int seeds = kSeeds;
  if (const char* asked = std::getenv("TIDELINE_SEED")) {
    ASSERT_TRUE(absl::SimpleAtoi(asked, &first));
    seeds = 1;
  }
  std::cout << "seeds " << first << " to " << first + seeds - 1 << "\n";
  for (int i = 0; i < seeds && !::testing::Test::HasFatalFailure(); ++i) RunSeed(first + i);
  if (seeds == 1) return;
  const auto* kinds = v1::Event::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    EXPECT_TRUE(SeenKinds().contains(kinds->field(i)->name())) << kinds->field(i)->name();
  }
}

TEST(HandoffProperty, ARestoredCoreFromAMemoryJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    journal::MemoryStore store;
    ASSERT_TRUE(store.Open(1, absl::Seconds(1)).ok());
    testing::JournalMirror mirror(store, "handoff");
    RunSeed(seed, &mirror);
  }
}

TEST(HandoffProperty, ARestoredCoreFromARedisJournalIsTheOneThatLived) {
  for (uint64_t seed = 1; seed <= kJournalSeeds && !HasFatalFailure(); ++seed) {
    auto redis = testing::RedisServer::StartOrNull();
    if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
    journal::RedisStore store(redis->store_options());
    ASSERT_TRUE(store.Open(1, absl::Seconds(10)).ok());
    testing::JournalMirror mirror(store, "handoff");
    RunSeed(seed, &mirror);
  }
}

}  // namespace
}  // namespace tideline::handoff
