// SPDX-License-Identifier: Apache-2.0
// Finding things, records, events and alarms: what every step does with what it changed.
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

std::string AlarmName(const Workspace& workspace, v1::ReviewAlarm::Kind kind,
                      absl::string_view subject) {
  static constexpr absl::string_view kNames[] = {"unknown",      "no-reviewer",  "not-carried-out",
                                                 "escalated",    "bypassed",     "override-expired",
                                                 "lot-rejected", "discontinued", "action-overdue"};
  static_assert(std::size(kNames) == v1::ReviewAlarm::Kind_ARRAYSIZE);
  // Ids have 63 bytes at most, as has an alarm's: the end is cut.
  std::string id = absl::StrCat(kNames[kind], "-", LastSegment(subject)).substr(0, 63);
  while (id.back() == '-') id.pop_back();
  return absl::StrCat(workspace.name, "/reviewAlarms/", id);
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
    changes.Put("review", entry->name(), entry->record);
  }
  for (Stream* stream : streams) {
    stream->touched = false;
    changes.Put("stream", stream->name(), stream->record);
  }
  for (Lot* lot : lots) {
    lot->touched = false;
    changes.Put("lot", lot->name(), lot->record);
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
  auto it = workspace->reviews.find(name);
  return it == workspace->reviews.end() ? nullptr : it->second.get();
}

absl::StatusOr<Entry*> Core::GetEntry(const Call& call, absl::string_view name,
                                      absl::string_view etag) const {
  Entry* entry = FindEntry(name);
  if (entry == nullptr || entry->workspace->name != call.workspace ||
      !Visible(call, entry->review())) {
    return NotFound(name);
  }
  if (!etag.empty() && etag != entry->review().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the review has changed since it was read",
                  {{"etag", entry->review().etag()}});
  }
  return entry;
}

const v1::ReviewPolicy& Core::TermsOf(const v1::Review& review) const {
  static const auto& none = *new v1::ReviewPolicy();
  const Workspace* workspace = FindWorkspace(WorkspaceName(review.name()));
  auto it = workspace->terms.find({review.policy(), review.policy_revision()});
  return it == workspace->terms.end() ? none : it->second;
}

void Core::RaiseAlarm(Step& step, Workspace& workspace, v1::ReviewAlarm::Kind kind,
                      const std::string& subject, const std::string& work_item,
                      std::string message) {
  const std::string name = AlarmName(workspace, kind, subject);
  v1::ReviewAlarm& alarm = workspace.alarms[name];
  alarm.Clear();
  alarm.set_name(name);
  alarm.set_kind(kind);
  alarm.set_subject(subject);
  alarm.set_work_item(work_item);
  alarm.set_message(std::move(message));
  *alarm.mutable_raise_time() = ToProto(step.now);
  v1::Event event;
  *event.mutable_alarm_raised()->mutable_review_alarm() = alarm;
  step.changes.Raise(step.call, name, event);
  step.changes.Put("alarm", name, alarm);
}

void Core::ClearAlarm(Step& step, Workspace& workspace, v1::ReviewAlarm::Kind kind,
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

partition::Grant Core::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  return roster_.GrantOf(workspace, subject);
}

}  // namespace tideline::review
