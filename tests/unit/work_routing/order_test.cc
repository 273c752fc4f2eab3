// SPDX-License-Identifier: Apache-2.0
// The order in which items that wait find people: urgency, age, widening, and that nobody stands in
// anybody's way.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Order : public ::testing::Test {
 protected:
  Order() {
    world.Basics();
    policy.set_mode(v1::QueuePolicy::MODE_AUTO_ASSIGN);
    policy.set_completion(v1::QueuePolicy::COMPLETION_AUTO);
  }
  v1::WorkItem Item(const std::string& skills = "law") {
    v1::WorkItem item;
    item.set_queue(QueueName("q"));
    item.set_title("work");
    Require(skills, item);
    return item;
  }
  v1::WorkItem Due(absl::Duration in, absl::Duration effort = absl::ZeroDuration()) {
    v1::WorkItem item = Item();
    SetTime(ToNanos(world.now() + in), item.mutable_due_time());
    SetDuration(absl::ToInt64Nanoseconds(effort), item.mutable_expected_effort());
    return world.Submit(item);
  }

  RoutingWorld world;
  v1::QueuePolicy policy;
};

TEST_F(Order, IsLatestStartThenPriorityThenSubmission) {
  world.AddExpert("ann", "t1", "law", 1);
  world.Offline("ann");
  world.AddQueue("q", policy);
  const std::string whenever = world.Submit(Item()).name();
  v1::WorkItem high = Item();
  high.set_priority(type::v1::PRIORITY_HIGH);
  const std::string higher = world.Submit(high).name();
  const std::string same = world.Submit(high).name();
  const std::string tomorrow = Due(absl::Hours(24)).name();
  const v1::WorkItem soon = Due(absl::Hours(25), absl::Hours(3));  // must start before tomorrow's
  EXPECT_EQ(FromNanos(ToNanos(soon.latest_start_time())), world.now() + absl::Hours(22));
  world.Online("ann");
  for (const std::string& next : {soon.name(), tomorrow, higher, same, whenever}) {
    EXPECT_EQ(world.With(next), "ann") << next;
    ASSERT_TRUE(world.Finish(world.Get(next)).ok());
  }
}

TEST_F(Order, PutsItemsPastTheirAgingBoundFirstOldestFirst) {
  world.AddExpert("ann", "t1", "law", 1);
  world.Offline("ann");
  auto& bound = *policy.add_aging_bounds();
  bound.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  bound.mutable_age()->set_seconds(3600);
  world.AddQueue("q", policy);
  const std::string old = world.Submit(Item()).name();
  world.Pass(absl::Minutes(1));
  const std::string younger = world.Submit(Item()).name();
  world.Pass(absl::Minutes(58));
  const std::string urgent = Due(absl::Hours(1)).name();
  v1::ExplainRoutingRequest request;
  request.set_name(old);
  EXPECT_EQ(world.Ask(&Core::ExplainRouting, request)->ahead(), 1);
  world.Pass(absl::Minutes(2));
  EXPECT_EQ(world.Ask(&Core::ExplainRouting, request)->ahead(), 0);
  world.Online("ann");
  for (const std::string& next : {old, younger, urgent}) {
    EXPECT_EQ(world.With(next), "ann") << next;
    ASSERT_TRUE(world.Finish(world.Get(next)).ok());
  }
}

TEST_F(Order, LetsNobodyWaitBehindWhatNobodyCanTake) {
  world.AddExpert("ann", "t1", "law", 1);
  world.AddExpert("bob", "t1", "tax", 1);
  world.Offline("ann");
  world.AddQueue("q", policy);
  for (int i = 0; i < 300; ++i) {
    v1::WorkItem item = Item("law");
    item.set_priority(type::v1::PRIORITY_URGENT);
    world.Submit(item);
  }
  EXPECT_EQ(world.With(world.Submit(Item("tax")).name()), "bob");
  const std::string next = world.Submit(Item("tax")).name();
  EXPECT_EQ(world.StateOf(next), "QUEUED");
  v1::ListWorkItemsRequest held;
  held.set_parent(kWorkspace);
  held.set_holder(Expert("bob"));
  const auto desk = world.Ask(&Core::ListWorkItems, held);
  ASSERT_EQ(desk->work_items_size(), 1);
  ASSERT_TRUE(world.Finish(desk->work_items(0)).ok());
  EXPECT_EQ(world.With(next), "bob");
}

TEST_F(Order, LooksPastWhatAPersonHasDeclined) {
  policy.set_mode(v1::QueuePolicy::MODE_PUSH);
  world.AddExpert("ann", "t1", "law", 1);
  world.AddExpert("bob", "t1", "law", 1);
  world.Offline("bob");
  world.AddQueue("q", policy);
  v1::WorkItem first = world.Submit(Item());
  const std::string second = world.Submit(Item()).name();
  EXPECT_EQ(world.StateOf(second), "QUEUED");
  ASSERT_TRUE(world.Decline(first).ok());
  EXPECT_EQ(world.StateOf(first.name()), "QUEUED");
  EXPECT_EQ(world.With(second), "ann");
}

TEST_F(Order, WidensByTheTimetableItShows) {
  world.AddExpert("ann", "t1", "law:2");
  world.AddExpert("eve", "t2", "law:2 tax:1");
  policy.add_teams(Team("t1"));
  auto& first = *policy.add_widening_steps();
  first.mutable_after()->set_seconds(600);
  first.set_lower_levels(true);
  auto& second = *policy.add_widening_steps();
  second.set_due_percent(50);
  second.add_add_teams(Team("t2"));
  world.AddQueue("q", policy);
  v1::WorkItem item = Item("law:4 tax:1");
  item.mutable_requirements(0)->set_lowest_level(type::v1::LEVEL_PRACTITIONER);
  SetTime(ToNanos(world.now() + absl::Hours(1)), item.mutable_due_time());
  const std::string name = world.Submit(item).name();
  EXPECT_EQ(world.StateOf(name), "QUEUED") << "widening may still find somebody";
  v1::ExplainRoutingRequest request;
  request.set_name(name);
  const auto shown = world.Ask(&Core::ExplainRouting, request);
  ASSERT_EQ(shown->widening_size(), 2);
  EXPECT_EQ(FromNanos(ToNanos(shown->widening(0).time())), world.now() + absl::Minutes(10));
  EXPECT_EQ(FromNanos(ToNanos(shown->widening(1).time())), world.now() + absl::Minutes(30));
  world.Pass(absl::Minutes(29));
  EXPECT_EQ(world.Get(name).widening_step(), 1);
  EXPECT_EQ(world.StateOf(name), "QUEUED");
  world.Pass(absl::Minutes(1));
  EXPECT_EQ(world.With(name), "eve");
}

TEST_F(Order, DropsAPreferredSkillAfterItsTimeAndNeverARequiredOne) {
  world.AddExpert("ann", "t1", "law");
  world.AddQueue("q", policy);
  v1::WorkItem item = Item("law tax");
  item.mutable_requirements(1)->set_kind(v1::Requirement::KIND_PREFERRED);
  item.mutable_requirements(1)->mutable_droppable_after()->set_seconds(300);
  const std::string preferred = world.Submit(item).name();
  EXPECT_EQ(world.StateOf(preferred), "QUEUED");
  const std::string required = world.Submit(Item("law tax")).name();
  EXPECT_EQ(world.StateOf(required), "PARKED");
  world.Pass(absl::Minutes(5));
  EXPECT_EQ(world.With(preferred), "ann");
  world.Pass(absl::Hours(100));
  EXPECT_EQ(world.StateOf(required), "PARKED");
}

TEST_F(Order, ParksWhatNobodyCanDoAndBringsItBackWithTheFirstWhoCan) {
  world.AddExpert("ann", "t1", "law:1");
  world.AddQueue("q", policy);
  const v1::WorkItem item = world.Submit(Item("law:3"));
  EXPECT_EQ(item.state(), v1::WorkItem::STATE_PARKED);
  EXPECT_EQ(item.parked_reason(), v1::WorkItem::PARKED_REASON_NOBODY_CAPABLE);
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_PARKED, item.name()));
  world.AddExpert("bob", "t1", "law:3");
  world.Rest();
  EXPECT_EQ(world.With(item.name()), "bob");
  EXPECT_FALSE(world.HasAlarm(v1::Alarm::KIND_PARKED, item.name()));
}

TEST_F(Order, FillsPeopleWhenTheirShiftBegins) {
  world.OfficeHours("office");
  world.AddTeam("day", "vendor", "home", "office");
  world.AddExpert("ann", "day", "law");
  world.AddQueue("q", policy);
  world.Pass(absl::Hours(10));  // Monday, 19:00
  const std::string item = world.Submit(Item()).name();
  EXPECT_EQ(world.StateOf(item), "QUEUED");
  world.Pass(absl::Hours(14) - absl::Nanoseconds(1));
  EXPECT_EQ(world.StateOf(item), "QUEUED");
  world.Pass(absl::Nanoseconds(1));  // Tuesday, 09:00
  EXPECT_EQ(world.With(item), "ann");
}

TEST_F(Order, KeepsWithinTheQueuesLimitOfWorkInProgress) {
  world.AddExpert("ann", "t1", "law", 100);
  policy.set_max_items_in_progress(2);
  world.AddQueue("q", policy);
  const v1::WorkItem first = world.Submit(Item());
  world.Submit(Item());
  const std::string third = world.Submit(Item()).name();
  EXPECT_EQ(world.StateOf(third), "QUEUED");
  ASSERT_TRUE(world.Finish(first).ok());
  EXPECT_EQ(world.With(third), "ann");
}

TEST_F(Order, TellsAtSubmissionThatRosteredHoursDoNotSuffice) {
  world.OfficeHours("office");
  world.AddTeam("day", "vendor", "home", "office");
  world.AddExpert("ann", "day", "law:2");
  world.AddExpert("bob", "day", "law:1");
  world.AddQueue("q", policy);
  v1::WorkItem item = Item("law:2");
  SetTime(ToNanos(world.now() + absl::Hours(24)), item.mutable_due_time());  // Tuesday, 09:00
  item.mutable_expected_effort()->set_seconds(8 * 3600);
  v1::Feasibility feasibility;
  EXPECT_FALSE(world.Submit(item, &feasibility).infeasible());
  EXPECT_TRUE(feasibility.feasible());
  EXPECT_EQ(feasibility.rostered_minutes(), 480);
  item.mutable_expected_effort()->set_seconds(8 * 3600 + 60);
  const v1::WorkItem late = world.Submit(item, &feasibility);
  EXPECT_TRUE(late.infeasible());
  EXPECT_FALSE(feasibility.feasible());
  EXPECT_EQ(feasibility.needed_minutes(), 481);
  EXPECT_EQ(feasibility.capable(), 1);
  ASSERT_GE(feasibility.relaxations_size(), 1);
  EXPECT_EQ(feasibility.relaxations(0).skill(), Skill("law"));
  EXPECT_EQ(feasibility.relaxations(0).to_level(), 1);
  EXPECT_EQ(feasibility.relaxations(0).people(), 2);
  EXPECT_TRUE(world.HasAlarm(v1::Alarm::KIND_INFEASIBLE, late.name()));
}

}  // namespace
}  // namespace tideline::work_routing
