// SPDX-License-Identifier: Apache-2.0
// tideline-replay as a person runs it: exit codes and what it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tideline {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = -1;
  std::string text;
};

Outcome RunReplay(const std::string& arguments) {
  const char* bin = std::getenv("TIDELINE_BIN");
  const std::string command =
      std::string(bin == nullptr ? "." : bin) + "/tideline-replay " + arguments + " 2>&1";
  Outcome outcome;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  char piece[4096];
  while (std::size_t got = std::fread(piece, 1, sizeof(piece), pipe))
    outcome.text.append(piece, got);
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

TEST(ReplayProgram, EndsWithZeroWhenEverythingAgrees) {
  const Outcome outcome = RunReplay("--store memory");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text, HasSubstr("Every item agrees."));
  EXPECT_THAT(outcome.text, Not(HasSubstr("\r"))) << "no bar where there is no terminal";
}

TEST(ReplayProgram, EndsWithOneAndNamesTheIncidentWhenAMoveIsSpoiled) {
  for (const char* fault : {"drop", "double", "misroute"}) {
    const Outcome outcome =
        RunReplay(std::string("sample --store memory --limit 60 --fault ") + fault);
    EXPECT_EQ(outcome.code, 1) << outcome.text;
    EXPECT_THAT(outcome.text, HasSubstr("1 item differs:\n  sample-")) << fault;
  }
}

TEST(ReplayProgram, EndsWithTwoForWrongUseAndThreeWhenItCannotRun) {
  EXPECT_EQ(RunReplay("--no-such-option").code, 2);
  EXPECT_EQ(RunReplay("vinst").code, 2);
  EXPECT_EQ(RunReplay("--fault nonsense").code, 2);
  const Outcome outcome = RunReplay("vinst /nowhere/log.csv");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.text, HasSubstr("/nowhere/log.csv"));
}

}  // namespace
}  // namespace tideline
