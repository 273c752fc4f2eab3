// SPDX-License-Identifier: Apache-2.0
// Sealing: events become leaves, in one transaction with the trees and the journals' cursors.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "services/decision_ledger/ledger/archive.h"
#include "services/decision_ledger/ledger/archive_statements.h"
#include "services/decision_ledger/ledger/archive_tables.h"
#include "services/decision_ledger/ledger/event_kind.h"

namespace tideline::decision_ledger {

namespace {

// Checkpoints between the newest and the one before it are let go within an hour: who needs one at
// an exact instant asks for it then and keeps it.
constexpr absl::Duration kCheckpointEvery = absl::Hours(1);

std::string Where(const SealableCommit& commit) {
  return absl::StrCat("the journal of ", commit.journal.first, " ", commit.journal.second,
                      ", commit ", commit.number);
}

}  // namespace

absl::Status Archive::Transact(const std::function<absl::Status()>& work) {
  TL_RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
  absl::Status status = work();
  if (status.ok()) status = database_.Execute("COMMIT");
  if (status.ok()) return status;
  // SQLite may have rolled back by itself; then this does nothing.
  database_.Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::Status Archive::Append(const std::vector<SealableCommit>& commits, absl::Time now) {
  const absl::Status status = Transact([&] { return AppendAll(commits, now); });
  if (status.ok()) return status;
  // Memory is what the file says again.
  TL_RETURN_IF_ERROR(Load());
  return status;
}

absl::Status Archive::AppendAll(const std::vector<SealableCommit>& commits, absl::Time now) {
  for (const SealableCommit& commit : commits) {
    SealedUpTo& cursor = cursors_[commit.journal];
    if (commit.number != cursor.commit + 1) {
      return absl::FailedPreconditionError(
          absl::StrCat(Where(commit), " does not follow ", cursor.commit, ", the last one sealed"));
    }
    for (size_t i = 0; i < commit.events.size(); ++i) {
      TL_RETURN_IF_ERROR(AppendEvent(commit, i, now));
    }
    cursor = {commit.number, commit.digest};
  }
  std::map<JournalName, bool> kept;
  for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
    if (!kept.try_emplace(commit->journal).second) continue;
    TL_RETURN_IF_ERROR(statements_->keep_cursor.Run(commit->journal.first, commit->journal.second,
                                                    commit->number, Blob{commit->digest}));
  }
  for (auto& [workspace, tree] : trees_) {
    if (tree.grown) TL_RETURN_IF_ERROR(KeepTree(workspace, tree, now));
  }
  return absl::OkStatus();
}

absl::Status Archive::AppendEvent(const SealableCommit& commit, size_t index, absl::Time now) {
  const std::string& event = commit.events[index];
  const auto lost = [&](absl::string_view why) {
    return absl::DataLossError(absl::StrCat(Where(commit), ", event ", index, " ", why));
  };
  absl::StatusOr<type::v1::EventHeader> header = HeaderOf(event);
  if (!header.ok()) return lost(header.status().message());
  if (header->revision().commit() != commit.number || header->revision().index() != index) {
    return lost("says that it stands elsewhere");
  }
  const std::string& service = commit.journal.first;
  TL_ASSIGN_OR_RETURN(Tree * tree, TreeOf(header->workspace()));
  TL_ASSIGN_OR_RETURN(const int64_t kind, KindOf(EventKind(service, event)));
  v1::SealedEvent sealed;
  const uint64_t position = tree->frontier.size();
  sealed.set_position(position);
  sealed.set_service(service);
  sealed.set_partition(static_cast<uint32_t>(commit.journal.second));
  sealed.set_sequence(tree->sequences[service]++);
  const int64_t micros = absl::ToUnixMicros(now);
  sealed.mutable_seal_time()->set_seconds(micros / 1'000'000);
  sealed.mutable_seal_time()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  sealed.set_event(event);
  const std::string bytes = sealed.SerializeAsString();

  const Hash leaf = HashLeaf(bytes);
  absl::Status status;
  tree->frontier.Append(leaf, [&](int level, uint64_t number, const Hash& hash) {
    if (level < kKeptLevel) return;
    const std::string node = ToBytes(hash);
    status.Update(statements_->add_node.Run(tree->id, level, number, Blob{node}));
  });
  TL_RETURN_IF_ERROR(status);
  tree->grown = true;
  const int64_t time = header->time().seconds() * 1'000'000 + header->time().nanos() / 1000;
  const std::string leaf_bytes = ToBytes(leaf);
  return statements_->add_entry.Run(EntryId(tree->id, position), Blob{leaf_bytes}, kind, time,
                                    header->subject(), Blob{bytes});
}

absl::StatusOr<Archive::Tree*> Archive::TreeOf(const std::string& workspace) {
  auto it = trees_.find(workspace);
  if (it != trees_.end()) return &it->second;
  Statement add = database_.Prepare(
      "INSERT INTO tree (workspace, size, root, frontier) VALUES (?, 0, ?, ?) RETURNING id");
  const std::string root = ToBytes(EmptyRoot());
  TL_RETURN_IF_ERROR(add.Query(workspace, Blob{root}, Blob{""}).Next().status());
  Tree& tree = trees_[workspace];
  tree.id = add.Integer(0);
  return &tree;
}

absl::StatusOr<int64_t> Archive::KindOf(const std::string& kind) {
  auto it = kinds_.find(kind);
  if (it != kinds_.end()) return it->second;
  Statement add = database_.Prepare("INSERT INTO kind (name) VALUES (?) RETURNING id");
  TL_RETURN_IF_ERROR(add.Query(kind).Next().status());
  return kinds_[kind] = add.Integer(0);
}

absl::Status Archive::KeepTree(const std::string& workspace, Tree& tree, absl::Time now) {
  const std::string root = ToBytes(tree.frontier.Root());
  const std::string frontier = tree.frontier.Bytes();
  TL_RETURN_IF_ERROR(
      statements_->keep_tree.Run(tree.frontier.size(), Blob{root}, Blob{frontier}, tree.id));
  for (const auto& [service, sealed] : tree.sequences) {
    TL_RETURN_IF_ERROR(statements_->keep_sequence.Run(tree.id, service, sealed));
  }
  tree.grown = false;
  return KeepCheckpoint(tree, now, 0, Checkpoint(workspace, tree));
}

absl::Status Archive::KeepCheckpoint(const Tree& tree, absl::Time now, int64_t rotation,
                                     absl::string_view note) {
  // The newest goes if the one before it is not an hour old: then it is the hour's one itself.
  Statement& last = statements_->last_checkpoint;
  uint64_t size[2] = {0, 0};
  int64_t time[2] = {0, 0};
  last.Query(tree.id);
  for (int i = 0; i < 2; ++i) {
    TL_ASSIGN_OR_RETURN(const bool row, last.Next());
    if (!row) break;
    size[i] = static_cast<uint64_t>(last.Integer(0));
    time[i] = last.Integer(1);
  }
  last.Done();
  const int64_t hour = absl::ToInt64Microseconds(kCheckpointEvery);
  if (rotation == 0 && size[1] > 0 && time[0] - time[1] < hour) {
    TL_RETURN_IF_ERROR(statements_->drop_checkpoint.Run(tree.id, size[0]));
  }
  return statements_->add_checkpoint.Run(tree.id, tree.frontier.size(), rotation,
                                         absl::ToUnixMicros(now), note);
}

std::string Archive::Origin(absl::string_view workspace) const {
  return absl::StrCat(options_.name, "/", absl::StripPrefix(workspace, "workspaces/"));
}

std::string Archive::Checkpoint(absl::string_view workspace, const Tree& tree) const {
  const std::string origin = Origin(workspace);
  const std::string text = CheckpointText(origin, tree.frontier.size(), tree.frontier.Root());
  return absl::StrCat(text, "\n", SignatureLine(origin, key_, text));
}

}  // namespace tideline::decision_ledger
