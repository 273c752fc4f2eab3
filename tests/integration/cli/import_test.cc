// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/integration/cli/program.h"

namespace tideline::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override { program_.MakeScene(); }
  Ran Import(const std::string& csv, std::vector<std::string> more = {}) {
    std::vector<std::string> all = {"import", "experts", program_.Write("experts.csv", csv)};
    all.insert(all.end(), more.begin(), more.end());
    return program_.Run(all);
  }

  Program program_;
};

constexpr char kTwo[] =
    "id,team,display_name,skills,capacity_units\n"
    "bo,night,\"Bo, the second\",java:proficient,4\n"
    "cy,night,Cy,,\n";

TEST_F(ImportTest, RowsBecomeExperts) {
  const Ran ran = Import(kTwo);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 created"));
  const Ran bo = program_.Run({"expert", "get", "bo"});
  EXPECT_THAT(bo.out, HasSubstr("display_name: Bo, the second"));
  EXPECT_THAT(bo.out, HasSubstr("capacity_units: 4"));
}

TEST_F(ImportTest, ARerunOfTheSameFileDoesNothingTwice) {
  ASSERT_EQ(Import(kTwo).code, 0);
  const Ran again = Import(kTwo);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("2 already-done"));
}

TEST_F(ImportTest, ADryRunChangesNothing) {
  const Ran ran = Import(kTwo, {"--dry-run"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("dry run, nothing changed: 2 created"));
  EXPECT_EQ(program_.Run({"expert", "get", "bo"}).code, 3);
}

TEST_F(ImportTest, RefusedRowsNameTheirLineAndTheOthersAreDone) {
  const Ran ran = Import("id,team\nbo,night\ncy,nowhere\n");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("line 3: cy: "));
  EXPECT_THAT(ran.err, Not(HasSubstr("line 2")));
  EXPECT_THAT(ran.err, HasSubstr("1 of 2 rows were refused"));
  EXPECT_EQ(program_.Run({"expert", "get", "bo"}).code, 0);
}

TEST_F(ImportTest, AFileThatDoesNotParseIsNotSent) {
  const Ran ran = Import("id,team,capacity_units\nbo,night,4\ncy,night,many\n");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("line 3: capacity_units: \"many\" is not a whole number"));
  EXPECT_THAT(ran.err, HasSubstr("nothing was sent"));
  EXPECT_EQ(program_.Run({"expert", "get", "bo"}).code, 3);
}

TEST_F(ImportTest, LongFilesGoInChunks) {
  std::string csv = "id,team\n";
  for (int i = 0; i < 450; ++i) absl::StrAppend(&csv, "e", i, ",night\n");
  for (const char* expected :
       {"dry run, nothing changed: 450 created", "450 created", "450 already-done"}) {
    const bool dry = std::string(expected).rfind("dry", 0) == 0;
    const Ran ran =
        Import(csv, dry ? std::vector<std::string>{"--dry-run"} : std::vector<std::string>{});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr(expected));
  }
}

TEST_F(ImportTest, SkillsComeWithTheirParents) {
  const std::string path = program_.Write(
      "skills.csv",
      "id,display_name,parents,synonyms\nlang,Languages,,\nkotlin,Kotlin,lang;java,kt\n");
  const Ran ran = program_.Run({"import", "skills", path});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(program_.Run({"skill", "get", "kotlin"}).out, HasSubstr("parents: lang, java"));
}

TEST_F(ImportTest, AMissingFileIsNotFound) {
  EXPECT_EQ(program_.Run({"import", "experts", "/nonexistent.csv"}).code, 3);
}

}  // namespace
}  // namespace tideline::testing
