// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "services/decision_ledger/ledger/archive.h"
#include "services/decision_ledger/ledger/archive_tables.h"

namespace tideline::decision_ledger {

absl::StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(Database database, Database::Open(path, Database::Mode::kRead));
  Statement version = database.Prepare("SELECT value FROM meta WHERE key = 'version'");
  absl::StatusOr<bool> row = version.Next();
  if (!row.ok() || !*row || version.Bytes(0) != absl::StrCat(kArchiveVersion)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a ledger's archive that this program knows"));
  }
  return std::unique_ptr<ArchiveReader>(new ArchiveReader(std::move(database)));
}

ArchiveReader::ArchiveReader(Database database)
    : database_(std::move(database)),
      node_(database_.Prepare("SELECT hash FROM node WHERE tree = ? AND level = ? AND number = ?")),
      leaves_(database_.Prepare("SELECT leaf FROM entry WHERE id >= ? AND id < ? ORDER BY id")) {}

ArchiveReader::Snapshot::Snapshot(ArchiveReader& reader) : reader_(reader) {
  reader_.database_.Execute("BEGIN").IgnoreError();
}
ArchiveReader::Snapshot::~Snapshot() { reader_.database_.Execute("COMMIT").IgnoreError(); }

absl::StatusOr<std::vector<TreeState>> ArchiveReader::Trees() {
  std::vector<TreeState> trees;
  Statement read = database_.Prepare(
      "SELECT tree.id, workspace, size, root, (SELECT value FROM meta WHERE key = 'name') "
      "FROM tree ORDER BY workspace");
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return trees;
    TreeState tree;
    tree.id = read.Integer(0);
    tree.workspace = std::string(read.Bytes(1));
    tree.size = static_cast<uint64_t>(read.Integer(2));
    TL_ASSIGN_OR_RETURN(tree.root, ToHash(read.Bytes(3)));
    tree.origin =
        absl::StrCat(read.Bytes(4), "/", absl::StripPrefix(tree.workspace, "workspaces/"));
    trees.push_back(std::move(tree));
  }
}

absl::StatusOr<TreeState> ArchiveReader::TreeOf(absl::string_view workspace) {
  TL_ASSIGN_OR_RETURN(std::vector<TreeState> trees, Trees());
  for (TreeState& tree : trees) {
    if (tree.workspace == workspace) return std::move(tree);
  }
  return absl::NotFoundError(absl::StrCat("nothing of ", workspace, " was sealed"));
}

absl::Status ArchiveReader::Entries(const TreeState& tree, uint64_t first, uint64_t limit,
                                    const EntryVisitor& visit) {
  Statement read = database_.Prepare(
      "SELECT id, leaf, sealed FROM entry WHERE id >= ? AND id < ? ORDER BY id LIMIT ?");
  read.Query(EntryId(tree.id, first), EntryId(tree.id, tree.size), limit);
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return absl::OkStatus();
    Entry entry;
    entry.position = PositionOf(read.Integer(0));
    TL_ASSIGN_OR_RETURN(entry.leaf, ToHash(read.Bytes(1)));
    entry.sealed = std::string(read.Bytes(2));
    TL_RETURN_IF_ERROR(visit(entry));
  }
}

absl::StatusOr<std::vector<ArchiveReader::StoredCheckpoint>> ArchiveReader::Checkpoints(
    const TreeState& tree) {
  std::vector<StoredCheckpoint> checkpoints;
  Statement read = database_.Prepare(
      "SELECT size, rotation, note FROM checkpoint WHERE tree = ? ORDER BY size, rotation = 0, "
      "rotation");
  read.Query(tree.id);
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return checkpoints;
    checkpoints.push_back(
        {static_cast<uint64_t>(read.Integer(0)), read.Integer(1) != 0, std::string(read.Bytes(2))});
  }
}

absl::StatusOr<std::vector<std::string>> ArchiveReader::Keys(const TreeState& tree) {
  std::vector<std::string> keys;
  Statement read = database_.Prepare("SELECT public_key FROM signing_key ORDER BY number");
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return keys;
    keys.push_back(VerifierKey(tree.origin, read.Bytes(0)));
  }
}

absl::StatusOr<std::map<std::string, uint64_t>> ArchiveReader::Counts(const TreeState& tree) {
  std::map<std::string, uint64_t> counts;
  Statement read = database_.Prepare(
      "SELECT name, count(*) FROM entry JOIN kind ON kind.id = kind "
      "WHERE entry.id >= ? AND entry.id < ? GROUP BY kind");
  read.Query(EntryId(tree.id, 0), EntryId(tree.id, tree.size));
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return counts;
    counts[std::string(read.Bytes(0))] = static_cast<uint64_t>(read.Integer(1));
  }
}

absl::StatusOr<std::vector<uint64_t>> ArchiveReader::Population(const TreeState& tree,
                                                                absl::string_view kind,
                                                                absl::Time start, absl::Time end) {
  // Clamped, since instants beyond all time have no microseconds.
  const auto micros = [](absl::Time time) {
    return absl::ToUnixMicros(
        std::clamp(time, absl::UnixEpoch(), absl::FromUnixSeconds(1LL << 40)));
  };
  std::vector<uint64_t> positions;
  Statement read = database_.Prepare(
      "SELECT entry.id FROM entry WHERE kind = (SELECT id FROM kind WHERE name = ?) AND time >= ? "
      "AND time < ? AND entry.id >= ? AND entry.id < ? ORDER BY entry.id");
  read.Query(kind, micros(start), micros(end), EntryId(tree.id, 0), EntryId(tree.id, tree.size));
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, read.Next());
    if (!row) return positions;
    positions.push_back(PositionOf(read.Integer(0)));
  }
}

NodeReader ArchiveReader::NodesOf(const TreeState& tree) {
  return [this, id = tree.id](int level, uint64_t index) { return Node(id, level, index); };
}

absl::StatusOr<Hash> ArchiveReader::Node(int64_t tree, int level, uint64_t index) {
  if (level >= kKeptLevel) {
    TL_ASSIGN_OR_RETURN(const bool row, node_.Query(tree, level, index).Next());
    absl::StatusOr<Hash> hash = row ? ToHash(node_.Bytes(0)) : Hash{};
    node_.Done();
    if (row) return hash;
    return absl::DataLossError(absl::StrCat("the archive lacks node ", index, " of level ", level));
  }
  // Below, from the leaves.
  Frontier frontier;
  const uint64_t first = index << level;
  const uint64_t end = first + (uint64_t{1} << level);
  leaves_.Query(EntryId(tree, first), EntryId(tree, end));
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, leaves_.Next());
    if (!row) break;
    TL_ASSIGN_OR_RETURN(const Hash leaf, ToHash(leaves_.Bytes(0)));
    frontier.Append(leaf);
  }
  if (frontier.size() != end - first) {
    return absl::DataLossError(
        absl::StrCat("the archive lacks entries between ", first, " and ", end));
  }
  return frontier.Root();
}

}  // namespace tideline::decision_ledger
