// SPDX-License-Identifier: Apache-2.0
// The programs as an operator and an auditor use them: `tideline dev` seals and is killed,
// `tideline ledger` exports, `tideline-verify` verifies, and finds what somebody changed.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"

namespace tideline::testing {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

class LedgerPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    if (RedisServer::StartOrNull() == nullptr) GTEST_SKIP() << RedisServer::kMissing;
  }

  void StartDev() {
    dev_ = std::make_unique<Process>(
        "tideline",
        std::vector<std::string>{"dev", "--data", data_, "--port", "0", "--http-port", "0",
                                 "--partitions", "2", "--quiet"},
        folder_.path() + "/dev.log");
    address_ = WaitForLine(data_ + "/address", *dev_);
    ASSERT_FALSE(address_.empty()) << ReadAll(folder_.path() + "/dev.log");
  }

  // What the program wrote; its exit code must be `code`.
  std::string Run(const std::string& program, const std::vector<std::string>& arguments,
                  int code = 0) {
    const std::string log = absl::StrCat(folder_.path(), "/run", ++runs_);
    Process process(program, arguments, log);
    EXPECT_EQ(process.Wait(absl::Seconds(60)), code) << ReadAll(log);
    return ReadAll(log);
  }

  std::string Ledger(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--workspace", "acme", "ledger", "--ledger", data_ + "/ledger"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return Run("tideline", all);
  }

  // The key of acme's tree, from `ledger list`.
  std::string Key() {
    const std::string list = Ledger({"list"});
    for (const absl::string_view line : absl::StrSplit(list, '\n')) {
      if (absl::StrContains(line, "key") && absl::StrContains(line, "/acme+")) {
        return std::string(line.substr(line.rfind(' ') + 1));
      }
    }
    return "";
  }

  TempFolder folder_;
  const std::string data_ = folder_.path() + "/data";
  std::unique_ptr<Process> dev_;
  std::string address_;
  int runs_ = 0;
};

TEST_F(LedgerPrograms, WhatDevSealsIsExportedAndVerifiedOverKills) {
  std::mt19937_64 chance(3);
  std::string kept;
  for (int life = 0; life < 4; ++life) {
    StartDev();
    if (life == 0) Run("tideline", {"--address", address_, "workspace", "create", "acme"});
    for (int i = 0; i < 3; ++i) {
      Run("tideline", {"--address", address_, "--workspace", "acme", "skill", "create",
                       absl::StrCat("skill-", life, "-", i)});
    }
    if (life == 3) break;
    // At any moment of sealing, or before it.
    absl::Notification never;
    never.WaitForNotificationWithTimeout(absl::Milliseconds(chance() % 400));
    dev_->Signal(SIGKILL);
    dev_->Wait();
    std::filesystem::remove(data_ + "/address");
  }
  dev_->Signal(SIGTERM);
  ASSERT_EQ(dev_->Wait(), 0) << ReadAll(folder_.path() + "/dev.log");
  EXPECT_FALSE(absl::StrContains(ReadAll(folder_.path() + "/dev.log"), "\"level\":\"error\""))
      << ReadAll(folder_.path() + "/dev.log");

  const std::string key = Key();
  ASSERT_FALSE(key.empty());
  const std::string out = folder_.path() + "/acme.jsonl";
  const std::string checkpoint = folder_.path() + "/checkpoint";
  std::ofstream(checkpoint) << Ledger({"checkpoint"});
  Ledger({"export", "--out", out});
  const std::string good = Run("tideline-verify", {"--key", key, "--checkpoint", checkpoint, out});
  EXPECT_TRUE(absl::StrContains(good, "good: ")) << good;
  EXPECT_TRUE(absl::StrContains(good, "skill_registry.created: 13")) << good;

  // Somebody with the export in hand changes an entry.
  std::string text = ReadAll(out);
  const size_t at = text.find("{\"entry\":4,\"sealed\":\"") + 40;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  std::ofstream(out, std::ios::binary) << text;
  const std::string bad =
      Run("tideline-verify", {"--key", key, "--checkpoint", checkpoint, out}, 1);
  EXPECT_TRUE(absl::StrContains(bad, "BAD: entry 4 ")) << bad;
}

TEST_F(LedgerPrograms, DevRefusesAStoreThatWasRolledBack) {
  StartDev();
  Run("tideline", {"--address", address_, "workspace", "create", "acme"});
  dev_->Signal(SIGTERM);
  ASSERT_EQ(dev_->Wait(), 0);
  std::filesystem::remove_all(data_ + "/redis");
  const std::string log =
      Run("tideline",
          {"dev", "--data", data_, "--port", "0", "--http-port", "0", "--partitions", "2"}, 1);
  EXPECT_TRUE(absl::StrContains(log, "the journal of ")) << log;
  // Without the ledger it starts: who gives it up says so.
  std::filesystem::remove_all(data_ + "/ledger");
  StartDev();
}

TEST_F(LedgerPrograms, WrongArgumentsAreTold) {
  Run("tideline-verify", {}, 2);
  Run("tideline-verify", {"--key", "x", folder_.path() + "/nothing"}, 2);
  EXPECT_TRUE(absl::StrContains(
      Run("tideline", {"ledger", "--ledger", folder_.path() + "/nothing", "list"}, 4),
      "cannot open"));
}

}  // namespace
}  // namespace tideline::testing
