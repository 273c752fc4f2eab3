// SPDX-License-Identifier: Apache-2.0
// Whatever happens: a Core restored from its records is the one that lived (responses, changes and
// wake times are equal, byte for byte), events give the resources, the bounds of a step hold, no
// result is approved and sent back at once, and nobody whom the policy excludes is ever assigned a
// review. Prints its seeds; TIDELINE_SEED=<n> runs one.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/journal/memory_store.h"
#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

constexpr int kSeeds = 30;
constexpr int kSteps = 260;
constexpr int kFurther = 120;

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

const char* const kPeople[] = {"ann", "ada", "ben", "bea", "cal", "cem"};
const char* const kTeams[] = {"kr", "bg", "ch"};
const char* const kOrganizations[] = {"vendor", "rival", "solo"};
const char* const kTypes[] = {"patents", "markets", "codes"};

// The roster as a test that knows nothing of the Core sees it.
struct Town {
  std::map<std::string, std::string> team_of = {{"ann", "kr"}, {"ada", "kr"}, {"ben", "bg"},
                                                {"bea", "bg"}, {"cal", "ch"}, {"cem", "ch"}};
  std::map<std::string, std::string> person_of;
  std::map<std::string, std::string> organization_of = {
      {"kr", "vendor"}, {"bg", "vendor"}, {"ch", "rival"}};
  std::map<std::string, std::string> owner_of;
  std::map<std::string, std::vector<std::string>> conflicts_of;
  std::map<std::pair<std::string, int64_t>, v1::ReviewPolicy> terms;  // by name and revision

  std::string Top(std::string organization) const {
    for (int i = 0; i < 8; ++i) {
      auto owner = owner_of.find(organization);
      if (owner == owner_of.end() || owner->second.empty()) break;
      organization = owner->second;
    }
    return organization;
  }
  std::string OrganizationOf(const std::string& expert) const {
    return organization_of.at(team_of.at(expert));
  }
  bool Same(const std::string& a, const std::string& b) const {
    if (a == b) return true;
    auto one = person_of.find(a);
    auto other = person_of.find(b);
    return one != person_of.end() && other != person_of.end() && !one->second.empty() &&
           one->second == other->second;
  }
  // Whether anybody related to one competes with anybody related to the other.
  bool Compete(const std::string& a, const std::string& b) const {
    for (const auto& [one, rivals] : conflicts_of) {
      for (const std::string& rival : rivals) {
        if ((Top(one) == Top(a) && Top(rival) == Top(b)) ||
            (Top(one) == Top(b) && Top(rival) == Top(a))) {
          return true;
        }
      }
    }
    return false;
  }
};

v1::ReviewPolicy RandomPolicy(Chance& chance, const std::string& type) {
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_work_type(type);
  policy.clear_rubric();
  policy.set_max_rounds(1 + chance.Below(2));
  if (chance.OneIn(2)) policy.set_double_percent(50);
  if (chance.OneIn(2)) *policy.add_stages() = policy.stages(0);
  policy.set_gold_per_mille(chance.Below(200));
  if (chance.OneIn(2)) {
    policy.mutable_sampling()->set_aql("6.5");
    policy.mutable_sampling()->set_lot_size(3 + chance.Below(4));
    policy.mutable_sampling()->set_seed(absl::StrCat("seed-", chance.Below(1000)));
    policy.mutable_sampling()->set_new_person_results(chance.Below(2));
    if (chance.OneIn(2)) policy.mutable_sampling()->mutable_lot_period()->set_seconds(36'000);
  }
  for (v1::Stage& stage : *policy.mutable_stages()) {
    v1::Independence& independence = *stage.mutable_independence();
    independence.set_untouched(chance.OneIn(2));
    independence.set_other_team(chance.OneIn(2));
    independence.set_other_organization(chance.OneIn(3));
    independence.set_no_conflict(chance.OneIn(3));
  }
  return policy;
}

std::string Id(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// The first rule that this reviewer breaks; empty: none.
std::string Broken(ReviewWorld& world, const Town& town, const v1::Review& review,
                   const v1::Opinion& opinion, const std::string& reviewer) {
  const auto terms = town.terms.find({review.policy(), review.policy_revision()});
  if (terms == town.terms.end()) return "unknown terms";
  const v1::Independence& asked = terms->second.stages(opinion.stage()).independence();
  const std::string doer = Id(review.doer());
  if (town.Same(doer, reviewer)) return "doer";
  for (const v1::Opinion& other : review.opinions()) {
    if (other.number() == opinion.number() || other.state() == v1::Opinion::STATE_DROPPED) continue;
    if (!other.reviewer().empty() && town.Same(Id(other.reviewer()), reviewer)) return "opinion";
  }
  const routing::WorkItem item = world.routing().Get(review.work_item());
  for (const routing::Period& period : item.periods()) {
    if (period.holder().empty()) continue;
    if (asked.untouched() && town.Same(Id(period.holder()), reviewer)) return "touched";
    if (asked.other_team() && Id(period.team()) == town.team_of.at(reviewer)) return "team then";
  }
  if (asked.other_team() && town.team_of.at(doer) == town.team_of.at(reviewer)) return "team now";
  const std::string theirs = town.OrganizationOf(doer);
  const std::string own = town.OrganizationOf(reviewer);
  if (asked.other_organization() && town.Top(theirs) == town.Top(own)) return "organization";
  if (asked.no_conflict() && town.Compete(theirs, own)) return "conflict";
  return "";
}

void ChangeRoster(ReviewWorld& world, Town& town, Chance& chance) {
  const std::string who = kPeople[chance.Below(6)];
  const std::string organization = kOrganizations[chance.Below(3)];
  switch (chance.Below(5)) {
    case 0:  // somebody changes teams
    case 1:
      town.team_of[who] = kTeams[chance.Below(3)];
      break;
    case 2:  // two experts turn out to be one person
      town.person_of[who] = chance.OneIn(2) ? "the-same" : "";
      break;
    case 3: {  // a team is sold
      const std::string team = kTeams[chance.Below(3)];
      town.organization_of[team] = organization;
      return world.routing().AddTeam(team, organization);
    }
    default: {  // a firm is bought, or falls out with another
      const std::string other = kOrganizations[chance.Below(3)];
      town.owner_of[organization] = chance.OneIn(2) && town.Top(other) != organization ? other : "";
      if (town.owner_of[organization] == organization) town.owner_of[organization] = "";
      town.conflicts_of[organization].clear();
      if (chance.OneIn(2) && other != organization) {
        town.conflicts_of[organization].push_back(other);
      }
      std::vector<std::string> conflicts;
      for (const std::string& one : town.conflicts_of[organization]) conflicts.push_back(one);
      return world.routing().Organization(organization, town.owner_of[organization], conflicts);
    }
  }
  registry::Expert expert;
  expert.set_name(Expert(who));
  expert.set_team(Team(town.team_of[who]));
  expert.set_person(town.person_of[who]);
  expert.set_capacity_units(1000);
  world.routing().Put(expert);
}

std::string AnyItem(ReviewWorld& world, Chance& chance) {
  routing::ListWorkItemsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto list = world.routing().Ask(&work_routing::Core::ListWorkItems, request);
  const int at = chance.Below(1'000'000);
  if (!list.ok() || list->work_items().empty()) return "";
  const int size = list->work_items_size();
  const int from = std::max(0, size - 8);
  return list->work_items(from + at % (size - from)).name();
}

v1::Review AnyReview(ReviewWorld& world, Chance& chance) {
  const std::vector<v1::Review> all = world.List();
  const int at = chance.Below(1'000'000);
  if (all.empty()) return v1::Review();
  const int size = static_cast<int>(all.size());
  const int from = std::max(0, size - 8);
  return all[static_cast<size_t>(from + at % (size - from))];
}

// Routing finds a reviewer by itself: the moment the property speaks of.
void Claim(ReviewWorld& world, const Town& town, const std::string& who) {
  world.Sync();
  routing::ClaimNextRequest request;
  request.set_parent(kWorkspace);
  request.set_expert(Expert(who));
  request.set_queue(QueueName("reviews"));
  const auto claimed = world.routing().Do(&work_routing::Core::ClaimNext, request);
  if (claimed.ok() && world.deliver) {
    const std::string item = claimed->work_item().name();
    for (const v1::Review& review : world.List()) {
      for (const v1::Opinion& opinion : review.opinions()) {
        if (opinion.work_item() != item || opinion.state() != v1::Opinion::STATE_OPEN) continue;
        ASSERT_EQ(Broken(world, town, review, opinion, who), "")
            << who << " got " << review.ShortDebugString();
        ASSERT_EQ(opinion.reviewer(), Expert(who));
      }
    }
  }
  world.Sync();
}

void Routing(ReviewWorld& world, Chance& chance) {
  work_routing::RoutingWorld& routing = world.routing();
  const std::string name = AnyItem(world, chance);
  const int what = chance.Below(10);
  const auto on = [&](auto request, auto verb) {
    request.set_name(name);
    if constexpr (requires { request.set_reason("because"); }) request.set_reason("because");
    routing.Do(verb, request).status().IgnoreError();
  };
  if (what <= 3 || name.empty()) {
    routing::WorkItem item;
    item.set_queue(QueueName(chance.OneIn(5) ? "auto" : "q"));
    item.set_title("work");
    item.set_work_type(kTypes[chance.Below(3)]);
    item.set_impact_class(static_cast<type::v1::ImpactClass>(chance.Below(5)));
    const auto made = routing.TrySubmit(item);
    if (!made.ok()) return;
    for (int i = 1 + chance.Below(2); i > 0; --i) {  // once, or by somebody else's hands
      routing::TransferWorkItemRequest request;
      request.set_name(made->name());
      request.set_custody_epoch(routing.Get(made->name()).custody().epoch());
      request.set_expert(Expert(kPeople[chance.Below(6)]));
      routing.Do(&work_routing::Core::TransferWorkItem, request).status().IgnoreError();
    }
    return;
  }
  switch (what) {
    case 4:
      if (!chance.OneIn(3)) return;
      return on(routing::ApproveResultRequest(), &work_routing::Core::ApproveResult);
    case 5:
      if (chance.OneIn(4)) {
        return on(routing::CancelWorkItemRequest(), &work_routing::Core::CancelWorkItem);
      }
      return on(routing::ReopenWorkItemRequest(), &work_routing::Core::ReopenWorkItem);
    case 6:
      return on(routing::ReleaseWorkItemRequest(), &work_routing::Core::ReleaseWorkItem);
    default: {
      routing::SubmitResultRequest request;
      request.mutable_result()->set_summary(absl::StrCat("result ", chance.Below(4)));
      return on(request, &work_routing::Core::SubmitResult);
    }
  }
}

void Say(ReviewWorld& world, Chance& chance) {
  const v1::Review review = AnyReview(world, chance);
  const auto verdict = static_cast<v1::Verdict>(1 + chance.Below(chance.OneIn(4) ? 3 : 2));
  std::string who = Expert(kPeople[chance.Below(6)]);
  bool arbitrates = false;
  for (const v1::Opinion& opinion : review.opinions()) {
    if (opinion.state() != v1::Opinion::STATE_OPEN) continue;
    arbitrates = opinion.kind() > v1::Opinion::KIND_SECOND;
    if (!opinion.reviewer().empty() && !chance.OneIn(8)) who = opinion.reviewer();
  }
  const auto say = [&](auto request, auto verb) {
    request.set_name(review.name());
    request.set_checksum(review.checksum());
    request.set_verdict(verdict);
    request.set_expert(who);
    if (verdict != v1::VERDICT_APPROVED) {
      v1::Finding& finding = *request.add_findings();
      finding.set_severity(v1::SEVERITY_MAJOR);
      finding.set_action("Again");
    }
    world.Do(verb, request).status().IgnoreError();
  };
  if (arbitrates) return say(v1::ArbitrateReviewRequest(), &Core::ArbitrateReview);
  return say(v1::SubmitReviewRequest(), &Core::SubmitReview);
}

void Dispute(ReviewWorld& world, Chance& chance) {
  const v1::Review review = AnyReview(world, chance);
  if (chance.OneIn(2)) {
    v1::AppealReviewRequest request;
    request.set_name(review.name());
    request.set_reason("It holds");
    request.set_expert(chance.OneIn(6) ? Expert("cem") : review.doer());
    world.Do(&Core::AppealReview, request).status().IgnoreError();
    return;
  }
  v1::OverrideReviewRequest request;
  request.set_name(review.name());
  request.set_checksum(review.checksum());
  request.set_verdict(static_cast<v1::Verdict>(1 + chance.Below(2)));
  request.set_authority_grant(Name("authorityGrants", "any"));
  request.set_reason("Time is up");
  request.set_expert(Expert(kPeople[chance.Below(6)]));
  *request.mutable_expire_time() = ToProto(world.now() + absl::Seconds(chance.Below(40'000)));
  world.Do(&Core::OverrideReview, request).status().IgnoreError();
}

void Policies(ReviewWorld& world, Town& town, Chance& chance) {
  const std::string type = kTypes[chance.Below(3)];
  if (chance.OneIn(4)) {
    v1::DeleteReviewPolicyRequest request;
    request.set_name(Name("reviewPolicies", type));
    world.Do(&Core::DeleteReviewPolicy, request).status().IgnoreError();
    return;
  }
  if (chance.OneIn(2)) {
    v1::UpdateReviewPolicyRequest request;
    *request.mutable_review_policy() = RandomPolicy(chance, type);
    request.mutable_review_policy()->set_name(Name("reviewPolicies", type));
    const auto changed = world.Do(&Core::UpdateReviewPolicy, request);
    if (!changed.ok()) return;
    const v1::ReviewPolicy& policy = changed->review_policy();
    town.terms[{policy.name(), policy.revision()}] = policy;
    return;
  }
  const auto published = world.Publish(RandomPolicy(chance, type), type);
  if (published.ok()) town.terms[{published->name(), published->revision()}] = *published;
}

void Golds(ReviewWorld& world, Chance& chance) {
  const std::string id = absl::StrCat("gold-", chance.Below(3));
  if (chance.OneIn(2)) {
    v1::DeleteGoldItemRequest request;
    request.set_name(Name("goldItems", id));
    world.Do(&Core::DeleteGoldItem, request).status().IgnoreError();
    return;
  }
  const char* const type = kTypes[chance.Below(3)];
  v1::CreateGoldItemRequest request;
  request.set_parent(kWorkspace);
  request.set_gold_item_id(id);
  v1::GoldItem& gold = *request.mutable_gold_item();
  gold.set_policy(Name("reviewPolicies", type));
  gold.mutable_work_item()->set_queue(QueueName("q"));
  gold.mutable_work_item()->set_title("gold");
  gold.mutable_work_item()->set_work_type(type);
  (*gold.mutable_answer())["x"] = "y";
  world.Do(&Core::CreateGoldItem, request).status().IgnoreError();
}

// One of four nonconformities, wherever it stands.
void Correct(ReviewWorld& world, Chance& chance) {
  const std::string id = absl::StrCat("n", chance.Below(4));
  const std::string name = Name("nonconformities", id);
  v1::Nonconformity wanted;
  wanted.set_description("sent twice");
  wanted.set_severity(v1::SEVERITY_MAJOR);
  wanted.set_cause("alike");
  wanted.set_action("number them");
  wanted.set_owner(Expert(kPeople[chance.Below(6)]));
  *wanted.mutable_due_time() = ToProto(world.now() + absl::Seconds(chance.Below(40'000)));
  const auto act = [&world](auto request, auto verb) {
    world.Do(verb, request).status().IgnoreError();
  };
  switch (chance.Below(4)) {
    case 0: {
      v1::CreateNonconformityRequest request;
      request.set_parent(kWorkspace);
      request.set_nonconformity_id(id);
      *request.mutable_nonconformity() = wanted;
      return act(request, &Core::CreateNonconformity);
    }
    case 1: {
      v1::UpdateNonconformityRequest request;
      *request.mutable_nonconformity() = wanted;
      request.mutable_nonconformity()->set_name(name);
      for (const char* path : {"cause", "action", "owner", "due_time"}) {
        request.mutable_update_mask()->add_paths(path);
      }
      return act(request, &Core::UpdateNonconformity);
    }
    case 2: {
      v1::CompleteCorrectiveActionRequest request;
      request.set_name(name);
      return act(request, &Core::CompleteCorrectiveAction);
    }
    default: {
      v1::CheckCorrectiveActionRequest request;
      request.set_name(name);
      request.set_effective(chance.OneIn(2));
      request.set_note("looked");
      request.set_expert(Expert(kPeople[chance.Below(6)]));
      return act(request, &Core::CheckCorrectiveAction);
    }
  }
}

void Act(ReviewWorld& world, Town& town, Chance& chance) {
  world.ClearLog();
  world.order =
      chance.OneIn(2) ? ReviewWorld::Order::kAnswerFirst : ReviewWorld::Order::kEventFirst;
  world.deliver = !chance.OneIn(5);  // now and then the answer is long in coming
  if (chance.OneIn(8)) world.Pass(absl::Seconds(chance.Below(20'000)));
  const int what = chance.Below(32);
  if (what < 9) return Routing(world, chance);
  if (what < 12) return ChangeRoster(world, town, chance);
  if (what < 20) return Claim(world, town, kPeople[chance.Below(6)]);
  if (what < 26) return Say(world, chance);
  if (what < 28) return Dispute(world, chance);
  if (what == 28) return Golds(world, chance);
  if (what < 31) return Correct(world, chance);
  return Policies(world, town, chance);
}

void Found(ReviewWorld& world, Town& town, Chance& chance) {
  world.routing().Organization("solo");
  registry::Resource resource;
  registry::AuthorityGrant& grant = *resource.mutable_authority_grant();
  grant.set_name(Name("authorityGrants", "any"));
  grant.set_min_grade(0);
  world.routing().Put(resource, grant.name());
  for (const char* type : kTypes) {
    const auto published = world.Publish(RandomPolicy(chance, type), type);
    ASSERT_TRUE(published.ok()) << published.status();
    town.terms[{published->name(), published->revision()}] = *published;
  }
}

void CheckEvents(ReviewWorld& world) {
  for (const v1::Review& review : world.List()) {
    EXPECT_EQ(FoldReview(world.events(), review.name()).ShortDebugString(),
              review.ShortDebugString());
  }
}

// From the events of routing alone: between two results of an item it is approved or sent back by
// review once at the most.
void CheckOutcomes(ReviewWorld& world) {
  std::map<std::string, std::pair<int, int>> since;  // approvals and returns since the last result
  std::set<std::string> judged;                      // items of depth 0
  for (const routing::Event& event : world.routing().events()) {
    const std::string& item = event.header().subject();
    if (event.has_work_item_submitted()) {
      if (event.work_item_submitted().work_item().depth() == 0) judged.insert(item);
      continue;
    }
    if (!judged.contains(item)) continue;
    auto& [approved, returned] = since[item];
    if (event.has_result_submitted()) approved = returned = 0;
    if (event.has_work_item_completed()) ++approved;
    if (event.has_work_item_returned()) ++returned;
    ASSERT_LE(approved, 1) << item;
    ASSERT_LE(approved + returned, 1) << item;
  }
}

// Kinds of events that came up so far, so that nobody mistakes a narrow history for a good one.
std::set<std::string>& SeenKinds() {
  static auto& seen = *new std::set<std::string>();
  return seen;
}

void RunSeed(uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("TIDELINE_SEED=", seed));
  Chance chance(seed);
  ReviewWorld lived;
  Town town;
  Found(lived, town, chance);
  for (int i = 0; i < kSteps && !::testing::Test::HasFatalFailure(); ++i) {
    Act(lived, town, chance);
    ASSERT_LE(lived.last_changes(), 500u) << "step " << i;
    ASSERT_EQ(lived.log().find("BUT CHANGED"), std::string::npos) << lived.log();
  }
  std::unique_ptr<ReviewWorld> restored = lived.Reborn();
  ASSERT_EQ(lived.Dump(), restored->Dump());
  ASSERT_EQ(lived.core().NextWake(), restored->core().NextWake());
  Chance one(seed + 1);
  Chance two(seed + 1);
  Town copy = town;
  for (int i = 0; i < kFurther && !::testing::Test::HasFatalFailure(); ++i) {
    Act(lived, town, one);
    Act(*restored, copy, two);
    ASSERT_EQ(lived.log(), restored->log()) << "further step " << i;
    ASSERT_EQ(lived.core().NextWake(), restored->core().NextWake()) << "further step " << i;
  }
  EXPECT_EQ(lived.Dump(), restored->Dump());
  lived.deliver = true;
  lived.Sync();
  CheckEvents(lived);
  CheckOutcomes(lived);
  for (const v1::Event& event : lived.events()) {
    const auto* kind = event.GetReflection()->GetOneofFieldDescriptor(
        event, v1::Event::descriptor()->oneof_decl(0));
    SeenKinds().insert(kind->name());
  }
}

TEST(ReviewProperty, ARestoredCoreIsTheOneThatLivedAndNobodyExcludedEverJudges) {
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

TEST(ReviewProperty, ARestoredCoreFromAJournalIsTheOneThatLived) {
  journal::MemoryStore store;
  ASSERT_TRUE(store.Open(1, absl::Seconds(1)).ok());
  testing::JournalMirror mirror(store, "review");
  Chance chance(7);
  ReviewWorld world;
  world.KeepIn(mirror);
  Town town;
  Found(world, town, chance);
  for (int i = 0; i < 150 && !::testing::Test::HasFatalFailure(); ++i) Act(world, town, chance);
  EXPECT_EQ(world.Dump(), world.Reborn()->Dump());
}

}  // namespace
}  // namespace tideline::review
