// SPDX-License-Identifier: Apache-2.0
// What the Core of decision_ledger has in memory: decisions, reversals and duty rules of a
// workspace, and by what they are found. Owned by their Workspace; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/decision_ledger/core/records.pb.h"
#include "tideline/decision_ledger/v1/resources.pb.h"

namespace tideline::decision_ledger {

struct Workspace;

struct Entry {
  core::v1::StoredDecision record;
  Workspace* workspace = nullptr;
  bool touched = false;

  const v1::Decision& decision() const { return record.decision(); }
  v1::Decision& mutable_decision() { return *record.mutable_decision(); }
  const std::string& name() const { return record.decision().name(); }
  bool in_force() const { return decision().state() == v1::Decision::STATE_IN_FORCE; }
  bool proposed() const { return decision().state() == v1::Decision::STATE_PROPOSED; }
  bool reversed() const { return decision().state() == v1::Decision::STATE_REVERSED; }
};

struct Undoing {
  core::v1::StoredReversal record;
  Workspace* workspace = nullptr;
  bool touched = false;

  const v1::Reversal& reversal() const { return record.reversal(); }
  v1::Reversal& mutable_reversal() { return *record.mutable_reversal(); }
  const std::string& name() const { return record.reversal().name(); }
};

// Decisions in the order in which they were taken.
using BySequence = std::map<uint64_t, Entry*>;

struct Workspace {
  std::string name;
  absl::btree_map<std::string, std::unique_ptr<Entry>> decisions;
  absl::btree_map<std::string, std::unique_ptr<Undoing>> reversals;
  absl::btree_map<std::string, v1::DutyRule> rules;
  BySequence by_sequence;
  // Decision -> those that build on it.
  absl::btree_map<std::string, absl::btree_set<std::string>> dependants;
  absl::btree_map<std::string, BySequence> by_item;
  // Grant -> what was decided under it, or under what was delegated from it.
  absl::btree_map<std::string, BySequence> under;
  absl::btree_set<std::string> grants;
};

inline absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}
google::protobuf::Timestamp ToProto(absl::Time time);

// "workspaces/acme" of "workspaces/acme/decisions/one".
absl::string_view WorkspaceName(absl::string_view name);

}  // namespace tideline::decision_ledger
