// SPDX-License-Identifier: Apache-2.0
// CSV files as people export them from spreadsheets (RFC 4180; a byte-order mark and CRLF are
// fine), and their rows as resources: each column is a field of the message, by the words of
// values.h. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "tools/tideline/values.h"

namespace tideline::cli {

struct CsvRow {
  int64_t line = 0;  // in the file, from 1
  std::vector<std::string> cells;
};

// All rows, the header first; empty lines are left out. INVALID_ARGUMENT names the line of a quote
// that is not closed or stands inside a field.
absl::StatusOr<std::vector<CsvRow>> ParseCsv(absl::string_view text);

struct RowError {
  int64_t line = 0;
  std::string column;  // empty: the row as a whole
  std::string message;
};

struct CsvResources {
  std::vector<std::unique_ptr<google::protobuf::Message>> resources;  // of rows without errors
  std::vector<int64_t> lines;                                         // of `resources`
  std::vector<RowError> errors;
};

// Reads rows as messages of `prototype`'s type. The header names fields ("team", "display_name" or
// "display-name"; "cost_rate"); "name" or "id" is the resource's id. Empty cells leave a field
// unset; several values of a repeated field are separated by ";". INVALID_ARGUMENT when the header
// is missing, or names an unknown, doubled or read-only field.
absl::StatusOr<CsvResources> ReadResources(const std::vector<CsvRow>& rows,
                                           const google::protobuf::Message& prototype,
                                           const Reading& reading);

}  // namespace tideline::cli
