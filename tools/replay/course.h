// SPDX-License-Identifier: Apache-2.0
// One item's way through the suite: does the steps of its plan by calls, looking at what the suite
// says of the item after each.
//
// A Course is used by one thread at a time; courses of one Floor run side by side.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tools/replay/log.h"
#include "tools/replay/plan.h"
#include "tools/replay/session.h"

namespace tideline::replay {

// How the suite's people came by their items.
struct Takes {
  int64_t offers = 0;     // the suite found the person and offered; the person accepted
  int64_t transfers = 0;  // the item was given to the person by name
};

// What courses share: which teams have items waiting, and who is busy offering. Thread-safe.
class Floor {
 public:
  explicit Floor(size_t teams) : waiting_(teams), offering_(teams) {}

  // An item waits with this team now (kNone: with nobody), and did with that one before.
  void Wait(Index before, Index now);
  // Takes the team for an offer, if nobody has it and no item but `own` of the asker's waits there.
  bool TryEnter(Index team, int own);
  void Leave(Index team);

  void CountOffer() { offers_.fetch_add(1); }
  void CountTransfer() { transfers_.fetch_add(1); }
  Takes takes() const { return {offers_.load(), transfers_.load()}; }

 private:
  absl::Mutex mutex_;
  std::vector<int> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<bool> offering_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int64_t> offers_{0};
  std::atomic<int64_t> transfers_{0};
};

class Course {
 public:
  // All outlive the course.
  Course(Session& session, Floor& floor, const Log& log, const std::vector<Index>& desks,
         const ItemPlan& plan)
      : session_(&session), floor_(&floor), log_(&log), desks_(&desks), plan_(&plan) {}

  // When the next step is due; InfiniteFuture after the last.
  absl::Time next() const;
  int64_t steps_done() const { return static_cast<int64_t>(at_); }
  // Does the steps that are due by `time`. An error names the incident and the step; the course
  // ends with it.
  absl::Status RunUntil(absl::Time time);

 private:
  absl::Status Do(const Step& step);
  absl::Status Submit(Index team);
  // By a handoff: proposed, read back, and custody moved by itself.
  absl::Status Move(Index team);
  absl::Status ReadBack(const handoff::v1::Handoff& handoff, Index reader,
                        const Session::Position& after);
  // Until custody has moved; an error when the handoff ended in another way.
  absl::Status AwaitTransfer(const std::string& handoff);
  absl::Status Take(Index expert);
  absl::Status TakeOffered(Index expert);
  absl::Status Give(Index expert);
  absl::Status Reopen(absl::string_view reason);
  // If the item is taken as soon as it arrives at `team`, sees to it that whoever takes it is there
  // before. The position is the registry's, for the call that makes the item arrive.
  absl::StatusOr<Session::Position> Prepare(Index team);
  absl::StatusOr<Session::Position> Enter(Index team, Index expert, int own);
  absl::Status Leave();
  absl::StatusOr<Session::Position> SetPresence(Index expert, bool available);
  // Remembers the item as the suite says it is now.
  void See(work_routing::v1::WorkItem item);
  template <class Request, class Response>
  absl::Status Tell(grpc::Status (Routing::*method)(grpc::ClientContext*, const Request&,
                                                    Response*),
                    Request request, const Session::Position& after = {});
  template <class Request, class Response>
  absl::StatusOr<handoff::v1::Handoff> Hand(grpc::Status (Handoffs::*method)(grpc::ClientContext*,
                                                                             const Request&,
                                                                             Response*),
                                            Request request, const Session::Position& after);
  bool Holds(Index expert) const;
  const Step* Following() const;  // the next step, if it is due at the same instant
  const Incident& incident() const { return log_->incidents[plan_->incident]; }
  std::string name() const { return session_->Name("workItems", incident().id); }

  Session* session_;
  Floor* floor_;
  const Log* log_;
  const std::vector<Index>* desks_;  // by team: who speaks where the log names nobody
  const ItemPlan* plan_;
  size_t at_ = 0;
  bool failed_ = false;
  Index team_ = kNone;     // accountable now
  Index waits_ = kNone;    // team with which the floor has it waiting
  Index present_ = kNone;  // expert who is there for this item only
  work_routing::v1::WorkItem item_;
  Session::Position seen_;  // work_routing's, after the last call about the item
};

}  // namespace tideline::replay
