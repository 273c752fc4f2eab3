// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/server.h"

#include <unistd.h>

#include <filesystem>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/toy_process.h"

namespace tideline::toy {
namespace {

using grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;
using ::testing::StartsWith;

class Server : public Process {
 protected:
  HealthCheckResponse::ServingStatus Health(const std::string& service) {
    auto health = grpc::health::v1::Health::NewStub(server_->InProcessChannel());
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }
};

TEST_F(Server, AnswersOverTcpAndUnixSockets) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / absl::StrCat("tideline-server-", getpid());
  std::filesystem::create_directory(folder);
  Start({.listen = {"127.0.0.1:0", absl::StrCat("unix:", (folder / "s").string())}});
  ASSERT_EQ(server_->addresses().size(), 2u);
  EXPECT_THAT(server_->addresses()[0], ::testing::MatchesRegex("127.0.0.1:[1-9][0-9]+"));
  for (const std::string& address : server_->addresses()) {
    stub_ = v1::ToyService::NewStub(rpc::MakeChannel(address));
    EXPECT_TRUE(Put("over the wire").ok()) << address;
  }
  server_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(Server, TellsItsHealth) {
  Start();
  EXPECT_EQ(Health(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Health("toy"), HealthCheckResponse::SERVING);
  server_->SetServing(false);
  EXPECT_EQ(Health(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Health("toy"), HealthCheckResponse::NOT_SERVING);
}

TEST_F(Server, RefusesAddressesBeyondLoopbackUnlessAccepted) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "10.1.2.3:0", "example.com:0"}) {
    rpc::Bindings none;
    EXPECT_EQ(rpc::Server::Start({.listen = {address}}, deps_, none).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << address;
    EXPECT_FALSE(rpc::IsLocal(address));
  }
  for (const char* address : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "unix:/x", "localhost:1"}) {
    EXPECT_TRUE(rpc::IsLocal(address)) << address;
  }
}

TEST_F(Server, RefusesAPortThatIsTaken) {
  Start({.listen = {"127.0.0.1:0"}});
  rpc::Bindings none;
  EXPECT_EQ(rpc::Server::Start({.listen = {server_->addresses()[0]}}, deps_, none).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(Server, RefusesMetadataOverTheLimit) {
  Start({.listen = {"127.0.0.1:0"}});
  stub_ = v1::ToyService::NewStub(rpc::MakeChannel(server_->addresses()[0]));
  grpc::ClientContext context;
  context.AddMetadata("x-large", std::string(20 << 10, 'x'));
  v1::GetThingRequest request;
  v1::GetThingResponse response;
  EXPECT_EQ(stub_->GetThing(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  // gRPC may have closed the connection; who asks again is served.
  auto after = Put("after");
  for (int i = 0; i < 100 && absl::IsUnavailable(after.status()); ++i) after = Put("after");
  EXPECT_TRUE(after.ok()) << after.status();
}

TEST(Client, MakesDistinctRequestIdsOfTheRightForm) {
  const std::string id = rpc::MakeRequestId();
  EXPECT_THAT(id, ::testing::MatchesRegex(
                      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(id, rpc::MakeRequestId());
}

TEST(Client, CursorsKeepTheFurthestPositions) {
  rpc::Cursors cursors;
  EXPECT_EQ(cursors.Format(), "");
  cursors.Note({"work_routing", 7});
  cursors.Note({"skill_registry", 3});
  cursors.Note({"work_routing", 5});
  EXPECT_EQ(cursors.Format(), "skill_registry=3,work_routing=7");
}

}  // namespace
}  // namespace tideline::toy
