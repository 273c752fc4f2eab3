// SPDX-License-Identifier: Apache-2.0
// A handoff through gRPC in a whole suite: custody moves by the owed call, everybody sees it, and a
// suite that starts again on the same store goes on where the last one stopped.
#include <memory>
#include <string>

#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/time/clock.h"
#include "gtest/gtest.h"
#include "services/suite/suite.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

constexpr char kWorkspace[] = "workspaces/acme";

std::string Name(const std::string& collection, const std::string& id) {
  return std::string(kWorkspace) + "/" + collection + "/" + id;
}

class HandoffSuite : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }

  void Start() {
    suite::SuiteOptions options;
    options.store = &store_;
    options.clock = &clock_;
    options.partitions = 2;
    options.threads = 1;
    auto suite = suite::Suite::Start(options);
    ASSERT_TRUE(suite.ok()) << suite.status();
    suite_ = *std::move(suite);
    registry_ = registry::SkillRegistryService::NewStub(suite_->Channel());
    routing_ = routing::WorkRoutingService::NewStub(suite_->Channel());
    handoff_ = handoff::v1::HandoffService::NewStub(suite_->Channel());
  }

  // One call that sees what the calls before it did, in every service.
  template <class Stub, class Request, class Response>
  Response Call(Stub& stub,
                grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, absl::string_view expected = "OK") {
    grpc::ClientContext context;
    rpc::CallOptions options;
    options.after = &seen_;
    rpc::Prepare(options, context);
    Response response;
    const absl::Status status = rpc::FromGrpc((stub.*rpc)(&context, request, &response));
    seen_.Note(context);
    EXPECT_EQ(status.ok() ? "OK" : ReasonName(ReasonOf(status)), expected) << status;
    return response;
  }

  void Build() {
    registry::CreateWorkspaceRequest workspace;
    workspace.mutable_workspace()->set_name(kWorkspace);
    Call(*registry_, &registry::SkillRegistryService::Stub::CreateWorkspace, workspace);
    registry::CreateOrganizationRequest vendor;
    vendor.set_parent(kWorkspace);
    vendor.set_organization_id("vendor");
    vendor.mutable_organization()->set_kind(registry::Organization::KIND_VENDOR);
    Call(*registry_, &registry::SkillRegistryService::Stub::CreateOrganization, vendor);
    registry::CreateSiteRequest site;
    site.set_parent(kWorkspace);
    site.set_site_id("home");
    site.mutable_site()->set_country("DE");
    site.mutable_site()->set_time_zone("Europe/Berlin");
    Call(*registry_, &registry::SkillRegistryService::Stub::CreateSite, site);
    for (const std::string id : {"kr", "bg"}) {
      registry::CreateTeamRequest team;
      team.set_parent(kWorkspace);
      team.set_team_id(id);
      team.mutable_team()->set_organization(Name("organizations", "vendor"));
      team.mutable_team()->set_site(Name("sites", "home"));
      Call(*registry_, &registry::SkillRegistryService::Stub::CreateTeam, team);
      registry::CreateExpertRequest expert;
      expert.set_parent(kWorkspace);
      expert.set_expert_id(id + "-one");
      expert.mutable_expert()->set_team(Name("teams", id));
      Call(*registry_, &registry::SkillRegistryService::Stub::CreateExpert, expert);
      registry::SetPresenceRequest presence;
      presence.set_name(Name("experts", id + "-one") + "/presence");
      presence.set_state(registry::Presence::STATE_AVAILABLE);
      Call(*registry_, &registry::SkillRegistryService::Stub::SetPresence, presence);
    }
    routing::CreateQueueRequest queue;
    queue.set_parent(kWorkspace);
    queue.set_queue_id("q");
    queue.mutable_queue()->set_home_team(Name("teams", "kr"));
    queue.mutable_queue()->mutable_policy()->set_mode(routing::QueuePolicy::MODE_AUTO_ASSIGN);
    queue.mutable_queue()->mutable_policy()->add_teams(Name("teams", "kr"));
    queue.mutable_queue()->mutable_policy()->add_teams(Name("teams", "bg"));
    Call(*routing_, &routing::WorkRoutingService::Stub::CreateQueue, queue);
  }

  routing::WorkItem Submit() {
    routing::SubmitWorkItemRequest submit;
    submit.set_parent(kWorkspace);
    submit.mutable_work_item()->set_queue(Name("queues", "q"));
    submit.mutable_work_item()->set_title("a claim");
    return Call(*routing_, &routing::WorkRoutingService::Stub::SubmitWorkItem, submit).work_item();
  }
  routing::WorkItem Item(const std::string& name) {
    routing::GetWorkItemRequest get;
    get.set_name(name);
    return Call(*routing_, &routing::WorkRoutingService::Stub::GetWorkItem, get).work_item();
  }
  handoff::v1::Handoff Handoff(const std::string& name) {
    handoff::v1::GetHandoffRequest get;
    get.set_name(name);
    return Call(*handoff_, &handoff::v1::HandoffService::Stub::GetHandoff, get).handoff();
  }
  handoff::v1::ProposeHandoffRequest Proposal(const std::string& item) {
    handoff::v1::ProposeHandoffRequest propose;
    propose.set_parent(kWorkspace);
    propose.mutable_handoff()->set_work_item(item);
    propose.mutable_handoff()->set_reason(handoff::v1::Handoff::REASON_SHIFT_END);
    propose.mutable_handoff()->mutable_packet()->set_summary("Half of it is done");
    return propose;
  }

  journal::MemoryStore store_;
  SimulatedClock clock_{absl::FromUnixSeconds(1'772'442'000)};
  std::unique_ptr<suite::Suite> suite_;
  std::unique_ptr<registry::SkillRegistryService::Stub> registry_;
  std::unique_ptr<routing::WorkRoutingService::Stub> routing_;
  std::unique_ptr<handoff::v1::HandoffService::Stub> handoff_;
  rpc::Cursors seen_;
};

TEST_F(HandoffSuite, MovesCustodyToWhomRoutingFindsAndComesBackTheSame) {
  Build();
  const routing::WorkItem item = Submit();
  ASSERT_EQ(item.state(), routing::WorkItem::STATE_ASSIGNED);
  const std::string giver = item.custody().holder();
  handoff::v1::ProposeHandoffRequest propose = Proposal(item.name());
  propose.mutable_handoff()->mutable_to()->mutable_search();
  const std::string name =
      Call(*handoff_, &handoff::v1::HandoffService::Stub::ProposeHandoff, propose).handoff().name();
  ASSERT_TRUE(suite_->Settle().ok());
  const std::string receiver = Handoff(name).receiver().expert();
  ASSERT_FALSE(receiver.empty());
  EXPECT_NE(receiver, giver);
  EXPECT_EQ(Item(item.name()).custody().holder(), giver);

  // A second one is refused, and so is a read-back of a word.
  Call(*handoff_, &handoff::v1::HandoffService::Stub::ProposeHandoff, propose, "HANDOFF_OPEN");
  handoff::v1::AcknowledgeHandoffRequest acknowledge;
  acknowledge.set_name(name);
  acknowledge.set_read_back("ok");
  Call(*handoff_, &handoff::v1::HandoffService::Stub::AcknowledgeHandoff, acknowledge,
       "READ_BACK_TOO_SHORT");
  acknowledge.set_read_back("I finish the second half of the claim.");
  Call(*handoff_, &handoff::v1::HandoffService::Stub::AcknowledgeHandoff, acknowledge);
  ASSERT_TRUE(suite_->Settle().ok());
  EXPECT_EQ(Handoff(name).state(), handoff::v1::Handoff::STATE_TRANSFERRED);
  const routing::WorkItem moved = Item(item.name());
  EXPECT_EQ(moved.custody().holder(), receiver);
  EXPECT_EQ(moved.custody().epoch(), item.custody().epoch() + 1);

  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  Start();
  EXPECT_EQ(Handoff(name).state(), handoff::v1::Handoff::STATE_TRANSFERRED);
  EXPECT_EQ(Item(item.name()).custody().holder(), receiver);
}

TEST_F(HandoffSuite, ExpiresWhenTheTimeIsUp) {
  Build();
  const routing::WorkItem item = Submit();
  handoff::v1::ProposeHandoffRequest propose = Proposal(item.name());
  const bool from_kr = item.custody().team() == Name("teams", "kr");
  propose.mutable_handoff()->mutable_to()->set_team(Name("teams", from_kr ? "bg" : "kr"));
  const std::string name =
      Call(*handoff_, &handoff::v1::HandoffService::Stub::ProposeHandoff, propose).handoff().name();
  ASSERT_TRUE(suite_->AdvanceTo(clock_, clock_.Now() + absl::Hours(2)).ok());
  EXPECT_EQ(Handoff(name).state(), handoff::v1::Handoff::STATE_EXPIRED);
  EXPECT_EQ(Item(item.name()).custody().holder(), item.custody().holder());
}

}  // namespace
}  // namespace tideline
