// SPDX-License-Identifier: Apache-2.0
// The state machine of work_routing: items, offers and queues of one partition, and who gets what.
//
// One idea per file:
//   core_submit.cc   new items            core_match.cc    who gets an item, what a person gets
//   core_offers.cc   offers, ClaimNext    core_widen.cc    widening, parking
//   core_work.cc     hold to rework       core_custody.cc  release, transfer, holders that go
//   core_queues.cc   queues, restrictions core_follow.cc   skill_registry's events
//   core_timers.cc   what time does       core_restore.cc  records to memory, Dump
//   core_receiver.cc who could take over
//   core_query.cc    reads                core_watch.cc    streams
//   core_step.cc     indexes and records  feasibility.cc   can it be done in time
//                    of what a step changed
//
// Invariant between steps: no waiting item could be given to anybody now, except while a fill goes
// on (StoredWorkspace). Pure; one thread; see common/partition/core.h for the contract.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/calendar.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "common/roster/roster.h"
#include "services/work_routing/core/items.h"
#include "services/work_routing/core/kinds.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::work_routing {

using partition::Call;
using partition::Changes;

// Elements of a batch verb; with 7 changes each they stay within a commit.
inline constexpr int kMaxBatch = 256;
// A step that has made this many changes leaves further work to the next.
inline constexpr size_t kChangesBeforeChores = 300;
// Levels of work that the suite makes about work: a review of a review, and no more.
inline constexpr int kMaxDepth = 2;
// Longest title, in bytes: one line of a list.
inline constexpr size_t kMaxTitleBytes = 200;

// Relaxations shown with an alarm, a feasibility or an explanation.
inline constexpr size_t kShownRelaxations = 3;

void FillRelaxation(const Relaxation& from, v1::Relaxation& to);
void FillExpertState(const Person& person, v1::ExpertState& state);
// STATE_FORBIDS: `verb` is not possible in the item's state, which the metadata give.
absl::Status Forbidden(const Item& item, absl::string_view verb);

class Core : public partition::Core {
 public:
  Core();
  ~Core() override;

  // ---- Verbs; proto/tideline/work_routing/v1/work_routing_service.proto says what each does. ----
#define TIDELINE_VERB(Name)                                                                   \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request, \
                                          Changes& changes)
#define TIDELINE_READ(Name) \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request) const
#define TIDELINE_WATCH(Name)                                      \
  absl::StatusOr<partition::WatchStart<v1::Name##Response>> Name( \
      const Call& call, const v1::Name##Request& request) const
  TIDELINE_VERB(SubmitWorkItem);
  TIDELINE_VERB(BatchSubmitWorkItems);
  TIDELINE_VERB(BatchAccept);
  TIDELINE_VERB(BatchSubmitResults);
  TIDELINE_READ(GetWorkItem);
  TIDELINE_READ(ListWorkItems);
  TIDELINE_VERB(CancelWorkItem);
  TIDELINE_VERB(HoldWorkItem);
  TIDELINE_VERB(ResumeWorkItem);
  TIDELINE_VERB(ReprioritizeWorkItem);
  TIDELINE_VERB(WidenWorkItem);
  TIDELINE_VERB(ReleaseWorkItem);
  TIDELINE_VERB(TransferWorkItem);
  TIDELINE_READ(FindReceiver);
  TIDELINE_VERB(ReopenWorkItem);
  TIDELINE_VERB(AcceptOffer);
  TIDELINE_VERB(DeclineOffer);
  TIDELINE_READ(GetOffer);
  TIDELINE_READ(ListOffers);
  TIDELINE_VERB(ClaimNext);
  TIDELINE_VERB(ReportProgress);
  TIDELINE_VERB(SubmitResult);
  TIDELINE_VERB(ApproveResult);
  TIDELINE_VERB(ReturnForRework);
  TIDELINE_READ(ExplainRouting);
  TIDELINE_VERB(MarkResponsive);
  TIDELINE_READ(GetExpertState);
  TIDELINE_VERB(PutRestriction);
  TIDELINE_READ(ListRestrictions);
  TIDELINE_VERB(CreateQueue);
  TIDELINE_READ(GetQueue);
  TIDELINE_READ(ListQueues);
  TIDELINE_VERB(UpdateQueue);
  TIDELINE_VERB(DeleteQueue);
  TIDELINE_READ(GetQueueStats);
  TIDELINE_READ(ListAlarms);
  TIDELINE_VERB(ClearAlarm);
  TIDELINE_READ(Snapshot);
  TIDELINE_WATCH(WatchOffers);
  TIDELINE_WATCH(WatchWorkItems);
  TIDELINE_WATCH(WatchAssignments);
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
  void Dump(std::string& out) const override;
  std::vector<partition::Figure> Figures() const override;

 private:
  struct Step;
  struct TimerOrder {
    bool operator()(const Item* a, const Item* b) const {
      return a->timer != b->timer ? a->timer < b->timer : Earlier()(a, b);
    }
  };

  // ---- core_step.cc ----
  Workspace& WorkspaceOf(absl::string_view name);
  Workspace* FindWorkspace(absl::string_view name) const;
  Person& PersonOf(Workspace& workspace, absl::string_view name);
  Item* FindItem(const Call& call, absl::string_view name) const;  // null: absent or not visible
  absl::StatusOr<Item*> GetItem(const Call& call, absl::string_view name) const;
  // Takes an item out of, or puts it into, what depends on its state: lines, desks, loads, depth,
  // timers. Between the two its fields may change.
  void Leave(Item& item);
  void Join(Item& item);
  void SyncLoad(Person& person);
  // Gives the item the kind that follows from what it asks now. Outside of Leave and Join only.
  void Rekind(Item& item, const v1::WorkItem& brief);
  void DropKind(Item& item);
  void Line(Kind& kind);  // tells the matcher how the kind's line stands
  void SetAgingTimer(Kind& kind);
  void SetTimer(Item& item);
  // Raises an event about an item and notes that it changed. `standing` is the event's.
  void Raise(Step& step, Item& item, v1::Event& event, v1::WorkItemStanding& standing,
             const Person* audience);
  void Remove(Step& step, Item& item);
  void RaiseAlarm(Step& step, Workspace& workspace, v1::Alarm::Kind kind,
                  const std::string& subject, const Item* item, std::string message);
  void ClearAlarms(Step& step, Workspace& workspace, const std::string& subject,
                   std::optional<v1::Alarm::Kind> kind = std::nullopt);

  // ---- who may, and whether they mean the item as it is; each beside the verbs that ask first
  // ----
  bool Visible(const Call& call, const Item& item) const;
  absl::Status MayActFor(const Call& call, absl::string_view expert) const;
  absl::Status CheckEtag(const Item& item, absl::string_view etag) const;
  absl::Status CheckEpoch(const Item& item, int64_t epoch) const;

  // ---- core_work.cc ----
  absl::Status MayHold(const Call& call, const Item& item) const;
  absl::Status NotTheDoer(const Call& call, const Item& item) const;
  void Complete(Step& step, Item& item, const std::string& checksum);
  void BringBack(Step& step, Item& item);
  absl::Status CheckResult(const Call& call, absl::string_view name, int64_t epoch,
                           const v1::Result& result, Item*& item) const;
  void TakeResult(Step& step, Item& item, const v1::Result& result);

  // ---- core_submit.cc ----
  struct Draft;  // a request that was found good
  absl::Status CheckWorkItem(const Call& call, const v1::WorkItem& item, absl::string_view id,
                             Draft& draft) const;
  Item& TakeIn(Step& step, v1::WorkItem& work_item, const Draft& draft,
               v1::Feasibility* feasibility);
  void SetDue(Item& item, const v1::WorkItem& brief, Nanos start);
  void SetLatestStart(Item& item, const v1::WorkItem& brief);
  const Calendar& CalendarFor(const Item& item, const v1::WorkItem& brief) const;

  // ---- feasibility.cc ----
  v1::Feasibility FeasibilityOf(Item& item, Nanos now);
  void NoteFeasibility(Step& step, Item& item, const v1::Feasibility& feasibility);

  // ---- core_match.cc ----
  Ask AskOf(const Item& item, Nanos now) const;
  // Instant at which the matcher may be asked without moving its time past a change.
  absl::Time AskTime(const Workspace& workspace, Nanos now) const;
  // Finds somebody for a QUEUED item; parks it when nobody ever could.
  void Place(Step& step, Item& item);
  void Give(Step& step, Item& item, const Choice& choice, v1::RoutingDecision::Outcome outcome);
  void Assign(Step& step, Item& item, Person& person, v1::AssignedBy by);
  // Gives a person what waits for them; false when there may be more.
  bool Fill(Step& step, Person& person);
  void FillQueue(Step& step, Queue& queue);
  // The person has less in hand, and the queue less under way.
  void Freed(Step& step, Person& person, Queue& queue);
  // Whom to give work or what to place after a step's changes, until nothing is left to do.
  void Settle(Step& step);
  void KeepDecision(Step& step, Item& item, const v1::RoutingDecision& decision);
  void FillDecision(const Item& item, const Choice& choice, v1::RoutingDecision& decision) const;

  // ---- core_widen.cc ----
  Nanos NextStepTime(const Item& item) const;
  static void Widen(Item& item);          // counts the next step and notes what it does
  bool TakeStep(Step& step, Item& item);  // false: there is none
  void WidenDue(Step& step, Item& item);
  void NobodyNow(Step& step, Item& item);
  void Park(Step& step, Item& item, v1::WorkItem::ParkedReason reason);
  void Requeue(Step& step, Item& item, v1::QueuedBy by, absl::string_view reason);

  // ---- core_offers.cc ----
  struct Offered;
  absl::StatusOr<Offered> FindOffer(const Call& call, absl::string_view name) const;
  void Accept(Step& step, Item& item);
  absl::Status AcceptOne(Step& step, absl::string_view name, Item*& item);
  void CloseOffer(Step& step, Item& item, v1::Offer::State state, v1::DeclineReason reason,
                  absl::string_view comment);
  void Acted(Step& step, Person& person);
  // The first item of the lines, of one queue or (`only` empty) of all that are pulled from, that
  // the person may have; a refusal when there is none.
  absl::StatusOr<Item*> FindClaim(Workspace& workspace, const std::string& only,
                                  const Person& person, Nanos now) const;

  // ---- core_custody.cc ----
  static void EndHold(Item& item, Nanos now);
  absl::Status CheckReceiver(const Call& call, const Item& item, const std::string& expert) const;
  absl::Status CheckTransfer(const Call& call, const Item& item,
                             const v1::TransferWorkItemRequest& request) const;
  void Release(Step& step, Item& item, v1::QueuedBy by, absl::string_view reason, bool barred);
  bool ClearDesk(Step& step, Person& person, int most);  // false: there is more
  // Same person if they can, else the line. `standing` is the event's.
  void ReturnToDoer(Step& step, Item& item, v1::Event& event, v1::WorkItemStanding& standing);

  // ---- core_timers.cc ----
  Nanos NextTimer(const Item& item) const;
  Nanos LeaseEnd(const Item& item) const;
  // When the holding policy takes an item back from a holder who is offline; kNever: it does not.
  static Nanos HoldingEnd(const Item& item);
  void AdvanceClock(Step& step, Workspace& workspace, Nanos now);
  void Fire(Step& step, Item& item);
  void TimeOut(Step& step, Item& item);
  void Chores(Step& step, Workspace& workspace);
  void Withdraw(Step& step, Workspace& workspace);
  void Unpark(Step& step, Workspace& workspace, int most_looks, int most_moves);
  // Each begins to look at everybody, or everything parked, anew; Wake goes on with it.
  void StartFilling(Step& step, Workspace& workspace);
  void StartUnparking(Step& step, Workspace& workspace);
  bool HasChores(const Workspace& workspace) const;

  // ---- core_queues.cc ----
  void EndRestrictions(Step& step, Workspace& workspace);
  void EndRestriction(Step& step, Workspace& workspace, const std::string& name);
  absl::Status CheckQueue(const Call& call, const v1::Queue& queue) const;
  // Timers follow from policies: all items of a queue get theirs anew. Costs by items; a policy's
  // times change rarely.
  void Retime(Workspace& workspace, const Queue& queue);
  void ResignKinds(Step& step, Workspace& workspace,
                   const std::function<bool(const KindSpec&)>& which);
  void RestrictionsChanged(Step& step, Workspace& workspace, const v1::Restriction& before,
                           const v1::Restriction& after);

  // ---- core_follow.cc ----
  void ExpertChanged(Step& step, Workspace& workspace, const std::string& name);
  void PresenceChanged(Step& step, Workspace& workspace, const std::string& expert);
  // Brings a person in the matcher up to the roster.
  Person& Upsert(Workspace& workspace, const std::string& name);
  void Gone(Step& step, Person& person);
  void Back(Step& step, Person& person);
  void SetShifts(Workspace& workspace, const std::string& calendar);
  // Takes a pending offer back when the person may not have the item any more.
  bool WithdrawIfUnfit(Step& step, Item& item);
  // Looks at all pending offers so.
  void StartWithdrawing(Step& step, Workspace& workspace);

  // ---- core_restore.cc ----
  absl::Status RestoreItem(absl::string_view id, absl::string_view bytes);
  void FromRecord(const core::v1::StoredItem& record, Workspace& workspace, Item& item);
  void PastFromRecord(const core::v1::StoredItem& record, Workspace& workspace, Item& item);
  absl::Status RestoreDecision(absl::string_view id, absl::string_view bytes);

  // ---- core_query.cc ----
  v1::RoutingDecision Now(const Item& item, Nanos now) const;

  roster::Roster roster_;
  std::map<std::string, std::unique_ptr<Workspace>> workspaces_;
  absl::flat_hash_map<absl::string_view, std::unique_ptr<Item>> items_;  // by full name
  absl::btree_set<Item*, TimerOrder> timers_;
  core::v1::StoredLease lease_;
  type::v1::Revision last_;  // no event about what is here stands behind it

  // Messages that the hot path fills again and again, kept for their memory alone.
  struct Scratch {
    core::v1::StoredItem item;
    v1::RoutingDecision decision;
    v1::Event submitted;
    v1::Event offer_made;
  };
  Scratch scratch_;
};

}  // namespace tideline::work_routing
