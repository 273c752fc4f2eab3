// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/core/clocks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tideline::sla_monitor {
namespace {

constexpr absl::string_view kClocks = "/clocks/";
constexpr absl::string_view kWorkItems = "/workItems/";

std::string Renamed(absl::string_view name, absl::string_view from, absl::string_view to) {
  const size_t at = name.find(from);
  if (at == absl::string_view::npos) return std::string(name);
  return absl::StrCat(name.substr(0, at), to, name.substr(at + from.size()));
}

}  // namespace

std::string ClockName(absl::string_view work_item) {
  return Renamed(work_item, kWorkItems, kClocks);
}
std::string WorkItemName(absl::string_view clock) { return Renamed(clock, kClocks, kWorkItems); }

absl::string_view WorkspaceOf(absl::string_view name) {
  return name.substr(0, name.find('/', sizeof("workspaces/") - 1));
}

absl::string_view Clock::id() const { return absl::string_view(name).substr(name.rfind('/') + 1); }
std::string Clock::work_item() const { return WorkItemName(name); }

History Clock::history() const {
  History history{segments, kUnset, {}};
  if (agreed == nullptr) return history;
  if (!agreed->starts.empty()) history.moved_start = ToMicros(agreed->starts.back().start_time());
  for (size_t i = 0; i < agreed->pauses.size(); ++i) {
    const v1::Pause& pause = agreed->pauses[i];
    if (pause.has_remove_time()) continue;
    history.pauses.push_back(
        {ToMicros(pause.start_time()), ToMicros(pause.end_time()), static_cast<int>(i)});
  }
  std::sort(history.pauses.begin(), history.pauses.end(),
            [](const PauseSpan& a, const PauseSpan& b) { return a.start < b.start; });
  return history;
}

const Terms* Policy::At(Micros when) const {
  const Terms* held = nullptr;
  for (const auto& one : terms) {
    if (held != nullptr && one->record.since() > when) break;
    held = one.get();
  }
  return held;
}

std::string EtagOf(const Clock& clock) { return absl::StrCat(clock.commit, ".", clock.index); }

v1::Clock PublicClock(const Clock& clock) {
  v1::Clock out;
  out.set_name(clock.name);
  out.set_etag(EtagOf(clock));
  SetTime(clock.created(), out.mutable_create_time());
  SetTime(clock.updated, out.mutable_update_time());
  out.set_work_item(clock.work_item());
  out.set_engagement(*clock.engagement);
  out.set_work_type(*clock.work_type);
  out.set_impact_class(clock.impact_class);
  out.set_policy(clock.terms->record.policy());
  out.set_policy_version(clock.terms->record.version());
  out.set_policy_revision(clock.terms->record.revision());
  const Look& look = clock.look;
  out.set_state(look.state);
  if (look.started != kNever) SetTime(look.started, out.mutable_start_time());
  if (look.due != kNever) SetTime(look.due, out.mutable_due_time());
  if (look.stopped != kNever) SetTime(look.stopped, out.mutable_stop_time());
  out.set_outcome(look.outcome);
  SetDuration(clock.targets().client, out.mutable_target());
  if (look.state == v1::Clock::STATE_STOPPED) SetDuration(look.elapsed, out.mutable_elapsed());
  out.set_at_risk(look.at_risk);
  if (clock.agreed != nullptr) {
    for (const auto& start : clock.agreed->starts) *out.add_start_changes() = start;
    for (const auto& pause : clock.agreed->pauses) *out.add_pauses() = pause;
    if (clock.agreed->exclusion != nullptr) *out.mutable_exclusion() = *clock.agreed->exclusion;
  }
  return out;
}

void FillRecord(const Clock& clock, core::v1::StoredClock& record) {
  record.set_engagement(*clock.engagement);
  record.set_work_type(*clock.work_type);
  record.set_queue(*clock.queue);
  record.set_policy(clock.terms->record.policy());
  record.set_revision(clock.terms->record.revision());
  record.set_impact_class(clock.impact_class);
  record.set_depth(clock.depth);
  record.set_created(clock.created());
  record.set_updated(clock.updated);
  record.set_commit(clock.commit);
  record.set_index(clock.index);
  record.set_joined(clock.joined);
  record.set_effort(clock.effort);
  record.set_progress(clock.progress);
  record.set_progress_time(clock.progress_time);
  record.set_risk(clock.risk);
  record.set_at_risk(clock.look.at_risk);
  record.set_looked(clock.looked);
  const std::string* team = nullptr;
  for (const Segment& segment : clock.segments) {
    core::v1::StoredSegment& stored = *record.add_segments();
    stored.set_start(segment.start);
    stored.set_state(segment.state);
    if (segment.team != team) stored.set_team(*segment.team);
    team = segment.team;
    if (segment.holder != nullptr) stored.set_holder(*segment.holder);
    stored.set_epoch(segment.epoch);
    stored.set_transferred(segment.transferred);
    if (segment.hold == nullptr) continue;
    stored.set_reason(segment.hold->reason);
    stored.set_asked_by(segment.hold->asked_by);
    stored.set_agreed_by(segment.hold->agreed_by);
  }
  if (clock.agreed != nullptr) {
    for (const auto& start : clock.agreed->starts) *record.add_starts() = start;
    for (const auto& pause : clock.agreed->pauses) *record.add_pauses() = pause;
    if (clock.agreed->exclusion != nullptr) *record.mutable_exclusion() = *clock.agreed->exclusion;
  }
  for (const v1::Alert& alert : clock.alerts) *record.add_alerts() = alert;
  if (clock.count != nullptr) *record.mutable_count() = *clock.count;
}

}  // namespace tideline::sla_monitor
