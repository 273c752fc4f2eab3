// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli; RFC 3720, B.4): what guards each record and journal entry against a flipped
// byte, which Redis' append-only file would load silently. Uses the processor's instruction where
// there is one. Not thread-safe; make one per computation, it is as cheap as an integer.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "boost/crc.hpp"

namespace tideline {

class Crc32c {
 public:
  enum class Engine { kFastest, kPortable };
  explicit Crc32c(Engine engine = Engine::kFastest);

  // Goes on with `data`; in pieces or in one, the value is the same.
  void Add(absl::string_view data);
  // Of all that was added so far.
  uint32_t value() const;

 private:
  bool hardware_;
  uint32_t state_ = 0xFFFFFFFF;  // hardware only
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> portable_;
};

}  // namespace tideline
