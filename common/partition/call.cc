// SPDX-License-Identifier: Apache-2.0
#include "common/partition/call.h"

namespace tideline::partition {

std::string MakeId(const Entropy& entropy, uint32_t index) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  // The index is folded in by an odd multiplier, so ids of one step differ in every digit group.
  unsigned __int128 bits = (static_cast<unsigned __int128>(entropy.high) << 64) | entropy.low;
  bits += static_cast<unsigned __int128>(index) *
          ((static_cast<unsigned __int128>(0x9e3779b97f4a7c15) << 64) | 0xf39cc0605cedc835);
  std::string id(26, 'i');
  for (size_t i = 1; i < id.size(); ++i) {
    id[i] = kDigits[static_cast<unsigned>(bits & 31)];
    bits >>= 5;
  }
  return id;
}

}  // namespace tideline::partition
