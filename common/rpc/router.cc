// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/router.h"

#include <array>

#include "absl/strings/strip.h"

namespace tideline::rpc {
namespace {

constexpr std::array<uint16_t, 256> MakeTable() {
  std::array<uint16_t, 256> table{};
  for (int i = 0; i < 256; ++i) {
    auto crc = static_cast<uint16_t>(i << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint16_t, 256> kTable = MakeTable();

}  // namespace

uint16_t Crc16(absl::string_view bytes) {
  uint16_t crc = 0;
  for (char c : bytes) {
    crc = static_cast<uint16_t>((crc << 8) ^ kTable[((crc >> 8) ^ static_cast<uint8_t>(c)) & 0xFF]);
  }
  return crc;
}

int PartitionOf(absl::string_view workspace, int partitions) {
  absl::ConsumePrefix(&workspace, "workspaces/");
  return Crc16(workspace) % partitions;
}

}  // namespace tideline::rpc
