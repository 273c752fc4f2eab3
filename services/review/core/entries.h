// SPDX-License-Identifier: Apache-2.0
// What the Core of review has in memory: items as work_routing tells of them, policies, reviews and
// lots of a workspace. Owned by their Workspace; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/review/core/records.pb.h"
#include "tideline/review/v1/events.pb.h"
#include "tideline/review/v1/nonconformity.pb.h"
#include "tideline/review/v1/resources.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::review {

struct Workspace;

using ItemState = work_routing::v1::WorkItem;

// What review knows of a work item of depth 0.
struct Item {
  core::v1::StoredItem record;
  Workspace* workspace = nullptr;
  absl::btree_set<std::string> reviews;  // all that are kept
  bool touched = false;                  // its record is written at the end of the step

  const work_routing::v1::WorkItem& item() const { return record.item(); }
  const std::string& name() const { return record.item().name(); }
  bool completed() const { return item().state() == ItemState::STATE_COMPLETED; }
  bool submitted() const { return item().state() == ItemState::STATE_SUBMITTED; }
};

// One review.
struct Entry {
  core::v1::StoredReview record;
  Workspace* workspace = nullptr;
  v1::Review::State counted = v1::Review::STATE_UNSPECIFIED;  // as it stands in the figures
  bool touched = false;

  const v1::Review& review() const { return record.review(); }
  v1::Review& mutable_review() { return *record.mutable_review(); }
  const std::string& name() const { return record.review().name(); }
  // Whether its result waits for a verdict.
  bool open() const {
    return review().state() == v1::Review::STATE_IN_REVIEW ||
           review().state() == v1::Review::STATE_ESCALATED;
  }
  // ... or for that of its lot.
  bool stands() const { return open() || review().state() == v1::Review::STATE_PROVISIONAL; }
  // Whether somebody has still something to say, after the verdict too.
  bool awaits() const {
    for (const v1::Opinion& opinion : review().opinions()) {
      if (opinion.state() == v1::Opinion::STATE_OPEN) return true;
    }
    return false;
  }
};

// Results of one policy, team and work type, in lots.
struct Stream {
  core::v1::StoredStream record;
  Workspace* workspace = nullptr;
  bool touched = false;

  const v1::SamplingState& state() const { return record.state(); }
  const std::string& name() const { return record.state().name(); }
};

struct Lot {
  core::v1::StoredLot record;
  Workspace* workspace = nullptr;
  absl::btree_map<int32_t, std::string> reviews;  // by position
  absl::Time timer = absl::InfiniteFuture();      // as it stands in the timers
  bool touched = false;

  const std::string& name() const { return record.lot().name(); }
};

// Which items a policy is for: engagement, work type, impact class.
using PolicyKey = std::tuple<std::string, std::string, int>;
inline PolicyKey KeyOf(const v1::ReviewPolicy& policy) {
  return {policy.engagement(), policy.work_type(), static_cast<int>(policy.impact_class())};
}

// One workspace's share of the partition.
struct Workspace {
  std::string name;
  absl::btree_map<std::string, std::unique_ptr<Item>> items;     // by name
  absl::btree_map<std::string, std::unique_ptr<Entry>> reviews;  // by name
  absl::btree_map<uint64_t, Entry*> by_sequence;
  absl::btree_set<std::string> awaiting;  // reviews with an open opinion
  // Work item of an open or finished opinion -> review and the opinion's number.
  absl::btree_map<std::string, std::pair<std::string, int>> opinion_items;
  absl::btree_map<std::string, v1::ReviewPolicy> policies;
  std::map<PolicyKey, std::string> policy_of;
  std::map<std::pair<std::string, int64_t>, v1::ReviewPolicy> terms;  // each revision of a policy
  absl::btree_map<std::string, core::v1::StoredQueue> queues;
  std::map<std::string, v1::ReviewAlarm> alarms;
  absl::btree_map<std::string, v1::Override> overrides;
  std::map<std::pair<std::string, std::string>, core::v1::StoredNovice> novices;
  absl::btree_map<std::string, std::unique_ptr<Stream>> streams;
  absl::btree_map<std::string, std::unique_ptr<Lot>> lots;
  absl::btree_map<std::string, v1::GoldItem> golds;
  absl::btree_map<std::string, core::v1::StoredGoldRun> gold_runs;      // by work item
  absl::btree_map<std::string, core::v1::StoredGoldScore> gold_scores;  // by expert
  // By day, subject and work type.
  std::map<std::tuple<int64_t, std::string, std::string>, core::v1::StoredQuality> qualities;
  std::map<std::string, v1::Nonconformity> nonconformities;
  core::v1::StoredRecheck recheck;  // since: unset: nothing is to be looked at
};

inline absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}
inline absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}
google::protobuf::Timestamp ToProto(absl::Time time);

// When the nonconformity is overdue if nothing happens; InfiniteFuture: never.
absl::Time DueOf(const v1::Nonconformity& record);

// "workspaces/{workspace}" of a full name, and its last segment.
absl::string_view WorkspaceName(absl::string_view name);
absl::string_view LastSegment(absl::string_view name);

}  // namespace tideline::review
