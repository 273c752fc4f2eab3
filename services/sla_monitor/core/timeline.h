// SPDX-License-Identifier: Apache-2.0
// The clock itself: from an item's history and the terms to what the clock read, stretch by
// stretch, and to the instants at which it reaches something. A pure function of the history, so
// the answer is the same whenever it is asked, and a timer only says when to ask. Any thread.
//
//   Walk(history, terms, targets, until, [&](const Piece& piece) { ... });   // a reading
//   Crossings crossings = Cross(history, terms, targets, now);               // alerts
//
// Pieces follow each other without a gap. The working time of a piece is the difference of what the
// calendar has counted at its ends, so sums over pieces are exact to the microsecond.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "services/sla_monitor/core/micros.h"
#include "services/sla_monitor/core/terms.h"
#include "tideline/sla_monitor/v1/resources.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::sla_monitor {

using State = work_routing::v1::WorkItem::State;
using WorkItem = work_routing::v1::WorkItem;

struct HoldNote {
  std::string reason;
  std::string asked_by;
  std::string agreed_by;
};

// A stretch of an item's life in which neither its state nor its custody changed.
struct Segment {
  Micros start = kUnset;
  const std::string* team = nullptr;    // shared name; never null
  const std::string* holder = nullptr;  // shared name; null: nobody
  std::unique_ptr<HoldNote> hold;       // in ON_HOLD
  uint32_t epoch = 0;
  State state = WorkItem::STATE_UNSPECIFIED;
  bool transferred = false;  // began with a transfer
};

// An agreed pause that stands; pauses do not overlap.
struct PauseSpan {
  Micros start = 0;
  Micros end = 0;
  int index = 0;  // among the clock's pauses
};

// What a clock is computed from. The references outlive it.
struct History {
  const std::vector<Segment>& segments;  // at least one; in order
  Micros moved_start = kUnset;           // agreed start; kUnset: as the policy says
  std::vector<PauseSpan> pauses;         // in order
};

struct Piece {
  using Why = v1::Interval::Why;
  Micros from = 0;
  Micros to = 0;  // kNever: open
  bool running = false;
  Why why = v1::Interval::WHY_UNSPECIFIED;
  Leg leg = type::v1::LEG_UNSPECIFIED;  // while started and not finished
  int handoff = 0;                      // of LEG_HANDOFF: which one, from 1
  const Segment* segment = nullptr;
  int pause = -1;         // index of the agreed pause
  bool budgeted = false;  // stands still against the pause budget
  Micros working = 0;     // in the policy's calendar; 0 when open
};

// Visits all pieces up to `until`; kNever: the last one is open. A piece without length says that a
// leg was over at once.
void Walk(const History& history, const Terms& terms, const Targets& targets, Micros until,
          absl::FunctionRef<void(const Piece&)> visit);

// One leg, or one handoff.
struct LegState {
  Leg leg = type::v1::LEG_UNSPECIFIED;
  int handoff = 0;
  Micros elapsed = 0;       // of finished pieces; the open one adds to it
  Micros crossed = kNever;  // when its target is used up if nothing changes
};

// What a clock is doing at `now`, and what becomes of it if nothing changes any more.
struct Crossings {
  Micros started = kNever;
  Micros stopped = kNever;  // kNever: not finished
  Micros due = kNever;      // the client target is used up; of a stopped clock: would have been
  Micros breach = kNever;   // the same, if it was not finished before
  bool missed = false;      // used up before it was finished
  bool paused = false;      // stands still now
  Micros resumes = kNever;  // when the pause budget ends that
  Micros elapsed = 0;       // running working time; of a clock that runs, up to its last change
  Micros budget_used = 0;   // the same for budgeted pauses
  Leg leg = type::v1::LEG_UNSPECIFIED;  // now
  int handoff = 0;
  std::vector<Micros> warnings;  // instants, in the order of the policy's shares; kNever: not
  std::vector<LegState> legs;    // in order of their start
};
Crossings Cross(const History& history, const Terms& terms, const Targets& targets, Micros now);

}  // namespace tideline::sla_monitor
