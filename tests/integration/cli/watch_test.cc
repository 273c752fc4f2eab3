// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tests/integration/cli/program.h"
#include "tests/support/process.h"

namespace tideline::testing {
namespace {

// Looks at the log until it holds `text`, for as long as the process runs, a minute at most.
bool WaitForText(const std::string& path, const std::string& text, Process& process) {
  absl::Notification pause;
  for (int i = 0; i < 1200 && process.running(); ++i) {
    if (absl::StrContains(ReadFile(path), text)) return true;
    pause.WaitForNotificationWithTimeout(absl::Milliseconds(50));
  }
  return absl::StrContains(ReadFile(path), text);
}

TEST(WatchTest, AWatchShowsWhatHappensAsItHappens) {
  Program program;
  program.MakeScene();
  const std::string log = absl::StrCat(program.folder(), "/watch.log");
  Process watch("tideline",
                {"--address", program.suite().address(), "--workspace", "demo", "item", "watch"},
                log);
  // What is there at the start may come as a snapshot; an item after it comes as an event.
  for (int i = 0; i < 2; ++i) {
    const std::string id = absl::StrCat("w", i);
    ASSERT_EQ(program.Run({"item", "submit", id, "--queue", "claims", "--title", "Claim"}).code, 0);
    ASSERT_TRUE(WaitForText(log, id, watch)) << ReadFile(log);
  }
  EXPECT_TRUE(WaitForText(log, "work-item-submitted  workItems/w1", watch)) << ReadFile(log);
  EXPECT_TRUE(WaitForText(log, "offered=asha", watch)) << ReadFile(log);
}

TEST(WatchTest, AWatchThatCannotBeginEndsWithItsError) {
  Program program;
  const Ran ran = program.Run({"item", "watch", "--resume", "not-a-token"});
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_THAT(ran.err, ::testing::HasSubstr("error: "));
  const Ran away = program.RunBare({"--address", "127.0.0.1:1", "-w", "demo", "item", "watch"});
  EXPECT_EQ(away.code, 6) << away.err;
}

}  // namespace
}  // namespace tideline::testing
