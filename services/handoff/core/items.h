// SPDX-License-Identifier: Apache-2.0
// What the Core of handoff has in memory: items as work_routing tells of them, handoffs, plans and
// tallies of a workspace. Owned by their Workspace; one thread.
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
#include "services/handoff/core/records.pb.h"
#include "tideline/handoff/v1/events.pb.h"
#include "tideline/handoff/v1/resources.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::handoff {

struct Workspace;

using ItemState = work_routing::v1::WorkItem;

// What handoff knows of a work item. OFFERED is seen as QUEUED: custody is the same.
struct Item {
  core::v1::StoredItem record;
  Workspace* workspace = nullptr;
  std::string open;                       // its open handoff; empty: none
  absl::btree_set<std::string> handoffs;  // all that are kept
  bool touched = false;                   // its record is written at the end of the step

  const work_routing::v1::WorkItem& item() const { return record.item(); }
  work_routing::v1::WorkItem& mutable_item() { return *record.mutable_item(); }
  const std::string& name() const { return record.item().name(); }
  const std::string& holder() const { return record.item().custody().holder(); }
  const std::string& team() const { return record.item().custody().team(); }
  bool in_hand() const {
    return item().state() == ItemState::STATE_ASSIGNED ||
           item().state() == ItemState::STATE_ON_HOLD;
  }
  bool waits() const { return item().state() == ItemState::STATE_QUEUED; }
  bool closed() const {
    return item().state() == ItemState::STATE_COMPLETED ||
           item().state() == ItemState::STATE_CANCELLED;
  }
};

// One handoff.
struct Entry {
  core::v1::StoredHandoff record;
  Workspace* workspace = nullptr;
  absl::Time timer = absl::InfiniteFuture();  // as it stands in the timers
  bool touched = false;

  const v1::Handoff& handoff() const { return record.handoff(); }
  v1::Handoff& mutable_handoff() { return *record.mutable_handoff(); }
  const std::string& name() const { return record.handoff().name(); }
  bool proposed() const { return handoff().state() == v1::Handoff::STATE_PROPOSED; }
  bool open() const { return proposed() || handoff().state() == v1::Handoff::STATE_ACKNOWLEDGED; }
};

struct Plan {
  core::v1::StoredPlan record;
  Workspace* workspace = nullptr;
  absl::Time timer = absl::InfiniteFuture();  // as it stands in the timers
  bool touched = false;

  const v1::RelayPlan& plan() const { return record.relay_plan(); }
  const std::string& name() const { return record.relay_plan().name(); }
};

struct Tally {
  core::v1::StoredTally record;
  bool touched = false;
};
using TallyKey = std::tuple<int64_t, std::string, std::string>;  // day, from team, to team

// One workspace's share of the partition.
struct Workspace {
  std::string name;
  absl::btree_map<std::string, std::unique_ptr<Item>> items;      // by name
  absl::btree_map<std::string, std::unique_ptr<Entry>> handoffs;  // by name
  absl::btree_map<uint64_t, Entry*> by_sequence;
  absl::btree_map<std::string, core::v1::StoredQueue> queues;
  absl::btree_map<std::string, std::unique_ptr<Plan>> plans;
  absl::btree_map<std::string, Plan*> plan_of_queue;
  std::map<std::string, v1::HandoffAlarm> alarms;
  std::map<TallyKey, std::unique_ptr<Tally>> tallies;
  // Names of items in hand, by queue and team, and by person.
  absl::btree_map<std::pair<std::string, std::string>, absl::btree_set<std::string>> by_team;
  absl::btree_map<std::string, absl::btree_set<std::string>> by_holder;
  absl::btree_map<std::string, absl::Time> departures;  // by expert, as in the timers
};

inline absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}
inline absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}
google::protobuf::Timestamp ToProto(absl::Time time);
void SetDuration(absl::Duration duration, google::protobuf::Duration* out);

// "workspaces/{workspace}" of a full name, and its last segment.
absl::string_view WorkspaceName(absl::string_view name);
absl::string_view LastSegment(absl::string_view name);

// Whether two parties are one in the matter of to and fro: the same team, or within one team the
// same person.
bool SameTeam(const v1::Party& a, const v1::Party& b);

// The part of a handoff that events about it carry.
void FillStanding(const v1::Handoff& handoff, v1::HandoffStanding& standing);

}  // namespace tideline::handoff
