// SPDX-License-Identifier: Apache-2.0
#include "common/base/crc32c.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tideline {
namespace {

uint32_t Of(absl::string_view data, Crc32c::Engine engine) {
  Crc32c crc(engine);
  crc.Add(data);
  return crc.value();
}

class Crc32cTest : public ::testing::TestWithParam<Crc32c::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, Crc32cTest,
                         ::testing::Values(Crc32c::Engine::kFastest, Crc32c::Engine::kPortable));

TEST_P(Crc32cTest, AgreesWithTheVectorsOfRfc3720) {
  // RFC 3720, B.4, whose bytes are shown least significant first.
  EXPECT_EQ(Of(std::string(32, '\0'), GetParam()), 0x8a9136aau);
  EXPECT_EQ(Of(std::string(32, '\xff'), GetParam()), 0x62a8ab43u);
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising += static_cast<char>(i);
    falling += static_cast<char>(31 - i);
  }
  EXPECT_EQ(Of(rising, GetParam()), 0x46dd794eu);
  EXPECT_EQ(Of(falling, GetParam()), 0x113fdb5cu);
  const unsigned char read_command[48] = {
      0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
      0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0};
  EXPECT_EQ(Of({reinterpret_cast<const char*>(read_command), 48}, GetParam()), 0xd9963a56u);
  EXPECT_EQ(Of("123456789", GetParam()), 0xe3069283u);
  EXPECT_EQ(Of("", GetParam()), 0u);
}

TEST_P(Crc32cTest, PiecesGiveTheSameAsTheWhole) {
  std::mt19937 random(1);
  std::string data;
  for (int i = 0; i < 1000; ++i) data += static_cast<char>(random());
  const uint32_t whole = Of(data, Crc32c::Engine::kPortable);
  for (int round = 0; round < 100; ++round) {
    Crc32c crc(GetParam());
    for (size_t at = 0; at < data.size();) {
      const size_t size = random() % 40;
      crc.Add(absl::string_view(data).substr(at, size));
      at += size;
    }
    EXPECT_EQ(crc.value(), whole);
  }
}

}  // namespace
}  // namespace tideline
