// SPDX-License-Identifier: Apache-2.0
// The state machine of decision_ledger: decisions, authority and reversals of one partition.
//
// One idea per file:
//   core_record.cc     decisions taken and signed     core_authority.cc  who may decide
//   core_reverse.cc    undoing, step by step          core_query.cc      reads, duty rules
//   core_step.cc       records and events
//   core_restore.cc    records to memory, following, Dump
//
// Invariants between steps: a decision under way of being undone belongs to one reversal; a
// reversal that runs has one step that is due; what a decision depends on was taken before it, so
// the graph has no cycle. Pure; one thread; see common/partition/core.h for the contract.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/authority/authority.h"
#include "common/authority/duties.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/partition/core.h"
#include "common/roster/roster.h"
#include "services/decision_ledger/core/entries.h"
#include "tideline/decision_ledger/v1/decision_ledger_service.pb.h"
#include "tideline/decision_ledger/v1/events.pb.h"

namespace tideline::decision_ledger {

using partition::Call;
using partition::Changes;

// Decisions that fall in one reversal: their events and records stay within one commit's step.
inline constexpr size_t kMaxFalling = 64;
// Duty rules of a workspace: each decision is held against all of them.
inline constexpr size_t kMaxRules = 64;
// Decisions under one grant that are added up for its window: beyond it a step would take over a
// millisecond, and what cannot be added up is not permitted.
inline constexpr size_t kMaxInWindow = 10'000;
// Line managers that are asked for whoever could decide instead.
inline constexpr int kMaxManagers = 8;

class Core : public partition::Core {
 public:
  Core();
  ~Core() override;

  // ---- Verbs; proto/tideline/decision_ledger/v1/decision_ledger_service.proto says what each
  // does.
#define TIDELINE_VERB(Name)                                                                   \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request, \
                                          Changes& changes)
#define TIDELINE_READ(Name) \
  absl::StatusOr<v1::Name##Response> Name(const Call& call, const v1::Name##Request& request) const
  TIDELINE_READ(CheckAuthority);
  TIDELINE_VERB(RecordDecision);
  TIDELINE_VERB(CoSignDecision);
  TIDELINE_VERB(ReportOutcome);
  TIDELINE_READ(GetDecision);
  TIDELINE_READ(ListDecisions);
  TIDELINE_READ(PreviewReversal);
  TIDELINE_VERB(ReverseDecision);
  TIDELINE_VERB(ResumeReversal);
  TIDELINE_VERB(CompleteReversalStep);
  TIDELINE_READ(GetReversal);
  TIDELINE_READ(ListReversals);
  TIDELINE_VERB(CreateDutyRule);
  TIDELINE_READ(GetDutyRule);
  TIDELINE_READ(ListDutyRules);
  TIDELINE_VERB(DeleteDutyRule);
#undef TIDELINE_VERB
#undef TIDELINE_READ

  // ---- partition::Core ----
  std::vector<std::string> Kinds() const override;
  absl::Status Restore(absl::string_view kind, absl::string_view id,
                       absl::string_view bytes) override;
  absl::Status Restored() override;
  absl::Status Follow(const Call& call, const partition::UpstreamEvent& event,
                      Changes& changes) override;
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const override {
    return roster_.GrantOf(workspace, subject);
  }
  std::vector<partition::OwedCall> Owed(size_t most) const override;
  void Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
              absl::string_view response, Changes& changes) override;
  void Dump(std::string& out) const override;

 private:
  struct Step;
  using Response = v1::CheckAuthorityResponse;

  // ---- core_step.cc ----
  Workspace& WorkspaceOf(absl::string_view name);
  Workspace* FindWorkspace(absl::string_view name) const;
  Entry* FindEntry(absl::string_view name) const;
  Undoing* FindUndoing(absl::string_view name) const;
  absl::StatusOr<Entry*> GetEntry(const Call& call, absl::string_view name,
                                  absl::string_view etag = "") const;
  absl::StatusOr<Undoing*> GetUndoing(const Call& call, absl::string_view name,
                                      absl::string_view etag = "") const;
  bool Visible(const Call& call, const v1::Decision& decision) const;
  // Who acts in a call: who is named, or as whom the caller acts. Others only by leads and
  // services.
  absl::StatusOr<std::string> WhoActs(const Call& call, const std::string& named,
                                      absl::string_view field) const;
  // Puts a decision into the indexes.
  void Index(Entry& entry);
  // Raises `event`, whose `resource` is the one of the entry.
  void Raise(Step& step, Entry& entry, v1::Event& event, v1::Decision& resource);
  void Raise(Step& step, Undoing& undoing, v1::Event& event, v1::Reversal& resource,
             const std::string& audience);

  // ---- core_authority.cc ----
  // Why somebody may decide, or why not.
  struct Judgement {
    authority::Verdict verdict;
    std::string grant;  // that permits, or came nearest; empty: none is theirs
  };
  struct Duty {
    std::string rule;      // empty: none is in the way
    std::string decision;  // that was taken before; empty: it is the grants
  };
  authority::Question QuestionOf(const v1::Decision& decision, const std::string& expert,
                                 absl::Time now) const;
  Judgement Judge(const Workspace* workspace, const authority::Question& question,
                  const Entry* without = nullptr) const;
  absl::int128 SpentUnder(const Workspace& workspace, const authority::Grant& grant,
                          absl::Time since, const Entry* without) const;
  std::string NearestHolder(const Workspace* workspace, authority::Question question) const;
  authority::Side SideOf(const std::string& expert) const;
  // Sides that act by somebody who decides under a grant: they, and who delegated it to them.
  std::vector<authority::Side> DelegatorsOf(
      const google::protobuf::RepeatedPtrField<std::string>& chain) const;
  Duty FindDuty(const Workspace* workspace, const v1::Decision& decision, const std::string& expert,
                const Entry* without = nullptr) const;
  absl::Status Permit(const Workspace& workspace, const authority::Question& question,
                      const Judgement& judgement) const;
  static absl::Status RefuseDuty(const Duty& duty);

  // ---- core_record.cc ----
  absl::Status CheckDecision(const Call& call, const Workspace& workspace,
                             const v1::Decision& decision, const std::string& name) const;

  // ---- core_reverse.cc ----
  // The decision and all that build on it, in the order in which they fall.
  std::vector<Entry*> Falling(const Entry& entry) const;
  // What stands against undoing one of them, if anything.
  absl::Status Obstacle(const Entry& entry, const std::string& requester,
                        const std::string& agreed_by, absl::Time now) const;
  void Advance(Step& step, Undoing& undoing);
  void EndStep(Step& step, Undoing& undoing, v1::Reversal::Step& at, std::string detail);
  void FailStep(Step& step, Undoing& undoing, v1::Reversal::Step& at, std::string detail);
  void DropOwed(Undoing& undoing);
  bool SamePerson(const std::string& a, const std::string& b) const;

  roster::Roster roster_;
  absl::flat_hash_map<std::string, std::unique_ptr<Workspace>> workspaces_;
  // Owed calls: since when, and of which reversal; and by id.
  std::set<std::pair<absl::Time, std::string>> owed_;
  std::map<std::string, std::string, std::less<>> owed_by_id_;
};

}  // namespace tideline::decision_ledger
