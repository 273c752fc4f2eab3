// SPDX-License-Identifier: Apache-2.0
// `tideline ledger`: reads a ledger's folder, also while a suite seals into it: what trees there
// are, their checkpoints, and exports for tideline-verify. Not thread-safe. Blocks.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "tools/tideline/run.h"

namespace tideline::cli {

struct LedgerOptions {
  enum class What { kList, kCheckpoint, kExport, kPopulation };
  What what = What::kList;
  std::string folder;  // the ledger's
  std::string out;     // of an export; empty or "-": standard output
  // Of a population: which kind of event, in which period (RFC 3339; empty: without end), and a
  // sample of how many, from which seed (common/sampling/draw.h).
  std::string kind, start, end;
  int64_t sample = 0;
  std::string seed;
};

absl::Status RunLedger(const LedgerOptions& options, const Session& session);

}  // namespace tideline::cli
