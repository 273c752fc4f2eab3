// SPDX-License-Identifier: Apache-2.0
// The bounds of a page, wherever resources are listed. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tideline::skill_registry {

// A page ends at 1,000 elements or 1 MiB, whichever comes first, and after having looked at so many
// resources that a filter passed over: a step stays under a millisecond, and the next page goes on.
inline constexpr int kDefaultPage = 50;
inline constexpr int kMaxPage = 1000;
inline constexpr size_t kMaxPageBytes = 1 << 20;
inline constexpr int kMaxLookedAt = 4000;

class Page {
 public:
  // `size` as the request has it: 0 and below mean the default.
  explicit Page(int32_t size)
      : most_(size <= 0         ? kDefaultPage
              : size > kMaxPage ? kMaxPage
                                : size) {}

  // Whether another resource may be looked at.
  bool Open() const {
    return count_ < most_ && bytes_ < kMaxPageBytes && looked_at_ < kMaxLookedAt;
  }
  void LookAt() { ++looked_at_; }
  // An element of so many bytes was taken.
  void Take(size_t bytes) {
    ++count_;
    bytes_ += bytes;
  }

 private:
  int most_;
  int count_ = 0;
  int looked_at_ = 0;
  size_t bytes_ = 0;
};

}  // namespace tideline::skill_registry
