// SPDX-License-Identifier: Apache-2.0
// A review through gRPC in a whole suite: routing finds the reviewer, the item follows the verdict,
// and a suite that starts again on the same store goes on where the last one stopped.
#include <memory>
#include <string>

#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/time/clock.h"
#include "gtest/gtest.h"
#include "services/suite/suite.h"
#include "tideline/review/v1/review_service.grpc.pb.h"
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

class ReviewSuite : public ::testing::Test {
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
    review_ = review::v1::ReviewService::NewStub(suite_->Channel());
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
  review::v1::Review Last(const std::string& item) {
    review::v1::ListReviewsRequest list;
    list.set_parent(kWorkspace);
    list.set_work_item(item);
    const auto response = Call(*review_, &review::v1::ReviewService::Stub::ListReviews, list);
    return response.reviews().empty() ? review::v1::Review() : *response.reviews().rbegin();
  }
  void Publish() {
    review::v1::CreateReviewPolicyRequest create;
    create.set_parent(kWorkspace);
    create.set_review_policy_id("all");
    review::v1::ReviewPolicy& policy = *create.mutable_review_policy();
    policy.add_stages()->set_queue(Name("queues", "q"));
    policy.mutable_stages(0)->mutable_independence()->set_other_team(true);
    Call(*review_, &review::v1::ReviewService::Stub::CreateReviewPolicy, create);
  }
  void HandIn(const std::string& item) {
    routing::SubmitResultRequest done;
    done.set_name(item);
    done.mutable_result()->set_summary("it holds");
    Call(*routing_, &routing::WorkRoutingService::Stub::SubmitResult, done);
    ASSERT_TRUE(suite_->Settle().ok());
  }

  journal::MemoryStore store_;
  SimulatedClock clock_{absl::FromUnixSeconds(1'772'442'000)};
  std::unique_ptr<suite::Suite> suite_;
  std::unique_ptr<registry::SkillRegistryService::Stub> registry_;
  std::unique_ptr<routing::WorkRoutingService::Stub> routing_;
  std::unique_ptr<review::v1::ReviewService::Stub> review_;
  rpc::Cursors seen_;
};

TEST_F(ReviewSuite, AResultIsJudgedByWhomRoutingFindsAndTheItemFollows) {
  Build();
  Publish();
  const routing::WorkItem item = Submit();
  ASSERT_EQ(item.state(), routing::WorkItem::STATE_ASSIGNED);
  const std::string doer = item.custody().holder();
  HandIn(item.name());
  const review::v1::Review due = Last(item.name());
  EXPECT_EQ(due.state(), review::v1::Review::STATE_IN_REVIEW);
  ASSERT_EQ(due.opinions_size(), 1);
  const std::string reviewer = due.opinions(0).reviewer();
  ASSERT_FALSE(reviewer.empty());
  EXPECT_NE(reviewer, doer);

  review::v1::SubmitReviewRequest say;
  say.set_name(due.name());
  say.set_expert(reviewer);
  say.set_verdict(review::v1::VERDICT_REWORK);
  say.set_checksum("another one");
  Call(*review_, &review::v1::ReviewService::Stub::SubmitReview, say, "ETAG_MISMATCH");
  say.set_checksum(due.checksum());
  Call(*review_, &review::v1::ReviewService::Stub::SubmitReview, say, "FIELD_REQUIRED");
  auto& finding = *say.add_findings();
  finding.set_severity(review::v1::SEVERITY_MAJOR);
  finding.set_action("Cite D2");
  Call(*review_, &review::v1::ReviewService::Stub::SubmitReview, say);
  ASSERT_TRUE(suite_->Settle().ok());
  EXPECT_EQ(Last(item.name()).state(), review::v1::Review::STATE_RETURNED);
  EXPECT_TRUE(Last(item.name()).carried_out());
  EXPECT_EQ(Item(item.name()).custody().holder(), doer);
  EXPECT_EQ(Item(item.name()).return_count(), 1);

  HandIn(item.name());
  const review::v1::Review again = Last(item.name());
  EXPECT_EQ(again.round(), 2);
  say.set_name(again.name());
  say.set_expert(again.opinions(0).reviewer());
  say.clear_findings();
  say.set_verdict(review::v1::VERDICT_APPROVED);
  Call(*review_, &review::v1::ReviewService::Stub::SubmitReview, say);
  ASSERT_TRUE(suite_->Settle().ok());
  EXPECT_EQ(Item(item.name()).state(), routing::WorkItem::STATE_COMPLETED);
  EXPECT_EQ(Item(again.opinions(0).work_item()).state(), routing::WorkItem::STATE_COMPLETED);

  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  Start();
  EXPECT_EQ(Last(item.name()).state(), review::v1::Review::STATE_APPROVED);
  EXPECT_TRUE(Last(item.name()).carried_out());
}

TEST_F(ReviewSuite, WithoutAPolicyAResultWaitsAsItAlwaysDid) {
  Build();
  const routing::WorkItem item = Submit();
  HandIn(item.name());
  EXPECT_EQ(Item(item.name()).state(), routing::WorkItem::STATE_SUBMITTED);
  EXPECT_TRUE(Last(item.name()).name().empty());
}

}  // namespace
}  // namespace tideline
