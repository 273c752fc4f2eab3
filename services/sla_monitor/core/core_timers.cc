// SPDX-License-Identifier: Apache-2.0
// Time: what clocks reach while nothing happens, and work that goes on in bounded steps.
#include <algorithm>

#include "services/sla_monitor/core/step.h"

namespace tideline::sla_monitor {
namespace {

// Of a step's 500 changes; a look makes at most a handful.
constexpr int kLooksPerWake = 50;
// Clocks that a recount walks over in one step; most are not looked at.
constexpr int kWalkedPerWake = 2000;

}  // namespace

absl::Time Core::NextWake() const {
  if (recounts_ > 0) return absl::UnixEpoch();
  return timers_.empty() ? absl::InfiniteFuture() : FromMicros((*timers_.begin())->look.timer);
}

void Core::Wake(const Call& call, Changes& changes) {
  Step step(*this, call, changes);
  for (int i = 0; i < kLooksPerWake && !timers_.empty(); ++i) {
    Clock& clock = **timers_.begin();
    if (clock.look.timer > step.now) break;
    LookAt(step, clock, {step.now, step.now, true, false, ""});
  }
  if (recounts_ == 0) return;
  for (const auto& [name, workspace] : workspaces_) {
    if (workspace->recounts.empty()) continue;
    Recount(step, *workspace);
    return;
  }
}

void Core::Recount(Step& step, Workspace& workspace) {
  core::v1::StoredRecount& recount = workspace.recounts.begin()->second;
  const std::string policy = recount.policy();
  const Terms* newest = workspace.policies.at(policy).Newest();
  auto it = workspace.clocks.upper_bound(recount.after());
  int looks = 0;
  for (int walked = 0;
       it != workspace.clocks.end() && walked < kWalkedPerWake && looks < kLooksPerWake;
       ++it, ++walked) {
    Clock& clock = *it->second;
    recount.set_after(std::string(it->first));
    // What is over is over; and a class without a target keeps the one it was promised.
    if (clock.terms->record.policy() != policy || clock.terms == newest || clock.stopped() ||
        newest->For(clock.impact_class) == nullptr) {
      continue;
    }
    Unindex(clock);
    clock.terms = newest;
    Index(clock);
    LookAt(step, clock, {step.now, step.now, false, true, "the policy changed"});
    ++looks;
  }
  if (it != workspace.clocks.end()) {
    step.changes.Put("recount", policy, recount);
    return;
  }
  step.changes.Erase("recount", policy);
  workspace.recounts.erase(policy);
  --recounts_;
}

}  // namespace tideline::sla_monitor
