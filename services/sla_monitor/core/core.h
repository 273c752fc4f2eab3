// SPDX-License-Identifier: Apache-2.0
// The state machine of sla_monitor: one partition's clocks and alerts, the roster it reads, and the
// time that moves them. Pure memory: no I/O, no clock, no chance. One step at a time.
//
// Where things are: timeline.cc is the clock itself; core_follow.cc takes in what happened,
// core_look.cc holds a clock against its terms and raises and retracts alerts, core_timers.cc wakes
// it; core_agreed.cc are the verbs that change the past, core_read.cc and core_report.cc answer
// questions, core_escalate.cc owes calls, core_restore.cc is records and dump.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "common/roster/roster.h"
#include "services/sla_monitor/core/clocks.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.pb.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::sla_monitor {

using partition::Call;
using partition::Changes;

// What a process counts for its metrics, over all partitions' lives in it.
struct Counts {
  // By Alert::Kind and leg.
  std::array<std::array<uint64_t, kLegs>, v1::Alert::Kind_ARRAYSIZE> alerts{}, retracted{};
  // By EscalationStep::Action: done, refused, and come too late to matter.
  std::array<uint64_t, v1::EscalationStep::Action_ARRAYSIZE> escalated{}, refused{}, dropped{};
};

class Core : public partition::Core {
 public:
  // `on_alert`, if given, hears how late each alert is; on the partition's loop.
  explicit Core(std::function<void(absl::Duration)> on_alert = nullptr);
  ~Core() override;

  // ---- Verbs; proto/tideline/sla_monitor/v1/sla_monitor_service.proto says what each does. ----
#define TIDELINE_VERB(Name)                                                                   \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request, \
                                          Changes& changes)
#define TIDELINE_READ(Name) \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request) const
  TIDELINE_READ(GetClocks);
  TIDELINE_READ(ListClocks);
  TIDELINE_VERB(MoveClockStart);
  TIDELINE_VERB(AddPause);
  TIDELINE_VERB(RemovePause);
  TIDELINE_VERB(SetExclusion);
  TIDELINE_READ(ListAtRisk);
  TIDELINE_READ(ListBreaches);
  TIDELINE_READ(ComputeDueTime);
  TIDELINE_READ(DryRunPolicy);
  TIDELINE_READ(GetAttainment);
  TIDELINE_READ(GetCreditStatement);
#undef TIDELINE_VERB
#undef TIDELINE_READ
  absl::StatusOr<partition::WatchStart<v1::WatchAlertsResponse>> WatchAlerts(
      const Call& call, const v1::WatchAlertsRequest& request) const;

  // ---- partition::Core ----
  std::vector<std::string> Kinds() const override;
  absl::Status Restore(absl::string_view kind, absl::string_view id,
                       absl::string_view bytes) override;
  absl::Status Restored() override;
  absl::Time NextWake() const override;
  void Wake(const Call& call, Changes& changes) override;
  absl::Status Follow(const Call& call, const partition::UpstreamEvent& event,
                      Changes& changes) override;
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const override;
  std::vector<partition::OwedCall> Owed(size_t most) const override;
  void Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
              absl::string_view response, Changes& changes) override;
  void Dump(std::string& out) const override;

  // ---- for metrics, on the partition's loop ----
  using Workspaces = std::map<std::string, std::unique_ptr<Workspace>, std::less<>>;
  const Workspaces& workspaces() const { return workspaces_; }
  const Counts& counts() const { return counts_; }
  // The newest terms of an engagement; null: it has no policy.
  const Terms* TermsOf(absl::string_view engagement) const;

 private:
  struct Step;
  // What a look takes for known.
  struct Horizon {
    Micros until = 0;           // alerts are given for what was reached up to here
    Micros now = 0;             // and taken back for what was not reached by now
    bool timer = false;         // nothing has happened but time
    bool past_changed = false;  // what was forecast before does not hold any more
    std::string reason;         // of retractions
  };

  // ---- core_step.cc ----
  Workspace& WorkspaceAt(absl::string_view name);
  Workspace* FindWorkspace(absl::string_view name) const;
  Clock* FindClock(absl::string_view name) const;
  // The clock of a work item that the caller may see; NOT_FOUND.
  absl::StatusOr<Clock*> ClockOf(const Call& call, absl::string_view work_item) const;
  bool Visible(const Call& call, absl::string_view engagement) const;
  // The engagement that the caller may see; NOT_FOUND.
  absl::StatusOr<const skill_registry::v1::Engagement*> EngagementOf(const Call& call,
                                                                     absl::string_view name) const;
  void Index(Clock& clock);
  void Unindex(Clock& clock);
  v1::Party PartyOf(const Segment& segment) const;
  const Calendar& CalendarOfTeam(absl::string_view team) const;

  // ---- core_look.cc ----
  // Holds the clock against its terms, as of the horizon: alerts, counts, indexes, its event.
  void LookAt(Step& step, Clock& clock, const Horizon& horizon);
  void Retract(Step& step, Clock& clock, const Crossings& crossings, const Horizon& horizon);
  void Raise(Step& step, Clock& clock, const Crossings& crossings, const Horizon& horizon);
  void Alarm(Step& step, Clock& clock, v1::Alert alert);
  // What follows from history, alerts and the flag alone.
  static void Derive(Clock& clock, const Crossings& crossings, bool at_risk);
  void Count(Step& step, Clock& clock, const Crossings& crossings);
  void Tally(Step& step, const Clock& clock, const core::v1::StoredCount& count, int by);
  // When the clock's item will be finished, by what is expected; kNever: no forecast.
  struct Forecast {
    Micros finish = kNever;
    Micros risk = kNever;  // from when on it says that the item will be late
    Micros need = 0;
  };
  Forecast ForecastOf(const Clock& clock, const Crossings& crossings, Micros now) const;

  // ---- core_follow.cc ----
  absl::Status FollowRegistry(const Call& call, absl::string_view bytes, Changes& changes);
  absl::Status FollowRouting(const Call& call, const partition::UpstreamEvent& event,
                             Changes& changes);
  void TakeIn(Step& step, const WorkItem& item, Micros created);
  void Happen(Step& step, Clock& clock, const work_routing::v1::Event& event, Micros at);
  void NewTerms(Step& step, Workspace& workspace, const std::string& policy, Micros since);
  // Learns how long things take in the clock's queue, as its last segment ends.
  void LearnPace(Step& step, const Clock& clock, Micros at, State next);
  void Retire(Step& step, Clock& clock);

  // ---- core_timers.cc ----
  // Holds clocks of a policy that changed against its newest terms, up to a step's bounds.
  void Recount(Step& step, Workspace& workspace);

  // ---- core_agreed.cc ----
  absl::StatusOr<Clock*> ClockToChange(const Call& call, absl::string_view work_item,
                                       absl::string_view etag) const;
  void PastChanged(Step& step, Clock& clock, std::string reason);

  // ---- core_read.cc ----
  v1::Reading ReadingOf(const Clock& clock, Micros now) const;
  void FillLegs(const Clock& clock, const Crossings& crossings, Micros read,
                v1::Reading& reading) const;

  // ---- core_report.cc ----

  absl::StatusOr<std::unique_ptr<Terms>> DraftTerms(const Call& call, const v1::PolicyDraft& draft,
                                                    absl::string_view field) const;

  // ---- core_escalate.cc ----
  void Escalate(Step& step, Clock& clock, v1::Alert& alert);
  void CancelEscalation(Step& step, Clock& clock, v1::Alert& alert);
  void Owe(Step& step, Clock& clock, v1::Alert& alert, v1::EscalationStep::Action action,
           const std::string& work_item, google::protobuf::Message& request);

  // ---- core_restore.cc ----
  absl::Status RestoreClock(absl::string_view id, absl::string_view bytes);

  roster::Roster roster_;
  Workspaces workspaces_;
  size_t recounts_ = 0;  // under way, in all workspaces
  absl::btree_set<Clock*, ByTimer> timers_;
  std::map<uint64_t, std::string> owed_order_;        // sequence -> id
  std::map<std::string, core::v1::StoredOwed> owed_;  // by id
  Counts counts_;                                     // of this process
  std::function<void(absl::Duration)> on_alert_;
};

}  // namespace tideline::sla_monitor
