// SPDX-License-Identifier: Apache-2.0
// Custody: moved once and by one side, whichever word comes first; taken from under a proposal; to
// and fro; counted.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/handoff/handoff_world.h"

namespace tideline::handoff {
namespace {

class Transfer : public ::testing::TestWithParam<HandoffWorld::Order> {
 protected:
  Transfer() { world.order = GetParam(); }

  // Hands an item over, the whole way; with both sides where both must speak.
  std::string Hand(const std::string& item, const std::string& to, const std::string& by) {
    const auto handoff = world.Propose(item, to);
    EXPECT_TRUE(handoff.ok()) << handoff.status();
    if (!handoff.ok()) return "";
    if (handoff->joint_session_required()) {
      const v1::Party& from = handoff->from();
      EXPECT_TRUE(world.Acknowledge(handoff->name(), std::string(LastSegment(from.expert()))).ok());
    }
    EXPECT_TRUE(world.Acknowledge(handoff->name(), by).ok());
    EXPECT_EQ(world.StateOf(handoff->name()), "TRANSFERRED");
    return handoff->name();
  }
  v1::PairStats Total() {
    v1::GetHandoffStatsRequest request;
    request.set_parent(kWorkspace);
    return world.Ask(&Core::GetHandoffStats, request)->total();
  }

  HandoffWorld world;
};

TEST_P(Transfer, HappensOnceWhicheverWordComesFirst) {
  const std::string item = world.Held("ann");
  const std::string name = Hand(item, Expert("ben"), "ben");
  int transferred = 0;
  for (const v1::Event& event : world.events()) transferred += event.has_handoff_transferred();
  EXPECT_EQ(transferred, 1);
  EXPECT_EQ(world.routing().Get(item).transfer_count(), 2);  // Held made the first
  EXPECT_EQ(world.Get(name).state(), v1::Handoff::STATE_TRANSFERRED);
  EXPECT_TRUE(world.core().Owed(1).empty());
}

TEST_P(Transfer, IsOwedUnderOneIdUntilItIsSettled) {
  const std::string item = world.Held("ann");
  const auto handoff = world.Propose(item, Expert("ben"));
  world.deliver = false;
  ASSERT_TRUE(world.Acknowledge(handoff->name(), "ben").ok());
  const auto owed = world.core().Owed(10);
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(owed[0].resource, item);
  EXPECT_EQ(owed[0].service, "work_routing");
  const auto reborn = world.Reborn();
  ASSERT_EQ(reborn->core().Owed(10).size(), 1u);
  EXPECT_EQ(reborn->core().Owed(10)[0].id, owed[0].id);
  EXPECT_EQ(reborn->core().Owed(10)[0].request, owed[0].request);
  EXPECT_EQ(world.Custody(item), "kr/ann");
  // Neither side can back out of what was acknowledged.
  v1::WithdrawHandoffRequest withdraw;
  withdraw.set_name(handoff->name());
  EXPECT_EQ(Outcome(world.Do(&Core::WithdrawHandoff, withdraw).status()), "STATE_FORBIDS");
  world.deliver = true;
  world.Sync();
  EXPECT_EQ(world.StateOf(handoff->name()), "TRANSFERRED");
}

TEST_P(Transfer, LetsTheReceiverActAtOnce) {
  const std::string item = world.Held("ann");
  Hand(item, Expert("ben"), "ben");
  EXPECT_EQ(Outcome(world.Propose(item, Expert("ben")).status()), "SAME_PERSON");
  EXPECT_TRUE(world.Propose(item, Expert("cal")).ok());
}

TEST_P(Transfer, FailsWhenRoutingRefusesAndTheGiverStays) {
  const std::string item = world.Held("ann");
  const auto handoff = world.Propose(item, Expert("ben"));
  world.deliver = false;
  ASSERT_TRUE(world.Acknowledge(handoff->name(), "ben").ok());
  // Between the read-back and the transfer ben leaves the roster.
  world.routing().RemoveExpert("ben");
  world.deliver = true;
  world.Sync();
  const v1::Handoff failed = world.Get(handoff->name());
  EXPECT_EQ(failed.state(), v1::Handoff::STATE_FAILED);
  EXPECT_EQ(failed.failure().reason(), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_TRUE(world.HasAlarm(v1::HandoffAlarm::KIND_TRANSFER_FAILED, handoff->name()));
  EXPECT_TRUE(world.Propose(item, Expert("cal")).ok());
}

TEST_P(Transfer, IsOffWhenTheItemIsFinishedOrGoneElsewhere) {
  const std::string finished = world.Held("ann");
  const auto one = world.Propose(finished, Expert("ben"));
  ASSERT_TRUE(world.routing().Finish(world.routing().Get(finished)).ok());
  EXPECT_EQ(world.StateOf(one->name()), "WITHDRAWN");

  const std::string moved = world.Held("ann");
  const auto two = world.Propose(moved, Expert("ben"));
  routing::TransferWorkItemRequest transfer;
  transfer.set_name(moved);
  transfer.set_custody_epoch(world.routing().Get(moved).custody().epoch());
  transfer.set_expert(Expert("cal"));
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::TransferWorkItem, transfer).ok());
  EXPECT_EQ(world.StateOf(two->name()), "WITHDRAWN");

  const std::string cancelled = world.Held("ann");
  const auto three = world.Propose(cancelled, Expert("ben"));
  world.deliver = false;
  ASSERT_TRUE(world.Acknowledge(three->name(), "ben").ok());
  routing::CancelWorkItemRequest cancel;
  cancel.set_name(cancelled);
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::CancelWorkItem, cancel).ok());
  world.deliver = true;
  world.Sync();
  EXPECT_EQ(world.StateOf(three->name()), "WITHDRAWN");
}

TEST_P(Transfer, CountsReturnsAndBounces) {
  const std::string item = world.Held("ann");
  const std::string first = Hand(item, Expert("ben"), "ben");
  v1::ReturnHandoffRequest back;
  back.set_name(first);
  *back.mutable_packet() = FullPacket();
  const auto returned = world.Do(&Core::ReturnHandoff, back);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->handoff().kind(), v1::Handoff::KIND_RETURN);
  EXPECT_EQ(returned->handoff().return_of(), first);
  EXPECT_EQ(returned->handoff().return_number(), 1);
  ASSERT_TRUE(world.Acknowledge(returned->handoff().name(), "ann").ok());
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_EQ(world.Get(first).returned_by(), returned->handoff().name());
  EXPECT_EQ(Total().transferred(), 2);
  EXPECT_EQ(Total().returns(), 1);
  EXPECT_EQ(Total().bounced(), 1);
  // What was given back cannot be given back again.
  EXPECT_EQ(Outcome(world.Do(&Core::ReturnHandoff, back).status()), "STATE_FORBIDS");
  EXPECT_EQ(FoldHandoff(world.events(), first).ShortDebugString(),
            world.Get(first).ShortDebugString());
}

TEST_P(Transfer, AsksForAJointSessionAfterTwoReturns) {
  const std::string item = world.Held("ann");
  Hand(item, Expert("ben"), "ben");
  Hand(item, Expert("ann"), "ann");
  Hand(item, Expert("ben"), "ben");
  // The second return: the packet went to and fro twice.
  const auto fourth = world.Propose(item, Expert("ann"));
  ASSERT_TRUE(fourth.ok());
  EXPECT_EQ(fourth->return_number(), 3);
  EXPECT_TRUE(fourth->joint_session_required());
  EXPECT_TRUE(world.HasAlarm(v1::HandoffAlarm::KIND_PING_PONG, fourth->name()));
  ASSERT_TRUE(world.Acknowledge(fourth->name(), "ann").ok());
  EXPECT_EQ(world.StateOf(fourth->name()), "PROPOSED");  // one side alone does not do
  EXPECT_EQ(world.Custody(item), "bg/ben");
  ASSERT_TRUE(world.Acknowledge(fourth->name(), "ben").ok());
  EXPECT_EQ(world.StateOf(fourth->name()), "TRANSFERRED");
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_EQ(Total().joint_sessions(), 1);
  EXPECT_FALSE(world.HasAlarm(v1::HandoffAlarm::KIND_PING_PONG, fourth->name()));
}

TEST_P(Transfer, AttributesReworkToTheLastHandoffWithinItsWindow) {
  const std::string item = world.Held("ann");
  const std::string name = Hand(item, Expert("ben"), "ben");
  const auto rework = [&] {
    ASSERT_TRUE(world.routing().Finish(world.routing().Get(item)).ok());
    routing::ReturnForReworkRequest request;
    request.set_name(item);
    request.set_reason("claim 9 is missing");
    ASSERT_TRUE(world.routing().Do(&work_routing::Core::ReturnForRework, request).ok());
    world.Sync();
  };
  rework();
  EXPECT_EQ(world.Get(name).rework_count(), 1);
  EXPECT_EQ(Total().rework(), 1);
  world.Pass(absl::Hours(24 * 8));
  rework();
  EXPECT_EQ(world.Get(name).rework_count(), 1);
}

TEST_P(Transfer, IsMeasured) {
  for (int n = 1; n <= 10; ++n) {
    const std::string item = world.Held("ann");
    const auto handoff = world.Propose(item, Expert("ben"));
    ASSERT_TRUE(handoff.ok());
    world.Pass(absl::Minutes(n));
    ASSERT_TRUE(world.Acknowledge(handoff->name(), "ben").ok());
  }
  const auto declined = world.Propose(world.Held("ann"), Expert("ben"));
  ASSERT_TRUE(world.Decline(declined->name(), "ben").ok());
  const std::string kept = world.Held("ben");
  for (const std::string& item : {kept, world.List()[0].work_item()}) {
    ASSERT_TRUE(world.routing().Finish(world.routing().Get(item)).ok());
    routing::ApproveResultRequest approve;
    approve.set_name(item);
    ASSERT_TRUE(world.routing().Do(&work_routing::Core::ApproveResult, approve).ok());
  }
  v1::GetHandoffStatsRequest request;
  request.set_parent(kWorkspace);
  request.set_team(Team("bg"));
  const auto stats = world.Ask(&Core::GetHandoffStats, request);
  ASSERT_TRUE(stats.ok());
  ASSERT_EQ(stats->pairs_size(), 1);
  const v1::PairStats& pair = stats->pairs(0);
  EXPECT_EQ(pair.from_team(), Team("kr"));
  EXPECT_EQ(pair.to_team(), Team("bg"));
  EXPECT_EQ(pair.proposed(), 11);
  EXPECT_EQ(pair.acknowledged(), 10);
  EXPECT_EQ(pair.declined(), 1);
  EXPECT_EQ(pair.acknowledged_percent(), 91);
  EXPECT_EQ(pair.completeness_percent(), 100);
  EXPECT_NEAR(static_cast<double>(pair.acknowledge_p50().seconds()), 300, 12);
  EXPECT_NEAR(static_cast<double>(pair.acknowledge_p90().seconds()), 540, 22);
  // Both items came in at t1, the queue's home: neither was finished there.
  request.set_team(Team("t1"));
  const auto home = world.Ask(&Core::GetHandoffStats, request);
  ASSERT_EQ(home->teams_size(), 1);
  EXPECT_EQ(home->teams(0).completed(), 2);
  EXPECT_EQ(home->teams(0).push_to_front_percent(), 0);
  // Another day has its own counts.
  *request.mutable_start_time() = ToProto(world.now() + absl::Hours(24));
  EXPECT_EQ(world.Ask(&Core::GetHandoffStats, request)->total().proposed(), 0);
}

TEST_P(Transfer, GoesWithItsItem) {
  const std::string item = world.Held("ann");
  const std::string name = Hand(item, Expert("ben"), "ben");
  ASSERT_TRUE(world.routing().Finish(world.routing().Get(item)).ok());
  routing::ApproveResultRequest approve;
  approve.set_name(item);
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::ApproveResult, approve).ok());
  world.Pass(absl::Hours(24 * 40));
  v1::GetHandoffRequest get;
  get.set_name(name);
  EXPECT_EQ(Outcome(world.Ask(&Core::GetHandoff, get).status()), "RESOURCE_NOT_FOUND");
  const auto handoffs = world.records().find("handoff");
  EXPECT_TRUE(handoffs == world.records().end() || handoffs->second.empty());
  EXPECT_EQ(Total().transferred(), 1);
}

INSTANTIATE_TEST_SUITE_P(Orders, Transfer,
                         ::testing::Values(HandoffWorld::Order::kAnswerFirst,
                                           HandoffWorld::Order::kEventFirst),
                         [](const auto& info) {
                           return info.param == HandoffWorld::Order::kAnswerFirst ? "AnswerFirst"
                                                                                  : "EventFirst";
                         });

}  // namespace
}  // namespace tideline::handoff
