// SPDX-License-Identifier: Apache-2.0
// Kinds of items: everything about an item that decides who may have it, apart from the people it
// names and its own history. Items of a kind share a signature in the matcher and wait in one line,
// so an item nobody can take stands in nobody's way, and a change of policy costs by kinds, not by
// items.
//
// Owned by their Workspace. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_set.h"
#include "common/roster/roster.h"
#include "services/work_routing/core/items.h"
#include "services/work_routing/core/matcher.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::work_routing {

// Orders kinds by their keys, so that walks over them do not depend on memory.
struct KindOrder {
  bool operator()(const Kind* a, const Kind* b) const;
};

// A queue with its policy read into plain values.
struct Queue {
  v1::Queue record;  // etag, create_time and update_time filled
  Workspace* workspace = nullptr;
  Weights weights;
  Nanos offer_timeout = 0;
  std::array<Nanos, type::v1::ImpactClass_ARRAYSIZE> aging{};  // kNever: no bound
  Nanos reopen_window = 0;
  Nanos retention = 0;
  Nanos pause_budget = kNever;
  Nanos progress_timeout = kNever;
  Nanos holding_return_after = 0;
  uint32_t max_offers = 0;
  uint32_t max_returns = 0;
  bool widening_drops_preferred = false;  // some step does

  std::array<int64_t, kStates> depth{};
  std::set<Kind*, KindOrder> waiting;  // kinds of which items wait here

  const std::string& name() const { return record.name(); }
  const v1::QueuePolicy& policy() const { return record.policy(); }
  bool pull() const { return policy().mode() == v1::QueuePolicy::MODE_PULL; }
  bool auto_assign() const { return policy().mode() == v1::QueuePolicy::MODE_AUTO_ASSIGN; }
  bool auto_complete() const { return policy().completion() == v1::QueuePolicy::COMPLETION_AUTO; }
  // Offered, in hand or on hold.
  int64_t in_progress() const;
  bool full() const;
  // Reads the policy into the fields above.
  void Compile();
};

// What makes a kind. Levels and demands as they stand after widening.
struct KindSpec {
  Queue* queue = nullptr;
  std::string engagement;
  std::string work_type;
  type::v1::ImpactClass impact = type::v1::IMPACT_CLASS_LOW;
  int64_t units = 1;
  std::string meant_for;  // team; empty: any that serves
  int steps = 0;          // widening steps taken: they add teams and organizations
  bool handoff_planned = false;
  std::vector<eligibility::SkillNeed> required;
  std::vector<eligibility::SkillNeed> preferred;
  std::vector<std::string> viewing_countries;
  std::vector<std::string> clearances;
  std::vector<std::string> excluded_teams;
  std::vector<std::string> excluded_organizations;
};

struct Kind {
  std::string key;
  KindSpec spec;
  SignatureId signature = 0;
  int64_t items = 0;  // items of this kind, waiting or not

  absl::btree_set<Item*, Sooner> waiting;  // QUEUED, by urgency
  ItemSet by_age;                          // the same, by submission
  ItemSet parked;                          // PARKED
  Nanos aging = kNever;                    // bound of its class in its queue
  Nanos aging_timer = kNever;              // as it stands in the workspace

  // Who could do it, by calendar, as of `capable_version` of the workspace's people.
  std::vector<CalendarCount> capable;
  uint64_t capable_version = 0;

  // Whether the item is past its aging bound, as of the workspace's clock: it goes first then.
  bool Aged(const Item& item) const;
  // When the next of those that wait grows old; kNever: none will.
  Nanos NextAging() const;
  // The item that goes first; null: none waits.
  Item* Head() const;
  // Where its head stands among all that wait, as the matcher wants it: lower goes first. Ties are
  // only between items that must start at the same instant.
  int64_t Urgency() const;
};

inline bool KindOrder::operator()(const Kind* a, const Kind* b) const { return a->key < b->key; }

// Whether item `a` goes before `b`, of any kinds.
bool GoesBefore(const Item& a, const Item& b);

// Walks a kind's line in the queue's order: aged items by age, then the others by urgency.
class LineCursor {
 public:
  explicit LineCursor(const Kind& kind);
  Item* item() const { return item_; }  // null: the end
  void Next();

 private:
  void Settle();
  const Kind* kind_;
  bool aged_;
  ItemSet::const_iterator by_age_;
  absl::btree_set<Item*, Sooner>::const_iterator by_urgency_;
  Item* item_ = nullptr;
};

// One workspace's share of the partition.
struct Workspace {
  std::string name;  // "workspaces/{workspace}"
  Matcher matcher;
  std::vector<Person*> by_slot;
  std::map<std::string, std::unique_ptr<Queue>> queues;
  std::map<std::string, v1::Restriction> restrictions;
  std::map<std::string, v1::Alarm> alarms;
  std::array<int64_t, v1::Alarm::Kind_ARRAYSIZE> alarms_of_kind{};  // for the metrics
  absl::node_hash_set<std::string> names;  // shared names of teams and experts
  absl::flat_hash_map<std::string, std::unique_ptr<Kind>> kinds;
  std::map<SignatureId, std::set<Kind*, KindOrder>> by_signature;  // for lookups only
  absl::btree_map<std::string, std::unique_ptr<Person>> people;
  absl::btree_map<uint64_t, Item*> items;  // by submission
  ItemSet parked;
  std::map<Nanos, std::set<Kind*, KindOrder>> aging;  // when the next of a kind grows old
  uint64_t people_version = 1;         // rises with every change of who could do what
  core::v1::StoredWorkspace progress;  // the record

  Nanos clock() const { return progress.clock(); }
  const std::string* Share(absl::string_view text) { return &*names.emplace(text).first; }
};

inline bool Kind::Aged(const Item& item) const {
  return aging != kNever && item.created + aging <= spec.queue->workspace->clock();
}

// What an item asks after the widening so far; `brief` is the item's own.
KindSpec SpecOf(const Item& item, const v1::WorkItem& brief);

// What a kind asks of people, with policy, contract, restrictions and roster as they are now.
Needs NeedsOf(const KindSpec& spec, const Workspace& workspace, const roster::Roster& roster);

// The key under which equal specs are one kind.
std::string KeyOf(const KindSpec& spec);

// Whether a restriction concerns items of this kind.
bool Concerns(const v1::Restriction& restriction, const KindSpec& spec);

}  // namespace tideline::work_routing
