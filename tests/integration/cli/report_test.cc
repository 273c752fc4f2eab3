// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli/program.h"

namespace tideline::testing {
namespace {

using ::testing::HasSubstr;

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override { program_.MakeScene(); }
  Ran Run(std::vector<std::string> arguments) { return program_.Run(std::move(arguments)); }

  Program program_;
};

TEST_F(ReportTest, TheShiftReportOfATeamIsMarkdown) {
  ASSERT_EQ(Run({"item", "submit", "c1", "--queue", "claims", "--title", "Claim | 1"}).code, 0);
  const Ran report = Run({"handoff", "report", "night"});
  ASSERT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("# Shift report: night\n"));
  EXPECT_THAT(report.out, HasSubstr("(Europe/Warsaw)"));
  EXPECT_THAT(report.out, HasSubstr("## Coming in: read back, please (0)\n"));
  EXPECT_THAT(report.out, HasSubstr("## In the team's custody (1)\n"));
  EXPECT_THAT(report.out, HasSubstr("| c1 | Claim \\| 1 | "));
}

TEST_F(ReportTest, AnUnknownTeamIsNotFound) {
  EXPECT_EQ(Run({"handoff", "report", "nobody"}).code, 3);
}

}  // namespace
}  // namespace tideline::testing
