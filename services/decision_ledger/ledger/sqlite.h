// SPDX-License-Identifier: Apache-2.0
// SQLite as the archive needs it: a connection and prepared statements whose errors are statuses.
// One thread at a time.
//
//   TL_ASSIGN_OR_RETURN(Database db, Database::Open(path, Database::Mode::kWrite));
//   Statement insert = db.Prepare("INSERT INTO cursor VALUES (?, ?)");
//   TL_RETURN_IF_ERROR(insert.Run(service, commit));
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tideline::decision_ledger {

// Bytes that are bound as a BLOB; strings are bound as TEXT. Both must live until the step.
struct Blob {
  absl::string_view bytes;
};

class Statement {
 public:
  Statement() = default;

  // Binds the arguments and runs to the end; rows are dropped.
  template <class... Args>
  absl::Status Run(const Args&... args) {
    Reset();
    int at = 0;
    (Bind(++at, args), ...);
    absl::StatusOr<bool> row = Step();
    while (row.ok() && *row) row = Step();
    Reset();
    return row.status();
  }
  // Binds the arguments for Next.
  template <class... Args>
  Statement& Query(const Args&... args) {
    Reset();
    int at = 0;
    (Bind(++at, args), ...);
    return *this;
  }
  // The next row; false at the end.
  absl::StatusOr<bool> Next() { return Step(); }
  // Lets go of the rows that are left: until then what was read stays locked.
  void Done() { Reset(); }

  int64_t Integer(int column) const;
  // Valid until Next or Query.
  absl::string_view Bytes(int column) const;

 private:
  friend class Database;
  void Reset();
  void Bind(int at, int64_t value);
  void Bind(int at, uint64_t value) { Bind(at, static_cast<int64_t>(value)); }
  void Bind(int at, int value) { Bind(at, static_cast<int64_t>(value)); }
  void Bind(int at, absl::string_view text);
  void Bind(int at, const std::string& text) { Bind(at, absl::string_view(text)); }
  void Bind(int at, const char* text) { Bind(at, absl::string_view(text)); }
  void Bind(int at, Blob blob);
  absl::StatusOr<bool> Step();

  std::shared_ptr<sqlite3_stmt> statement_;
  absl::Status status_;  // why it could not be prepared or bound
};

class Database {
 public:
  enum class Mode { kWrite, kRead };

  // kWrite makes the file when absent, with a write-ahead log that is synced at every commit.
  // FAILED_PRECONDITION names the path.
  static absl::StatusOr<Database> Open(const std::string& path, Mode mode);

  // Several statements, without arguments.
  absl::Status Execute(const char* sql);
  // A statement that does not compile says so when it is run.
  Statement Prepare(const char* sql);

 private:
  explicit Database(std::shared_ptr<sqlite3> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<sqlite3> handle_;
};

}  // namespace tideline::decision_ledger
