// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/sqlite.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"

namespace tideline::decision_ledger {

namespace {

// How long a reader waits for a lock that the writer holds while it copies its log back.
constexpr int kBusyMillis = 5000;

absl::Status StatusOf(sqlite3* handle, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return absl::OkStatus();
  const std::string text =
      absl::StrCat("SQLite: ", handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::UnavailableError(text);  // passes when there is room again
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    default:
      return absl::InternalError(text);
  }
}

}  // namespace

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

absl::string_view Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return absl::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

void Statement::Reset() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_.get());
  status_ = absl::OkStatus();
}

void Statement::Bind(int at, int64_t value) {
  if (statement_ == nullptr) return;
  status_.Update(StatusOf(nullptr, sqlite3_bind_int64(statement_.get(), at, value)));
}

void Statement::Bind(int at, absl::string_view text) {
  if (statement_ == nullptr) return;
  status_.Update(StatusOf(nullptr, sqlite3_bind_text(statement_.get(), at, text.data(),
                                                     static_cast<int>(text.size()), nullptr)));
}

void Statement::Bind(int at, Blob blob) {
  if (statement_ == nullptr) return;
  // An empty view may have a null pointer, which SQLite would bind as NULL.
  const char* bytes = blob.bytes.empty() ? "" : blob.bytes.data();
  status_.Update(
      StatusOf(nullptr, sqlite3_bind_blob(statement_.get(), at, bytes,
                                          static_cast<int>(blob.bytes.size()), nullptr)));
}

absl::StatusOr<bool> Statement::Step() {
  if (!status_.ok()) return status_;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return StatusOf(sqlite3_db_handle(statement_.get()), code);
}

absl::StatusOr<Database> Database::Open(const std::string& path, Mode mode) {
  sqlite3* raw = nullptr;
  const int flags =
      mode == Mode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(std::shared_ptr<sqlite3>(raw, sqlite3_close_v2));
  if (code != SQLITE_OK) {
    return absl::FailedPreconditionError(absl::StrCat("cannot open the ledger's archive ", path,
                                                      ": ", StatusOf(raw, code).message()));
  }
  sqlite3_busy_timeout(raw, kBusyMillis);
  absl::Status status;
  if (mode == Mode::kWrite) {
    // FULL: a checkpoint that left is never contradicted after a power cut.
    status = database.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  }
  if (!status.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger's archive ", path, ": ", status.message()));
  }
  return database;
}

absl::Status Database::Execute(const char* sql) {
  return StatusOf(handle_.get(), sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr));
}

Statement Database::Prepare(const char* sql) {
  Statement statement;
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) {
    statement.status_ = StatusOf(handle_.get(), code);
    return statement;
  }
  // The connection lives as long as its statements.
  statement.statement_ = std::shared_ptr<sqlite3_stmt>(
      raw, [connection = handle_](sqlite3_stmt* s) { sqlite3_finalize(s); });
  return statement;
}

}  // namespace tideline::decision_ledger
