// SPDX-License-Identifier: Apache-2.0
// Plays every scenario in this folder: one test per file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_join.h"
#include "tests/scenarios/sentences.h"

namespace tideline::scenarios {
namespace {

std::filesystem::path Folder() {
  const char* source = std::getenv("TIDELINE_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests/scenarios";
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class ScenarioTest : public ::testing::Test {
 public:
  explicit ScenarioTest(std::filesystem::path file) : file_(std::move(file)) {}
  void TestBody() override {
    const auto script = ParseScript(Read(file_));
    ASSERT_TRUE(script.ok()) << file_ << ": " << script.status();
    const std::vector<std::string> wrong = Play(*script);
    EXPECT_TRUE(wrong.empty()) << file_.string() << " (" << script->title << ")\n  "
                               << absl::StrJoin(wrong, "\n  ");
  }

 private:
  const std::filesystem::path file_;
};

// "three_sites.txt" -> "ThreeSites".
std::string TestName(const std::filesystem::path& file) {
  std::string name;
  bool up = true;
  for (char c : file.stem().string()) {
    if (c == '_') {
      up = true;
      continue;
    }
    name += up ? static_cast<char>(std::toupper(c)) : c;
    up = false;
  }
  return name;
}

const bool registered = [] {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(Folder(), none)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    ::testing::RegisterTest("ScenarioTest", TestName(file).c_str(), nullptr, nullptr, __FILE__,
                            __LINE__,
                            [file]() -> ::testing::Test* { return new ScenarioTest(file); });
  }
  return !files.empty();
}();

TEST(ScenariosTest, ThereAreSome) { EXPECT_TRUE(registered) << Folder(); }

TEST(ScenariosTest, TheReadmeKnowsEveryForm) {
  const std::string readme = Read(Folder() / "README.md");
  for (const Sentence& sentence : AllSentences()) {
    EXPECT_THAT(readme, ::testing::HasSubstr(sentence.form));
  }
}

TEST(ScenariosTest, ASentenceThatDoesNotHoldFailsAndIsNamed) {
  const std::string world =
      "A title\n"
      "Team krakow in PL, Europe/Warsaw, works mon-sun 09:00-17:00, led by lena.\n"
      "Skills are patents.\n"
      "anna of krakow knows patents.\n"
      "Queue searches belongs to krakow.\n"
      "On 2027-03-01 at 10:00 in Europe/Warsaw:\n"
      "Item alpha comes into searches for krakow; it needs patents and takes 2 hours.\n"
      "anna takes alpha.\n";
  const auto wrong = [&](const std::string& line) {
    const auto script = ParseScript(world + line);
    EXPECT_TRUE(script.ok());
    return absl::StrJoin(Play(*script), "\n");
  };
  EXPECT_EQ(wrong("anna holds alpha.\n"), "");
  EXPECT_THAT(wrong("lena holds alpha.\n"), ::testing::HasSubstr("line 9: lena holds alpha"));
  EXPECT_THAT(wrong("Anna dances.\n"), ::testing::HasSubstr("no such sentence"));
  EXPECT_THAT(wrong("anna finishes alpha (refused: STATE_FORBIDS).\n"),
              ::testing::HasSubstr("was not refused"));
  EXPECT_THAT(wrong("lena hands alpha to lena: \"mine\" (refused: STATE_FORBIDS).\n"),
              ::testing::HasSubstr("refused otherwise: "));
}

TEST(ScenariosTest, EveryTextIsOneSentenceAtMost) {
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() != ".txt" || entry.path().filename() == "CMakeLists.txt") continue;
    const auto script = ParseScript(Read(entry.path()));
    ASSERT_TRUE(script.ok());
    for (const Line& line : script->lines) {
      Words words;
      std::vector<std::string> forms;
      for (const Sentence& sentence : AllSentences()) {
        if (Matches(sentence.form, line.text, &words)) forms.push_back(sentence.form);
      }
      EXPECT_EQ(forms.size(), 1u) << entry.path() << ": " << line.text << ": "
                                  << absl::StrJoin(forms, " | ");
    }
  }
}

}  // namespace
}  // namespace tideline::scenarios
