// SPDX-License-Identifier: Apache-2.0
// The checker of accountability is itself checked: each planted mistake is caught.
#include "tests/support/accountability.h"

#include <gtest/gtest.h>

namespace tideline::testing {
namespace {

using work_routing::v1::WorkItem;

constexpr int64_t kNow = 1000;

void Add(WorkItem& item, int64_t start, const std::string& team, const std::string& holder,
         int64_t epoch) {
  auto& period = *item.add_periods();
  period.mutable_start_time()->set_seconds(start);
  period.set_team(team);
  period.set_holder(holder);
  period.set_custody_epoch(epoch);
}

WorkItem Good() {
  WorkItem item;
  item.mutable_create_time()->set_seconds(100);
  Add(item, 100, "krakow", "", 1);
  Add(item, 200, "krakow", "anna", 2);
  Add(item, 300, "krakow", "anna", 2);  // on hold, say
  Add(item, 400, "chicago", "carl", 3);
  item.mutable_custody()->set_team("chicago");
  item.mutable_custody()->set_holder("carl");
  item.mutable_custody()->set_epoch(3);
  return item;
}

bool Caught(const WorkItem& item) { return !Untiled(item, absl::FromUnixSeconds(kNow)).empty(); }

TEST(AccountabilityTest, AWholeLifePasses) {
  EXPECT_EQ(Untiled(Good(), absl::FromUnixSeconds(kNow)), "");
}

TEST(AccountabilityTest, CatchesEachPlantedMistake) {
  WorkItem item = Good();
  item.mutable_create_time()->set_seconds(99);
  EXPECT_TRUE(Caught(item)) << "a gap at the start";
  item = Good();
  item.mutable_periods(2)->mutable_start_time()->set_seconds(150);
  EXPECT_TRUE(Caught(item)) << "an overlap";
  item = Good();
  item.mutable_periods(1)->clear_team();
  EXPECT_TRUE(Caught(item)) << "nobody is accountable";
  item = Good();
  item.mutable_periods(3)->set_custody_epoch(2);
  EXPECT_TRUE(Caught(item)) << "custody moved under one epoch";
  item = Good();
  item.mutable_periods(3)->mutable_start_time()->set_seconds(300);
  EXPECT_TRUE(Caught(item)) << "two at one instant";
  item = Good();
  item.mutable_periods(2)->set_custody_epoch(1);
  EXPECT_TRUE(Caught(item)) << "an epoch that falls";
  item = Good();
  item.mutable_custody()->set_holder("anna");
  EXPECT_TRUE(Caught(item)) << "two holders at once";
  item = Good();
  item.mutable_periods(3)->mutable_start_time()->set_seconds(kNow + 1);
  EXPECT_TRUE(Caught(item)) << "an interval that has not begun";
  item = Good();
  item.clear_periods();
  EXPECT_TRUE(Caught(item)) << "no life at all";
}

}  // namespace
}  // namespace tideline::testing
