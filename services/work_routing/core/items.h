// SPDX-License-Identifier: Apache-2.0
// What a partition holds in memory: work items, the people they concern, and the kinds of items
// that wait. A million items have to fit, so an item is a plain struct: what never changes stays as
// the bytes it came in (`brief`), names are shared, and what few items have hangs on a pointer.
//
// Owned by the Core (core.h); pointers between them are stable. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/work_routing/core/matcher.h"
#include "services/work_routing/core/records.pb.h"
#include "services/work_routing/core/times.h"
#include "tideline/type/v1/event.pb.h"
#include "tideline/work_routing/v1/events.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::work_routing {

struct Item;
struct Kind;
struct Queue;
struct Workspace;

using State = v1::WorkItem::State;
inline constexpr size_t kStates = v1::WorkItem::State_ARRAYSIZE;

// Periods an item keeps: with 60 bytes each they stay under what one commit of a batch can carry.
inline constexpr size_t kMaxPeriods = 256;
// Decisions an item keeps; enough for the tries of a day, and each is some 200 bytes.
inline constexpr uint32_t kKeptDecisions = 8;

// Position of a first event as a number that grows with submission.
inline uint64_t SequenceOf(const type::v1::Revision& revision) {
  return revision.commit() << 16 | revision.index();
}

// Items by submission, with which all lists and walks go.
struct Earlier {
  bool operator()(const Item* a, const Item* b) const;
};
using ItemSet = absl::btree_set<Item*, Earlier>;

// One person as routing knows them: what they have in hand, and how they answer. Exists from the
// first word of them; stays while a record or an item names them.
struct Person {
  std::string name;  // full name
  Workspace* workspace = nullptr;
  std::optional<Slot> slot;           // place in the matcher; none: not in the roster
  const std::string* team = nullptr;  // of the roster; null: not in it
  eligibility::Load load;             // as the matcher has it
  uint32_t timeouts = 0;              // offers in a row let pass
  bool unresponsive = false;
  Nanos offline_since = kUnset;  // set while OFFLINE or out of the roster
  ItemSet offers;                // pending offers to them
  ItemSet held;                  // ASSIGNED or ON_HOLD in their hands
  bool touched = false;          // its record is written at the end of the step
  bool recorded = false;         // a record exists
};

struct Period {
  Nanos start = kUnset;
  State state = v1::WorkItem::STATE_UNSPECIFIED;
  uint32_t epoch = 0;
  const std::string* team = nullptr;    // shared name; never null
  const std::string* holder = nullptr;  // shared name; null: nobody
  std::unique_ptr<v1::Hold> hold;       // in ON_HOLD
};

// What became of an offer, or of a stint.
struct Try {
  const std::string* expert = nullptr;
  uint32_t epoch = 0;  // 0: released
  v1::Offer::State state = v1::Offer::STATE_UNSPECIFIED;
  bool barred = false;  // not asked again
  Nanos made = kUnset;
  Nanos expires = kUnset;
};

// What widening has done to an item. Kept with it, so that a later change of the queue's steps
// leaves what was done as it is.
enum Widened : uint8_t {
  kDroppedPreferred = 1,  // preferred skills are demanded no more
  kLoweredLevels = 2,     // required skills stand at their lowest level
  kAnyTeam = 4,           // the team it is meant for does not matter any more
  kDemandsPreferred = 8,  // at submission some step of the queue dropped preferred skills
};

// What an item says of people; few items say anything.
struct Names {
  std::vector<std::string> excluded;  // experts
  std::vector<std::string> affinity;  // experts
};

struct Item {
  std::string name;   // full name
  std::string brief;  // a serialized WorkItem: what does not change
  Workspace* workspace = nullptr;
  Queue* queue = nullptr;
  Kind* kind = nullptr;  // while open and not SUBMITTED
  uint64_t sequence = 0;
  uint64_t commit = 0;  // of the last event
  uint32_t index = 0;
  State state = v1::WorkItem::STATE_UNSPECIFIED;
  v1::WorkItem::ParkedReason parked_reason = v1::WorkItem::PARKED_REASON_UNSPECIFIED;
  Nanos created = kUnset;
  Nanos updated = kUnset;

  const std::string* team = nullptr;  // custody; shared name
  Person* holder = nullptr;           // custody; null: nobody
  uint32_t custody_epoch = 0;
  Nanos custody_since = kUnset;

  Person* offered_to = nullptr;  // while OFFERED
  Nanos offered = kUnset;
  Nanos offer_expires = kUnset;
  uint32_t offer_count = 0;

  uint32_t return_count = 0;
  uint32_t reopen_count = 0;
  uint32_t transfer_count = 0;
  uint32_t timeout_count = 0;
  const std::string* meant_for = nullptr;  // team; null: any that serves

  uint8_t priority = type::v1::PRIORITY_NORMAL;  // always stated
  bool due_stated = false;
  bool infeasible = false;
  bool alarmed = false;  // the alarm of the present state was raised
  bool touched = false;  // its record is written at the end of the step
  uint8_t progress = 0;
  uint8_t widening_step = 0;
  uint8_t widened = 0;  // Widened
  int32_t units = 1;
  Nanos due = kNever;
  Nanos latest_start = kNever;
  Nanos accept_due = kUnset;
  Nanos effort = 0;
  Nanos progress_time = kUnset;
  Nanos hold_time = 0;
  Nanos closed = kUnset;
  Nanos timer = kNever;      // as it stands in the timers
  Nanos next_drop = kNever;  // when the next requirement's droppable time passes
  uint32_t dropped = 0;      // requirements whose droppable time has passed
  uint32_t earlier_periods = 0;
  uint32_t decisions_made = 0;
  uint32_t offers_forgiven = 0;   // of offer_count: not counted against max_offers
  uint32_t returns_forgiven = 0;  // of return_count: not counted against max_returns

  std::unique_ptr<Names> names;
  std::unique_ptr<std::string> result;                  // a serialized Result
  std::unique_ptr<std::vector<std::string>> decisions;  // serialized, the last kKeptDecisions
  std::vector<Period> periods;
  std::vector<Try> tries;

  bool open() const {
    return state != v1::WorkItem::STATE_COMPLETED && state != v1::WorkItem::STATE_CANCELLED;
  }
  bool in_hand() const {
    return state == v1::WorkItem::STATE_ASSIGNED || state == v1::WorkItem::STATE_ON_HOLD;
  }
  absl::string_view id() const;
  // Effort that is left after the progress reported.
  Nanos remaining() const { return effort / 100 * (100 - progress); }
};

inline bool Earlier::operator()(const Item* a, const Item* b) const {
  if (a->created != b->created) return a->created < b->created;  // never against the sequence
  return a->sequence < b->sequence;
}

// The order of the queue: latest start, then priority, then submission.
struct Sooner {
  bool operator()(const Item* a, const Item* b) const {
    if (a->latest_start != b->latest_start) return a->latest_start < b->latest_start;
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->sequence < b->sequence;
  }
};

// "{item}/offers/o{epoch}".
std::string OfferName(const Item& item, uint32_t epoch);
std::string EtagOf(const Item& item);

// The offer that is pending; `item` is OFFERED.
void FillOffer(const Item& item, v1::Offer& offer);
void FillTry(const Item& item, const Try& attempt, v1::Offer& offer);
void FillStanding(const Item& item, v1::WorkItemStanding& standing);

// The changing part of the public resource; with `periods` also its life.
void FillDynamic(const Item& item, bool periods, v1::WorkItem& out);
// The public resource.
v1::WorkItem PublicItem(const Item& item, bool periods = true);

// Into the record; back is Core::FromRecord (core_restore.cc).
void FillRecord(const Item& item, core::v1::StoredItem& record);

// The period that `item` is in begins now, if state or custody are others than before.
void NotePeriod(Item& item, Nanos now, const v1::Hold* hold);

}  // namespace tideline::work_routing
