// SPDX-License-Identifier: Apache-2.0
// `tideline sla explain ITEM`: reads an item's clocks and prints them as a timeline. Not
// thread-safe. Blocks.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "tools/tideline/run.h"

namespace tideline::cli {

// `item`: id or full name.
absl::Status RunSlaExplain(const std::string& item, const Session& session);

}  // namespace tideline::cli
