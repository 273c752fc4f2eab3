// SPDX-License-Identifier: Apache-2.0
#include "common/redis/private_server.h"

#include <signal.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"

namespace tideline::redis {
namespace {

using ::testing::HasSubstr;

class PrivateServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PrivateServer::FindProgram().ok()) GTEST_SKIP() << testing::RedisServer::kMissing;
  }
  testing::TempFolder folder_;
};

TEST(PrivateServer, AMissingProgramIsNotFoundAndSaysWhatToInstall) {
  testing::TempFolder folder;
  PrivateServer server({.program = "no-such-redis", .data_folder = folder.path()});
  const absl::Status status = server.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("redis-server"));
}

TEST_F(PrivateServerTest, StartsAnswersAndStops) {
  PrivateServer server({.data_folder = folder_.path()});
  ASSERT_TRUE(server.Start().ok());
  EXPECT_TRUE(server.running());
  EXPECT_EQ(server.Start().code(), absl::StatusCode::kFailedPrecondition);
  const pid_t pid = server.pid();
  server.Stop();
  EXPECT_FALSE(server.running());
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_THAT(server.LogTail(), HasSubstr("Redis is now ready to exit"));
}

TEST_F(PrivateServerTest, StopsAStoppedChild) {
  PrivateServer server({.data_folder = folder_.path()});
  ASSERT_TRUE(server.Start().ok());
  server.Signal(SIGSTOP);
  server.Stop();
  EXPECT_FALSE(server.running());
}

TEST_F(PrivateServerTest, NoticesAChildThatDied) {
  PrivateServer server({.data_folder = folder_.path()});
  ASSERT_TRUE(server.Start().ok());
  server.Signal(SIGKILL);
  while (server.running()) {
  }
  EXPECT_TRUE(server.Start().ok());  // over the socket that the dead one left
}

TEST_F(PrivateServerTest, ABadSettingIsUnavailableWithTheLog) {
  PrivateServer server({.data_folder = folder_.path(), .more = {"--no-such-setting", "1"}});
  const absl::Status status = server.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("exited"));
}

TEST_F(PrivateServerTest, ALongPathIsRefusedWithTheRemedy) {
  const std::string deep = folder_.path() + "/" + std::string(100, 'd');
  std::filesystem::create_directory(deep);
  PrivateServer server({.data_folder = deep});
  const absl::Status status = server.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("shorter data folder"));
}

}  // namespace
}  // namespace tideline::redis
