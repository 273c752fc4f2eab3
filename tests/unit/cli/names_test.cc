// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/names.h"

#include <gtest/gtest.h>

#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::cli {
namespace {

std::string Expand(absl::string_view pattern, absl::string_view text,
                   absl::string_view workspace = "demo") {
  const auto name = ExpandName(pattern, text, workspace);
  return name.ok() ? *name : "error: " + std::string(name.status().message());
}

constexpr char kTeam[] = "workspaces/{workspace}/teams/{team}";
constexpr char kOffer[] = "workspaces/{workspace}/workItems/{work_item}/offers/{offer}";
constexpr char kPresence[] = "workspaces/{workspace}/experts/{expert}/presence";

TEST(NamesTest, IdsAreFilledIntoThePattern) {
  EXPECT_EQ(Expand(kTeam, "night"), "workspaces/demo/teams/night");
  EXPECT_EQ(Expand(kTeam, "night", "workspaces/demo"), "workspaces/demo/teams/night");
  EXPECT_EQ(Expand(kOffer, "4711/o1"), "workspaces/demo/workItems/4711/offers/o1");
  EXPECT_EQ(Expand(kPresence, "asha"), "workspaces/demo/experts/asha/presence");
  EXPECT_EQ(Expand("workspaces/{workspace}", "demo", ""), "workspaces/demo");
}

TEST(NamesTest, FullNamesAndTextWithoutPatternStayAsTheyAre) {
  EXPECT_EQ(Expand(kTeam, "workspaces/other/teams/day"), "workspaces/other/teams/day");
  EXPECT_EQ(Expand("", "anything/at all"), "anything/at all");
  EXPECT_EQ(Expand(kTeam, ""), "");
}

TEST(NamesTest, AWrongNumberOfIdsSaysWhatIsWanted) {
  EXPECT_EQ(
      Expand(kOffer, "o1"),
      "error: \"o1\" does not fit workspaces/{workspace}/workItems/{work_item}/offers/{offer}: "
      "give 2 ids separated by slashes, or the full name");
  EXPECT_EQ(Expand(kTeam, "a/b"),
            "error: \"a/b\" does not fit workspaces/{workspace}/teams/{team}: give one id, or the "
            "full name");
}

TEST(NamesTest, WithoutAWorkspaceTheErrorNamesTheFlag) {
  EXPECT_NE(Expand(kTeam, "night", "").find("--workspace"), std::string::npos);
}

TEST(NamesTest, ShortNamesKeepTheIdsAlone) {
  EXPECT_EQ(ShortName("workspaces/demo"), "demo");
  EXPECT_EQ(ShortName("workspaces/demo/experts/asha"), "asha");
  EXPECT_EQ(ShortName("workspaces/demo/experts/asha/presence"), "asha");
  EXPECT_EQ(ShortName("workspaces/demo/workItems/4711/offers/o1"), "4711/o1");
  EXPECT_EQ(ShortName("https://example.org/a/b"), "https://example.org/a/b");
}

TEST(NamesTest, PatternsComeFromTheProtos) {
  EXPECT_EQ(PatternOf("skill-registry.tideline.dev/Team"), kTeam);
  EXPECT_EQ(PatternOf("work-routing.tideline.dev/Offer"), kOffer);
  EXPECT_EQ(PatternOf("nobody.tideline.dev/Thing"), "");
  const auto& expert = *skill_registry::v1::Expert::descriptor();
  EXPECT_EQ(PatternOf(*expert.FindFieldByName("team")), kTeam);
  EXPECT_EQ(PatternOf(*expert.FindFieldByName("name")), "workspaces/{workspace}/experts/{expert}");
  EXPECT_EQ(PatternOf(*expert.FindFieldByName("email")), "");
}

}  // namespace
}  // namespace tideline::cli
