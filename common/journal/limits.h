// SPDX-License-Identifier: Apache-2.0
// The checks that every journal makes before it touches its store, so that memory and Redis refuse
// the same. Pure; any thread.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"

namespace tideline::journal {

inline constexpr size_t kMaxDigestBytes = 64;     // SHA-256 has 32; room for a longer hash
inline constexpr size_t kMaxFollowerBytes = 128;  // a service's name and a partition, or a ledger's
inline constexpr size_t kMaxOwnerBytes = 128;     // a replica's name
inline constexpr size_t kMaxPartitions = 16384;   // CRC16 modulo the count: Redis Cluster's slots

// What counts against kMaxCommitBytes: entry, memos, digest, and each write's kind, id and value.
size_t CommitBytes(const Commit& commit);

// INVALID_ARGUMENT that says which limit of journal.h the commit breaks.
absl::Status CheckCommit(const Commit& commit);

// INVALID_ARGUMENT when a follower's name is empty or too long.
absl::Status CheckCursor(absl::string_view follower);

}  // namespace tideline::journal
