// SPDX-License-Identifier: Apache-2.0
// The evaluation data, which is not part of the repository. Tests that need it skip without it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tideline::testing {

// The text of `name` (an .xz file) in the folder TIDELINE_DATA names, or else in ../shared/data
// beside the source tree; nullopt if there is no such file. Aborts if it is damaged.
std::optional<std::string> ReadData(absl::string_view name);

}  // namespace tideline::testing
