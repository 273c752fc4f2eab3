// SPDX-License-Identifier: Apache-2.0
// An sla_monitor Core without a host: contracts, the lives of items and time go straight in, and
// what comes out is kept as a store would keep it, so that a test can read events and start a
// second Core from the records.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/sla_monitor/core/core.h"
#include "tests/support/journal_mirror.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/sla_monitor/v1/events.pb.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::sla_monitor {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

inline constexpr char kWorkspace[] = "workspaces/acme";
inline std::string Name(absl::string_view collection, absl::string_view id) {
  return absl::StrCat(kWorkspace, "/", collection, "/", id);
}
inline std::string ItemName(absl::string_view id) { return Name("workItems", id); }

// "STATE_FORBIDS" of a refusal, "OK" of a success.
std::string Outcome(const absl::Status& status);
// The field that a refusal names.
std::string FieldOf(const absl::Status& status);

// Rules with one class, LOW, and this client target; no pause budget, no legs.
type::v1::SlaRules Rules(absl::Duration target);
void SetLeg(Leg leg, absl::Duration target, type::v1::SlaRules& rules);
void SetBudget(absl::Duration budget, type::v1::SlaRules& rules);

class MonitorWorld {
 public:
  using Records = std::map<std::string, std::map<std::string, std::string>>;

  // Workspace acme, organizations client and vendor, teams t1 (around the clock) and day (office
  // hours in UTC) of vendor; Monday, 2026-03-02, 09:00 UTC.
  MonitorWorld();
  void KeepIn(testing::JournalMirror& mirror);
  // A world whose Core was restored from this one's records.
  std::unique_ptr<MonitorWorld> Reborn() const;

  Core& core() { return *core_; }
  absl::Time now() const { return now_; }
  void SetNow(absl::Time now) { now_ = now; }

  // ---- contracts ----
  // Nine to five, Monday to Friday.
  void OfficeHours(const std::string& id, const std::string& zone = "UTC");
  void Put(registry::Resource resource);
  void Policy(const type::v1::SlaRules& rules, const std::string& calendar = "",
              const std::string& id = "sla");
  void Engagement(const std::string& id = "deal", const std::string& policy = "sla",
                  std::vector<std::string> work_types = {});

  // ---- items; each at `at`, or now ----
  void Submit(const std::string& id, const std::string& engagement = "deal",
              type::v1::ImpactClass impact = type::v1::IMPACT_CLASS_LOW,
              absl::Duration effort = absl::ZeroDuration(), const std::string& work_type = "");
  void Queue(const std::string& id, const std::string& team = "");
  void Assign(const std::string& id, const std::string& holder = "ann",
              const std::string& team = "");
  void Hold(const std::string& id, const std::string& agreed_by = "client");
  void Resume(const std::string& id);
  void Result(const std::string& id);
  void Return(const std::string& id);
  void Complete(const std::string& id);
  void Reopen(const std::string& id);
  void Cancel(const std::string& id);
  void Progress(const std::string& id, int percent);
  // To another team's queue.
  void Transfer(const std::string& id, const std::string& team);
  void Retire(const std::string& id);
  // Whether it was submitted and not retired.
  bool Has(const std::string& id) const { return items_.count(id) > 0; }
  State StateOf(const std::string& id) const { return items_.at(id).state(); }

  // ---- time ----
  // Lets time pass, with every timer at its instant.
  void Pass(absl::Duration by);
  // What is due now, and no more.
  void Rest() { Pass(absl::ZeroDuration()); }

  // ---- calls ----
  partition::Grant grant;
  template <class Request, class Response>
  absl::StatusOr<Response> Do(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&,
                                                                     Changes&),
                              const Request& request) {
    Changes changes(commit_ + 1);
    absl::StatusOr<Response> response = (core_.get()->*verb)(MakeCall(), request, changes);
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
    absl::StatusOr<Response> response = (core_.get()->*verb)(MakeCall(), request);
    log_ = response.ok() ? absl::StrCat("OK ", response->SerializeAsString())
                         : std::string(response.status().message());
    return response;
  }
  v1::Reading Read(const std::string& id);
  // Everything the item's alerts say, standing or not: "warning-75-r1 at 1h30m", and "gone" after
  // those that were retracted. Times from the item's submission.
  std::string Alerts(const std::string& id);
  void Settle(const std::string& owed, const absl::Status& status);

  const std::vector<v1::Event>& events() const { return events_; }
  int CountEvents(v1::Event::KindCase kind) const;
  const Records& records() const { return records_; }
  const std::string& log() const { return log_; }
  size_t last_changes() const { return last_changes_; }
  std::string Dump() const;

 private:
  explicit MonitorWorld(const MonitorWorld& other);
  Call MakeCall();
  void Commit(Changes& changes);
  void Follow(const std::string& service, const google::protobuf::Message& event);
  routing::WorkItemStanding& Standing(const std::string& id) { return items_[id]; }
  void Tell(const std::string& id, routing::Event event);
  void Head(const std::string& subject, type::v1::EventHeader& header, uint64_t& commit) const;

  std::unique_ptr<Core> core_;
  testing::JournalMirror* mirror_ = nullptr;
  Records records_;
  std::vector<v1::Event> events_;
  std::map<std::string, routing::WorkItemStanding> items_;
  uint64_t commit_ = 0, registry_commit_ = 0, routing_commit_ = 0, chance_ = 0;
  absl::Time now_;
  std::string log_;
  size_t last_changes_ = 0;
};

}  // namespace tideline::sla_monitor
