// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "CLI/CLI.hpp"

namespace tideline::cli {
namespace {

using testing::ElementsAre;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    program_.add_option("--output", output_)->type_name("table|json");
    CLI::App* item = program_.add_subcommand("item");
    item->add_subcommand("get");
    CLI::App* submit = item->add_subcommand("submit");
    submit->add_option("--priority", text_)->type_name("urgent|high|normal");
    submit->add_option("--title", text_)->type_name("TEXT");
    CLI::App* presence = program_.add_subcommand("presence");
    presence->add_option("name", text_);
    presence->add_option("state", text_)->type_name("available|offline");
  }

  CLI::App program_{"test", "tideline"};
  std::string output_, text_;
};

TEST_F(CompletionTest, NounsThenVerbs) {
  EXPECT_THAT(Complete(program_, {""}), ElementsAre("item", "presence"));
  EXPECT_THAT(Complete(program_, {"it"}), ElementsAre("item"));
  EXPECT_THAT(Complete(program_, {"item", ""}), ElementsAre("get", "submit"));
}

TEST_F(CompletionTest, FlagsOfTheVerbAndOfAll) {
  EXPECT_THAT(Complete(program_, {"item", "submit", "--"}),
              ElementsAre("--help", "--output", "--priority", "--title"));
}

TEST_F(CompletionTest, ValuesOfAFlag) {
  EXPECT_THAT(Complete(program_, {"item", "submit", "--priority", ""}),
              ElementsAre("high", "normal", "urgent"));
  EXPECT_THAT(Complete(program_, {"item", "submit", "--output", "j"}), ElementsAre("json"));
  EXPECT_THAT(Complete(program_, {"item", "submit", "--title", ""}), ElementsAre());
}

TEST_F(CompletionTest, ValuesOfAPlace) {
  EXPECT_THAT(Complete(program_, {"presence", "asha", ""}), ElementsAre("available", "offline"));
  EXPECT_THAT(Complete(program_, {"presence", ""}), ElementsAre());
}

TEST_F(CompletionTest, AMisspeltWordIsToldTheNearest) {
  EXPECT_EQ(Misspelt(program_, {"item", "sbmit"}),
            "there is no \"sbmit\" in item; did you mean submit?\nIt knows get, submit.");
  EXPECT_EQ(Misspelt(program_, {"unrelated"}),
            "there is no \"unrelated\" in tideline\nIt knows item, presence.");
  EXPECT_EQ(Misspelt(program_, {"item", "submit", "anything"}), "");
  EXPECT_EQ(Misspelt(program_, {"--output", "sbmit", "item", "get"}), "");
}

TEST_F(CompletionTest, ScriptsAskTheProgram) {
  for (const char* shell : {"bash", "zsh"}) {
    const auto script = CompletionScript(shell);
    ASSERT_TRUE(script.ok());
    EXPECT_NE(script->find("tideline __complete -- "), std::string::npos);
  }
  EXPECT_EQ(CompletionScript("fish").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tideline::cli
