// SPDX-License-Identifier: Apache-2.0
// Who could take an item over: named by the rules of routing, and given nothing.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Receiver : public ::testing::Test {
 protected:
  Receiver() {
    world.Basics();
    world.AddExpert("ann", "t1", "law");
    world.AddExpert("ben", "t1", "law tax");
    world.AddExpert("cal", "t2", "law");
    v1::QueuePolicy policy;
    policy.set_mode(v1::QueuePolicy::MODE_AUTO_ASSIGN);
    world.AddQueue("q", policy);
    policy.add_teams(Team("t2"));
    world.AddQueue("second", policy);
    item = world.Submit("q", "law").name();
  }
  // Id of who is named, "-" for nobody, or the refusal.
  std::string Named(const v1::FindReceiverRequest& request) {
    const auto found = world.Ask(&Core::FindReceiver, request);
    if (!found.ok()) return Outcome(found.status());
    if (found->expert().empty()) return "-";
    return found->expert().substr(found->expert().rfind('/') + 1);
  }
  v1::FindReceiverRequest Find() const {
    v1::FindReceiverRequest request;
    request.set_name(item);
    return request;
  }

  RoutingWorld world;
  std::string item;
};

TEST_F(Receiver, IsNotTheHolderAndGetsNothing) {
  const std::string holder = world.With(item);
  const std::string before = world.Dump();
  const std::string named = Named(Find());
  EXPECT_NE(named, holder);
  EXPECT_NE(named, "-");
  EXPECT_EQ(world.Dump(), before);
  EXPECT_EQ(world.With(item), holder);
}

TEST_F(Receiver, IsNobodyWhoIsLeftOut) {
  v1::FindReceiverRequest request = Find();
  for (const char* id : {"ann", "ben", "cal"}) {
    if (id != world.With(item)) request.add_excluded_experts(Expert(id));
  }
  EXPECT_EQ(Named(request), "-");
  const auto found = world.Ask(&Core::FindReceiver, request);
  EXPECT_EQ(found->decision().known(), 3);
  EXPECT_EQ(found->decision().eligible(), 0);
}

TEST_F(Receiver, HasTheSkillsAskedForBesides) {
  v1::FindReceiverRequest request = Find();
  request.add_requirements()->set_skill(Skill("tax"));
  EXPECT_EQ(Named(request), world.With(item) == "ben" ? "-" : "ben");
  request.mutable_requirements(0)->set_min_level(type::v1::LEVEL_AUTHORITY);
  EXPECT_EQ(Named(request), "-");
}

TEST_F(Receiver, ServesTheQueueThatIsNamed) {
  v1::FindReceiverRequest request = Find();
  request.set_queue(QueueName("second"));
  EXPECT_EQ(Named(request), world.With(item) == "cal" ? "-" : "cal");
  request.set_queue(QueueName("none"));
  EXPECT_EQ(Named(request), "REFERENCE_NOT_FOUND");
}

TEST_F(Receiver, IsOfAnItemThatCouldBeTaken) {
  ASSERT_TRUE(world.Finish(world.Get(item)).ok());
  EXPECT_EQ(Named(Find()), "STATE_FORBIDS");
  v1::FindReceiverRequest request;
  request.set_name(Name("workItems", "none"));
  EXPECT_EQ(Named(request), "RESOURCE_NOT_FOUND");
}

}  // namespace
}  // namespace tideline::work_routing
