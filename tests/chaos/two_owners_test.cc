// SPDX-License-Identifier: Apache-2.0
// Two processes that both think they own every partition: only one can commit, and only one can
// answer a read.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/rpc/status.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"

namespace tideline::chaos {
namespace {

namespace registry = skill_registry::v1;
using testing::Process;

// A suite on a shared Redis.
class Replica {
 public:
  Replica(const std::string& redis, int port)
      : address_(absl::StrCat("127.0.0.1:", port)),
        process_("tideline",
                 {"dev", "--redis", redis, "--port", absl::StrCat(port), "--http-port", "0",
                  "--partitions", "2", "--quiet"},
                 folder_.path() + "/log"),
        channel_(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials())),
        stub_(registry::SkillRegistryService::NewStub(channel_)) {}

  bool WaitServing() {
    for (int i = 0; i < 200 && process_.running(); ++i) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
      context.set_wait_for_ready(true);
      registry::ListWorkspacesResponse response;
      if (stub_->ListWorkspaces(&context, {}, &response).ok()) return true;
    }
    return false;
  }
  void Signal(int signal) { process_.Signal(signal); }

  absl::Status Create(const std::string& name) {
    registry::CreateWorkspaceRequest request;
    request.mutable_workspace()->set_name(name);
    registry::CreateWorkspaceResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    return rpc::FromGrpc(stub_->CreateWorkspace(&context, request, &response));
  }
  absl::Status Rename(const std::string& name, const std::string& display_name) {
    registry::UpdateWorkspaceRequest request;
    request.mutable_workspace()->set_name(name);
    request.mutable_workspace()->set_display_name(display_name);
    request.mutable_update_mask()->add_paths("display_name");
    registry::UpdateWorkspaceResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    return rpc::FromGrpc(stub_->UpdateWorkspace(&context, request, &response));
  }
  absl::StatusOr<std::string> Read(const std::string& name) {
    registry::GetWorkspaceRequest request;
    request.set_name(name);
    registry::GetWorkspaceResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    absl::Status status = rpc::FromGrpc(stub_->GetWorkspace(&context, request, &response));
    if (!status.ok()) return status;
    return response.workspace().display_name();
  }

 private:
  testing::TempFolder folder_;
  std::string address_;
  Process process_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<registry::SkillRegistryService::Stub> stub_;
};

TEST(TwoOwners, OnlyOneCanCommitAndOnlyOneCanAnswerARead) {
  auto redis = testing::RedisServer::StartOrNull();
  if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
  int port = 26000 + ::getpid() % 1000 * 4;
  Replica first(redis->url(), port);
  ASSERT_TRUE(first.WaitServing());
  ASSERT_TRUE(first.Create("workspaces/acme").ok());
  ASSERT_TRUE(first.Rename("workspaces/acme", "before").ok());
  EXPECT_EQ(*first.Read("workspaces/acme"), "before");

  first.Signal(SIGSTOP);
  Replica second(redis->url(), port + 1);
  ASSERT_TRUE(second.WaitServing());
  ASSERT_TRUE(second.Rename("workspaces/acme", "after").ok());
  first.Signal(SIGCONT);

  // The first still believes that it owns: it must not answer, neither old nor new.
  auto read = first.Read("workspaces/acme");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(read.status()), Reason::REASON_STORE_UNAVAILABLE);
  absl::Status write = first.Rename("workspaces/acme", "split");
  EXPECT_EQ(write.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*second.Read("workspaces/acme"), "after");
}

TEST(TwoOwners, AWriteOfTheDeposedOwnerAloneIsFencedToo) {
  auto redis = testing::RedisServer::StartOrNull();
  if (redis == nullptr) GTEST_SKIP() << testing::RedisServer::kMissing;
  int port = 26002 + ::getpid() % 1000 * 4;
  Replica first(redis->url(), port);
  ASSERT_TRUE(first.WaitServing());
  ASSERT_TRUE(first.Create("workspaces/acme").ok());
  Replica second(redis->url(), port + 1);
  ASSERT_TRUE(second.WaitServing());
  EXPECT_EQ(first.Rename("workspaces/acme", "split").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*second.Read("workspaces/acme"), "");
}

}  // namespace
}  // namespace tideline::chaos
