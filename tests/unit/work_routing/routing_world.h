// SPDX-License-Identifier: Apache-2.0
// A work_routing Core without a host: calls, roster events and time go straight in, and what comes
// out is kept as a store would keep it, so that a test can read events, look at records, and start
// a second Core from them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "services/work_routing/core/core.h"
#include "tests/support/journal_mirror.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

inline constexpr char kWorkspace[] = "workspaces/acme";

// "workspaces/acme/{collection}/{id}".
inline std::string Name(absl::string_view collection, absl::string_view id) {
  return absl::StrCat(kWorkspace, "/", collection, "/", id);
}
inline std::string Expert(absl::string_view id) { return Name("experts", id); }
inline std::string Team(absl::string_view id) { return Name("teams", id); }
inline std::string Skill(absl::string_view id) { return Name("skills", id); }
inline std::string QueueName(absl::string_view id) { return Name("queues", id); }

// "STATE_FORBIDS" of a refusal, "OK" of a success.
std::string Outcome(const absl::Status& status);

class RoutingWorld {
 public:
  using Records = std::map<std::string, std::map<std::string, std::string>>;

  // An empty workspace "acme" on a Monday morning.
  RoutingWorld();

  // From now on steps are committed to a real journal too, and Reborn restores from what it gives
  // back. The mirror outlives the world.
  void KeepIn(testing::JournalMirror& mirror);

  // A world whose Core was restored from this one's records.
  std::unique_ptr<RoutingWorld> Reborn() const;

  Core& core() { return *core_; }
  absl::Time now() const { return now_; }

  // ---- the roster: created, or replaced ----
  void Organization(const std::string& id, const std::string& owner = "",
                    std::vector<std::string> conflicts = {});
  void Site(const std::string& id, const std::string& country);
  void AddTeam(const std::string& id, const std::string& organization,
               const std::string& site = "home", const std::string& calendar = "",
               type::v1::Shore shore = type::v1::SHORE_ONSHORE);
  void AddSkill(const std::string& id);
  // Nine to five, Monday to Friday, in this zone.
  void OfficeHours(const std::string& id, const std::string& zone = "UTC");
  // Skills as "law:3 tax"; available at once.
  void AddExpert(const std::string& id, const std::string& team, const std::string& skills = "",
                 int capacity = 10);
  void Put(const registry::Expert& expert);
  void Put(const registry::Engagement& engagement);
  void Put(const registry::SlaPolicy& policy);
  void Put(const registry::Resource& resource, const std::string& name);
  void RemoveExpert(const std::string& id);
  void Presence(const std::string& id, registry::Presence::State state);
  void Online(const std::string& id) { Presence(id, registry::Presence::STATE_AVAILABLE); }
  void Offline(const std::string& id) { Presence(id, registry::Presence::STATE_OFFLINE); }
  absl::Status Follow(const registry::Event& event);

  // Organizations client and vendor, site home, teams t1 and t2 of vendor, skills law and tax.
  void Basics();
  // A queue of this policy, home team t1.
  void AddQueue(const std::string& id, const v1::QueuePolicy& policy = {});

  // ---- calls ----
  // Everybody's roles unless a test says otherwise.
  partition::Grant grant;
  std::string workspace = kWorkspace;
  std::string request_id;  // of the calls to come

  template <class Request, class Response>
  absl::StatusOr<Response> Do(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&,
                                                                     Changes&),
                              const Request& request) {
    Changes changes(commit_ + 1);
    const Call call = MakeCall();
    absl::StatusOr<Response> response = (core_.get()->*verb)(call, request, changes);
    log_ = response.ok() ? absl::StrCat("OK ", response->SerializeAsString())
                         : std::string(response.status().message());
    if (!response.ok() && changes.size() != 0) log_ += " BUT CHANGED SOMETHING";
    Commit(changes);
    return response;
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Ask(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&)
                                   const,
                               const Request& request) {
    const Call call = MakeCall();
    absl::StatusOr<Response> response = (core_.get()->*verb)(call, request);
    log_ = response.ok() ? absl::StrCat("OK ", response->SerializeAsString())
                         : std::string(response.status().message());
    return response;
  }

  // Lets time pass, with every timer at its instant and no further than `by`.
  void Pass(absl::Duration by);
  // Does what is due now.
  void Rest() { Pass(absl::ZeroDuration()); }

  // ---- short forms ----
  // Submits to a queue; skills as in AddExpert. Dies if refused.
  v1::WorkItem Submit(const std::string& queue, const std::string& skills = "");
  v1::WorkItem Submit(const v1::WorkItem& item, v1::Feasibility* feasibility = nullptr);
  absl::StatusOr<v1::WorkItem> TrySubmit(const v1::WorkItem& item, const std::string& id = "");
  v1::WorkItem Get(const std::string& name);
  absl::StatusOr<v1::WorkItem> Accept(const v1::WorkItem& item);
  absl::StatusOr<v1::WorkItem> Decline(const v1::WorkItem& item);
  absl::StatusOr<v1::WorkItem> Finish(const v1::WorkItem& item);
  // State without its prefix.
  std::string StateOf(const std::string& name);
  // To whom an item is offered or assigned, by id; "-" when to nobody.
  std::string With(const std::string& name);
  bool HasAlarm(v1::Alarm::Kind kind, const std::string& subject);
  // A figure of the metrics, such as "alarms" of "KIND_PARKED".
  int64_t Figure(absl::string_view name, absl::string_view value);

  // All events so far, and those since the last call of this.
  const std::vector<v1::Event>& events() const { return events_; }
  std::vector<v1::Event> NewEvents();
  // What the roster was told so far.
  const std::vector<registry::Event>& registry_events() const { return registry_events_; }
  const Records& records() const { return records_; }
  // Response, changes and wake time of the last step, as bytes.
  const std::string& log() const { return log_; }
  std::string Dump() const;
  // Changes of the last step.
  size_t last_changes() const { return last_changes_; }
  uint64_t commit() const { return commit_; }

 private:
  explicit RoutingWorld(const RoutingWorld& other);
  Call MakeCall();
  void Commit(Changes& changes);
  void Raise(registry::Event event, const std::string& subject);
  registry::Event Created(registry::Resource resource);

  std::unique_ptr<Core> core_;
  testing::JournalMirror* mirror_ = nullptr;
  Records records_;
  std::vector<v1::Event> events_;
  std::vector<registry::Event> registry_events_;
  size_t seen_ = 0;
  uint64_t commit_ = 0;
  uint64_t registry_commit_ = 0;
  uint64_t chance_ = 0;
  absl::Time now_;
  std::string log_;
  size_t last_changes_ = 0;
};

// What a follower has of a work item after its events: the rules stand in events.proto.
v1::WorkItem FoldItem(const std::vector<v1::Event>& events, const std::string& name);

// Requirements from "law:3 tax".
void Require(const std::string& skills, v1::WorkItem& item);

}  // namespace tideline::work_routing
