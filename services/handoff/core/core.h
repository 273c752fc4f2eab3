// SPDX-License-Identifier: Apache-2.0
// The state machine of handoff: proposals, packets, relay plans and statistics of one partition.
// Custody itself is work_routing's; this one decides when it may move, and owes the call that moves
// it.
//
// One idea per file:
//   core_propose.cc   new handoffs            core_answer.cc   what receiver and giver say
//   core_transfer.cc  the owed calls          core_party.cc    who may give, receive, act
//   core_relay.cc     shifts, leave, absence  core_plans.cc    relay plans
//   core_follow.cc    upstream events         core_timers.cc   what time does
//   core_query.cc     reads                   core_watch.cc    streams
//   core_step.cc      records and events      core_restore.cc  records to memory, Dump
//
// Invariant between steps: an item has at most one open handoff, and one that is ACKNOWLEDGED owes
// exactly one call. Pure; one thread; see common/partition/core.h for the contract.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "common/roster/roster.h"
#include "services/handoff/core/items.h"
#include "services/handoff/core/records.pb.h"
#include "services/handoff/core/relay_coverage.h"
#include "tideline/handoff/v1/handoff_service.pb.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::handoff {

using partition::Call;
using partition::Changes;

// Elements of a batch; with 16 changes each they stay within a commit.
inline constexpr int kMaxBatch = 64;
// A packet, serialized. Content stays where it lies.
inline constexpr size_t kMaxPacketBytes = 64 << 10;
// Questions of one handoff.
inline constexpr int kMaxQuestions = 64;
// Moves that are remembered with an item, for ping-pong and returns.
inline constexpr int kMaxMoves = 64;
// A step that has made this many changes leaves further work to the next.
inline constexpr size_t kChangesBeforeChores = 300;

// Longest time to acknowledge; beyond it nobody remembers what the packet was about.
inline constexpr absl::Duration kLongestWindow = absl::Hours(24 * 30);
// Steps that a preview shows.
inline constexpr size_t kMaxPreview = 256;
// Handoffs of one item that are kept; their retirement is one step.
inline constexpr int kMaxHandoffsPerItem = 128;

class Core : public partition::Core {
 public:
  Core();
  ~Core() override;

  // ---- Verbs; proto/tideline/handoff/v1/handoff_service.proto says what each does. ----
#define TIDELINE_VERB(Name)                                                                   \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request, \
                                          Changes& changes)
#define TIDELINE_READ(Name) \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request) const
#define TIDELINE_WATCH(Name)                                      \
  absl::StatusOr<partition::WatchStart<v1::Name##Response>> Name( \
      const Call& call, const v1::Name##Request& request) const
  TIDELINE_VERB(ProposeHandoff);
  TIDELINE_VERB(BatchProposeHandoffs);
  TIDELINE_VERB(AcknowledgeHandoff);
  TIDELINE_VERB(DeclineHandoff);
  TIDELINE_VERB(WithdrawHandoff);
  TIDELINE_VERB(ForwardHandoff);
  TIDELINE_VERB(ReturnHandoff);
  TIDELINE_VERB(UpdateHandoffPacket);
  TIDELINE_VERB(AskQuestions);
  TIDELINE_VERB(AnswerQuestion);
  TIDELINE_VERB(RatePacket);
  TIDELINE_READ(GetHandoff);
  TIDELINE_READ(ListHandoffs);
  TIDELINE_WATCH(WatchHandoffs);
  TIDELINE_VERB(CreateRelayPlan);
  TIDELINE_READ(GetRelayPlan);
  TIDELINE_READ(ListRelayPlans);
  TIDELINE_VERB(UpdateRelayPlan);
  TIDELINE_VERB(DeleteRelayPlan);
  TIDELINE_READ(CheckRelayPlan);
  TIDELINE_READ(PreviewRelay);
  TIDELINE_READ(GetHandoffStats);
  TIDELINE_READ(ListHandoffAlarms);
  TIDELINE_VERB(ClearHandoffAlarm);
#undef TIDELINE_VERB
#undef TIDELINE_READ
#undef TIDELINE_WATCH

  // ---- partition::Core ----
  std::vector<std::string> Kinds() const override;
  absl::Status Restore(absl::string_view kind, absl::string_view id,
                       absl::string_view bytes) override;
  absl::Status Restored() override;
  void TakenOver(const Call& call, Changes& changes) override;
  absl::Time NextWake() const override;
  void Wake(const Call& call, Changes& changes) override;
  absl::Status Follow(const Call& call, const partition::UpstreamEvent& event,
                      Changes& changes) override;
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const override;
  std::vector<partition::OwedCall> Owed(size_t most) const override;
  void Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
              absl::string_view response, Changes& changes) override;
  void Dump(std::string& out) const override;

 private:
  struct Step;
  struct Draft;  // a proposal that was found good

  // ---- core_step.cc ----
  Workspace& WorkspaceOf(absl::string_view name);
  Workspace* FindWorkspace(absl::string_view name) const;
  absl::StatusOr<Entry*> GetEntry(const Call& call, absl::string_view name,
                                  absl::string_view etag = "") const;
  Item* FindItem(absl::string_view name) const;
  Entry* FindEntry(absl::string_view name) const;
  // Raises an event about a handoff with its standing, and notes that it changed.
  void Raise(Step& step, Entry& entry, v1::Event& event, v1::HandoffStanding& standing,
             const std::string& audience);
  // The handoff has ended: no timer, no owed call, no hold on its item; counted.
  void Close(Step& step, Entry& entry, v1::Handoff::State state);
  void SetTimer(Entry& entry);
  void Owe(Step& step, Entry& entry);
  void DropOwed(Entry& entry);
  void RaiseAlarm(Step& step, Workspace& workspace, v1::HandoffAlarm::Kind kind,
                  const std::string& subject, const std::string& work_item,
                  const std::vector<std::string>& teams, std::string message);
  void ClearAlarm(Step& step, Workspace& workspace, v1::HandoffAlarm::Kind kind,
                  const std::string& subject);
  core::v1::StoredTally& TallyOf(Step& step, Workspace& workspace, const std::string& from,
                                 const std::string& to);

  // ---- core_party.cc ----
  bool Visible(const Call& call, const v1::Handoff& handoff) const;
  absl::Status MayActFor(const Call& call, const v1::Party& party) const;
  v1::Party PartyOf(const std::string& expert) const;
  v1::Party CustodyOf(const Item& item) const;
  bool SamePerson(const std::string& a, const std::string& b) const;
  // Whether an expert may speak for a party: is it, or is in the team.
  bool SpeaksFor(const v1::Party& party, const std::string& expert) const;
  // Who acts in a call: the one who is named, or as whom the caller acts, or `otherwise`.
  absl::StatusOr<std::string> WhoActs(const Call& call, const std::string& named,
                                      const std::string& otherwise) const;
  // The work type's rules with all defaults filled.
  type::v1::HandoffRules RulesOf(const Item& item) const;
  // May this person, or this team, have the item now? Full names; `field` is the request's.
  absl::Status CheckExpert(const Item& item, const std::string& expert, absl::Time now,
                           absl::string_view field) const;
  absl::Status CheckTeam(const Item& item, const std::string& team, absl::Time now,
                         absl::string_view field) const;
  absl::Status CheckTo(const Call& call, const Item& item, const v1::Handoff::Receiver& to,
                       absl::string_view field) const;
  const Calendar* HoursOf(const std::string& team) const;
  // By when a receiver has to acknowledge, in their team's hours.
  absl::Time DueOf(const type::v1::HandoffRules& rules, const v1::Party& receiver,
                   absl::Time now) const;

  // ---- core_propose.cc ----
  absl::Status CheckProposal(const Call& call, const v1::Handoff& input, const std::string& id,
                             absl::string_view field, bool automatic, Draft& draft) const;
  Entry& TakeIn(Step& step, Draft& draft);
  // Sets whom the handoff asks, and what follows from it: due time, overlap, joint session.
  void Ask(Step& step, Entry& entry, Item& item, const v1::Party& receiver);
  // Where both have to acknowledge, tells the leads of both sides.
  void WarnOfPingPong(Step& step, Entry& entry);
  // Asks, or has somebody looked for; as `to` says.
  void Address(Step& step, Entry& entry, Item& item);

  // ---- core_answer.cc ----
  absl::StatusOr<Entry*> GetProposed(const Call& call, absl::string_view name,
                                     absl::string_view etag) const;
  absl::Status CheckReadBack(const Call& call, const Entry& entry, const Item& item,
                             const v1::AcknowledgeHandoffRequest& request,
                             const std::string& expert, bool giver) const;
  void AddQuestions(const Call& call, const google::protobuf::RepeatedPtrField<std::string>& texts,
                    const std::string& expert, v1::Handoff& handoff);
  bool GiverAbsent(const v1::Handoff& handoff) const;

  // ---- core_transfer.cc ----
  void TakeCustody(Step& step, Item& item, const work_routing::v1::WorkItem& moved);
  void Transferred(Step& step, Entry& entry);
  void Failed(Step& step, Entry& entry, const absl::Status& status);
  void Found(Step& step, Entry& entry, const std::string& expert);
  void NobodyFound(Step& step, Entry& entry);
  // Returns of the item between two parties so far, and whether a move from `from` to `to` is one.
  struct History {
    int returns = 0;
    const core::v1::Move* brings_back = nullptr;
  };
  History HistoryOf(const Item& item, const v1::Party& from, const v1::Party& to) const;

  // ---- core_follow.cc ----
  absl::Status FollowRegistry(const Call& call, const partition::UpstreamEvent& upstream,
                              Changes& changes);
  absl::Status FollowRouting(const Call& call, const partition::UpstreamEvent& upstream,
                             Changes& changes);
  void TakeItem(Step& step, const work_routing::v1::Event& event);
  void ItemMoved(Step& step, Item& item, const work_routing::v1::Event& event,
                 int64_t epoch_before);
  void ItemCompleted(Step& step, Item& item);
  void AttributeRework(Step& step, Item& item);
  void Retire(Step& step, Item& item);
  // Puts an item into, or takes it out of, what depends on its custody.
  void Join(Item& item);
  void Leave(Item& item);
  void Withdraw(Step& step, Entry& entry, absl::string_view reason);

  // ---- core_relay.cc ----
  RelayChain ChainOf(const v1::RelayPlan& plan) const;
  absl::Time NextTick(const Plan& plan, const core::v1::StoredPlan::Station& station) const;
  void SetTimer(Plan& plan);
  void Tick(Step& step, Plan& plan);
  // Items of a team under a plan that will not be finished before `shift_end`, least disturbing
  // first; `kept` counts the others.
  std::vector<const Item*> Unfinished(const Plan& plan, const std::string& team, absl::Time now,
                                      absl::Time shift_end, int* kept) const;
  // When the holder would have finished it, doing nothing else; InfiniteFuture: nobody can say.
  absl::Time FinishOf(const Plan& plan, const Item& item, absl::Time now) const;
  // Whom a relay asks, first ones first; with `own` also the giver's own team.
  std::vector<std::string> NextTeams(const Plan& plan, const RelayChain& chain, const Item& item,
                                     absl::Time at, bool own) const;
  // Proposes an item along the relay, or raises an alarm if nobody may have it.
  void Relay(Step& step, const Plan& plan, const RelayChain& chain, Item& item, absl::Time at,
             v1::Handoff::Reason reason);
  void RelayLate(Step& step, Item& item);
  const Plan* PlanFor(const Item& item) const;
  // When an expert's items must be given to others since they leave or are gone; the reason with
  // it.
  struct Departure {
    absl::Time due = absl::InfiniteFuture();
    absl::Time begin = absl::InfinitePast();
    absl::Time end = absl::InfiniteFuture();
    v1::Handoff::Reason reason = v1::Handoff::REASON_UNSPECIFIED;
  };
  Departure DepartureOf(const Workspace& workspace, const std::string& expert) const;
  void SetDeparture(Workspace& workspace, const std::string& expert);
  void Depart(Step& step, Workspace& workspace, const std::string& expert);

  // ---- core_timers.cc ----
  void Expire(Step& step, Entry& entry);

  // ---- core_plans.cc ----
  absl::StatusOr<Plan*> GetPlan(const Call& call, const std::string& name,
                                const std::string& etag) const;
  void SetDepartures(Workspace& workspace, const std::string& queue);
  absl::Status CheckPlan(const Call& call, const v1::RelayPlan& plan) const;
  v1::RelayCoverage CoverageOf(const v1::RelayPlan& plan, absl::Time now) const;
  void PutPlan(Step& step, Workspace& workspace, const v1::RelayPlan& record, bool created);
  void RecheckPlans(Step& step, Workspace& workspace,
                    const std::function<bool(const Plan&)>& which);
  void Recheck(Step& step, Plan& plan);

  roster::Roster roster_;
  std::map<std::string, std::unique_ptr<Workspace>> workspaces_;
  // Instant and full name of a handoff, an expert or a plan.
  absl::btree_set<std::pair<absl::Time, std::string>> timers_;
  absl::btree_set<std::pair<absl::Time, std::string>> owed_;  // since when, handoff
  absl::flat_hash_map<std::string, std::string> owed_by_id_;  // owed call -> handoff; lookups only
  core::v1::StoredLease lease_;
};

}  // namespace tideline::handoff
