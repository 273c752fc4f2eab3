// SPDX-License-Identifier: Apache-2.0
// skill_registry behind its gRPC face, in memory: what the seam and the Core do only together.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "services/skill_registry/module.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"

namespace tideline::skill_registry {
namespace {

using ::testing::ElementsAre;
using Stub = v1::SkillRegistryService::Stub;

class Service : public ::testing::Test {
 protected:
  void SetUp() override {
    deps_.clock = &clock_;
    deps_.store = &store_;
    deps_.loops = {loop_.get()};
    deps_.partitions = 4;
    deps_.metrics = &metrics_;
    deps_.authenticator = &authenticator_;
    ASSERT_TRUE(store_.Open(deps_.partitions, absl::Seconds(1)).ok());
    Start();
    Must(&Stub::CreateWorkspace,
         "workspace { name: 'workspaces/acme' } admin_subject: 'boss' request_id: 'w'");
    Must(&Stub::CreateOrganization,
         "parent: 'workspaces/acme' organization_id: 'north' organization { kind: KIND_VENDOR }");
    Must(&Stub::CreateSite,
         "parent: 'workspaces/acme' site_id: 'krakow' "
         "site { country: 'PL' time_zone: 'Europe/Warsaw' }");
    Must(&Stub::CreateTeam,
         "parent: 'workspaces/acme' team_id: 'alpha' team { "
         "organization: 'workspaces/acme/organizations/north' "
         "site: 'workspaces/acme/sites/krakow' }");
  }

  void Start() {
    bindings_ = std::make_unique<rpc::Bindings>();
    ASSERT_TRUE(Bind(deps_, *bindings_).ok());
    auto server = rpc::Server::Start({}, deps_, *bindings_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    bindings_->Start();
    const absl::Status serving = bindings_->WaitServing(absl::Seconds(10));
    ASSERT_TRUE(serving.ok()) << serving;
    stub_ = v1::SkillRegistryService::NewStub(server_->InProcessChannel());
  }

  void Restart() {
    stub_.reset();
    server_.reset();
    bindings_.reset();
    Start();
  }

  template <class Request, class Response>
  using Rpc = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // One call as `subject`; empty: the trusted "dev".
  template <class Request, class Response>
  absl::StatusOr<Response> Do(Rpc<Request, Response> rpc, const std::string& text,
                              const std::string& subject = "") {
    Request request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    grpc::ClientContext context;
    rpc::Prepare({.subject = subject}, context);
    Response response;
    const absl::Status status = rpc::FromGrpc(((*stub_).*rpc)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  template <class Request, class Response>
  Response Must(Rpc<Request, Response> rpc, const std::string& text,
                const std::string& subject = "") {
    absl::StatusOr<Response> response = Do(rpc, text, subject);
    EXPECT_TRUE(response.ok()) << text << ": " << response.status();
    return response.ok() ? *std::move(response) : Response();
  }
  template <class Request, class Response>
  Reason ReasonFor(Rpc<Request, Response> rpc, const std::string& text,
                   const std::string& subject = "") {
    return ReasonOf(Do(rpc, text, subject).status());
  }

  SystemClock clock_;
  journal::MemoryStore store_;
  telemetry::Metrics metrics_;
  rpc::UnsecuredAuthenticator authenticator_;
  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>("registry");
  rpc::Deps deps_;
  std::unique_ptr<rpc::Bindings> bindings_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(Service, AsksTheMemberRecordForRoles) {
  const std::string skill = "parent: 'workspaces/acme' skill_id: 'sql' skill {}";
  EXPECT_EQ(ReasonFor(&Stub::CreateSkill, skill, "stranger"), Reason::REASON_ROLE_MISSING);
  Must(&Stub::CreateSkill, skill, "boss");
  EXPECT_EQ(ReasonFor(&Stub::GetSkill, "name: 'workspaces/acme/skills/sql'", "stranger"),
            Reason::REASON_ROLE_MISSING);
  EXPECT_EQ(ReasonFor(&Stub::CreateWorkspace, "workspace { name: 'workspaces/mine' }", "boss"),
            Reason::REASON_ROLE_MISSING);
  Must(&Stub::CreateMember,
       "parent: 'workspaces/acme' member_id: 'eve' member { subject: 'eve' roles: ROLE_AUDITOR }",
       "boss");
  Must(&Stub::GetSkill, "name: 'workspaces/acme/skills/sql'", "eve");
  EXPECT_EQ(ReasonFor(&Stub::DeleteSkill, "name: 'workspaces/acme/skills/sql'", "eve"),
            Reason::REASON_ROLE_MISSING);
}

TEST_F(Service, ARepeatedCallGetsTheFirstAnswerWithTodaysName) {
  const std::string create =
      "parent: 'workspaces/acme' expert_id: 'ada' request_id: 'r1' expert { "
      "display_name: 'Ada' team: 'workspaces/acme/teams/alpha' }";
  const auto first = Must(&Stub::CreateExpert, create);
  Must(&Stub::UpdateExpert,
       "expert { name: 'workspaces/acme/experts/ada' display_name: 'Ada L.' capacity_units: 3 }");
  const auto again = Must(&Stub::CreateExpert, create);
  EXPECT_EQ(again.expert().etag(), first.expert().etag());
  EXPECT_EQ(again.expert().capacity_units(), 1);
  EXPECT_EQ(again.expert().display_name(), "Ada L.");
}

TEST_F(Service, UpdatesWhatIsNamedAndAsksForNothingElse) {
  const auto updated = Must(&Stub::UpdateTeam,
                            "team { name: 'workspaces/acme/teams/alpha' display_name: 'Alpha' } "
                            "update_mask { paths: 'display_name' }");
  EXPECT_EQ(updated.team().display_name(), "Alpha");
  EXPECT_EQ(updated.team().site(), "workspaces/acme/sites/krakow");
  EXPECT_EQ(ReasonFor(&Stub::UpdateTeam,
                      "team { name: 'workspaces/acme/teams/alpha' } update_mask { paths: 'site' }"),
            Reason::REASON_FIELD_REQUIRED);
}

TEST_F(Service, ABadRowDoesNotRefuseItsChunk) {
  const auto response =
      Must(&Stub::ImportExperts,
           "parent: 'workspaces/acme' import_id: 'i' "
           "experts { name: 'workspaces/acme/experts/a' } "
           "experts { name: 'workspaces/acme/experts/b' "
           "team: 'workspaces/acme/teams/alpha' languages { language_code: 'x' } } "
           "experts { name: 'workspaces/acme/experts/c' "
           "team: 'workspaces/acme/teams/alpha' }");
  std::vector<int> outcomes;
  for (const auto& result : response.results()) outcomes.push_back(result.outcome());
  EXPECT_THAT(outcomes,
              ElementsAre(v1::ImportRowResult::OUTCOME_FAILED, v1::ImportRowResult::OUTCOME_FAILED,
                          v1::ImportRowResult::OUTCOME_CREATED));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(response.results(1).error().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "INVALID_FIELD");
}

TEST_F(Service, ListsTheWorkspacesOfAllPartitions) {
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    Must(&Stub::CreateWorkspace, absl::StrCat("workspace { name: 'workspaces/", id, "' }"));
  }
  std::vector<std::string> names;
  std::string token;
  do {
    const auto page =
        Must(&Stub::ListWorkspaces, absl::StrCat("page_size: 2 page_token: '", token, "'"));
    for (const auto& workspace : page.workspaces()) names.push_back(workspace.name());
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("workspaces/a", "workspaces/acme",
                                                     "workspaces/b", "workspaces/c", "workspaces/d",
                                                     "workspaces/e", "workspaces/f"));
}

TEST_F(Service, APageTokenHoldsForItsFilterAlone) {
  for (const char* id : {"x", "y", "z"}) {
    Must(&Stub::CreateSkill,
         absl::StrCat("parent: 'workspaces/acme' skill_id: '", id, "' skill {}"));
  }
  const auto page = Must(&Stub::ListSkills, "parent: 'workspaces/acme' page_size: 1");
  EXPECT_EQ(ReasonFor(&Stub::ListSkills,
                      absl::StrCat("parent: 'workspaces/acme' page_size: 1 "
                                   "parent_skill: 'workspaces/acme/skills/x' page_token: '",
                                   page.next_page_token(), "'")),
            Reason::REASON_PAGE_TOKEN_INVALID);
  const auto next =
      Must(&Stub::ListSkills, absl::StrCat("parent: 'workspaces/acme' page_size: 1 page_token: '",
                                           page.next_page_token(), "'"));
  ASSERT_EQ(next.skills_size(), 1);
  EXPECT_EQ(next.skills(0).name(), "workspaces/acme/skills/y");
}

TEST_F(Service, AWatchGoesOnFromItsToken) {
  v1::WatchRosterRequest request;
  request.set_workspace("workspaces/acme");
  v1::WatchRosterResponse response;
  std::string token;
  {
    grpc::ClientContext context;
    rpc::Prepare({.timeout = absl::Seconds(30)}, context);
    auto stream = stub_->WatchRoster(&context, request);
    int there = 0;
    do {
      ASSERT_TRUE(stream->Read(&response));
      there += response.events_size();
    } while (!response.snapshot_sent());
    EXPECT_EQ(there, 5);  // workspace, member, organization, site, team
    Must(&Stub::CreateSkill, "parent: 'workspaces/acme' skill_id: 'one' skill {}");
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.events(0).header().subject(), "workspaces/acme/skills/one");
    token = response.resume_token();
    context.TryCancel();
    while (stream->Read(&response)) {
    }
    stream->Finish();
  }
  Must(&Stub::CreateSkill, "parent: 'workspaces/acme' skill_id: 'two' skill {}");
  request.set_resume_token(token);
  grpc::ClientContext context;
  rpc::Prepare({.timeout = absl::Seconds(30)}, context);
  auto stream = stub_->WatchRoster(&context, request);
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.events_size(), 1);
  EXPECT_EQ(response.events(0).header().subject(), "workspaces/acme/skills/two");
  context.TryCancel();
  while (stream->Read(&response)) {
  }
  stream->Finish();
}

TEST_F(Service, ComesBackWithAllData) {
  Must(&Stub::CreateExpert,
       "parent: 'workspaces/acme' expert_id: 'ada' expert { display_name: 'Ada' "
       "team: 'workspaces/acme/teams/alpha' }");
  const auto before = Must(&Stub::GetExpert, "name: 'workspaces/acme/experts/ada'", "boss");
  Restart();
  const auto after = Must(&Stub::GetExpert, "name: 'workspaces/acme/experts/ada'", "boss");
  EXPECT_EQ(before.SerializeAsString(), after.SerializeAsString());
  EXPECT_EQ(after.expert().display_name(), "Ada");
  EXPECT_EQ(ReasonFor(&Stub::DeleteTeam, "name: 'workspaces/acme/teams/alpha'"),
            Reason::REASON_RESOURCE_IN_USE);
}

TEST_F(Service, ASnapshotSaysHowFarItReaches) {
  const auto page = Must(&Stub::Snapshot, "workspace: 'workspaces/acme' page_size: 1000");
  EXPECT_EQ(page.events_size(), 5);
  EXPECT_EQ(page.position().commit(), page.events(4).header().revision().commit());
}

}  // namespace
}  // namespace tideline::skill_registry
