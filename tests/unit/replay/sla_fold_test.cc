// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/sla_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "common/due/due.h"
#include "tests/unit/replay/events.h"
#include "tools/replay/policy_file.h"

namespace tideline::replay {
namespace {

using ::testing::HasSubstr;
using WorkItem = work_routing::v1::WorkItem;

class SlaFoldTest : public ::testing::Test {
 protected:
  void Take(const work_routing::v1::Event& event) { ASSERT_TRUE(fold_.Take(event).ok()); }
  SlaFold::Times Times(int64_t until, absl::Duration budget = absl::Hours(1)) {
    return fold_.TimesOf("a", *Calendar::Always(), budget, absl::FromUnixSeconds(until));
  }
  // On hold from 300 to 500.
  void Hold() {
    Take(item_.At(100).Submitted("t"));
    Take(item_.At(200).Assigned("t"));
    Take(item_.At(300).Transferred("t", WorkItem::STATE_ON_HOLD));
    Take(item_.At(500).Assigned("t"));
  }

  ItemEvents item_{"a"};
  SlaFold fold_{kWorkspace};
};

TEST_F(SlaFoldTest, RunsFromSubmissionAndStandsOnHold) {
  Hold();
  EXPECT_EQ(Times(600).elapsed, absl::Seconds(300));
  EXPECT_EQ(Times(600).paused, absl::Seconds(200));
  EXPECT_FALSE(Times(600).finished);
  EXPECT_EQ(Times(400).elapsed, absl::Seconds(200));
  EXPECT_EQ(Times(400).paused, absl::Seconds(100));
}

TEST_F(SlaFoldTest, RunsOnWhenTheBudgetIsUsedUp) {
  Hold();
  EXPECT_EQ(Times(600, absl::Seconds(50)).elapsed, absl::Seconds(450));
  EXPECT_EQ(Times(600, absl::Seconds(50)).paused, absl::Seconds(50));
  EXPECT_EQ(Times(600, absl::ZeroDuration()).elapsed, absl::Seconds(500));
}

TEST_F(SlaFoldTest, StandsFromCompletionUntilItIsReopened) {
  Take(item_.At(100).Submitted("t"));
  Take(item_.At(200).Transferred("t", WorkItem::STATE_COMPLETED));
  EXPECT_TRUE(Times(700).finished);
  EXPECT_EQ(Times(700).elapsed, absl::Seconds(100));
  Take(item_.At(500).Queued("t"));
  EXPECT_EQ(Times(700).elapsed, absl::Seconds(300));
}

TEST_F(SlaFoldTest, CountsTheCalendarsTimeOnly) {
  type::v1::CalendarRules rules;
  rules.set_time_zone("UTC");
  auto& hours = *rules.add_weekly_hours();
  hours.set_day(type::v1::DAY_OF_WEEK_THURSDAY);  // 1970-01-01
  hours.add_intervals()->set_start_minute(2);
  hours.mutable_intervals(0)->set_end_minute(4);
  Take(item_.At(100).Submitted("t"));
  EXPECT_EQ(
      fold_
          .TimesOf("a", **Calendar::Create(rules), absl::ZeroDuration(), absl::FromUnixSeconds(600))
          .elapsed,
      absl::Seconds(120));
}

TEST_F(SlaFoldTest, PassesOverOtherWorkspacesAndRefusesWhatNobodySubmitted) {
  Take(ItemEvents("a", "workspaces/other").At(100).Submitted("t"));
  EXPECT_EQ(fold_.items(), 0u);
  EXPECT_EQ(fold_.Take(item_.Assigned("t")).code(), absl::StatusCode::kDataLoss);
}

TEST(PolicyFileTest, TheSampleHoldsTogether) {
  const char* source = std::getenv("TIDELINE_SOURCE");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/tools/replay/policies/servicenow.json");
  const auto policies = ParsePolicies(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  ASSERT_TRUE(policies.ok()) << policies.status();
  ASSERT_EQ(policies->policies_size(), 2);
  EXPECT_TRUE(policies->policies(0).calendar().always_open());
  EXPECT_EQ(policies->policies(1).calendar().weekly_hours_size(), 5);
  for (const auto& policy : policies->policies()) EXPECT_EQ(policy.rules().classes_size(), 4);
}

TEST(PolicyFileTest, TheDefaultHoldsTogether) {
  const v1::PolicyFile file = DefaultPolicies();
  ASSERT_EQ(file.policies_size(), 1);
  EXPECT_TRUE(due::Validate(file.policies(0).rules()).ok());
  EXPECT_TRUE(Calendar::Create(file.policies(0).calendar()).ok());
}

TEST(PolicyFileTest, RefusesWhatDoesNotHoldTogether) {
  const auto message = [](absl::string_view json) {
    const auto policies = ParsePolicies(json);
    EXPECT_EQ(policies.status().code(), absl::StatusCode::kInvalidArgument) << json;
    return std::string(policies.status().message());
  };
  const auto policy = [](std::string id, std::string calendar, std::string target) {
    return R"({"id":")" + id + R"(","calendar":)" + calendar +
           R"(,"rules":{"classes":[{"impactClass":"IMPACT_CLASS_LOW","clientTarget":")" + target +
           R"("}]}})";
  };
  const std::string utc = R"({"timeZone":"UTC","alwaysOpen":true})";
  message("nonsense");
  message(R"({"unknown":1})");
  EXPECT_THAT(message("{}"), HasSubstr("policies: has 0"));
  EXPECT_THAT(message(R"({"policies":[)" + policy("A b", utc, "1s") + "]}"),
              HasSubstr("policies[0].id"));
  EXPECT_THAT(
      message(R"({"policies":[)" + policy("a", utc, "1s") + "," + policy("a", utc, "1s") + "]}"),
      HasSubstr("policies[1].id"));
  EXPECT_THAT(message(R"({"policies":[)" + policy("a", R"({"timeZone":"Mars"})", "1s") + "]}"),
              HasSubstr("policies[0].calendar.time_zone"));
  EXPECT_THAT(message(R"({"policies":[)" + policy("a", utc, "-1s") + "]}"),
              HasSubstr("policies[0].rules.classes[0].client_target"));
}

}  // namespace
}  // namespace tideline::replay
