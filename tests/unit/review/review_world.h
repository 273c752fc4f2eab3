// SPDX-License-Identifier: Apache-2.0
// A review Core beside a real work_routing Core, without hosts: events of the roster and of routing
// go straight in, owed calls straight out to routing, and time passes for both. What comes out is
// kept as a store would keep it, so that a test can start a second Core from it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/review/core/core.h"
#include "tests/support/journal_mirror.h"
#include "tests/unit/work_routing/routing_world.h"
#include "tideline/handoff/v1/events.pb.h"

namespace tideline::review {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

using work_routing::Expert;
using work_routing::kWorkspace;
using work_routing::Name;
using work_routing::Outcome;
using work_routing::QueueName;
using work_routing::Skill;
using work_routing::Team;

class ReviewWorld {
 public:
  using Records = std::map<std::string, std::map<std::string, std::string>>;

  // Where a settled call's answer and the event of the same change meet.
  enum class Order { kAnswerFirst, kEventFirst };

  // Basics of RoutingWorld; organizations vendor and rival; teams kr and bg of vendor, ch of rival;
  // people ann and ada in kr, ben and bea in bg, cal and cem in ch, all with law and tax; pull
  // queues "q" for the work and "reviews" for reviewers.
  ReviewWorld();

  void KeepIn(testing::JournalMirror& mirror);
  std::unique_ptr<ReviewWorld> Reborn() const;

  work_routing::RoutingWorld& routing() { return *routing_; }
  Core& core() { return *core_; }
  absl::Time now() const { return routing_->now(); }

  // Everybody's roles unless a test says otherwise.
  partition::Grant grant;
  Order order = Order::kAnswerFirst;
  bool deliver = true;  // whether Sync sends owed calls

  template <class Request, class Response>
  absl::StatusOr<Response> Do(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&,
                                                                     Changes&),
                              const Request& request) {
    Sync();
    Changes changes(commit_ + 1);
    const Call call = MakeCall();
    absl::StatusOr<Response> response = (core_.get()->*verb)(call, request, changes);
    log_ = response.ok() ? absl::StrCat("OK ", response->SerializeAsString())
                         : std::string(response.status().message());
    if (!response.ok() && changes.size() != 0) log_ += " BUT CHANGED SOMETHING";
    Commit(changes);
    Sync();
    return response;
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Ask(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&)
                                   const,
                               const Request& request) {
    Sync();
    return (core_.get()->*verb)(MakeCall(), request);
  }

  // Takes in what upstream has said, and sends what is owed, until nothing is left.
  void Sync();
  // Sends what is owed now.
  void Deliver();
  // An event of handoff, as if it stood next in its journal.
  void Hears(const handoff::v1::Event& event);
  // Lets time pass for both, with every timer at its instant.
  void Pass(absl::Duration by);

  // ---- short forms ----
  // A policy "strict" with one stage in "reviews" and a rubric of two criteria, unless changed.
  static v1::ReviewPolicy Strict();
  absl::StatusOr<v1::ReviewPolicy> Publish(const v1::ReviewPolicy& policy,
                                           const std::string& id = "strict");
  // An item that somebody has done, by name.
  std::string Done(const std::string& expert, routing::WorkItem item = {},
                   const std::string& summary = "the claims hold");
  // An item in somebody's hands.
  std::string Held(const std::string& expert, routing::WorkItem item = {});
  void HandIn(const std::string& item, const std::string& summary = "the claims hold");
  // The last review of an item; empty: none.
  v1::Review Last(const std::string& item);
  v1::Review Get(const std::string& review);
  std::vector<v1::Review> List();
  // State without its prefix; "-": there is none.
  std::string StateOf(const std::string& item);
  // Gives the opinion's item to whom the test wants, as routing would.
  void Assign(const std::string& review, const std::string& expert, int number = 0);
  absl::StatusOr<v1::Review> Say(const std::string& review, const std::string& expert,
                                 v1::Verdict verdict, int score = 90);
  // Assigns and says.
  absl::StatusOr<v1::Review> Judge(const std::string& item, const std::string& expert,
                                   v1::Verdict verdict, int score = 90);
  absl::StatusOr<v1::Review> Arbitrate(const std::string& review, const std::string& expert,
                                       v1::Verdict verdict);
  bool HasAlarm(v1::ReviewAlarm::Kind kind, const std::string& subject);

  const std::vector<v1::Event>& events() const { return events_; }
  const Records& records() const { return records_; }
  // Responses, changes and wake times since the last call, as bytes.
  const std::string& log() const { return log_; }
  void ClearLog() { log_.clear(); }
  std::string Dump() const;
  size_t last_changes() const { return last_changes_; }

 private:
  ReviewWorld(const ReviewWorld& other);
  Call MakeCall();
  void Commit(Changes& changes);
  void Follow(const std::string& service, const type::v1::Revision& position,
              const std::string& bytes);
  void FollowAll();
  void Send(const partition::OwedCall& call);

  std::unique_ptr<work_routing::RoutingWorld> routing_;
  std::unique_ptr<Core> core_;
  testing::JournalMirror* mirror_ = nullptr;
  Records records_;
  std::vector<v1::Event> events_;
  size_t registry_seen_ = 0;
  size_t routing_seen_ = 0;
  uint64_t commit_ = 0;
  uint64_t chance_ = 0;
  uint64_t heard_ = 0;
  std::string log_;
  size_t last_changes_ = 0;
};

// What a follower has of a review after its events: the rules stand in events.proto.
v1::Review FoldReview(const std::vector<v1::Event>& events, const std::string& name);

}  // namespace tideline::review
