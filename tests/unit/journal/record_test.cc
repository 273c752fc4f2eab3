// SPDX-License-Identifier: Apache-2.0
#include "common/journal/record.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::journal {
namespace {

using ::testing::HasSubstr;

std::string Encode(absl::string_view kind, absl::string_view id, absl::string_view value) {
  std::string out(kRecordHeaderBytes + value.size(), '\0');
  EncodeRecord(kind, id, value, out.data());
  return out;
}

TEST(Record, ComesBackAsItWas) {
  for (const std::string& value : {std::string(), std::string("v"), std::string(100'000, '\0')}) {
    EXPECT_EQ(*DecodeRecord("item", "a", Encode("item", "a", value)), value);
  }
}

TEST(Record, BelongsToItsKindAndId) {
  const std::string stored = Encode("ab", "c", "v");
  EXPECT_EQ(DecodeRecord("a", "bc", stored).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRecord("ab", "d", stored).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRecord("ac", "c", stored).status().code(), absl::StatusCode::kDataLoss);
  // Where one ends and the next begins is part of it, too.
  EXPECT_NE(Encode("a", "b", "cd").substr(0, 5), Encode("a", "bc", "d").substr(0, 5));
}

TEST(Record, EveryFlippedBitIsNoticed) {
  const std::string stored = Encode("item", "id", "some value");
  for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
    std::string flipped = stored;
    flipped[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(DecodeRecord("item", "id", flipped).ok()) << bit;
  }
}

TEST(Record, AShortOneIsDataLossAndANewerOneIsNot) {
  EXPECT_EQ(DecodeRecord("k", "i", "abcd").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRecord("k", "i", std::string(5, '\0')).status().code(),
            absl::StatusCode::kDataLoss);
  std::string newer = Encode("k", "i", "v");
  newer[0] = 2;
  EXPECT_EQ(DecodeRecord("k", "i", newer).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Record, AMessageNamesTheRecordInPlainLetters) {
  EXPECT_THAT(DecodeRecord("item", "a\n\x01", "").status().message(), HasSubstr("item/a\\n\\x01"));
}

}  // namespace
}  // namespace tideline::journal
