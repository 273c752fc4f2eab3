// SPDX-License-Identifier: Apache-2.0
// Opening an archive, and what is checked then.
#include "services/decision_ledger/ledger/archive.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/decision_ledger/ledger/archive_statements.h"
#include "services/decision_ledger/ledger/archive_tables.h"

namespace tideline::decision_ledger {

namespace {

absl::StatusOr<int> Lock(const std::string& path) {
  const std::string lock_path = absl::StrCat(path, ".lock");
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot open ", lock_path, ": ", std::strerror(errno)));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger's archive ", path,
                     " is in use: another replica seals into it, and there may be one only"));
  }
  return lock;
}

}  // namespace

Archive::Archive(Database database, int lock, Options options, SigningKey key)
    : database_(std::move(database)),
      lock_(lock),
      options_(std::move(options)),
      key_(std::move(key)) {}

Archive::~Archive() { ::close(lock_); }

absl::StatusOr<std::unique_ptr<Archive>> Archive::Open(Options options, SigningKey key) {
  TL_ASSIGN_OR_RETURN(const int lock, Lock(options.path));
  absl::StatusOr<Database> database = Database::Open(options.path, Database::Mode::kWrite);
  if (!database.ok()) {
    ::close(lock);
    return database.status();
  }
  std::unique_ptr<Archive> archive(
      new Archive(*std::move(database), lock, std::move(options), std::move(key)));
  TL_RETURN_IF_ERROR(archive->database_.Execute(kTables));
  archive->statements_ = std::make_unique<Statements>(archive->database_);
  TL_RETURN_IF_ERROR(archive->Transact([&archive]() -> absl::Status {
    TL_RETURN_IF_ERROR(archive->CheckMeta());
    TL_RETURN_IF_ERROR(archive->Load());
    return archive->CheckKey();
  }));
  return archive;
}

absl::Status Archive::CheckMeta() {
  const std::pair<const char*, std::string> wanted[] = {
      {"version", absl::StrCat(kArchiveVersion)},
      {"name", options_.name},
      {"partitions", absl::StrCat(options_.partitions)}};
  for (const auto& [key, value] : wanted) {
    Statement read = database_.Prepare("SELECT value FROM meta WHERE key = ?");
    TL_ASSIGN_OR_RETURN(const bool found, read.Query(key).Next());
    if (!found) {
      TL_RETURN_IF_ERROR(database_.Prepare("INSERT INTO meta VALUES (?, ?)").Run(key, value));
      continue;
    }
    const std::string has(read.Bytes(0));
    if (has != value) {
      return absl::FailedPreconditionError(absl::StrCat("the ledger's archive ", options_.path,
                                                        " was made with ", key, " ", has,
                                                        ", and this is ", value));
    }
  }
  return absl::OkStatus();
}

// The newest key must be the one at hand, or hand over to it.
absl::Status Archive::CheckKey() {
  Statement read =
      database_.Prepare("SELECT public_key, number FROM signing_key ORDER BY number DESC LIMIT 1");
  TL_ASSIGN_OR_RETURN(const bool found, read.Next());
  const std::string last = found ? std::string(read.Bytes(0)) : "";
  const int64_t number = found ? read.Integer(1) : 0;
  if (last == key_.public_key()) return absl::OkStatus();
  if (found &&
      (!options_.previous_key.has_value() || options_.previous_key->public_key() != last)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger's archive ", options_.path,
                     " was signed by another key than the one given: give the key that signed it "
                     "as the previous one, so that it hands over"));
  }
  for (auto& [workspace, tree] : trees_) {
    if (!found) break;
    const std::string origin = Origin(workspace);
    const std::string text =
        CheckpointText(origin, tree.frontier.size(), tree.frontier.Root(),
                       absl::StrCat(kNextKeyWord, " ", VerifierKey(origin, key_.public_key())));
    TL_RETURN_IF_ERROR(
        KeepCheckpoint(tree, absl::UnixEpoch(), number,
                       absl::StrCat(text, "\n", SignatureLine(origin, *options_.previous_key, text),
                                    SignatureLine(origin, key_, text))));
    // From here on the tree's newest checkpoint is the new key's.
    TL_RETURN_IF_ERROR(KeepCheckpoint(tree, absl::UnixEpoch(), 0, Checkpoint(workspace, tree)));
  }
  return database_.Prepare("INSERT INTO signing_key (public_key, since) VALUES (?, ?)")
      .Run(Blob{key_.public_key()}, uint64_t{size()});
}

absl::Status Archive::Load() {
  trees_.clear();
  kinds_.clear();
  cursors_.clear();
  Statement trees = database_.Prepare("SELECT id, workspace, size, root, frontier FROM tree");
  std::map<int64_t, Tree*> by_id;
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, trees.Next());
    if (!row) break;
    const std::string workspace(trees.Bytes(1));
    absl::StatusOr<Frontier> frontier =
        Frontier::Parse(static_cast<uint64_t>(trees.Integer(2)), trees.Bytes(4));
    if (!frontier.ok() || ToBytes(frontier->Root()) != trees.Bytes(3)) {
      return absl::DataLossError(absl::StrCat("the ledger's archive ", options_.path,
                                              ": the tree of ", workspace,
                                              " does not have the root that it was kept with"));
    }
    Tree& tree = trees_[workspace];
    tree.id = trees.Integer(0);
    tree.frontier = *std::move(frontier);
    by_id[tree.id] = &tree;
  }
  Statement last = database_.Prepare("SELECT max(id) FROM entry WHERE id >= ? AND id < ?");
  for (const auto& [workspace, tree] : trees_) {
    TL_RETURN_IF_ERROR(last.Query(EntryId(tree.id, 0), EntryId(tree.id + 1, 0)).Next().status());
    const uint64_t has = last.Integer(0) == 0 ? 0 : PositionOf(last.Integer(0)) + 1;
    if (has != tree.frontier.size()) {
      return absl::DataLossError(
          absl::StrCat("the ledger's archive ", options_.path, ": the tree of ", workspace, " has ",
                       tree.frontier.size(), " leaves and ", has, " entries"));
    }
  }
  Statement sequences = database_.Prepare("SELECT tree, service, sealed FROM sequence");
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, sequences.Next());
    if (!row) break;
    by_id[sequences.Integer(0)]->sequences[std::string(sequences.Bytes(1))] =
        static_cast<uint64_t>(sequences.Integer(2));
  }
  Statement kinds = database_.Prepare("SELECT id, name FROM kind");
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, kinds.Next());
    if (!row) break;
    kinds_[std::string(kinds.Bytes(1))] = kinds.Integer(0);
  }
  Statement cursors = database_.Prepare("SELECT service, partition, number, digest FROM cursor");
  for (;;) {
    TL_ASSIGN_OR_RETURN(const bool row, cursors.Next());
    if (!row) break;
    cursors_[{std::string(cursors.Bytes(0)), static_cast<int>(cursors.Integer(1))}] = {
        static_cast<uint64_t>(cursors.Integer(2)), std::string(cursors.Bytes(3))};
  }
  return absl::OkStatus();
}

uint64_t Archive::size() const {
  uint64_t size = 0;
  for (const auto& [workspace, tree] : trees_) size += tree.frontier.size();
  return size;
}

}  // namespace tideline::decision_ledger
