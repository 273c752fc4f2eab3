// SPDX-License-Identifier: Apache-2.0
// A handoff Core beside a real work_routing Core, without hosts: events of the roster and of
// routing go straight in, owed calls straight out to routing, and time passes for both. What comes
// out is kept as a store would keep it, so that a test can start a second Core from it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/handoff/core/core.h"
#include "tests/support/journal_mirror.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

using work_routing::Expert;
using work_routing::kWorkspace;
using work_routing::Name;
using work_routing::Outcome;
using work_routing::QueueName;
using work_routing::Skill;
using work_routing::Team;

// "workspaces/acme/handoffs/{id}".
inline std::string HandoffName(absl::string_view id) { return Name("handoffs", id); }

class HandoffWorld {
 public:
  using Records = std::map<std::string, std::map<std::string, std::string>>;

  // Where a settled call's answer and the event of the same change meet.
  enum class Order { kAnswerFirst, kEventFirst };

  // Basics of RoutingWorld; teams kr, bg and ch (with hours in their zones when `sites`), people
  // ann and ada in kr, ben and bea in bg, cal and cem in ch, all with law and tax; queue "q" that
  // assigns at once.
  explicit HandoffWorld(bool sites = false);

  void KeepIn(testing::JournalMirror& mirror);
  std::unique_ptr<HandoffWorld> Reborn() const;

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
  // Lets time pass for both, with every timer at its instant.
  void Pass(absl::Duration by);
  void PassTo(absl::Time time) { Pass(time - now()); }

  // ---- short forms ----
  // An item in somebody's hands, by id, or waiting in a team: "" and the team.
  std::string Held(const std::string& expert, routing::WorkItem item = {});
  std::string Waiting(const std::string& team);
  // Proposes with a full packet. `to` is an expert or a team, as full names.
  absl::StatusOr<v1::Handoff> Propose(const std::string& item, const std::string& to);
  absl::StatusOr<v1::Handoff> Propose(const v1::Handoff& handoff);
  absl::StatusOr<v1::Handoff> Acknowledge(const std::string& handoff, const std::string& expert,
                                          bool take = false);
  absl::StatusOr<v1::Handoff> Decline(const std::string& handoff, const std::string& expert);
  v1::Handoff Get(const std::string& handoff);
  // State without its prefix.
  std::string StateOf(const std::string& handoff);
  // Who is accountable: "team/expert", ids, "-" for nobody.
  std::string Custody(const std::string& item);
  std::vector<v1::Handoff> List(const std::string& item = "");
  bool HasAlarm(v1::HandoffAlarm::Kind kind, const std::string& subject);
  // A work type with these rules.
  void Rules(const std::string& work_type, const type::v1::HandoffRules& rules);

  const std::vector<v1::Event>& events() const { return events_; }
  const Records& records() const { return records_; }
  // Responses, changes and wake times since the last call, as bytes.
  const std::string& log() const { return log_; }
  void ClearLog() { log_.clear(); }
  std::string Dump() const;
  size_t last_changes() const { return last_changes_; }

 private:
  HandoffWorld(const HandoffWorld& other);
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
  std::string log_;
  size_t last_changes_ = 0;
};

// A packet with every part.
v1::Packet FullPacket();
// What a follower has of a handoff after its events: the rules stand in events.proto.
v1::Handoff FoldHandoff(const std::vector<v1::Event>& events, const std::string& name);

}  // namespace tideline::handoff
