// SPDX-License-Identifier: Apache-2.0
// Holds the ledger against the journals: as many entries as events, kind by kind, and every export
// good by the offline verifier. The journals are read here, not by the sealer. Blocks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "tools/replay/facts.h"

namespace tideline::replay {

struct LedgerReport {
  int64_t events = 0;   // in all journals
  int64_t entries = 0;  // in the ledger's trees, as the verifier counted them
  int64_t trees = 0;
  // Kind of event -> how many the ledger holds: "work_routing.work_item_submitted".
  std::map<std::string, int64_t> kinds;
  std::vector<std::string> trouble;  // empty: everything agrees

  bool ok() const { return trouble.empty() && events == entries; }
};

// `store` is open, nothing is written meanwhile, and everything is sealed.
absl::StatusOr<LedgerReport> CheckLedger(journal::Store& store, int partitions,
                                         const std::vector<std::string>& services,
                                         const std::string& folder);

// Adds to the trouble where the ledger's counts by kind are not what the log says.
void HoldAgainstLog(const Totals& log, LedgerReport& report);

// For people.
std::string FormatLedger(const LedgerReport& report);

}  // namespace tideline::replay
