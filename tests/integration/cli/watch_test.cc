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

// Looks at the log until it holds `text`, for as long as the process runs, `patience` at most.
bool WaitForText(const std::string& path, const std::string& text, Process& process,
                 absl::Duration patience = absl::Minutes(1)) {
  absl::Notification pause;
  for (absl::Duration waited; waited < patience && process.running();
       waited += absl::Milliseconds(50)) {
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
  const auto submit = [&program](const std::string& id) {
    ASSERT_EQ(program.Run({"item", "submit", id, "--queue", "claims", "--title", "Claim"}).code, 0);
  };
  // It shows what happens from its beginning on, and when that is only its first line tells.
  bool begun = false;
  for (int i = 0; i < 60 && !begun; ++i) {
    submit(absl::StrCat("early", i));
    begun = WaitForText(log, "early", watch, absl::Seconds(1));
  }
  ASSERT_TRUE(begun) << ReadFile(log);
  submit("w1");
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
