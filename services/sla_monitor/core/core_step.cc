// SPDX-License-Identifier: Apache-2.0
// Finding things, the indexes that follow from a clock's look, and the records that follow from a
// step.
#include <utility>

#include "services/sla_monitor/core/step.h"

namespace tideline::sla_monitor {

namespace registry = skill_registry::v1;

Core::Core(std::function<void(absl::Duration)> on_alert) : on_alert_(std::move(on_alert)) {}
Core::~Core() = default;

Core::Step::~Step() {
  for (Clock* clock : clocks) {
    clock->touched = false;
    core::v1::StoredClock record;
    FillRecord(*clock, record);
    changes.Put("clock", clock->name, record);
  }
}

Workspace& Core::WorkspaceAt(absl::string_view name) {
  if (Workspace* known = FindWorkspace(name)) return *known;
  auto made = std::make_unique<Workspace>();
  made->name = std::string(name);
  return *workspaces_.emplace(std::string(name), std::move(made)).first->second;
}

Workspace* Core::FindWorkspace(absl::string_view name) const {
  auto it = workspaces_.find(name);
  return it == workspaces_.end() ? nullptr : it->second.get();
}

Clock* Core::FindClock(absl::string_view name) const {
  Workspace* workspace = FindWorkspace(WorkspaceOf(name));
  if (workspace == nullptr) return nullptr;
  auto it = workspace->clocks.find(name);
  return it == workspace->clocks.end() ? nullptr : it->second.get();
}

bool Core::Visible(const Call& call, absl::string_view engagement) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  const auto* contract = roster_.Find<registry::Engagement>(engagement);
  return contract != nullptr && (contract->client() == own || contract->vendor() == own);
}

absl::StatusOr<Clock*> Core::ClockOf(const Call& call, absl::string_view work_item) const {
  Clock* clock = FindClock(ClockName(work_item));
  if (clock == nullptr || clock->workspace->name != call.workspace ||
      !Visible(call, *clock->engagement)) {
    return NotFound(work_item);
  }
  return clock;
}

absl::StatusOr<const registry::Engagement*> Core::EngagementOf(const Call& call,
                                                               absl::string_view name) const {
  const auto* engagement = roster_.Find<registry::Engagement>(name);
  if (engagement == nullptr || WorkspaceOf(name) != call.workspace || !Visible(call, name)) {
    return NotFound(name);
  }
  return engagement;
}

const Calendar& Core::CalendarOfTeam(absl::string_view name) const {
  static const std::shared_ptr<const Calendar>& always = *new auto(Calendar::Always());
  const auto* team = roster_.Find<registry::Team>(name);
  const Calendar* calendar = team == nullptr ? nullptr : roster_.CalendarOf(*team);
  return calendar == nullptr ? *always : *calendar;
}

v1::Party Core::PartyOf(const Segment& segment) const {
  v1::Party party;
  party.set_team(*segment.team);
  if (segment.holder != nullptr) party.set_holder(*segment.holder);
  if (const auto* team = roster_.Find<registry::Team>(*segment.team)) {
    party.set_organization(team->organization());
  }
  return party;
}

namespace {

// One clock's share in what metrics show.
void Stand(const Clock& clock, int by, Standing& standing) {
  const Look& look = clock.look;
  switch (look.state) {
    case v1::Clock::STATE_NOT_STARTED:
      standing.not_started += by;
      break;
    case v1::Clock::STATE_RUNNING:
      standing.running += by;
      break;
    case v1::Clock::STATE_PAUSED:
      standing.paused += by;
      break;
    default:
      return;
  }
  if (look.at_risk) standing.at_risk += by;
  if (look.breached) standing.breached += by;
  if (look.leg_breached) standing.leg_breached[static_cast<size_t>(look.leg)] += by;
}

}  // namespace

void Core::Index(Clock& clock) {
  Workspace& workspace = *clock.workspace;
  if (clock.look.timer != kNever) timers_.insert(&clock);
  if (clock.look.at_risk) workspace.at_risk.insert(&clock);
  Stand(clock, 1, workspace.standing[*clock.engagement]);
}

void Core::Unindex(Clock& clock) {
  Workspace& workspace = *clock.workspace;
  if (clock.look.timer != kNever) timers_.erase(&clock);
  if (clock.look.at_risk) workspace.at_risk.erase(&clock);
  Stand(clock, -1, workspace.standing[*clock.engagement]);
}

partition::Grant Core::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  return roster_.GrantOf(workspace, subject);
}

}  // namespace tideline::sla_monitor
