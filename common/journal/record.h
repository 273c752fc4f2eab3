// SPDX-License-Identifier: Apache-2.0
// How a record or an entry is stored: one byte of format version, four of CRC-32C (little endian)
// over kind, id and value, then the value. Redis' append-only file has no checksum, so a flipped
// byte, or a value under the wrong key, is noticed here or nowhere. Pure; any thread.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::journal {

inline constexpr size_t kRecordHeaderBytes = 5;

// Kinds under which journal entries and memos are sealed in this way; their id is the number.
inline constexpr absl::string_view kEntryKind = "<entry>";
inline constexpr absl::string_view kMemosKind = "<memos>";

// Writes kRecordHeaderBytes + value.size() bytes to `out`.
void EncodeRecord(absl::string_view kind, absl::string_view id, absl::string_view value, char* out);

// The value within `stored`. DATA_LOSS names kind and id when it does not verify;
// FAILED_PRECONDITION when a newer version wrote it.
absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view kind, absl::string_view id,
                                               absl::string_view stored);

}  // namespace tideline::journal
