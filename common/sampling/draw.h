// SPDX-License-Identifier: Apache-2.0
// Which positions of a lot are inspected: simple random sampling (ISO 2859-1, 8.1) from a recorded
// seed, defined so that anybody can repeat it without Tideline.
//
// Definition. Positions are numbered from 1. The key of position p is SHA-256 of the bytes
// "<seed>:<p>", with p in decimal. The sample is the n positions with the smallest keys, compared
// as bytes. In a shell:
//
//   for p in $(seq $LOT); do echo "$(printf '%s:%d' $SEED $p | sha256sum | cut -c1-64) $p"; done |
//     LC_ALL=C sort | head -n $N | cut -d' ' -f2 | sort -n
//
// A key does not depend on the lot's size. So a sample can be drawn when a lot is opened, and of a
// lot that ends short what was drawn within it stays, and the same seed says what else is drawn.
// Whoever knows the seed knows the sample: it may be shown when the lot is closed, not before.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::sampling {

// Largest lot to draw from. It costs a hash per position: 0.05 s for so many.
inline constexpr int64_t kMaxDrawnLot = 100'000;
// Longest seed. 32 random hexadecimal digits are enough.
inline constexpr int kMaxSeedBytes = 128;

// The sampled positions, ascending; all of them if `sample_size` is not under `lot_size`.
// INVALID_ARGUMENT names "lot_size" (outside 0 to kMaxDrawnLot), "sample_size" (negative) or "seed"
// (empty, too long, or other than printable ASCII without spaces).
absl::StatusOr<std::vector<int64_t>> DrawSample(absl::string_view seed, int64_t lot_size,
                                                int64_t sample_size);

// For a lot opened for `lot_size` items that ended with `actual_size` of them (not more): which
// positions have to be inspected beside those that were drawn at its opening, so that the sample is
// of `sample_size` items again, or of all. Ascending. Errors as above, and "actual_size".
absl::StatusOr<std::vector<int64_t>> DrawDifference(absl::string_view seed, int64_t lot_size,
                                                    int64_t actual_size, int64_t sample_size);

}  // namespace tideline::sampling
