// SPDX-License-Identifier: Apache-2.0
#include "common/journal/journal.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "common/journal/limits.h"

namespace tideline::journal {
namespace {

bool IsKind(absl::string_view kind) {
  if (kind.empty() || kind.size() > kMaxKindBytes) return false;
  return std::all_of(kind.begin(), kind.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::Status CheckWrite(const Write& write) {
  if (!IsKind(write.kind)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("kind \"%s\" is not 1 to %d of a-z, 0-9 and _",
                        write.kind.substr(0, kMaxKindBytes), kMaxKindBytes));
  }
  if (write.id.empty() || write.id.size() > kMaxIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an id of kind %s has %d bytes; 1 to %d are allowed", write.kind,
                        write.id.size(), kMaxIdBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view AnswerName(Answer answer) {
  switch (answer) {
    case Answer::kApplied:
      return "APPLIED";
    case Answer::kAlready:
      return "ALREADY";
    case Answer::kFenced:
      return "FENCED";
    case Answer::kRefused:
      return "REFUSED";
    case Answer::kGap:
      return "GAP";
    case Answer::kLost:
      return "LOST";
    case Answer::kBroken:
      return "BROKEN";
  }
  return "?";
}

size_t CommitBytes(const Commit& commit) {
  size_t bytes = commit.entry.size() + commit.memos.size() + commit.digest.size();
  for (const Write& write : commit.writes) {
    bytes += write.kind.size() + write.id.size() + (write.value ? write.value->size() : 0);
  }
  return bytes;
}

absl::Status CheckCommit(const Commit& commit) {
  if (commit.number == 0) return absl::InvalidArgumentError("commit numbers begin at 1");
  if (commit.digest.size() > kMaxDigestBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("the digest has %d bytes; the limit is %d",
                                                      commit.digest.size(), kMaxDigestBytes));
  }
  if (commit.writes.size() > kMaxWrites) {
    return absl::InvalidArgumentError(absl::StrFormat("%d writes in one commit; the limit is %d",
                                                      commit.writes.size(), kMaxWrites));
  }
  if (const size_t bytes = CommitBytes(commit); bytes > kMaxCommitBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d bytes in one commit; the limit is %d", bytes, kMaxCommitBytes));
  }
  absl::flat_hash_set<std::pair<absl::string_view, absl::string_view>> seen;
  seen.reserve(commit.writes.size());
  for (const Write& write : commit.writes) {
    if (absl::Status status = CheckWrite(write); !status.ok()) return status;
    if (!seen.emplace(write.kind, write.id).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("record %s/%s is written twice in one commit", write.kind, write.id));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCursor(absl::string_view follower) {
  if (follower.empty() || follower.size() > kMaxFollowerBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a follower's name has %d bytes; 1 to %d are allowed", follower.size(), kMaxFollowerBytes));
  }
  return absl::OkStatus();
}

}  // namespace tideline::journal
