// SPDX-License-Identifier: Apache-2.0
// What alerts bring about in work_routing: owed once, settled whatever the answer.
#include <string>

#include "common/due/due.h"
#include "gtest/gtest.h"
#include "tests/unit/sla_monitor/monitor_world.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::sla_monitor {
namespace {

using type::v1::Escalation;

class EscalateTest : public ::testing::Test {
 protected:
  EscalateTest() {
    type::v1::SlaRules rules = Rules(absl::Hours(4));
    rules.add_warn_percents(75);
    SetBudget(absl::Hours(2), rules);
    Escalation& warning = *rules.add_escalations();
    warning.set_trigger(Escalation::TRIGGER_WARNING);
    warning.set_warn_percent(75);
    warning.set_raise_priority(type::v1::PRIORITY_URGENT);
    warning.set_widen(true);
    Escalation& breach = *rules.add_escalations();
    breach.set_trigger(Escalation::TRIGGER_BREACH);
    breach.set_queue(Name("queues", "escalations"));
    breach.set_owner(Name("experts", "boss"));
    world_.Policy(rules);
    world_.Engagement();
    world_.Submit("a");
    world_.Assign("a");
  }
  MonitorWorld world_;
};

TEST_F(EscalateTest, AWarningRaisesUrgencyAndWidens) {
  world_.Pass(absl::Hours(3));
  const auto owed = world_.core().Owed(10);
  ASSERT_EQ(owed.size(), 2u);
  EXPECT_EQ(owed[0].method, "/tideline.work_routing.v1.WorkRoutingService/ReprioritizeWorkItem");
  EXPECT_EQ(owed[0].resource, ItemName("a"));
  routing::ReprioritizeWorkItemRequest request;
  ASSERT_TRUE(request.ParseFromString(owed[0].request));
  EXPECT_EQ(request.priority(), type::v1::PRIORITY_URGENT);
  EXPECT_EQ(request.request_id(), owed[0].id);
  EXPECT_EQ(owed[1].method, "/tideline.work_routing.v1.WorkRoutingService/WidenWorkItem");
  EXPECT_EQ(owed[0].since, world_.now());
}

TEST_F(EscalateTest, ABreachMakesAWorkItemWithAnOwner) {
  world_.Pass(absl::Hours(4));
  const auto owed = world_.core().Owed(10);
  ASSERT_EQ(owed.size(), 3u);
  routing::SubmitWorkItemRequest request;
  ASSERT_TRUE(request.ParseFromString(owed[2].request));
  EXPECT_EQ(absl::StrCat(request.parent(), "/workItems/", request.work_item_id()),
            owed[2].resource);
  EXPECT_EQ(request.work_item().queue(), Name("queues", "escalations"));
  EXPECT_EQ(request.work_item().origin(), ItemName("a"));
  EXPECT_EQ(request.work_item().depth(), 1);
  EXPECT_EQ(request.work_item().constraints().affinity_experts(0), Name("experts", "boss"));
  EXPECT_LE(request.work_item().title().size(), 200u);
}

TEST_F(EscalateTest, AnAnswerSettlesAndARefusalIsKeptWithTheAlert) {
  world_.Pass(absl::Hours(3));
  const auto owed = world_.core().Owed(10);
  world_.Settle(owed[0].id, absl::OkStatus());
  world_.Settle(owed[1].id, Refuse(Reason::REASON_STATE_FORBIDS, "no step is left"));
  world_.Settle(owed[1].id, absl::OkStatus());  // an answer that comes twice
  EXPECT_TRUE(world_.core().Owed(10).empty());
  EXPECT_TRUE(world_.records().at("owed").empty());
  const v1::Alert alert = world_.Read("a").alerts(0);
  ASSERT_EQ(alert.escalations_size(), 2);
  EXPECT_EQ(alert.escalations(0).state(), v1::EscalationStep::STATE_DONE);
  EXPECT_EQ(alert.escalations(1).state(), v1::EscalationStep::STATE_REFUSED);
  EXPECT_EQ(alert.escalations(1).refusal(), "STATE_FORBIDS: no step is left");
  EXPECT_EQ(world_.core().counts().refused[v1::EscalationStep::ACTION_WIDEN], 1u);
}

TEST_F(EscalateTest, WhatIsOwedSurvivesARestartInItsOrder) {
  world_.Pass(absl::Hours(4));
  const auto before = world_.core().Owed(10);
  const auto after = world_.Reborn()->core().Owed(10);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].id, after[i].id);
    EXPECT_EQ(before[i].request, after[i].request);
  }
  EXPECT_EQ(world_.core().Owed(1).size(), 1u);
}

TEST_F(EscalateTest, ARetractedBreachCancelsTheItemItMade) {
  const absl::Time start = world_.now();
  world_.Pass(absl::Hours(4));
  const std::string made = world_.core().Owed(10)[2].resource;
  world_.SetNow(start + absl::Hours(4) - absl::Milliseconds(1));
  world_.Complete("a");
  const auto owed = world_.core().Owed(10);
  ASSERT_EQ(owed.size(), 4u);
  EXPECT_EQ(owed[3].method, "/tideline.work_routing.v1.WorkRoutingService/CancelWorkItem");
  EXPECT_EQ(owed[3].resource, made);
}

TEST_F(EscalateTest, AnEscalationHasNoClockOfItsOwn) {
  EXPECT_FALSE(due::Applies(Rules(absl::Hours(1)), "", 1));
}

}  // namespace
}  // namespace tideline::sla_monitor
