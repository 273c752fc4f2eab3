// SPDX-License-Identifier: Apache-2.0
// The statements that sealing repeats, prepared once. Part of Archive; one thread's.
#pragma once

#include "services/decision_ledger/ledger/archive.h"

namespace tideline::decision_ledger {

struct Archive::Statements {
  explicit Statements(Database& database)
      : add_entry(database.Prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)")),
        add_node(database.Prepare("INSERT INTO node VALUES (?, ?, ?, ?)")),
        keep_tree(
            database.Prepare("UPDATE tree SET size = ?, root = ?, frontier = ? WHERE id = ?")),
        keep_sequence(database.Prepare("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?)")),
        keep_cursor(database.Prepare("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)")),
        last_checkpoint(
            database.Prepare("SELECT size, time FROM checkpoint WHERE tree = ? AND rotation = 0 "
                             "ORDER BY size DESC LIMIT 2")),
        drop_checkpoint(database.Prepare(
            "DELETE FROM checkpoint WHERE tree = ? AND size = ? AND rotation = 0")),
        add_checkpoint(
            database.Prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)")) {}

  Statement add_entry;
  Statement add_node;
  Statement keep_tree;
  Statement keep_sequence;
  Statement keep_cursor;
  Statement last_checkpoint;
  Statement drop_checkpoint;
  Statement add_checkpoint;
};

}  // namespace tideline::decision_ledger
