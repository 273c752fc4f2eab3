// SPDX-License-Identifier: Apache-2.0
// What time does: overrides and lots end, and open opinions are held against a changed roster.
#include "absl/strings/match.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

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
    if (absl::StrContains(name, "/overrides/")) {
      ExpireOverride(step, workspace, name);
    } else if (absl::StrContains(name, "/nonconformities/")) {
      OverdueNonconformity(step, workspace, name);
    } else if (absl::StrContains(name, "/lots/")) {
      LotTimer(step, *workspace.lots.at(name));
    } else {
      Recheck(step, workspace);
    }
    if (changes.size() > kChangesBeforeChores) return;
  }
}

}  // namespace tideline::review
