// SPDX-License-Identifier: Apache-2.0
// An item that is late, from its submission to the work item that somebody has to see to, through
// the modules as they run: journals followed, timers, owed calls over gRPC, a restart in between.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/time/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "services/suite/suite.h"
#include "tests/support/process.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::sla_monitor {
namespace {

using ::testing::HasSubstr;
using Registry = skill_registry::v1::SkillRegistryService::Stub;
using Routing = work_routing::v1::WorkRoutingService::Stub;
using Monitor = v1::SlaMonitorService::Stub;

class SlaSuite : public ::testing::Test {
 protected:
  SlaSuite() : clock_(absl::FromUnixSeconds(1'772'442'000)) {}  // Monday, 2026-03-02, 09:00 UTC

  void SetUp() override {
    Start();
    Must(&Registry::CreateWorkspace, *registry_, "workspace { name: 'workspaces/acme' }");
    for (const char* kind : {"client", "vendor"}) {
      Must(&Registry::CreateOrganization, *registry_,
           absl::StrCat("parent: 'workspaces/acme' organization_id: '", kind,
                        "' organization { kind: ",
                        std::string(kind) == "client" ? "KIND_CLIENT" : "KIND_VENDOR", " }"));
    }
    Must(&Registry::CreateSite, *registry_,
         "parent: 'workspaces/acme' site_id: 'home' site { country: 'PL' time_zone: 'UTC' }");
    Must(&Registry::CreateTeam, *registry_,
         "parent: 'workspaces/acme' team_id: 'desk' team { organization: "
         "'workspaces/acme/organizations/vendor' site: 'workspaces/acme/sites/home' }");
    Must(&Registry::CreateSlaPolicy, *registry_,
         "parent: 'workspaces/acme' sla_policy_id: 'fast' sla_policy { rules { classes { "
         "impact_class: IMPACT_CLASS_LOW client_target { seconds: 14400 } } warn_percents: 50 "
         "escalations { trigger: TRIGGER_WARNING warn_percent: 50 "
         "raise_priority: PRIORITY_URGENT } "
         "escalations { trigger: TRIGGER_BREACH queue: 'workspaces/acme/queues/late' } } }");
    Must(&Registry::CreateEngagement, *registry_,
         "parent: 'workspaces/acme' engagement_id: 'deal' engagement { client: "
         "'workspaces/acme/organizations/client' vendor: 'workspaces/acme/organizations/vendor' "
         "sla_policy: 'workspaces/acme/slaPolicies/fast' }");
    ASSERT_TRUE(suite_->Settle().ok());
    for (const char* queue : {"work", "late"}) {
      Must(&Routing::CreateQueue, *routing_,
           absl::StrCat("parent: 'workspaces/acme' queue_id: '", queue,
                        "' queue { home_team: 'workspaces/acme/teams/desk' policy { mode: "
                        "MODE_PULL } }"));
    }
    Must(&Routing::SubmitWorkItem, *routing_,
         "parent: 'workspaces/acme' work_item_id: 'w' work_item { queue: "
         "'workspaces/acme/queues/work' engagement: 'workspaces/acme/engagements/deal' title: "
         "'find the patent' }");
    ASSERT_TRUE(suite_->Settle().ok());
  }

  void Start() {
    suite::SuiteOptions options;
    options.store = &store_;
    options.clock = &clock_;
    options.partitions = 2;
    options.threads = 1;
    options.http = "127.0.0.1:0";
    auto started = suite::Suite::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    suite_ = *std::move(started);
    registry_ = skill_registry::v1::SkillRegistryService::NewStub(suite_->Channel());
    routing_ = work_routing::v1::WorkRoutingService::NewStub(suite_->Channel());
    monitor_ = v1::SlaMonitorService::NewStub(suite_->Channel());
  }
  void Pass(absl::Duration by) {
    const absl::Status status = suite_->AdvanceTo(clock_, clock_.Now() + by);
    ASSERT_TRUE(status.ok()) << status;
  }

  template <class Stub, class Request, class Response>
  Response Must(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                Stub& stub, const std::string& text) {
    Request request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    grpc::ClientContext context;
    rpc::Prepare({}, context);
    Response response;
    const grpc::Status status = (stub.*rpc)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << text << ": " << status.error_message();
    return response;
  }
  v1::Reading Read() {
    return Must(&Monitor::GetClocks, *monitor_, "name: 'workspaces/acme/workItems/w'").reading();
  }

  SimulatedClock clock_;
  journal::MemoryStore store_;
  std::unique_ptr<suite::Suite> suite_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Routing> routing_;
  std::unique_ptr<Monitor> monitor_;
};

TEST_F(SlaSuite, ALateItemRaisesItsUrgencyAndBecomesSomebodysWork) {
  Pass(absl::Hours(2));
  EXPECT_EQ(Must(&Routing::GetWorkItem, *routing_, "name: 'workspaces/acme/workItems/w'")
                .work_item()
                .priority(),
            type::v1::PRIORITY_URGENT);
  Pass(absl::Hours(2));
  const v1::Reading reading = Read();
  ASSERT_EQ(reading.alerts_size(), 2);
  EXPECT_EQ(reading.alerts(0).escalations(0).state(), v1::EscalationStep::STATE_DONE);
  const v1::EscalationStep& made = reading.alerts(1).escalations(0);
  EXPECT_EQ(made.state(), v1::EscalationStep::STATE_DONE) << made.refusal();
  const auto item =
      Must(&Routing::GetWorkItem, *routing_, absl::StrCat("name: '", made.work_item(), "'"))
          .work_item();
  EXPECT_EQ(item.queue(), "workspaces/acme/queues/late");
  EXPECT_EQ(item.custody().team(), "workspaces/acme/teams/desk");
  EXPECT_EQ(item.origin(), "workspaces/acme/workItems/w");
  EXPECT_EQ(item.depth(), 1);
}

TEST_F(SlaSuite, ADayOfDowntimeLosesNothingAndARestartReadsTheSame) {
  Pass(absl::Hours(1));
  const std::string before = Read().SerializeAsString();
  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  Start();
  EXPECT_EQ(Read().SerializeAsString(), before);
  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  clock_.Advance(absl::Hours(24));
  Start();
  ASSERT_TRUE(suite_->Settle().ok());
  ASSERT_EQ(Read().alerts_size(), 2);
  EXPECT_EQ(Read().alerts(1).ground_time().seconds(),
            Read().clock().create_time().seconds() + 4 * 3600);
  Pass(absl::Hours(24));
  EXPECT_EQ(Read().alerts_size(), 2);
}

TEST_F(SlaSuite, AScrapeShowsTheClocksOfTheContract) {
  const auto scrape = [this] {
    return tideline::testing::HttpGet(suite_->http_address(), "/metrics");
  };
  const std::string of = "{engagement=\"deal\",";
  EXPECT_THAT(scrape(), HasSubstr("\ntideline_sla_monitor_clocks" + of +
                                  "state=\"running\",workspace=\"acme\"} 1\n"));
  Pass(absl::Hours(4));
  const std::string late = scrape();
  EXPECT_THAT(late, HasSubstr("\ntideline_sla_monitor_breached" + of +
                              "leg=\"client\",workspace=\"acme\"} 1\n"));
  EXPECT_THAT(late, HasSubstr("\ntideline_sla_monitor_alerts_total{kind=\"breach\""));
  EXPECT_THAT(late, HasSubstr("\ntideline_sla_monitor_alert_lateness_seconds_count"));
}

TEST_F(SlaSuite, WhatIsWrongIsRefusedAtTheSeam) {
  grpc::ClientContext context;
  rpc::Prepare({}, context);
  v1::AddPauseRequest request;
  request.set_name("workspaces/acme/workItems/w");
  request.mutable_pause()->set_asked_by("a");
  request.mutable_pause()->set_agreed_by("b");
  v1::AddPauseResponse response;
  const grpc::Status status = monitor_->AddPause(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(rpc::FromGrpc(status)), Reason::REASON_FIELD_REQUIRED);
}

}  // namespace
}  // namespace tideline::sla_monitor
