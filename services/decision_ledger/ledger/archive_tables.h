// SPDX-License-Identifier: Apache-2.0
// The archive's tables, and how entries are numbered. A storage format: kVersion rises with it.
#pragma once

#include <cstdint>

namespace tideline::decision_ledger {

inline constexpr int kArchiveVersion = 1;

// A tree's entries lie together: the row id is the tree's id, then 40 bits of position. That is a
// million million events of eight million workspaces.
inline constexpr int kPositionBits = 40;
inline int64_t EntryId(int64_t tree, uint64_t position) {
  return (tree << kPositionBits) | static_cast<int64_t>(position);
}
inline uint64_t PositionOf(int64_t id) {
  return static_cast<uint64_t>(id) & ((uint64_t{1} << kPositionBits) - 1);
}

inline constexpr char kTables[] = R"sql(
-- version, name, partitions
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Public keys in the order in which they signed.
CREATE TABLE IF NOT EXISTS signing_key (
  number INTEGER PRIMARY KEY, public_key BLOB NOT NULL, since INTEGER NOT NULL);
-- One tree per workspace: size, root, and what it needs to grow.
CREATE TABLE IF NOT EXISTS tree (
  id INTEGER PRIMARY KEY, workspace TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
  root BLOB NOT NULL, frontier BLOB NOT NULL);
-- How many events of each service a tree holds.
CREATE TABLE IF NOT EXISTS sequence (
  tree INTEGER, service TEXT, sealed INTEGER NOT NULL,
  PRIMARY KEY (tree, service)) WITHOUT ROWID;
-- Names of kinds of events: "work_routing.work_item_submitted".
CREATE TABLE IF NOT EXISTS kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- The leaves. `sealed` is the SealedEvent, byte for byte; the columns before it are for finding.
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY, leaf BLOB NOT NULL, kind INTEGER NOT NULL, time INTEGER NOT NULL,
  subject TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS entry_kind ON entry (kind, time);
CREATE INDEX IF NOT EXISTS entry_subject ON entry (subject);
-- Perfect subtrees of 256 leaves and more.
CREATE TABLE IF NOT EXISTS node (
  tree INTEGER, level INTEGER, number INTEGER, hash BLOB NOT NULL,
  PRIMARY KEY (tree, level, number)) WITHOUT ROWID;
-- How far each journal was sealed, and the digest of that entry.
CREATE TABLE IF NOT EXISTS cursor (
  service TEXT, partition INTEGER, number INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (service, partition)) WITHOUT ROWID;
-- Signed notes: the newest of each tree, one an hour, and changes of key (`rotation`: the number of
-- the key that hands over, else 0).
CREATE TABLE IF NOT EXISTS checkpoint (
  tree INTEGER, size INTEGER, rotation INTEGER, time INTEGER NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (tree, size, rotation)) WITHOUT ROWID;
)sql";

}  // namespace tideline::decision_ledger
