// SPDX-License-Identifier: Apache-2.0
// What every Core of a suite would be if it were restored from its records now. Equal to the
// digests of the living suite, unless living and restoring lead to different states. Blocks.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"

namespace tideline::replay {

// "work_routing/0" -> SHA-256 of that Core's whole state, in hex, as Suite::CoreDigests. The store
// is open, and nobody writes to it meanwhile.
absl::StatusOr<std::map<std::string, std::string>> RestoredDigests(journal::Store& store,
                                                                   int partitions);

}  // namespace tideline::replay
