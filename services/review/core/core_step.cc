// SPDX-License-Identifier: Apache-2.0
// Finding things, records, events and alarms: what every step does with what it changed.
#include <utility>

#include "absl/strings/ascii.h"
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

void Core::Count(Entry& entry, v1::Review::State state) {
  if (entry.counted != v1::Review::STATE_UNSPECIFIED) --reviews_[entry.counted];
  entry.counted = state;
  if (state != v1::Review::STATE_UNSPECIFIED) ++reviews_[state];
}

std::vector<partition::Figure> Core::Figures() const {
  std::vector<partition::Figure> figures;
  const auto word = [](const std::string& name, size_t prefix) {
    return absl::AsciiStrToLower(name.substr(prefix));
  };
  for (int state = 1; state < v1::Review::State_ARRAYSIZE; ++state) {
    figures.push_back(
        {"reviews", "Reviews that are kept, by state.", "state",
         word(v1::Review::State_Name(static_cast<v1::Review::State>(state)), sizeof("STATE_") - 1),
         reviews_[static_cast<size_t>(state)]});
  }
  std::array<int64_t, v1::ReviewAlarm::Kind_ARRAYSIZE> alarms{};
  std::array<int64_t, v1::SamplingState::State_ARRAYSIZE> streams{};
  int64_t awaited = 0;
  for (const auto& [name, workspace] : workspaces_) {
    awaited += static_cast<int64_t>(workspace->awaiting.size());
    for (const auto& [id, alarm] : workspace->alarms) ++alarms[static_cast<size_t>(alarm.kind())];
    for (const auto& [id, stream] : workspace->streams) {
      ++streams[static_cast<size_t>(stream->state().state())];
    }
  }
  figures.push_back({"reviews_awaiting_opinion",
                     "Reviews for which somebody has a verdict to give.", "of", "all", awaited});
  for (int kind = 1; kind < v1::ReviewAlarm::Kind_ARRAYSIZE; ++kind) {
    figures.push_back({"alarms", "Standing alarms, by kind.", "kind",
                       word(v1::ReviewAlarm::Kind_Name(static_cast<v1::ReviewAlarm::Kind>(kind)),
                            sizeof("KIND_") - 1),
                       alarms[static_cast<size_t>(kind)]});
  }
  for (int state = 1; state < v1::SamplingState::State_ARRAYSIZE; ++state) {
    figures.push_back(
        {"sampling_states", "Teams and work types, by severity of inspection.", "state",
         word(v1::SamplingState::State_Name(static_cast<v1::SamplingState::State>(state)),
              sizeof("STATE_") - 1),
         streams[static_cast<size_t>(state)]});
  }
  return figures;
}

partition::Grant Core::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  return roster_.GrantOf(workspace, subject);
}

}  // namespace tideline::review
