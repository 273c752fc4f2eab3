// SPDX-License-Identifier: Apache-2.0
// Where the ledger lies: sealed events, the trees over them, and how far each journal was sealed.
// One SQLite file; archive_tables.h says how.
//
// Archive writes: one at a time for a file, whatever the process (a lock says so). Entries, tree
// states, cursors and checkpoints of one Append are one transaction, so an event is sealed once or
// not at all. ArchiveReader reads beside it. Each is one thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/decision_ledger/ledger/merkle.h"
#include "services/decision_ledger/ledger/note.h"
#include "services/decision_ledger/ledger/sqlite.h"
#include "tideline/decision_ledger/v1/ledger.pb.h"

namespace tideline::decision_ledger {

// Leaves below a node that is kept; what lies under it is computed from the leaves' hashes. So a
// tree costs 1/128 node per entry, and a proof reads at most so many hashes beside the nodes.
inline constexpr int kKeptLevel = 8;
inline constexpr uint64_t kBlockLeaves = uint64_t{1} << kKeptLevel;

// One journal: a service's and a partition's.
using JournalName = std::pair<std::string, int>;

// One entry of a journal, to be sealed.
struct SealableCommit {
  JournalName journal;
  uint64_t number = 0;
  std::string digest;
  std::vector<std::string> events;
};

// How far a journal was sealed.
struct SealedUpTo {
  uint64_t commit = 0;
  std::string digest;
};

// A tree as it stands.
struct TreeState {
  int64_t id = 0;
  std::string workspace;  // "workspaces/{workspace}"
  std::string origin;     // of its checkpoints
  uint64_t size = 0;
  Hash root;
};

class Archive {
 public:
  struct Options {
    std::string path;
    // What origins begin with, such as "tideline.example"; kept in the file.
    std::string name;
    int partitions = 0;  // of the installation; kept in the file
    // The key that signed last, to hand over to another one; else unset.
    std::optional<SigningKey> previous_key;
  };

  // FAILED_PRECONDITION: another process has it open; it was made for another name or partition
  // count; it was signed by another key and no previous one is given; its version is newer.
  // DATA_LOSS: it contradicts itself.
  static absl::StatusOr<std::unique_ptr<Archive>> Open(Options options, SigningKey key);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // How far each journal was sealed.
  const std::map<JournalName, SealedUpTo>& cursors() const { return cursors_; }
  // Events sealed, over all trees.
  uint64_t size() const;

  // Seals what the commits hold, in their order, and signs each tree that grew. Durable on return.
  // FAILED_PRECONDITION: a commit is not the next one of its journal. DATA_LOSS names an event that
  // cannot be sealed. UNAVAILABLE: the disk is full or busy; try again. On an error nothing has
  // changed.
  absl::Status Append(const std::vector<SealableCommit>& commits, absl::Time now);

 private:
  struct Tree {
    int64_t id = 0;
    Frontier frontier;
    std::map<std::string, uint64_t> sequences;  // service -> events sealed
    bool grown = false;
  };
  struct Statements;

  Archive(Database database, int lock, Options options, SigningKey key);
  absl::Status CheckMeta();
  absl::Status CheckKey();
  absl::Status Load();
  absl::Status AppendAll(const std::vector<SealableCommit>& commits, absl::Time now);
  absl::Status AppendEvent(const SealableCommit& commit, size_t index, absl::Time now);
  absl::StatusOr<Tree*> TreeOf(const std::string& workspace);
  absl::StatusOr<int64_t> KindOf(const std::string& kind);
  absl::Status KeepTree(const std::string& workspace, Tree& tree, absl::Time now);
  // `rotation`: number of the key that hands over; 0: an ordinary checkpoint.
  absl::Status KeepCheckpoint(const Tree& tree, absl::Time now, int64_t rotation,
                              absl::string_view note);
  std::string Origin(absl::string_view workspace) const;
  std::string Checkpoint(absl::string_view workspace, const Tree& tree) const;
  absl::Status Transact(const std::function<absl::Status()>& work);

  Database database_;
  const int lock_;
  const Options options_;
  const SigningKey key_;
  std::unique_ptr<Statements> statements_;
  std::map<std::string, Tree> trees_;  // by workspace
  std::map<std::string, int64_t> kinds_;
  std::map<JournalName, SealedUpTo> cursors_;
};

// Reads an archive while it is written. What belongs together is read in a Snapshot.
class ArchiveReader {
 public:
  // FAILED_PRECONDITION when there is no archive at `path`.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(const std::string& path);

  // Holds what is read to one state until it goes.
  class Snapshot {
   public:
    explicit Snapshot(ArchiveReader& reader);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    ArchiveReader& reader_;
  };

  // In order of workspaces.
  absl::StatusOr<std::vector<TreeState>> Trees();
  // NOT_FOUND when nothing of the workspace was sealed.
  absl::StatusOr<TreeState> TreeOf(absl::string_view workspace);

  struct Entry {
    uint64_t position = 0;
    Hash leaf;
    std::string sealed;  // a serialized SealedEvent
  };
  using EntryVisitor = std::function<absl::Status(const Entry&)>;
  // Entries from `first`, up to `limit`, in order.
  absl::Status Entries(const TreeState& tree, uint64_t first, uint64_t limit,
                       const EntryVisitor& visit);

  struct StoredCheckpoint {
    uint64_t size = 0;
    bool rotation = false;
    std::string note;
  };
  // In order of size: changes of key, one an hour, and the newest.
  absl::StatusOr<std::vector<StoredCheckpoint>> Checkpoints(const TreeState& tree);

  // Verifier keys in the order in which they signed; the last one signs now.
  absl::StatusOr<std::vector<std::string>> Keys(const TreeState& tree);

  // Kind of event -> how many.
  absl::StatusOr<std::map<std::string, uint64_t>> Counts(const TreeState& tree);

  // Positions of the events of a kind that happened from `start` on and before `end`, ascending:
  // the complete population, as each journal's events are in the tree without a gap.
  absl::StatusOr<std::vector<uint64_t>> Population(const TreeState& tree, absl::string_view kind,
                                                   absl::Time start, absl::Time end);

  // Reads this tree's nodes; valid as long as the reader.
  NodeReader NodesOf(const TreeState& tree);

 private:
  explicit ArchiveReader(Database database);
  absl::StatusOr<Hash> Node(int64_t tree, int level, uint64_t index);

  Database database_;
  Statement node_;
  Statement leaves_;
};

}  // namespace tideline::decision_ledger
