// SPDX-License-Identifier: Apache-2.0
// The state machine of review: policies, reviews, lots and overrides of one partition. Whether a
// result completes its item is work_routing's to do; this one decides, and owes the call.
//
// One idea per file:
//   core_policies.cc  what is asked           core_open.cc     results, opinions, their reviewers
//   core_lots.cc      sampling                core_lots_query.cc  reads of it
//   core_verdict.cc   verdicts                core_dispute.cc  appeals, arbitration, overrides
//   core_gold.cc      items with known answers
//   core_dry_run.cc   what a policy would do
//   core_owed.cc      calls to work_routing   core_items.cc    what happens to items
//   core_follow.cc    upstream events         core_timers.cc   what time does
//   core_query.cc     reads                   core_watch.cc    streams
//   core_quality.cc   counts and reports    core_nonconformity.cc  corrective action
//   core_step.cc      records and events      core_restore.cc  records to memory, Dump
//
// Invariants between steps: an item has at most one open review, that of its last result; a review
// has one verdict, and what follows from it is owed in the commit that gives it. Pure; one thread;
// see common/partition/core.h for the contract.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "common/roster/roster.h"
#include "common/sampling/switching.h"
#include "services/review/core/entries.h"
#include "services/review/core/independence.h"
#include "services/review/core/records.pb.h"
#include "services/review/core/rubric.h"
#include "tideline/review/v1/review_service.pb.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::review {

using partition::Call;
using partition::Changes;

// Revisions of a policy that are kept: all of them, and reviews name them.
inline constexpr int64_t kMaxRevisions = 1000;
// Rework without end is nobody's wish; where the policy does not say.
inline constexpr int kDefaultMaxRounds = 3;
// Work items by which one opinion's reviewer is looked for, before somebody has to see to it.
inline constexpr int kMaxSearches = 8;
// Opinions of one review: two at each of four stages, an arbiter for each, escalation and appeal.
inline constexpr int kMaxOpinions = 16;
// People and teams that are remembered as having had an item in hand.
inline constexpr int kMaxTouched = 64;
// Reviews of one item that are kept; their retirement is one step.
inline constexpr int kMaxReviewsPerItem = 64;
// Items with known answers; whom to give out next is looked for among all.
inline constexpr size_t kMaxGoldItems = 10'000;
// Results of a lot: its positions are drawn in one step, a hash each.
inline constexpr int kMaxLotSize = 10'000;
// A step that has made this many changes leaves further work to the next.
inline constexpr size_t kChangesBeforeChores = 300;
// Longest life of an override; by then the next audit is due.
inline constexpr absl::Duration kLongestOverride = absl::Hours(24 * 366);

// What the tables know: AQL, lot size, level. INVALID_ARGUMENT names the field.
absl::Status CheckSampling(const v1::Sampling& sampling);

class Core : public partition::Core {
 public:
  Core();
  ~Core() override;

  // ---- Verbs; proto/tideline/review/v1/review_service.proto says what each does. ----
#define TIDELINE_VERB(Name)                                                                   \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request, \
                                          Changes& changes)
#define TIDELINE_READ(Name) \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request) const
  TIDELINE_VERB(CreateReviewPolicy);
  TIDELINE_READ(GetReviewPolicy);
  TIDELINE_READ(ListReviewPolicies);
  TIDELINE_VERB(UpdateReviewPolicy);
  TIDELINE_VERB(DeleteReviewPolicy);
  TIDELINE_READ(DryRunReviewPolicy);
  TIDELINE_READ(GetReview);
  TIDELINE_READ(ListReviews);
  absl::StatusOr<partition::WatchStart<v1::WatchReviewsResponse>> WatchReviews(
      const Call& call, const v1::WatchReviewsRequest& request) const;
  TIDELINE_VERB(SubmitReview);
  TIDELINE_VERB(AppealReview);
  TIDELINE_VERB(ArbitrateReview);
  TIDELINE_VERB(OverrideReview);
  TIDELINE_READ(GetOverride);
  TIDELINE_READ(ListOverrides);
  TIDELINE_READ(GetSamplingState);
  TIDELINE_READ(ListSamplingStates);
  TIDELINE_VERB(ResumeSampling);
  TIDELINE_READ(GetLot);
  TIDELINE_READ(ListLots);
  TIDELINE_READ(ReproduceSample);
  TIDELINE_VERB(CreateGoldItem);
  TIDELINE_READ(GetGoldItem);
  TIDELINE_READ(ListGoldItems);
  TIDELINE_VERB(DeleteGoldItem);
  TIDELINE_READ(ListGoldScores);
  TIDELINE_READ(ListReviewAlarms);
  TIDELINE_VERB(ClearReviewAlarm);
  TIDELINE_READ(GetQualityReport);
  TIDELINE_READ(GetAgreement);
  TIDELINE_READ(ProposeSkillEvidence);
  TIDELINE_VERB(CreateNonconformity);
  TIDELINE_READ(GetNonconformity);
  TIDELINE_READ(ListNonconformities);
  TIDELINE_VERB(UpdateNonconformity);
  TIDELINE_VERB(CompleteCorrectiveAction);
  TIDELINE_VERB(CheckCorrectiveAction);
#undef TIDELINE_VERB
#undef TIDELINE_READ

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
  std::vector<partition::Figure> Figures() const override;
  void Dump(std::string& out) const override;

 private:
  struct Step;
  using Action = core::v1::StoredOwed;

  // ---- core_step.cc ----
  Workspace& WorkspaceOf(absl::string_view name);
  Workspace* FindWorkspace(absl::string_view name) const;
  Item* FindItem(absl::string_view name) const;
  Entry* FindEntry(absl::string_view name) const;
  absl::StatusOr<Entry*> GetEntry(const Call& call, absl::string_view name,
                                  absl::string_view etag = "") const;
  const v1::ReviewPolicy& TermsOf(const v1::Review& review) const;
  // Raises an event about a review and notes that it changed. `tell` picks the event's kind.
  template <class Kind>
  void Raise(Step& step, Entry& entry, Kind* (v1::Event::*tell)(), const std::string& audience);
  void RaiseAlarm(Step& step, Workspace& workspace, v1::ReviewAlarm::Kind kind,
                  const std::string& subject, const std::string& work_item, std::string message);
  void ClearAlarm(Step& step, Workspace& workspace, v1::ReviewAlarm::Kind kind,
                  const std::string& subject);

  // Counts a review in its state, or no more; for the figures.
  void Count(Entry& entry, v1::Review::State state);

  // ---- core_owed.cc ----
  // Owes a call about a resource of work_routing; returns its id.
  std::string Owe(Step& step, core::v1::StoredOwed::Action action, const std::string& review,
                  const std::string& resource, google::protobuf::Message& request);
  // What a verdict asks of the item, unless it stands so already.
  void OweApproval(Step& step, Entry& entry, Item& item);
  void OweRework(Step& step, Entry& entry, Item& item);
  void OweCancel(Step& step, Entry& entry, const std::string& opinion_item,
                 const std::string& reason);
  void SettleSubmit(Step& step, Entry& entry, const core::v1::StoredOwed& owed,
                    const absl::Status& status);
  void SettleOutcome(Step& step, Entry& entry, const core::v1::StoredOwed& owed,
                     const absl::Status& status);

  void CarriedOut(Step& step, Entry& entry);

  // ---- core_policies.cc ----
  absl::StatusOr<v1::ReviewPolicy*> GetPolicy(const Call& call, const std::string& name,
                                              const std::string& etag) const;
  absl::Status CheckPolicy(const Call& call, const v1::ReviewPolicy& policy) const;
  absl::Status CheckStaffing(const Call& call, const Workspace* workspace,
                             const v1::ReviewPolicy& policy) const;
  bool MayReview(const Workspace& workspace, const v1::Stage& stage,
                 const skill_registry::v1::Expert& expert, absl::Time now) const;
  void PutPolicy(Step& step, Workspace& workspace, v1::ReviewPolicy record, bool created);
  const v1::ReviewPolicy* PolicyFor(const Item& item) const;
  static v1::ReviewPolicy Shown(const Call& call, const v1::ReviewPolicy& policy);

  // ---- core_open.cc ----
  void TakeResult(Step& step, Item& item, const work_routing::v1::Event& event);
  v1::Review::Basis BasisOf(Step& step, const Item& item, const v1::ReviewPolicy& policy,
                            v1::Review& review);
  const core::v1::StoredItem::Approved* ApprovedBefore(const Item& item,
                                                       const std::string& checksum,
                                                       absl::Time now) const;
  void OpenStage(Step& step, Entry& entry, Item& item);
  void OpenOpinion(Step& step, Entry& entry, Item& item, v1::Opinion::Kind kind);
  // Looks for the opinion's reviewer by a new work item.
  void Search(Step& step, Entry& entry, Item& item, int number);
  // Where the opinion's reviewer is found, and what is asked of them.
  v1::Stage StageOf(const v1::Review& review, const v1::Opinion& opinion) const;
  work_routing::v1::Constraints ConstraintsOf(const Entry& entry, const Item& item,
                                              const v1::Opinion& opinion) const;
  // Whether anybody in the roster may give an opinion, whatever the hour.
  bool SomebodyMay(const Entry& entry, const Item& item, const v1::Opinion& opinion,
                   absl::Time now) const;
  void DropOpinions(Step& step, Entry& entry, const std::string& reason);

  // ---- core_lots.cc ----
  Stream& StreamOf(Step& step, Workspace& workspace, const v1::ReviewPolicy& policy,
                   const v1::Review& review);
  Lot& OpenLot(Step& step, Stream& stream, const v1::ReviewPolicy& policy);
  v1::Review::Basis TakeIntoLot(Step& step, v1::Review& review, const v1::ReviewPolicy& policy);
  void Close(Step& step, Lot& lot, Stream& stream);
  void LotPeriodEnded(Step& step, Lot& lot);
  static int ToJudge(const Lot& lot);
  void CountForLot(Step& step, Entry& entry);
  bool DrawAnother(Step& step, Lot& lot);
  // Accepts or rejects a lot whose sample is judged.
  void JudgeLot(Step& step, Lot& lot);
  // Has the lot's reviews brought to where its state asks, some at a time.
  void WorkOff(Step& step, Lot& lot);
  void SetTimer(Lot& lot);
  void LotTimer(Step& step, Lot& lot);
  void Discontinue(Step& step, Stream& stream);
  void Restrict(Step& step, Stream& stream, work_routing::v1::Restriction::Effect effect);
  void Resume(Step& step, Stream& stream, const sampling::Step& next);
  template <class Kind>
  void Tell(Step& step, Lot& lot, Kind* (v1::Event::*tell)());
  void Tell(Step& step, Stream& stream);

  // ---- core_lots_query.cc ----
  bool Visible(const Call& call, const v1::SamplingState& state) const;
  absl::StatusOr<const Lot*> GetLotOf(const Call& call, const std::string& name) const;

  // ---- core_gold.cc ----
  absl::Status CheckGold(const Call& call, const v1::GoldItem& gold) const;
  void MixIn(Step& step, const Item& item);
  static core::v1::StoredGoldScore& GoldScoreOf(Workspace& workspace, const std::string& expert);
  void HoldAgainstGold(Step& step, Item& item, const work_routing::v1::Result& result);
  void HoldReviewerAgainstGold(Step& step, const Item& item, const v1::Opinion& opinion);

  // ---- core_items.cc ----
  void TakeItem(Step& step, const work_routing::v1::Event& event);
  void ItemChanged(Step& step, Item& item, const work_routing::v1::Event& event);
  void Touched(Item& item, const std::string& expert, const std::string& team);
  void OpinionItemChanged(Step& step, Workspace& workspace, const std::string& name,
                          const work_routing::v1::Event& event);
  void Found(Step& step, Entry& entry, Item& item, v1::Opinion& opinion, const std::string& expert);
  void LookAgain(Step& step, Entry& entry, Item& item, v1::Opinion& opinion,
                 const std::string& reason);
  // The opinion's work item is none any more.
  void Forget(Entry& entry, v1::Opinion& opinion);
  void Retire(Step& step, Item& item);
  void Void(Step& step, Entry& entry, const std::string& reason);
  void Recheck(Step& step, Workspace& workspace);

  // ---- core_follow.cc ----
  absl::Status FollowRegistry(const Call& call, const partition::UpstreamEvent& upstream,
                              Changes& changes);
  absl::Status FollowRouting(const Call& call, const partition::UpstreamEvent& upstream,
                             Changes& changes);
  absl::Status FollowHandoff(const Call& call, const partition::UpstreamEvent& upstream,
                             Changes& changes);

  // ---- core_verdict.cc ----
  bool Visible(const Call& call, const v1::Review& review) const;
  v1::Review Shown(const Call& call, const v1::Review& review) const;
  absl::StatusOr<std::string> WhoActs(const Call& call, const std::string& named) const;
  absl::Status CheckChecksum(const v1::Review& review, const std::string& checksum) const;
  absl::Status CheckIndependent(const Entry& entry, const Item& item, const v1::Opinion& opinion,
                                const std::string& expert) const;
  void Give(Step& step, Entry& entry, Item& item, v1::Opinion& opinion, const Said& said,
            const std::string& expert, const std::string& comment);
  // What the opinions given so far come to.
  void Conclude(Step& step, Entry& entry, Item& item, int number);
  void Decide(Step& step, Entry& entry, Item& item, v1::Verdict verdict, bool last);
  void Approve(Step& step, Entry& entry, Item& item);
  void Return(Step& step, Entry& entry, Item& item);
  void Escalate(Step& step, Entry& entry, Item& item, const std::string& why);
  // Notes whether an opinion is awaited.
  void NoteAwaited(Entry& entry);

  // ---- core_dispute.cc ----
  void DecideAppeal(Step& step, Entry& entry, Item& item, v1::Verdict verdict);
  absl::Status CheckAuthority(const Call& call, const v1::Review& review,
                              const v1::OverrideReviewRequest& request,
                              const std::string& expert) const;
  void Overrule(Step& step, Entry& entry, Item& item, v1::Override record);
  void ExpireOverride(Step& step, Workspace& workspace, const std::string& name);

  // ---- core_quality.cc ----
  core::v1::StoredQuality& QualityOf(Step& step, Workspace& workspace, int64_t day,
                                     const std::string& subject, const std::string& work_type);
  // Counts what the review comes to now, in place of what it came to before.
  void Measure(Step& step, Entry& entry);
  void Escaped(Step& step, Entry& entry);
  bool VisibleSubject(const Call& call, const std::string& subject) const;

  // ---- core_nonconformity.cc ----
  bool VisibleTo(const Call& call, const v1::Nonconformity& record) const;
  absl::StatusOr<v1::Nonconformity*> GetNonconformityRecord(const Call& call,
                                                            const std::string& name,
                                                            const std::string& etag) const;
  absl::Status CheckNonconformity(const Call& call, const v1::Nonconformity& input) const;
  void KeepNonconformity(Step& step, Workspace& workspace, v1::Nonconformity record, bool created);
  void OpenNonconformity(Step& step, Workspace& workspace, const std::string& subject,
                         const std::string& team, const std::string& description);
  void ResumeAfter(Step& step, Workspace& workspace, const v1::Nonconformity& record);
  void OverdueNonconformity(Step& step, Workspace& workspace, const std::string& name);

  roster::Roster roster_;
  std::map<std::string, std::unique_ptr<Workspace>> workspaces_;
  absl::btree_map<std::string, absl::btree_set<std::string>> experts_;  // by workspace
  // Instant and full name of an override, a lot or a workspace.
  absl::btree_set<std::pair<absl::Time, std::string>> timers_;
  std::map<std::string, core::v1::StoredOwed> owed_;  // by id
  std::map<uint64_t, std::string> owed_order_;
  std::array<int64_t, v1::Review::State_ARRAYSIZE> reviews_{};  // by state
  // Whether any workspace has, or had since the start, a policy or an item: else the events of
  // items are not even read. Of no effect on results.
  bool active_ = false;
};

}  // namespace tideline::review
