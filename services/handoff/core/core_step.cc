// SPDX-License-Identifier: Apache-2.0
// Records, events, alarms and counts: what every step does with what it changed.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/handoff/core/step.h"
#include "services/handoff/core/tally.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;

namespace {

// Leads told of one alarm; a team with more has a lead for whom this is news anyway.
constexpr size_t kMaxLeadsTold = 16;
// How long counts are kept, by days: a year and a month, so that a year can be compared.
constexpr int64_t kKeptDays = 400;

std::string AlarmName(const Workspace& workspace, v1::HandoffAlarm::Kind kind,
                      absl::string_view subject) {
  static constexpr absl::string_view kNames[] = {"unknown",     "expired",   "transfer-failed",
                                                 "no-receiver", "ping-pong", "relay-hole"};
  // Ids of handoffs and plans have 63 bytes at most, as has an alarm's: the end is cut.
  const std::string id = absl::StrCat(kNames[kind], "-", LastSegment(subject));
  std::string cut = id.substr(0, 63);
  while (cut.back() == '-') cut.pop_back();
  return absl::StrCat(workspace.name, "/handoffAlarms/", cut);
}

}  // namespace

Core::Core() = default;
Core::~Core() = default;

Core::Step::~Step() {
  for (Item* item : items) {
    item->touched = false;
    changes.Put("item", item->name(), item->record);
  }
  for (Entry* entry : entries) {
    entry->touched = false;
    changes.Put("handoff", entry->name(), entry->record);
  }
  for (Plan* plan : plans) {
    plan->touched = false;
    core.SetTimer(*plan);
    changes.Put("plan", plan->name(), plan->record);
  }
  for (Tally* tally : tallies) {
    tally->touched = false;
    changes.Put("tally", TallyId(tally->record), tally->record);
  }
}

Workspace& Core::WorkspaceOf(absl::string_view name) {
  std::unique_ptr<Workspace>& slot = workspaces_[std::string(name)];
  if (slot == nullptr) {
    slot = std::make_unique<Workspace>();
    slot->name = std::string(name);
  }
  return *slot;
}

Workspace* Core::FindWorkspace(absl::string_view name) const {
  auto it = workspaces_.find(std::string(name));
  return it == workspaces_.end() ? nullptr : it->second.get();
}

Item* Core::FindItem(absl::string_view name) const {
  const Workspace* workspace = FindWorkspace(WorkspaceName(name));
  if (workspace == nullptr) return nullptr;
  auto it = workspace->items.find(name);
  return it == workspace->items.end() ? nullptr : it->second.get();
}

Entry* Core::FindEntry(absl::string_view name) const {
  const Workspace* workspace = FindWorkspace(WorkspaceName(name));
  if (workspace == nullptr) return nullptr;
  auto it = workspace->handoffs.find(name);
  return it == workspace->handoffs.end() ? nullptr : it->second.get();
}

absl::StatusOr<Entry*> Core::GetEntry(const Call& call, absl::string_view name,
                                      absl::string_view etag) const {
  Entry* entry = FindEntry(name);
  if (entry == nullptr || entry->workspace->name != call.workspace ||
      !Visible(call, entry->handoff())) {
    return NotFound(name);
  }
  if (!etag.empty() && etag != entry->handoff().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the handoff has changed since it was read",
                  {{"etag", entry->handoff().etag()}});
  }
  return entry;
}

void Core::Raise(Step& step, Entry& entry, v1::Event& event, v1::HandoffStanding& standing,
                 const std::string& audience) {
  FillStanding(entry.handoff(), standing);
  const type::v1::Revision revision = step.changes.Raise(step.call, entry.name(), event, audience);
  v1::Handoff& handoff = entry.mutable_handoff();
  handoff.set_etag(partition::FormatEtag(revision));
  *handoff.mutable_update_time() = ToProto(step.now);
  step.Touch(entry);
  SetTimer(entry);
}

void Core::SetTimer(Entry& entry) {
  absl::Time due = absl::InfiniteFuture();
  if (entry.proposed()) {
    due = ToTime(entry.handoff().acknowledge_due_time());
    if (ToTime(entry.handoff().update_time()) < ToTime(lease_.made())) {
      due = std::max(due, ToTime(lease_.until()));
    }
  }
  if (due == entry.timer) return;
  timers_.erase({entry.timer, entry.name()});
  entry.timer = due;
  if (due != absl::InfiniteFuture()) timers_.insert({due, entry.name()});
}

void Core::Owe(Step& step, Entry& entry) {
  DropOwed(entry);
  core::v1::StoredHandoff& record = entry.record;
  record.set_calls(record.calls() + 1);
  // The etag of its first event and a number: short, and never the same again.
  record.set_owed_id(absl::StrCat("handoff-", record.sequence(), "-", record.calls()));
  *record.mutable_owed_since() = ToProto(step.now);
  owed_.insert({step.now, entry.name()});
  owed_by_id_[record.owed_id()] = entry.name();
  step.Touch(entry);
}

void Core::DropOwed(Entry& entry) {
  core::v1::StoredHandoff& record = entry.record;
  if (record.owed_id().empty()) return;
  owed_.erase({ToTime(record.owed_since()), entry.name()});
  owed_by_id_.erase(record.owed_id());
  record.clear_owed_id();
  record.clear_owed_since();
}

void Core::Close(Step& step, Entry& entry, v1::Handoff::State state) {
  v1::Handoff& handoff = entry.mutable_handoff();
  handoff.set_state(state);
  *handoff.mutable_close_time() = ToProto(step.now);
  DropOwed(entry);
  if (Item* item = FindItem(handoff.work_item())) {
    item->open.clear();
    if (item->in_hand()) SetDeparture(*entry.workspace, item->holder());
  }
  CountClosed(handoff,
              TallyOf(step, *entry.workspace, handoff.from().team(), handoff.receiver().team()));
}

void Core::RaiseAlarm(Step& step, Workspace& workspace, v1::HandoffAlarm::Kind kind,
                      const std::string& subject, const std::string& work_item,
                      const std::vector<std::string>& teams, std::string message) {
  const std::string name = AlarmName(workspace, kind, subject);
  std::set<std::string> leads;
  for (const std::string& team : teams) {
    const auto* record = roster_.Find<registry::Team>(team);
    if (record == nullptr) continue;
    for (const std::string& lead : record->leads()) {
      if (leads.size() < kMaxLeadsTold) leads.insert(lead);
    }
  }
  v1::HandoffAlarm& alarm = workspace.alarms[name];
  alarm.Clear();
  alarm.set_name(name);
  alarm.set_kind(kind);
  alarm.set_subject(subject);
  alarm.set_work_item(work_item);
  for (const std::string& lead : leads) alarm.add_leads(lead);
  alarm.set_message(std::move(message));
  *alarm.mutable_raise_time() = ToProto(step.now);
  v1::Event event;
  *event.mutable_alarm_raised()->mutable_alarm() = alarm;
  step.changes.Raise(step.call, name, event);
  for (const std::string& lead : leads) {
    v1::Event told;
    *told.mutable_lead_told()->mutable_alarm() = alarm;
    step.changes.Raise(step.call, name, told, lead);
  }
  step.changes.Put("alarm", name, alarm);
}

void Core::ClearAlarm(Step& step, Workspace& workspace, v1::HandoffAlarm::Kind kind,
                      const std::string& subject) {
  const std::string name = AlarmName(workspace, kind, subject);
  auto it = workspace.alarms.find(name);
  if (it == workspace.alarms.end() || it->second.subject() != subject) return;
  workspace.alarms.erase(it);
  v1::Event event;
  event.mutable_alarm_cleared();
  step.changes.Raise(step.call, name, event);
  step.changes.Erase("alarm", name);
}

core::v1::StoredTally& Core::TallyOf(Step& step, Workspace& workspace, const std::string& from,
                                     const std::string& to) {
  const int64_t day = DayOf(step.now);
  // A new day lets the oldest go, a few at a time.
  for (int n = 0; n < 4 && !workspace.tallies.empty(); ++n) {
    auto oldest = workspace.tallies.begin();
    if (oldest->second->touched || std::get<0>(oldest->first) >= day - kKeptDays) break;
    step.changes.Erase("tally", TallyId(oldest->second->record));
    workspace.tallies.erase(oldest);
  }
  std::unique_ptr<Tally>& slot = workspace.tallies[{day, from, to}];
  if (slot == nullptr) {
    slot = std::make_unique<Tally>();
    slot->record.set_workspace(workspace.name);
    slot->record.set_from_team(from);
    slot->record.set_to_team(to);
    slot->record.set_day(day);
  }
  step.Touch(*slot);
  return slot->record;
}

}  // namespace tideline::handoff
