// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::cli {
namespace {

using skill_registry::v1::CreateExpertRequest;
using skill_registry::v1::GetExpertRequest;
using skill_registry::v1::ListExpertsRequest;
using skill_registry::v1::SetPresenceRequest;
using skill_registry::v1::UpdateExpertRequest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using work_routing::v1::SubmitWorkItemRequest;

template <typename Request>
std::vector<Flag> Flags(const std::vector<std::string>& positionals = {}) {
  return FlagsOf(*Request::descriptor(), positionals);
}

std::vector<std::string> Names(const std::vector<Flag>& flags, bool positional) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    if (flag.positional == positional) names.push_back(flag.name);
  }
  return names;
}

const Flag& Find(const std::vector<Flag>& flags, const std::string& name) {
  for (const Flag& flag : flags) {
    if (flag.name == name) return flag;
  }
  ADD_FAILURE() << "no flag " << name;
  return flags.front();
}

template <typename Request>
std::string Filled(const Values& values, const std::vector<std::string>& cleared = {},
                   const std::vector<std::string>& positionals = {}) {
  Request request;
  const absl::Status status = FillRequest(request, Flags<Request>(positionals), values, cleared,
                                          {"demo", absl::UnixEpoch()});
  return status.ok() ? request.ShortDebugString() : "error: " + std::string(status.message());
}

TEST(FlagsTest, ACreationIsIdentifiedByItsId) {
  const auto flags = Flags<CreateExpertRequest>();
  EXPECT_THAT(Names(flags, true), ElementsAre("expert-id"));
  EXPECT_TRUE(Find(flags, "team").required);
  EXPECT_FALSE(Find(flags, "email").required);
}

TEST(FlagsTest, WhatTheServiceFillsInHasNoFlag) {
  const auto names = Names(Flags<CreateExpertRequest>(), false);
  for (const char* name : {"parent", "request-id", "name", "create-time", "update-time"}) {
    EXPECT_THAT(names, Not(Contains(name)));
  }
  EXPECT_THAT(Names(Flags<ListExpertsRequest>(), false),
              ElementsAre("team", "organization", "skill"));
}

TEST(FlagsTest, MessagesInsideTheResourceBecomeDottedFlags) {
  const auto names = Names(Flags<SubmitWorkItemRequest>(), false);
  EXPECT_THAT(names, Contains("constraints.viewing-countries"));
  EXPECT_THAT(names, Contains("requirements"));
  EXPECT_THAT(names, Not(Contains("custody")));
}

TEST(FlagsTest, ACreationIsFilled) {
  EXPECT_EQ(Filled<CreateExpertRequest>({{"expert-id", {"asha"}},
                                         {"team", {"night"}},
                                         {"skills", {"java:expert", "sql:novice"}}}),
            "parent: \"workspaces/demo\" expert_id: \"asha\" expert { "
            "team: \"workspaces/demo/teams/night\" "
            "skills { skill: \"workspaces/demo/skills/java\" level: LEVEL_EXPERT } "
            "skills { skill: \"workspaces/demo/skills/sql\" level: LEVEL_NOVICE } }");
}

TEST(FlagsTest, AnUpdateNamesWhatWasGivenAndWhatIsCleared) {
  EXPECT_EQ(
      Filled<UpdateExpertRequest>({{"name", {"asha"}}, {"team", {"day"}}, {"etag", {"7.0"}}},
                                  {"mentor"}),
      "expert { name: \"workspaces/demo/experts/asha\" etag: \"7.0\" "
      "team: \"workspaces/demo/teams/day\" } update_mask { paths: \"mentor\" paths: \"team\" }");
  EXPECT_FALSE(Find(Flags<UpdateExpertRequest>(), "team").required);
}

TEST(FlagsTest, PositionalsStandInTheOrderOfTheVerb) {
  EXPECT_THAT(Names(Flags<SetPresenceRequest>({"name", "state"}), true),
              ElementsAre("name", "state"));
  EXPECT_EQ(Filled<SetPresenceRequest>({{"name", {"asha"}}, {"state", {"available"}}}, {},
                                       {"name", "state"}),
            "name: \"workspaces/demo/experts/asha/presence\" state: STATE_AVAILABLE");
}

TEST(FlagsTest, AListTakesJsonAsAWhole) {
  EXPECT_THAT(
      Filled<SubmitWorkItemRequest>({{"requirements", {R"([{"skill": "workspaces/demo/skills/a"},
                                         {"skill": "workspaces/demo/skills/b"}])"}}}),
      HasSubstr("skills/a\" } requirements { skill: \"workspaces/demo/skills/b\""));
}

TEST(FlagsTest, AResourceOfWhichNothingIsSaidIsThereStill) {
  EXPECT_EQ(Filled<skill_registry::v1::CreateSkillRequest>({{"skill-id", {"java"}}}),
            "parent: \"workspaces/demo\" skill_id: \"java\" skill { }");
}

TEST(FlagsTest, AnErrorNamesTheFlag) {
  EXPECT_EQ(Filled<SubmitWorkItemRequest>({{"priority", {"soon"}}}),
            "error: --priority: \"soon\" is not one of urgent, high, normal, low");
  EXPECT_EQ(Filled<UpdateExpertRequest>({{"name", {"asha"}}}, {"tema"}),
            "error: --clear tema: no such field here");
  {
    GetExpertRequest request;
    const absl::Status status = FillRequest(request, Flags<GetExpertRequest>(),
                                            {{"name", {"asha"}}}, {}, {"", absl::UnixEpoch()});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("--workspace"));
  }
}

}  // namespace
}  // namespace tideline::cli
