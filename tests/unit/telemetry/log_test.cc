// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/log.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::telemetry {
namespace {

using ::testing::ElementsAre;

std::string Json(absl::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

TEST(Json, EscapesWhatMustBe) {
  EXPECT_EQ(Json("plain"), R"("plain")");
  EXPECT_EQ(Json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Json("line\nnext\ttab\r"), R"("line\nnext\u0009tab\u000d")");
  EXPECT_EQ(Json(absl::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(Json("żółw 🐢"), "\"żółw 🐢\"");
}

TEST(Json, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Json("a\xff"), R"("a\ufffd")");
  EXPECT_EQ(Json("\xC3"), R"("\ufffd")");                                // cut short
  EXPECT_EQ(Json("\xC0\xAF"), R"("\ufffd\ufffd")");                      // overlong
  EXPECT_EQ(Json("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");            // surrogate
  EXPECT_EQ(Json("\xF4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // above U+10FFFF
}

TEST(Log, WritesFieldsByTheirType) {
  EXPECT_EQ(FormatLogLine(Level::kWarning, "call.refused",
                          {{"method", std::string("/a/B")},
                           {"count", 3},
                           {"big", std::numeric_limits<uint64_t>::max()},
                           {"below", int64_t{-7}},
                           {"ms", 1.5},
                           {"ok", false},
                           {"nan", std::numeric_limits<double>::quiet_NaN()}}),
            R"("level":"warning","event":"call.refused","method":"/a/B","count":3,)"
            R"("big":18446744073709551615,"below":-7,"ms":1.5,"ok":false,"nan":null)");
}

std::vector<std::string>* lines = new std::vector<std::string>;

TEST(Log, WritesOnlyWhatIsOn) {
  lines->clear();
  CaptureLog([](absl::string_view line) { lines->emplace_back(line); });
  EXPECT_FALSE(LogEnabled(Level::kDebug));
  Log(Level::kDebug, "hidden");
  Log(Level::kInfo, "shown", {{"braces", "{} {0}"}});
  SetLogLevel(Level::kDebug);
  Log(Level::kDebug, "now");
  SetLogLevel(Level::kOff);
  Log(Level::kError, "never");
  SetLogLevel(Level::kInfo);
  CaptureLog(nullptr);
  EXPECT_THAT(*lines, ElementsAre(R"({"level":"info","event":"shown","braces":"{} {0}"})",
                                  R"({"level":"debug","event":"now"})"));
}

TEST(Log, WritesOneJsonObjectWithItsTimePerLineOnStderr) {
  ::testing::internal::CaptureStderr();
  Log(Level::kInfo, "event.one", {{"text", "{x}\n"}});
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, ::testing::MatchesRegex(
                        "\\{\"time\":\"20..-..-..T..:..:..\\.......Z\",\"level\":\"info\","
                        "\"event\":\"event.one\",\"text\":\"\\{x\\}\\\\n\"\\}\n"));
}

TEST(LogBudget, DropsWhatIsTooMuchAndSaysHowMuch) {
  LogBudget budget(10);
  int64_t written = 0, told = 0, dropped = 0;
  constexpr int64_t kLines = 2'000'000;  // spans at least one second's turn or stays within the ten
  for (int64_t i = 0; i < kLines; ++i) {
    if (budget.Take(dropped)) {
      ++written;
      told += dropped;
    }
  }
  EXPECT_GE(written, 10);
  EXPECT_LT(written, kLines / 100);
  EXPECT_LE(told, kLines - written);
}

TEST(Log, ParsesLevels) {
  EXPECT_EQ(ParseLevel("warning"), Level::kWarning);
  EXPECT_EQ(ParseLevel("off"), Level::kOff);
  EXPECT_EQ(ParseLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace tideline::telemetry
