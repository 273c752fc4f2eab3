// SPDX-License-Identifier: Apache-2.0
// Reads the journals of work_routing and handoff from their first entry and folds them, checking on
// the way that no entry is missing or altered. Blocks.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/journal/entry.pb.h"
#include "common/journal/journal.h"
#include "tideline/work_routing/v1/events.pb.h"
#include "tools/replay/facts.h"
#include "tools/replay/handoff_fold.h"

namespace tideline::replay {

// Every entry of one journal of `store`, which is open, in order. OUT_OF_RANGE where it was
// trimmed; DATA_LOSS names the entry that does not follow from the one before. An error of `visit`
// ends it.
using EntryVisitor = std::function<absl::Status(const tideline::journal::v1::Entry&)>;
absl::Status VisitJournal(journal::Store& store, const std::string& service, int partition,
                          const EntryVisitor& visit);

struct Folded {
  FactsById facts;
  HandoffCounts handoffs;
  int64_t entries = 0;  // of all partitions and both services
  int64_t events = 0;   // of the workspace
  int64_t cores = 0;    // whose whole state was the same before and after a restart; 0: no restart
};

// All `partitions` journals of both in `store`, which is open. OUT_OF_RANGE where a journal
// was trimmed; DATA_LOSS names the partition and entry that does not follow from the one before.
// `also`, if given, takes each event too.
using EventTaker = std::function<absl::Status(const work_routing::v1::Event&)>;
absl::StatusOr<Folded> FoldJournals(journal::Store& store, int partitions,
                                    const std::string& workspace, const EventTaker& also = nullptr);

}  // namespace tideline::replay
