// SPDX-License-Identifier: Apache-2.0
// What time does: proposals expire, shifts end, people leave.
#include "absl/strings/match.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace {

// A new owner lets nothing expire before that: receivers may have been unable to answer.
constexpr absl::Duration kLeaseGrace = absl::Seconds(30);
// Timers that one step looks at.
constexpr int kTimersPerStep = 64;

}  // namespace

absl::Time Core::NextWake() const {
  return timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first;
}

void Core::Wake(const Call& call, Changes& changes) {
  for (int n = 0; n < kTimersPerStep && NextWake() <= call.now; ++n) {
    Step step(*this, call, changes);
    const std::string name = timers_.begin()->second;
    Workspace& workspace = WorkspaceOf(WorkspaceName(name));
    if (absl::StrContains(name, "/handoffs/")) {
      Expire(step, *FindEntry(name));
    } else if (absl::StrContains(name, "/relayPlans/")) {
      Tick(step, *workspace.plans.find(name)->second);
    } else {
      Depart(step, workspace, name);
    }
    if (changes.size() > kChangesBeforeChores) return;
  }
}

void Core::Expire(Step& step, Entry& entry) {
  Close(step, entry, v1::Handoff::STATE_EXPIRED);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_handoff_expired()->mutable_standing(),
        entry.handoff().from().expert());
  RaiseAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_EXPIRED, entry.name(),
             entry.handoff().work_item(),
             {entry.handoff().from().team(), entry.handoff().receiver().team()},
             "nobody acknowledged in time; the giver is still accountable");
}

void Core::TakenOver(const Call& call, Changes& changes) {
  *lease_.mutable_made() = ToProto(call.now);
  *lease_.mutable_until() = ToProto(call.now + kLeaseGrace);
  changes.Put("lease", "floor", lease_);
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [id, entry] : workspace->handoffs) SetTimer(*entry);
  }
}

}  // namespace tideline::handoff
