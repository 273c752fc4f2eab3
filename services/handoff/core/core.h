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

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
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
#include "services/handoff/core/records.pb.h"
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

struct Workspace;
struct Plan;

// What handoff knows of a work item.
struct Item {
  core::v1::StoredItem record;
  Workspace* workspace = nullptr;
  std::string open;                       // its open handoff; empty: none
  absl::btree_set<std::string> handoffs;  // all that are kept

  const work_routing::v1::WorkItem& item() const { return record.item(); }
  const std::string& name() const { return record.item().name(); }
};

// One handoff.
struct Entry {
  core::v1::StoredHandoff record;
  Workspace* workspace = nullptr;
  absl::Time timer = absl::InfiniteFuture();  // as it stands in the timers

  const v1::Handoff& handoff() const { return record.handoff(); }
  v1::Handoff& mutable_handoff() { return *record.mutable_handoff(); }
  const std::string& name() const { return record.handoff().name(); }
  bool open() const {
    return handoff().state() == v1::Handoff::STATE_PROPOSED ||
           handoff().state() == v1::Handoff::STATE_ACKNOWLEDGED;
  }
};

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
};

}  // namespace tideline::handoff
