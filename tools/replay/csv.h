// SPDX-License-Identifier: Apache-2.0
// Comma-separated values by RFC 4180, strictly: quotes only around whole fields, the same number of
// fields in each row, and a header that names the columns asked for. A byte-order mark before the
// header is skipped; lines end with LF or CRLF. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/replay/source.h"

namespace tideline::replay {

class CsvReader {
 public:
  // A field longer than this is a missing quote, not a field.
  static constexpr size_t kMaxFieldBytes = 64 << 10;

  explicit CsvReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // Reads the header and finds each of `columns` in it; call once, first. INVALID_ARGUMENT names
  // the column that is missing or doubled.
  absl::Status Header(absl::Span<const absl::string_view> columns);

  // Reads the next row; false at the end. INVALID_ARGUMENT names the line.
  absl::StatusOr<bool> Next();

  // The row's field of the i-th of Header's columns. Valid until Next.
  absl::string_view operator[](size_t column) const { return fields_[places_[column]]; }

  // Line on which the current row begins, from 1.
  int64_t line() const { return line_; }

 private:
  // The next byte, or -1 at the end; errors of the source stay in status_.
  int Get();
  int Peek();
  absl::Status ReadRow(bool* end);
  absl::Status ReadField(std::string& field, int* stop);
  absl::Status Bad(absl::string_view what) const;

  std::unique_ptr<ByteSource> source_;
  absl::Status status_;
  std::string buffer_;
  size_t at_ = 0;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
  size_t width_ = 0;
  std::vector<std::string> fields_;
  std::vector<size_t> places_;
};

}  // namespace tideline::replay
