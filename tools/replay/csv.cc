// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/csv.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace tideline::replay {
namespace {

constexpr size_t kBufferBytes = 64 << 10;
constexpr int kEnd = -1;
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

int CsvReader::Peek() {
  if (at_ == buffer_.size()) {
    buffer_.resize(kBufferBytes);
    at_ = 0;
    absl::StatusOr<size_t> got = source_->Read(buffer_.data(), buffer_.size());
    if (!got.ok()) status_ = got.status();
    buffer_.resize(got.ok() ? *got : 0);
  }
  return at_ < buffer_.size() ? static_cast<unsigned char>(buffer_[at_]) : kEnd;
}

int CsvReader::Get() {
  const int c = Peek();
  if (c != kEnd) ++at_;
  if (c == '\n') ++next_line_;
  return c;
}

absl::Status CsvReader::Bad(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat("line ", line_, ": ", what));
}

// Reads one field and what ended it: ',' or '\n' or kEnd.
absl::Status CsvReader::ReadField(std::string& field, int* stop) {
  field.clear();
  const bool quoted = Peek() == '"';
  if (quoted) Get();
  while (true) {
    if (field.size() > kMaxFieldBytes) return Bad("a field over 64 KiB: is a quote missing?");
    const int c = Get();
    if (c == kEnd) {
      if (quoted) return Bad("a quoted field does not end");
      *stop = kEnd;
      return status_;
    }
    if (quoted && c == '"') {
      if (Peek() != '"') break;
      Get();
    } else if (!quoted && (c == ',' || c == '\n')) {
      *stop = c;
      return absl::OkStatus();
    } else if (!quoted && c == '\r' && (Peek() == '\n' || Peek() == kEnd)) {
      *stop = Get();
      return status_;
    } else if (!quoted && c == '"') {
      return Bad("a quote inside a field that does not begin with one");
    }
    field.push_back(static_cast<char>(c));
  }
  int c = Get();
  if (c == '\r' && (Peek() == '\n' || Peek() == kEnd)) c = Get();
  if (c != ',' && c != '\n' && c != kEnd) return Bad("text after a closing quote");
  *stop = c;
  return status_;
}

absl::Status CsvReader::ReadRow(bool* end) {
  line_ = next_line_;
  *end = Peek() == kEnd;
  if (*end) return status_;
  size_t count = 0;
  int stop = ',';
  while (stop == ',') {
    if (count == fields_.size()) fields_.emplace_back();
    TL_RETURN_IF_ERROR(ReadField(fields_[count], &stop));
    ++count;
  }
  if (width_ == 0) width_ = count;
  if (count != width_) {
    return Bad(absl::StrCat("has ", count, " fields where the header has ", width_));
  }
  return absl::OkStatus();
}

absl::Status CsvReader::Header(absl::Span<const absl::string_view> columns) {
  Peek();
  if (absl::StartsWith(buffer_, kByteOrderMark)) at_ = kByteOrderMark.size();
  bool end = false;
  TL_RETURN_IF_ERROR(ReadRow(&end));
  if (end) return absl::InvalidArgumentError("line 1: the file is empty; a header was expected");
  for (absl::string_view column : columns) {
    size_t found = width_;
    for (size_t i = 0; i < width_; ++i) {
      if (fields_[i] != column) continue;
      if (found != width_) return Bad(absl::StrCat("two columns are called '", column, "'"));
      found = i;
    }
    if (found == width_) return Bad(absl::StrCat("no column is called '", column, "'"));
    places_.push_back(found);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next() {
  bool end = false;
  TL_RETURN_IF_ERROR(ReadRow(&end));
  return !end;
}

}  // namespace tideline::replay
