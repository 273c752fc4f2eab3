// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/values.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::cli {
namespace {

using skill_registry::v1::Expert;
using testing::HasSubstr;
using work_routing::v1::WorkItem;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

template <typename T>
absl::Status Set(T& message, const std::string& field, absl::string_view text) {
  return SetField(message, *T::descriptor()->FindFieldByName(field), text, {"demo", kNow});
}

// The message after the value was set, or the error.
template <typename T>
std::string After(const std::string& field, absl::string_view text) {
  T message;
  const absl::Status status = Set(message, field, text);
  return status.ok() ? message.ShortDebugString() : "error: " + std::string(status.message());
}

TEST(ValuesTest, EnumsTakeShortAndFullWordsAndNumbers) {
  for (const char* text : {"urgent", "URGENT", "Urgent", "PRIORITY_URGENT", "1"}) {
    EXPECT_EQ(After<WorkItem>("priority", text), "priority: PRIORITY_URGENT") << text;
  }
  EXPECT_EQ(After<skill_registry::v1::Presence>("state", "offline"), "state: STATE_OFFLINE");
}

TEST(ValuesTest, AnUnknownEnumWordListsTheKnownOnes) {
  EXPECT_EQ(After<WorkItem>("priority", "soon"),
            "error: \"soon\" is not one of urgent, high, normal, low");
  EXPECT_THAT(After<WorkItem>("priority", "9"), HasSubstr("error"));
}

TEST(ValuesTest, NamesAreExpandedByTheFieldsReference) {
  EXPECT_EQ(After<Expert>("team", "night"), "team: \"workspaces/demo/teams/night\"");
  EXPECT_EQ(After<Expert>("dotted_lines", "bo"), "dotted_lines: \"workspaces/demo/experts/bo\"");
  EXPECT_EQ(After<Expert>("email", "asha@example.org"), "email: \"asha@example.org\"");
}

TEST(ValuesTest, NumbersMustBeNumbersInRange) {
  EXPECT_EQ(After<Expert>("capacity_units", "40"), "capacity_units: 40");
  EXPECT_EQ(After<Expert>("capacity_units", "4.5"), "error: \"4.5\" is not a whole number");
  EXPECT_EQ(After<Expert>("capacity_units", "99999999999"),
            "error: \"99999999999\" is not a whole number");
}

TEST(ValuesTest, DurationsAndTimes) {
  EXPECT_EQ(After<WorkItem>("expected_effort", "1h30m"), "expected_effort { seconds: 5400 }");
  EXPECT_EQ(After<WorkItem>("expected_effort", "1500ms"),
            "expected_effort { seconds: 1 nanos: 500000000 }");
  EXPECT_THAT(After<WorkItem>("expected_effort", "-1h"), HasSubstr("is not a duration"));
  EXPECT_EQ(After<WorkItem>("due_time", "2027-01-15T08:00:00Z"),
            "due_time { seconds: 1800000000 }");
  EXPECT_EQ(After<WorkItem>("due_time", "2027-01-15T13:30:00+05:30"),
            "due_time { seconds: 1800000000 }");
  EXPECT_EQ(After<WorkItem>("due_time", "+2h"), "due_time { seconds: 1800007200 }");
  EXPECT_EQ(After<WorkItem>("due_time", "now"), "due_time { seconds: 1800000000 }");
  EXPECT_THAT(After<WorkItem>("due_time", "tomorrow"), HasSubstr("is not a time"));
}

TEST(ValuesTest, MoneyIsExact) {
  EXPECT_EQ(After<Expert>("cost_rate", "12.50 EUR"),
            "cost_rate { currency_code: \"EUR\" units: 12 nanos: 500000000 }");
  EXPECT_EQ(After<Expert>("cost_rate", "-0.000000001 usd"),
            "cost_rate { currency_code: \"USD\" nanos: -1 }");
  EXPECT_THAT(After<Expert>("cost_rate", "12,50 EUR"), HasSubstr("is not an amount"));
  EXPECT_THAT(After<Expert>("cost_rate", "12.5"), HasSubstr("is not an amount"));
}

TEST(ValuesTest, MessagesTakeWordsPairsAndJson) {
  const std::string expected =
      "skills { skill: \"workspaces/demo/skills/java\" level: LEVEL_EXPERT }";
  EXPECT_EQ(After<Expert>("skills", "java:expert"), expected);
  EXPECT_EQ(After<Expert>("skills", "skill=java,level=expert"), expected);
  EXPECT_EQ(After<Expert>("skills",
                          R"({"skill": "workspaces/demo/skills/java", "level": "LEVEL_EXPERT"})"),
            expected);
}

TEST(ValuesTest, AnUnknownFieldOfAMessageListsTheKnownOnes) {
  EXPECT_THAT(After<Expert>("skills", "skil=java"),
              HasSubstr("\"skil\" is no field of ExpertSkill; it has skill, level"));
  EXPECT_THAT(After<Expert>("skills", R"({"skil": "java"})"), HasSubstr("JSON of ExpertSkill"));
}

TEST(ValuesTest, MapsTakeKeyAndValue) {
  EXPECT_EQ(After<WorkItem>("attributes", "claim=4711=a"),
            "attributes { key: \"claim\" value: \"4711=a\" }");
  EXPECT_THAT(After<WorkItem>("attributes", "claim"), HasSubstr("key=value"));
}

TEST(ValuesTest, HintsSayWhatAValueLooksLike) {
  const auto hint = [](const google::protobuf::Descriptor* type, const char* field) {
    return TypeHint(*type->FindFieldByName(field));
  };
  EXPECT_EQ(hint(WorkItem::descriptor(), "priority"), "urgent|high|normal|low");
  EXPECT_EQ(hint(WorkItem::descriptor(), "due_time"), "TIME");
  EXPECT_EQ(hint(WorkItem::descriptor(), "expected_effort"), "DURATION");
  EXPECT_EQ(hint(WorkItem::descriptor(), "attributes"), "KEY=VALUE");
  EXPECT_EQ(hint(Expert::descriptor(), "team"), "TEAM");
  EXPECT_EQ(hint(Expert::descriptor(), "cost_rate"), "AMOUNT");
}

}  // namespace
}  // namespace tideline::cli
