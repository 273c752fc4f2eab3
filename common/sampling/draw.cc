// SPDX-License-Identifier: Apache-2.0
#include "common/sampling/draw.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"

namespace tideline::sampling {
namespace {

absl::Status CheckSize(absl::string_view field, int64_t value, int64_t most) {
  if (value >= 0 && value <= most) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("is ", value, "; it may be 0 to ", most));
}

absl::Status CheckSeed(absl::string_view seed) {
  if (!seed.empty() && seed.size() <= kMaxSeedBytes &&
      std::all_of(seed.begin(), seed.end(), [](char c) { return absl::ascii_isgraph(c); })) {
    return absl::OkStatus();
  }
  return InvalidField(
      "seed", absl::StrCat("must be 1 to ", kMaxSeedBytes, " printable characters without spaces"));
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> DrawSample(absl::string_view seed, int64_t lot_size,
                                                int64_t sample_size) {
  TL_RETURN_IF_ERROR(CheckSeed(seed));
  TL_RETURN_IF_ERROR(CheckSize("lot_size", lot_size, kMaxDrawnLot));
  TL_RETURN_IF_ERROR(CheckSize("sample_size", sample_size, INT64_MAX));
  std::vector<int64_t> drawn;
  if (sample_size >= lot_size) {
    for (int64_t position = 1; position <= lot_size; ++position) drawn.push_back(position);
    return drawn;
  }
  std::vector<std::pair<std::string, int64_t>> keys;
  keys.reserve(static_cast<size_t>(lot_size));
  for (int64_t position = 1; position <= lot_size; ++position) {
    keys.emplace_back(Sha256(absl::StrCat(seed, ":", position)), position);
  }
  std::nth_element(keys.begin(), keys.begin() + sample_size, keys.end());
  for (int64_t i = 0; i < sample_size; ++i) drawn.push_back(keys[static_cast<size_t>(i)].second);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

absl::StatusOr<std::vector<int64_t>> DrawDifference(absl::string_view seed, int64_t lot_size,
                                                    int64_t actual_size, int64_t sample_size) {
  TL_ASSIGN_OR_RETURN(const std::vector<int64_t> at_opening,
                      DrawSample(seed, lot_size, sample_size));
  TL_RETURN_IF_ERROR(CheckSize("actual_size", actual_size, lot_size));
  TL_ASSIGN_OR_RETURN(const std::vector<int64_t> wanted,
                      DrawSample(seed, actual_size, sample_size));
  std::vector<int64_t> difference;
  std::set_difference(wanted.begin(), wanted.end(), at_opening.begin(), at_opening.end(),
                      std::back_inserter(difference));
  return difference;
}

}  // namespace tideline::sampling
