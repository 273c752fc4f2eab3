// SPDX-License-Identifier: Apache-2.0
// Holds the log's column against the suite's: sums side by side, and item by item. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/replay/facts.h"

namespace tideline::replay {

struct Row {
  std::string what;
  std::string key;  // for machines
  int64_t log = 0;
  int64_t suite = 0;
  bool agrees() const { return log == suite; }
};

struct Difference {
  std::string item;
  std::string what;  // "route: log a > b, suite a > c"
};

struct Reconciliation {
  std::vector<Row> rows;
  std::vector<Difference> differences;  // in order of items
  bool agrees() const;
};

// `exact_time`: events carry the log's time, so that what an item was in before a move can be told
// to the instant; without it the three kinds of moves are not compared, only their sum.
Reconciliation Reconcile(const FactsById& log, const FactsById& suite, bool exact_time);

// As a table for people; names at most `most` items that differ.
std::string FormatTable(const Reconciliation& reconciliation, size_t most);

}  // namespace tideline::replay
