// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/zone.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/unit/calendar/data_file.h"
#include "tests/unit/calendar/notation.h"
#include "tests/unit/calendar/reference.h"

namespace tideline::testing {
namespace {

using calendar::FindZone;
using calendar::OffsetSpan;
using calendar::Zone;

int64_t OffsetSeconds(const Zone& zone, absl::Time at) {
  auto next =
      std::upper_bound(zone.spans.begin(), zone.spans.end(), absl::ToUnixMicros(at),
                       [](int64_t value, const OffsetSpan& span) { return value < span.from; });
  return (next - 1)->offset / 1'000'000;
}

TEST(ZoneTableTest, AgreesWithTheZoneAtEveryHourNearEveryChange) {
  for (absl::string_view name : Zones()) {
    const auto table = FindZone(name);
    ASSERT_NE(table, nullptr) << name;
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(name, &zone));
    EXPECT_EQ(table->spans.front().from, calendar::kBegin);
    for (const OffsetSpan& span : table->spans) {
      for (int hour = -26; hour <= 26; ++hour) {
        const absl::Time at = absl::FromUnixMicros(span.from) + absl::Hours(hour);
        if (at < absl::UnixEpoch() || at >= absl::FromUnixMicros(calendar::kEnd)) continue;
        ASSERT_EQ(OffsetSeconds(*table, at), zone.At(at).offset) << name << " " << at;
      }
    }
    // And where the table sees no change.
    for (int day = 0; day < 230 * 365; day += 3) {
      const absl::Time at = absl::UnixEpoch() + day * absl::Hours(24);
      ASSERT_EQ(OffsetSeconds(*table, at), zone.At(at).offset) << name << " " << at;
    }
  }
}

TEST(ZoneTableTest, KeepsOneTablePerZoneUnderManyThreads) {
  std::vector<std::shared_ptr<const Zone>> found(8);
  std::vector<std::thread> threads;
  for (auto& slot : found) threads.emplace_back([&slot] { slot = FindZone("Asia/Tokyo"); });
  for (auto& thread : threads) thread.join();
  for (const auto& zone : found) EXPECT_EQ(zone, found.front());
  EXPECT_EQ(found.front()->spans.size(), 1u);
}

TEST(ZoneTableTest, KnowsTheEditionOfTheZoneData) {
  const std::string version = calendar::ZoneDataVersion();
  EXPECT_TRUE(version == "unknown" || (version.size() >= 5 && version[0] == '2')) << version;
}

// Lines such as
//   Europe/Warsaw  Sun Mar 28 01:00:00 2010 UT = Sun Mar 28 03:00:00 2010 CEST isdst=1 gmtoff=7200
TEST(ZoneTableTest, AgreesWithZdump) {
  const auto text = ReadData("tz-transitions.txt.xz");
  if (!text) GTEST_SKIP() << "tz-transitions.txt.xz is not there; set TIDELINE_DATA to its folder";
  int compared = 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 16) continue;  // the ends of time
    absl::Time at;
    std::string error;
    ASSERT_TRUE(absl::ParseTime("%b %d %H:%M:%S %Y",
                                absl::StrCat(words[2], " ", words[3], " ", words[4], " ", words[5]),
                                &at, &error))
        << line << ": " << error;
    // What is to come may be decided otherwise by a later edition of the zone data.
    if (at < absl::UnixEpoch() || at >= At("2026-01-01 00:00")) continue;
    int64_t offset = 0;
    const std::pair<std::string, std::string> last = absl::StrSplit(words.back(), '=');
    ASSERT_TRUE(last.first == "gmtoff" && absl::SimpleAtoi(last.second, &offset)) << line;
    const auto zone = FindZone(words[0]);
    ASSERT_NE(zone, nullptr) << line;
    ASSERT_EQ(OffsetSeconds(*zone, at), offset) << line;
    ++compared;
  }
  EXPECT_GT(compared, 900);
}

TEST(ZoneTableTest, ListsTheZonesOfTheData) {
  const auto text = ReadData("tz-transitions.txt.xz");
  if (!text) GTEST_SKIP() << "tz-transitions.txt.xz is not there; set TIDELINE_DATA to its folder";
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    names.emplace_back(line.substr(0, line.find(' ')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  EXPECT_EQ(names, std::vector<std::string>(Zones().begin(), Zones().end()));
}

}  // namespace
}  // namespace tideline::testing
