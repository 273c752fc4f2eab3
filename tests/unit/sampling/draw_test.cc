// SPDX-License-Identifier: Apache-2.0
#include "common/sampling/draw.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::sampling {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int64_t> Draw(absl::string_view seed, int64_t lot, int64_t sample) {
  return DrawSample(seed, lot, sample).value();
}

std::string FieldOf(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD);
  return BadRequestOf(status).field_violations(0).field();
}

// Made by the shell lines in draw.h, with SEED=auditor-1.
TEST(DrawTest, IsWhatAnAuditorGetsFromTheSeed) {
  EXPECT_THAT(Draw("auditor-1", 50, 8), ElementsAre(3, 13, 19, 26, 31, 32, 38, 47));
  EXPECT_THAT(Draw("auditor-1", 30, 8), ElementsAre(1, 3, 12, 13, 16, 19, 26, 30));
}

TEST(DrawTest, DrawsAllOfALotThatIsNotLargerThanTheSample) {
  EXPECT_THAT(Draw("s", 3, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(Draw("s", 3, 50), ElementsAre(1, 2, 3));
  EXPECT_THAT(Draw("s", 0, 5), IsEmpty());
  EXPECT_THAT(Draw("s", 5, 0), IsEmpty());
}

TEST(DrawTest, EveryPositionIsAsLikelyAsAnyOther) {
  // 2,000 samples of 5 in 20: 500 each, standard deviation 19.4.
  std::vector<int> times(21);
  for (int seed = 0; seed < 2000; ++seed) {
    for (const int64_t position : Draw(absl::StrCat("seed-", seed), 20, 5)) {
      ++times[static_cast<size_t>(position)];
    }
  }
  for (size_t position = 1; position <= 20; ++position) {
    EXPECT_NEAR(times[position], 500, 4 * 19.4) << position;
  }
}

TEST(DrawTest, ALotThatEndsShortKeepsWhatWasDrawnAndDrawsTheRest) {
  for (int seed = 0; seed < 50; ++seed) {
    const std::string text = absl::StrCat("seed-", seed);
    const std::vector<int64_t> opened = Draw(text, 200, 32);
    for (const int64_t actual : {200, 150, 40, 32, 31, 1, 0}) {
      const std::vector<int64_t> more = DrawDifference(text, 200, actual, 32).value();
      std::set<int64_t> inspected(more.begin(), more.end());
      for (const int64_t position : opened) {
        if (position > actual) continue;
        EXPECT_TRUE(inspected.insert(position).second) << "drawn twice";
      }
      EXPECT_EQ(inspected.size(), static_cast<size_t>(std::min<int64_t>(32, actual)));
      EXPECT_TRUE(inspected.empty() || *inspected.rbegin() <= actual);
    }
    EXPECT_THAT(DrawDifference(text, 200, 200, 32).value(), IsEmpty());
  }
}

TEST(DrawTest, RefusesByFieldWhatItCannotDrawFrom) {
  EXPECT_EQ(FieldOf(DrawSample("", 5, 2).status()), "seed");
  EXPECT_EQ(FieldOf(DrawSample("a b", 5, 2).status()), "seed");
  EXPECT_EQ(FieldOf(DrawSample(std::string(129, 'x'), 5, 2).status()), "seed");
  EXPECT_EQ(FieldOf(DrawSample("s", -1, 2).status()), "lot_size");
  EXPECT_EQ(FieldOf(DrawSample("s", kMaxDrawnLot + 1, 2).status()), "lot_size");
  EXPECT_EQ(FieldOf(DrawSample("s", 5, -1).status()), "sample_size");
  EXPECT_EQ(FieldOf(DrawDifference("s", 5, 6, 2).status()), "actual_size");
}

}  // namespace
}  // namespace tideline::sampling
