// SPDX-License-Identifier: Apache-2.0
// Holds what clients saw against what the journal says: invariants 1 to 6, 12 and 14 of a crash
// test.
//
//    1 no lost accepted item                          4 per item, calls take effect between their
//    2 none unexpected or doubled                       beginning and end, in a legal order
//    3 one holder at a time, custody epochs rise      5 journal dense and chained; each OK call is
//    in
//   12 one request id, one effect                       it once
//   14 a definite error left nothing                  6 folding an item's events gives its state
//
// Pure: entries, operations and states in, violations out, each by the invariant's number.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/journal/journal.h"
#include "tests/chaos/history.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::chaos {

struct Violation {
  int invariant;
  std::string what;
};

struct Evidence {
  std::vector<Operation> operations;
  std::vector<journal::StoredEntry> entries;  // of one partition, from the first on
  // Items as the suite shows them at the end, by name.
  std::map<std::string, work_routing::v1::WorkItem> items;
};

struct Verdict {
  std::vector<Violation> violations;
  size_t operations = 0, acknowledged = 0, refused = 0, unknown = 0, items = 0, transitions = 0;
};

Verdict Check(const Evidence& evidence);

}  // namespace tideline::chaos
