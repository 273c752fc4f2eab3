// SPDX-License-Identifier: Apache-2.0
// A partition's journal and records: the only durable thing in Tideline.
//
// One Journal object speaks for one partition of one service. A commit appends one entry and writes
// the records it changed, all or nothing. MemoryJournal and RedisJournal pass one conformance suite
// (tests/conformance).
//
// Threads: a Journal belongs to the loop it was opened on. Call it there; callbacks come there,
// never from inside the call that takes them. Destroy it there, too: after that no callback comes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/loop/loop.h"

namespace tideline::journal {

// Version of the records' and entries' format. Written with each; newer ones are refused.
inline constexpr uint32_t kFormat = 1;

// Limits of one commit. One Redis Function call writes it, so they bound how long Redis is held:
// about 15 ms at the limit.
inline constexpr size_t kMaxWrites = 2000;
inline constexpr size_t kMaxCommitBytes = 4 << 20;

// Limits of one Read: a page stays well under one fsync's worth of loop time.
inline constexpr size_t kMaxReadEntries = 1000;
inline constexpr size_t kMaxReadBytes = 1 << 20;

inline constexpr size_t kMaxKindBytes = 64;  // a word of the service's own choosing
inline constexpr size_t kMaxIdBytes = 512;   // full resource names are ids

// One record to write; no value deletes it. Two writes to one record in a commit are an error.
struct Write {
  std::string kind;
  std::string id;
  std::optional<std::string> value;
};

// One commit, complete: sending it again sends the same bytes.
struct Commit {
  uint64_t number = 0;  // one above the last
  absl::Time time;      // the partition's time
  std::string entry;    // a serialized journal.v1.Entry
  std::string memos;    // a serialized journal.v1.Memos; may be empty
  std::string digest;   // SHA-256 of `entry`
  std::vector<Write> writes;
};

// What a store says of a commit or a check. What the host makes of each: ARCHITECTURE.md.
enum class Answer {
  kApplied,  // written now
  kAlready,  // this number was applied before, by the same owner
  kFenced,   // the epoch is not the owner's any more; nothing written
  kRefused,  // store full, read-only, loading or without replicas: nothing written, try again
  kGap,      // the number skips, or the store is behind: nothing written
  kLost,     // connection lost or timed out: the outcome is unknown
  kBroken,   // anything else: the outcome is unknown, and trying again will not help
};

absl::string_view AnswerName(Answer answer);

// Who owns the partition, and the last thing committed.
struct Head {
  uint64_t epoch = 0;                   // 0: never owned
  std::string owner;                    // replica name
  uint64_t number = 0;                  // last commit; 0: none
  absl::Time time = absl::UnixEpoch();  // its time
  std::string digest;                   // its digest
  uint64_t sealed = 0;                  // last one that a ledger has sealed; only from ReadHead
};

struct StoredEntry {
  uint64_t number = 0;
  std::string entry;
  std::string memos;
};

struct Page {
  std::vector<StoredEntry> entries;  // in order, without a gap among themselves
  uint64_t first = 0;                // oldest entry still in the store; 0: none
  uint64_t last = 0;                 // newest committed number, trimmed or not
};

class Journal {
 public:
  virtual ~Journal() = default;

  using HeadDone = std::function<void(absl::StatusOr<Head>)>;
  using CommitDone = std::function<void(Answer, std::string detail)>;
  using RecordVisitor =
      std::function<absl::Status(absl::string_view kind, std::string id, std::string value)>;
  using StatusDone = std::function<void(absl::Status)>;
  using PageDone = std::function<void(absl::StatusOr<Page>)>;

  // The partition's head, owned or not. UNAVAILABLE when the store is away.
  virtual void ReadHead(HeadDone done) = 0;

  // Takes the partition: sets owner and epoch + 1 if the epoch is still `expected_epoch`, else
  // ABORTED and nothing changed. The epoch returned goes with every later Commit and Check.
  virtual void Own(std::string owner, uint64_t expected_epoch, HeadDone done) = 0;

  // Hands every record to `visit`, kinds in the order given, ids in no order; each record once.
  // DATA_LOSS names a record that does not verify; FAILED_PRECONDITION names a kind that is in the
  // store but not in `kinds`; an error of `visit` ends the load and is returned.
  virtual void Load(std::vector<std::string> kinds, RecordVisitor visit, StatusDone done) = 0;

  // Writes a commit. Callbacks come in the order of the calls. Asynchronous, several may be under
  // way. A commit over the limits above is kBroken and nothing is sent.
  virtual void Commit(uint64_t epoch, std::shared_ptr<const journal::Commit> commit,
                      CommitDone done) = 0;

  // kApplied if `epoch` still owns and the store's last number is at least `last_number`; kFenced,
  // or kGap if the store is behind. One read, no fsync. Ordered with Commit.
  virtual void Check(uint64_t epoch, uint64_t last_number, CommitDone done) = 0;

  // Entries with a number above `after`, oldest first, up to `limit` and kMaxReadBytes (at least
  // one entry if there is one). OUT_OF_RANGE when entries just above `after` were trimmed;
  // DATA_LOSS when `after` lies beyond the end or an entry is missing.
  virtual void Read(uint64_t after, size_t limit, PageDone done) = 0;

  // Calls `hint` on this loop whenever the journal may have grown beyond what was read; a hint can
  // be late, doubled or lost, so readers also look by themselves once a second.
  virtual void OnGrowth(std::function<void()> hint) = 0;

  // Publishes how far `follower` has read this journal, so that trimming spares what it needs.
  virtual void PublishCursor(std::string follower, uint64_t number, StatusDone done) = 0;

  // Notes that a ledger has sealed the entries up to `number`; never goes back. OUT_OF_RANGE beyond
  // the last commit.
  virtual void Seal(uint64_t number, StatusDone done) = 0;

  // Removes entries below `number`, but never one at or above a published cursor, never one that a
  // ledger has not sealed, and never the last. `done` gets the number of the oldest entry left
  // (0: none), or ABORTED when `epoch` is not the owner's any more.
  virtual void Trim(uint64_t epoch, uint64_t number,
                    std::function<void(absl::StatusOr<uint64_t>)> done) = 0;
};

// What a store says of itself, for start-up checks and `tideline doctor`.
struct StoreInfo {
  std::string description;  // "memory", or server version and address
  bool durable = false;     // appendonly yes and appendfsync always
  bool evicts = false;      // maxmemory-policy is not noeviction
  uint64_t used_bytes = 0;
  uint64_t max_bytes = 0;             // 0: unlimited
  std::vector<std::string> warnings;  // each with its remedy
};

// Where journals live. One per process; thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  // Connects, installs or verifies the Functions, and settles the partition count: the first to
  // use a store sets it, everybody else must agree (FAILED_PRECONDITION names both numbers).
  // Blocks, up to `timeout`.
  virtual absl::Status Open(int partitions, absl::Duration timeout) = 0;

  // The journal of partition `partition` of `service`, living on `loop`. The loop must outlive it.
  virtual std::unique_ptr<Journal> OpenJournal(absl::string_view service, int partition,
                                               Loop& loop) = 0;

  // Blocks for one round trip.
  virtual absl::StatusOr<StoreInfo> Inspect() = 0;

  // Share of the memory limit in use, 0 to 1, refreshed about once a second; 0 without a limit.
  // From any thread, cheap.
  virtual double Fullness() const = 0;
};

}  // namespace tideline::journal
