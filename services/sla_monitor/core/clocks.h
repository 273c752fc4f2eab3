// SPDX-License-Identifier: Apache-2.0
// What a partition holds in memory: the clock of each item, the alerts it gave, and the terms it is
// held against. A million clocks have to fit, so a clock is a plain struct, names are shared, and
// what few clocks have hangs on a pointer. What a clock reads is not stored but computed
// (timeline.h); beside its facts it keeps only what the last look at it found, to index it by.
//
// Owned by the Core (core.h); pointers between them are stable. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/node_hash_set.h"
#include "absl/strings/string_view.h"
#include "services/sla_monitor/core/records.pb.h"
#include "services/sla_monitor/core/timeline.h"
#include "tideline/sla_monitor/v1/resources.pb.h"

namespace tideline::sla_monitor {

struct Workspace;

// Segments a clock keeps before neighbours that run alike are joined; as many as a work item's
// periods, and a few more so that both need not go at once.
inline constexpr size_t kMaxSegments = 300;
// Agreed changes of a clock: more is not an exception but a practice.
inline constexpr int kMaxChanges = 32;

// What people agreed on afterwards. Few clocks have any.
struct Agreed {
  std::vector<v1::StartChange> starts;
  std::vector<v1::Pause> pauses;
  std::unique_ptr<v1::Exclusion> exclusion;
};

// What a look at a clock found, given its history up to now.
struct Look {
  v1::Clock::State state = v1::Clock::STATE_UNSPECIFIED;
  v1::Clock::Outcome outcome = v1::Clock::OUTCOME_UNSPECIFIED;
  bool at_risk = false;
  bool breached = false;      // the client target is used up and it has not stopped
  bool leg_breached = false;  // so is that of the leg it is in
  Leg leg = type::v1::LEG_UNSPECIFIED;
  Micros started = kNever;
  Micros due = kNever;
  Micros stopped = kNever;
  Micros elapsed = 0;     // once stopped
  Micros timer = kNever;  // when to look again
  friend bool operator==(const Look&, const Look&) = default;
};

struct Clock {
  std::string name;  // "workspaces/{workspace}/clocks/{clock}"
  Workspace* workspace = nullptr;
  const Terms* terms = nullptr;
  const std::string* engagement = nullptr;  // shared names
  const std::string* work_type = nullptr;
  const std::string* queue = nullptr;
  ImpactClass impact_class = type::v1::IMPACT_CLASS_LOW;  // always stated
  uint8_t depth = 0;
  uint8_t progress = 0;
  bool touched = false;  // its record is written at the end of the step
  uint32_t index = 0;    // of the last event
  uint32_t joined = 0;
  uint64_t commit = 0;
  Micros updated = kUnset;
  Micros effort = 0;
  Micros progress_time = kUnset;
  Micros risk = kNever;    // from when on the forecast says that it will be late
  Micros looked = kUnset;  // up to when alerts were given
  std::vector<Segment> segments;
  std::unique_ptr<Agreed> agreed;
  std::vector<v1::Alert> alerts;
  std::unique_ptr<core::v1::StoredCount> count;
  Look look;

  Micros created() const { return segments.front().start; }
  const Segment& last() const { return segments.back(); }
  bool stopped() const { return look.state == v1::Clock::STATE_STOPPED; }
  bool cancelled() const { return last().state == WorkItem::STATE_CANCELLED; }
  const Targets& targets() const { return *terms->For(impact_class); }
  absl::string_view id() const;
  std::string work_item() const;  // full name
  // The timeline's view of it.
  History history() const;
};

struct ByName {
  bool operator()(const Clock* a, const Clock* b) const { return a->name < b->name; }
};
// The most urgent first.
struct ByDue {
  bool operator()(const Clock* a, const Clock* b) const {
    return a->look.due != b->look.due ? a->look.due < b->look.due : a->name < b->name;
  }
};
struct ByTimer {
  bool operator()(const Clock* a, const Clock* b) const {
    return a->look.timer != b->look.timer ? a->look.timer < b->look.timer : a->name < b->name;
  }
};

// The states of one policy, oldest first; never empty.
struct Policy {
  std::vector<std::unique_ptr<Terms>> terms;
  // The terms that held at an instant; the first ones for what was before.
  const Terms* At(Micros when) const;
  const Terms* Newest() const { return terms.back().get(); }
};

// Counts by engagement, day, team and work type.
using TallyKey = std::tuple<std::string, int32_t, std::string, std::string>;

// What metrics show of one engagement; follows from the clocks.
struct Standing {
  int64_t not_started = 0, running = 0, paused = 0, at_risk = 0, breached = 0;
  std::array<int64_t, kLegs> leg_breached{};
};
// What metrics count; since the process began, so no record.
struct Decided {
  std::array<int64_t, kLegs> attained{}, missed{};  // leg 0: the client target
  std::array<int64_t, v1::ExclusionReason_ARRAYSIZE> excluded{};
};

// One workspace's share of the partition.
struct Workspace {
  std::string name;
  absl::node_hash_set<std::string> names;                             // shared
  absl::btree_map<absl::string_view, std::unique_ptr<Clock>> clocks;  // by their names
  std::map<std::string, Policy> policies;                             // by full name
  absl::btree_set<Clock*, ByDue> at_risk;
  absl::btree_set<std::pair<Micros, std::string>> breaches;  // ground time and alert's name
  std::map<TallyKey, core::v1::StoredTally> tallies;
  std::map<std::string, core::v1::StoredPace> paces;        // by queue
  std::map<std::string, core::v1::StoredRecount> recounts;  // by policy
  std::map<std::string, Standing> standing;                 // by engagement
  std::map<std::string, Decided> decided;                   // by engagement

  const std::string* Share(absl::string_view text) { return &*names.emplace(text).first; }
};

// "workspaces/w/clocks/i" for "workspaces/w/workItems/i", and back.
std::string ClockName(absl::string_view work_item);
std::string WorkItemName(absl::string_view clock);
// "workspaces/{workspace}" of any full name.
absl::string_view WorkspaceOf(absl::string_view name);

// The public resource.
v1::Clock PublicClock(const Clock& clock);
std::string EtagOf(const Clock& clock);
// Into the record; back is Core::RestoreClock.
void FillRecord(const Clock& clock, core::v1::StoredClock& record);

}  // namespace tideline::sla_monitor
