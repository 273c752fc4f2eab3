// SPDX-License-Identifier: Apache-2.0
#include "common/base/crc32c.h"

#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tideline {
namespace {

#if defined(__x86_64__)
const bool kHardware = __builtin_cpu_supports("sse4.2");

// Compiled for SSE 4.2 whatever the rest of the build is for; called only where kHardware.
__attribute__((target("sse4.2"))) uint32_t Extend(uint32_t state, const char* data, size_t size) {
  uint64_t wide = state;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<uint32_t>(wide);
  for (; size > 0; ++data, --size) state = _mm_crc32_u8(state, static_cast<uint8_t>(*data));
  return state;
}
#else
const bool kHardware = false;
uint32_t Extend(uint32_t state, const char*, size_t) { return state; }
#endif

}  // namespace

Crc32c::Crc32c(Engine engine) : hardware_(kHardware && engine == Engine::kFastest) {}

void Crc32c::Add(absl::string_view data) {
  if (hardware_) {
    state_ = Extend(state_, data.data(), data.size());
  } else {
    portable_.process_bytes(data.data(), data.size());
  }
}

uint32_t Crc32c::value() const { return hardware_ ? state_ ^ 0xFFFFFFFF : portable_.checksum(); }

}  // namespace tideline
