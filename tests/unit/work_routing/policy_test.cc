// SPDX-License-Identifier: Apache-2.0
// What requests must be, what contracts and restrictions allow, and how long closed items stay.
#include <string>

#include "gtest/gtest.h"
#include "services/work_routing/core/answers.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Policy : public ::testing::Test {
 protected:
  Policy() {
    world.Basics();
    world.AddExpert("ann", "t1", "law");
    policy.set_mode(v1::QueuePolicy::MODE_AUTO_ASSIGN);
    policy.set_completion(v1::QueuePolicy::COMPLETION_AUTO);
  }
  void Open() { world.AddQueue("q", policy); }
  v1::WorkItem Item(const std::string& skills = "law") {
    v1::WorkItem item;
    item.set_queue(QueueName("q"));
    item.set_title("work");
    Require(skills, item);
    return item;
  }
  // "REASON field" of a refused submission.
  std::string Refused(const v1::WorkItem& item) {
    const absl::Status status = world.TrySubmit(item).status();
    v1::Refusal refusal;
    FillRefusal(status, refusal);
    return Outcome(status) + (refusal.field().empty() ? "" : " " + refusal.field());
  }
  registry::Engagement Contract() {
    registry::Engagement engagement;
    engagement.set_name(Name("engagements", "e1"));
    engagement.set_client(Name("organizations", "client"));
    engagement.set_vendor(Name("organizations", "vendor"));
    engagement.add_work_types("patents");
    return engagement;
  }
  v1::WorkItem Contracted() {
    v1::WorkItem item = Item();
    item.set_engagement(Name("engagements", "e1"));
    item.set_work_type("patents");
    return item;
  }
  absl::StatusOr<v1::PutRestrictionResponse> Restrict(const v1::Restriction& restriction) {
    v1::PutRestrictionRequest request;
    *request.mutable_restriction() = restriction;
    auto response = world.Do(&Core::PutRestriction, request);
    world.Rest();
    return response;
  }
  v1::Restriction Stop(const std::string& id) {
    v1::Restriction restriction;
    restriction.set_name(Name("restrictions", id));
    restriction.set_effect(v1::Restriction::EFFECT_EXCLUDE);
    restriction.set_source("directives/d1");
    restriction.set_reason("not there any more");
    return restriction;
  }

  RoutingWorld world;
  v1::QueuePolicy policy;
};

TEST_F(Policy, NamesTheFieldOfWhatIsWrong) {
  Open();
  v1::WorkItem item = Item();
  item.set_title(std::string(200, 'x'));
  EXPECT_TRUE(world.TrySubmit(item).ok());
  item.set_title(std::string(201, 'x'));
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.title");
  item = Item();
  item.clear_title();
  EXPECT_EQ(Refused(item), "FIELD_REQUIRED work_item.title");
  item = Item();
  for (int i = 0; i < 64; ++i) {
    (*item.mutable_attributes())[absl::StrCat("k", i)] = std::string(1, 'v');
  }
  EXPECT_TRUE(world.TrySubmit(item).ok());
  (*item.mutable_attributes())["k64"] = std::string(1, 'v');
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.attributes");
  item = Item();
  (*item.mutable_attributes())["k"] = std::string(1024, 'x');
  EXPECT_TRUE(world.TrySubmit(item).ok());
  (*item.mutable_attributes())["k"] += "x";
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.attributes[\"k\"]");
  item = Item("law law");
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.requirements[1].skill");
  item = Item("law:6");
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.requirements[0].min_level");
  item = Item("law:2");
  item.mutable_requirements(0)->set_lowest_level(type::v1::LEVEL_PROFICIENT);
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.requirements[0].lowest_level");
  item = Item();
  item.mutable_due_time()->set_seconds(253402300799);
  EXPECT_EQ(Refused(item), "INVALID_FIELD work_item.due_time");
}

TEST_F(Policy, RefusesWhatRefersToNothing) {
  Open();
  v1::WorkItem item = Item("alchemy");
  EXPECT_EQ(Refused(item), "REFERENCE_NOT_FOUND work_item.requirements[0].skill");
  item = Item();
  item.set_queue(QueueName("none"));
  EXPECT_EQ(Refused(item), "REFERENCE_NOT_FOUND work_item.queue");
  item = Item();
  item.set_engagement(Name("engagements", "none"));
  EXPECT_EQ(Refused(item), "REFERENCE_NOT_FOUND work_item.engagement");
  item = Item();
  item.set_team(Team("none"));
  EXPECT_EQ(Refused(item), "REFERENCE_NOT_FOUND work_item.team");
  item = Item();
  item.mutable_constraints()->add_excluded_experts("workspaces/other/experts/ann");
  EXPECT_EQ(Refused(item), "REFERENCE_NOT_FOUND work_item.constraints.excluded_experts[0]");
}

TEST_F(Policy, RefusesWorkAboutWorkAboutWorkAboutWork) {
  Open();
  v1::WorkItem item = Item();
  item.set_origin("workspaces/acme/reviews/r1");
  item.set_depth(2);
  EXPECT_TRUE(world.TrySubmit(item).ok());
  item.set_depth(3);
  const absl::Status status = world.TrySubmit(item).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Outcome(status), "DEPTH_EXCEEDED");
}

TEST_F(Policy, TakesAnIdOnce) {
  Open();
  ASSERT_TRUE(world.TrySubmit(Item(), "case-1").ok());
  const absl::Status again = world.TrySubmit(Item(), "case-1").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Outcome(again), "RESOURCE_EXISTS");
}

TEST_F(Policy, HidesOtherTenantsAndOtherOrganizations) {
  Open();
  world.Organization("rival");
  const std::string name = world.Submit(Item()).name();
  v1::GetWorkItemRequest request;
  request.set_name(name);
  world.workspace = "workspaces/other";
  EXPECT_EQ(world.Ask(&Core::GetWorkItem, request).status().code(), absl::StatusCode::kNotFound);
  world.workspace = kWorkspace;
  world.grant.organization = Name("organizations", "rival");
  EXPECT_EQ(Outcome(world.Ask(&Core::GetWorkItem, request).status()), "RESOURCE_NOT_FOUND");
  world.grant.organization = Name("organizations", "vendor");
  EXPECT_TRUE(world.Ask(&Core::GetWorkItem, request).ok());
}

TEST_F(Policy, RefusesAStaleEtag) {
  Open();
  const v1::WorkItem item = world.Submit(Item());
  v1::CancelWorkItemRequest request;
  request.set_name(item.name());
  request.set_etag("1.0");
  const absl::Status stale = world.Do(&Core::CancelWorkItem, request).status();
  EXPECT_EQ(stale.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Outcome(stale), "ETAG_MISMATCH");
  request.set_etag(item.etag());
  EXPECT_TRUE(world.Do(&Core::CancelWorkItem, request).ok());
}

TEST_F(Policy, KeepsToTheContract) {
  world.Organization("sub", "vendor");
  world.Organization("stranger");
  world.Site("far", "PL");
  world.AddTeam("t3", "stranger");
  world.AddTeam("t4", "sub", "far");
  world.AddExpert("zoe", "t3", "law");
  world.AddExpert("yan", "t4", "law");
  world.Offline("ann");
  Open();
  world.Put(Contract());
  EXPECT_EQ(world.With(world.Submit(Contracted()).name()), "yan") << "owned by the vendor";
  v1::WorkItem other = Contracted();
  other.set_work_type("audits");
  EXPECT_EQ(Refused(other), "NOT_ELIGIBLE");
  registry::Engagement narrow = Contract();
  narrow.add_viewing_countries("DE");
  world.Put(narrow);
  const std::string here = world.Submit(Contracted()).name();
  EXPECT_EQ(world.StateOf(here), "QUEUED") << "ann could, and is not there";
  world.Online("ann");
  EXPECT_EQ(world.With(here), "ann");
  registry::Engagement over = Contract();
  SetTime(ToNanos(world.now()), over.mutable_end_time());
  world.Put(over);
  EXPECT_EQ(Refused(Contracted()), "NOT_ELIGIBLE");
}

TEST_F(Policy, TakesDueTimesFromTheContractsSlaPolicy) {
  world.OfficeHours("office");
  registry::SlaPolicy sla;
  sla.set_name(Name("slaPolicies", "fast"));
  sla.set_calendar(Name("calendars", "office"));
  auto& targets = *sla.mutable_rules()->add_classes();
  targets.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  targets.mutable_client_target()->set_seconds(10 * 3600);
  world.Put(sla);
  registry::Engagement engagement = Contract();
  engagement.set_sla_policy(sla.name());
  world.Put(engagement);
  Open();
  v1::WorkItem item = Contracted();
  item.mutable_expected_effort()->set_seconds(4 * 3600);
  const v1::WorkItem taken = world.Submit(item);
  // Monday 09:00 and ten hours of nine to five: Tuesday 11:00; four of them before: Monday 15:00.
  EXPECT_EQ(FromNanos(ToNanos(taken.due_time())), world.now() + absl::Hours(26));
  EXPECT_EQ(FromNanos(ToNanos(taken.latest_start_time())), world.now() + absl::Hours(6));
}

TEST_F(Policy, StopsWhatIsRestrictedAndGoesOnWhenItIsLifted) {
  policy.set_mode(v1::QueuePolicy::MODE_PUSH);
  Open();
  v1::WorkItem item = Item();
  item.set_work_type("patents");
  const v1::WorkItem offered = world.Submit(item);
  EXPECT_EQ(world.With(offered.name()), "ann");
  v1::Restriction stop = Stop("r1");
  stop.mutable_scope()->add_work_types("patents");
  ASSERT_TRUE(Restrict(stop).ok());
  EXPECT_EQ(world.StateOf(offered.name()), "PARKED") << "the offer is withdrawn";
  EXPECT_EQ(world.Get(offered.name()).parked_reason(), v1::WorkItem::PARKED_REASON_RESTRICTED);
  EXPECT_EQ(world.With(world.Submit(Item()).name()), "ann") << "other work is not touched";
  stop.set_effect(v1::Restriction::EFFECT_LIFT);
  ASSERT_TRUE(Restrict(stop).ok());
  EXPECT_EQ(world.With(offered.name()), "ann");
  EXPECT_EQ(Outcome(Restrict(stop).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(Policy, RestrictsPeopleByShoreUntilTheRestrictionEnds) {
  world.AddTeam("far", "vendor", "home", "", type::v1::SHORE_OFFSHORE);
  world.AddExpert("lin", "far", "law");
  world.Offline("ann");
  Open();
  v1::Restriction stop = Stop("r2");
  stop.mutable_scope()->add_shores(type::v1::SHORE_OFFSHORE);
  SetTime(ToNanos(world.now() + absl::Hours(1)), stop.mutable_until());
  ASSERT_TRUE(Restrict(stop).ok());
  const std::string name = world.Submit(Item()).name();
  EXPECT_EQ(world.StateOf(name), "QUEUED");
  v1::ExplainRoutingRequest request;
  request.set_name(name);
  const auto why = world.Ask(&Core::ExplainRouting, request);
  ASSERT_GE(why->now().funnel_size(), 1);
  EXPECT_EQ(why->now().funnel(0).constraint(), v1::CONSTRAINT_RESTRICTION);
  world.Pass(absl::Hours(1));
  EXPECT_EQ(world.With(name), "lin");
  v1::ListRestrictionsRequest list;
  list.set_parent(kWorkspace);
  EXPECT_EQ(world.Ask(&Core::ListRestrictions, list)->restrictions_size(), 0);
}

TEST_F(Policy, ChangesReachWhatWaitsUnderANewRevision) {
  policy.add_teams(Team("t2"));
  Open();
  const std::string name = world.Submit(Item()).name();
  EXPECT_EQ(world.StateOf(name), "PARKED");
  v1::UpdateQueueRequest request;
  request.mutable_queue()->set_name(QueueName("q"));
  request.mutable_queue()->mutable_policy()->add_teams(Team("t1"));
  request.mutable_update_mask()->add_paths("policy.teams");
  const auto changed = world.Do(&Core::UpdateQueue, request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->queue().policy().revision(), 2);
  EXPECT_EQ(changed->queue().policy().mode(), v1::QueuePolicy::MODE_AUTO_ASSIGN);
  world.Rest();
  EXPECT_EQ(world.With(name), "ann");
  v1::ExplainRoutingRequest explain;
  explain.set_name(name);
  EXPECT_EQ(world.Ask(&Core::ExplainRouting, explain)->decisions(0).policy_revision(), 2);
  request.mutable_queue()->set_etag("1.0");
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateQueue, request).status()), "ETAG_MISMATCH");
}

TEST_F(Policy, LetsClosedItemsLeaveMemoryAndStore) {
  policy.mutable_retention()->set_seconds(3600);
  Open();
  const v1::WorkItem item = world.Submit(Item());
  v1::DeleteQueueRequest away;
  away.set_name(QueueName("q"));
  EXPECT_EQ(Outcome(world.Do(&Core::DeleteQueue, away).status()), "RESOURCE_IN_USE");
  ASSERT_TRUE(world.Finish(item).ok());
  EXPECT_EQ(world.StateOf(item.name()), "COMPLETED");
  world.Pass(absl::Hours(1));
  v1::GetWorkItemRequest request;
  request.set_name(item.name());
  EXPECT_EQ(world.Ask(&Core::GetWorkItem, request).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(world.records().at("item").empty());
  EXPECT_TRUE(world.records().at("decision").empty());
  EXPECT_TRUE(world.events().back().has_work_item_retired());
  EXPECT_TRUE(world.Do(&Core::DeleteQueue, away).ok());
}

TEST_F(Policy, ExcludesThePersonUnderEveryNameAndPrefersWhoKnowsTheMatter) {
  registry::Expert twin;
  twin.set_name(Expert("twin"));
  twin.set_person("person-ann");
  twin.set_team(Team("t1"));
  twin.set_capacity_units(5);
  world.Put(twin);
  world.Online("twin");
  world.AddExpert("bob", "t1");
  world.AddExpert("eve", "t1");
  Open();
  v1::WorkItem item = Item("");
  item.mutable_constraints()->add_excluded_experts(Expert("ann"));
  item.mutable_constraints()->add_affinity_experts(Expert("eve"));
  EXPECT_EQ(world.With(world.Submit(item).name()), "eve");
  world.Offline("eve");
  world.Offline("bob");
  const std::string waits = world.Submit(item).name();
  EXPECT_EQ(world.StateOf(waits), "QUEUED");
  world.Online("bob");
  EXPECT_EQ(world.With(waits), "bob");
}

}  // namespace
}  // namespace tideline::work_routing
