// SPDX-License-Identifier: Apache-2.0
// A whole suite whose journals are sealed: every event of every service, over restarts, and a start
// that refuses when store and archive are not each other's.
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/time/clock.h"
#include "gtest/gtest.h"
#include "services/suite/suite.h"
#include "tests/support/temp_folder.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tools/replay/ledger_check.h"

namespace tideline {
namespace {

namespace registry = skill_registry::v1;

class LedgerSuite : public ::testing::Test {
 protected:
  LedgerSuite() : clock_(absl::FromUnixSeconds(1'772'442'000)) { NewStore(); }

  void NewStore() { store_ = std::make_unique<journal::MemoryStore>(); }

  absl::Status Start() {
    suite::SuiteOptions options;
    options.store = store_.get();
    options.clock = &clock_;
    options.partitions = 2;
    options.threads = 1;
    options.ledger = folder_.path() + "/ledger";
    auto suite = suite::Suite::Start(options);
    if (!suite.ok()) return suite.status();
    suite_ = *std::move(suite);
    return absl::OkStatus();
  }

  void CreateWorkspaces(const std::string& prefix, int count) {
    const auto stub = registry::SkillRegistryService::NewStub(suite_->Channel());
    for (int i = 0; i < count; ++i) {
      const std::string name = absl::StrCat("workspaces/", prefix, i);
      {
        grpc::ClientContext context;
        rpc::Prepare({}, context);
        registry::CreateWorkspaceRequest request;
        request.mutable_workspace()->set_name(name);
        registry::CreateWorkspaceResponse response;
        ASSERT_TRUE(stub->CreateWorkspace(&context, request, &response).ok());
      }
      grpc::ClientContext context;
      rpc::Prepare({}, context);
      registry::CreateOrganizationRequest request;
      request.set_parent(name);
      request.set_organization_id("vendor");
      request.mutable_organization()->set_kind(registry::Organization::KIND_VENDOR);
      registry::CreateOrganizationResponse response;
      ASSERT_TRUE(stub->CreateOrganization(&context, request, &response).ok());
    }
  }

  // Everything is in the ledger, once, and verifies.
  void ExpectSealed(int64_t trees) {
    ASSERT_TRUE(suite_->Settle().ok());
    const absl::Status sealed = suite_->SealAll();
    ASSERT_TRUE(sealed.ok()) << sealed;
    const auto report =
        replay::CheckLedger(*store_, 2, suite_->services(), folder_.path() + "/ledger");
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->ok()) << FormatLedger(*report);
    EXPECT_EQ(report->trees, trees);
    EXPECT_GE(report->entries, 2 * trees);
    EXPECT_EQ(report->kinds.at("skill_registry.created"), 2 * trees);
  }

  testing::TempFolder folder_;
  SimulatedClock clock_;
  std::unique_ptr<journal::MemoryStore> store_;
  std::unique_ptr<suite::Suite> suite_;
};

TEST_F(LedgerSuite, SealsEveryEventOverRestarts) {
  for (int life = 1; life <= 3; ++life) {
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
    CreateWorkspaces(absl::StrCat("life", life, "-"), 5);
    ExpectSealed(5 * life);
    const absl::Status stopped = suite_->Stop();
    EXPECT_TRUE(stopped.ok()) << stopped;
    suite_.reset();
  }
}

TEST_F(LedgerSuite, ACleanStopLeavesNothingUnsealed) {
  ASSERT_TRUE(Start().ok());
  CreateWorkspaces("acme", 3);
  const std::vector<std::string> services = suite_->services();
  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  const auto report = replay::CheckLedger(*store_, 2, services, folder_.path() + "/ledger");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->ok()) << FormatLedger(*report);
  EXPECT_GE(report->entries, 6);
}

TEST_F(LedgerSuite, AnotherStoreIsRefusedAtStart) {
  ASSERT_TRUE(Start().ok());
  CreateWorkspaces("acme", 3);
  ASSERT_TRUE(suite_->Stop().ok());
  suite_.reset();
  NewStore();
  const absl::Status refused = Start();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("the journal of "), std::string::npos) << refused;
}

TEST_F(LedgerSuite, ASecondSuiteOnTheSameArchiveIsRefused) {
  ASSERT_TRUE(Start().ok());
  const std::unique_ptr<suite::Suite> first = std::move(suite_);
  const absl::Status refused = Start();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("another replica"), std::string::npos) << refused;
}

TEST_F(LedgerSuite, WithoutALedgerNothingIsSealed) {
  suite::SuiteOptions options;
  options.store = store_.get();
  options.clock = &clock_;
  options.partitions = 2;
  const auto suite = suite::Suite::Start(options);
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_TRUE(absl::IsFailedPrecondition((*suite)->SealAll()));
}

}  // namespace
}  // namespace tideline
