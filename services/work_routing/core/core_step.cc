// SPDX-License-Identifier: Apache-2.0
// The indexes that follow from an item's state, and the records that follow from a step.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

Core::Core() = default;
Core::~Core() = default;

Core::Step::~Step() {
  core.last_ = changes.Next();
  for (Item* item : items) {
    if (item == nullptr) continue;  // removed
    item->touched = false;
    core::v1::StoredItem& record = core.scratch_.item;
    record.Clear();
    FillRecord(*item, record);
    changes.Put("item", item->name, record);
  }
  for (Person* person : people) {
    person->touched = false;
    person->recorded = true;
    core::v1::StoredExpert record;
    record.set_idle_since(person->load.idle_since == absl::InfinitePast()
                              ? kUnset
                              : ToNanos(person->load.idle_since));
    record.set_idle_order(person->load.idle_order);
    record.set_timeouts(person->timeouts);
    record.set_unresponsive(person->unresponsive);
    record.set_offline_since(person->offline_since);
    changes.Put("expert", person->name, record);
  }
  for (Workspace* workspace : workspaces) {
    changes.Put("workspace", workspace->name, workspace->progress);
  }
}

void Core::Step::Touch(Item& item) {
  if (item.touched) return;
  item.touched = true;
  items.push_back(&item);
}

void Core::Step::Touch(Person& person) {
  if (person.touched) return;
  person.touched = true;
  people.push_back(&person);
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

Person& Core::PersonOf(Workspace& workspace, absl::string_view name) {
  std::unique_ptr<Person>& slot = workspace.people[std::string(name)];
  if (slot == nullptr) {
    slot = std::make_unique<Person>();
    slot->name = std::string(name);
    slot->workspace = &workspace;
  }
  return *slot;
}

Item* Core::FindItem(const Call& call, absl::string_view name) const {
  auto it = items_.find(name);
  if (it == items_.end()) return nullptr;
  Item& item = *it->second;
  return item.workspace->name == call.workspace && Visible(call, item) ? &item : nullptr;
}

absl::StatusOr<Item*> Core::GetItem(const Call& call, absl::string_view name) const {
  if (Item* item = FindItem(call, name)) return item;
  return NotFound(name);
}

void Core::SyncLoad(Person& person) {
  if (person.slot.has_value()) person.workspace->matcher.SetLoad(*person.slot, person.load);
}

namespace {

constexpr Nanos kMinute = 60 * kNanosPerSecond;

// Puts an item's weight on somebody's load, or takes it off.
void Weigh(const Item& item, Person& person, int sign) {
  person.load.used += sign * item.units;
  person.load.open_items += sign;
  person.load.open_minutes += sign * (item.remaining() / kMinute);
}

}  // namespace

void Core::Line(Kind& kind) {
  Workspace& workspace = *kind.spec.queue->workspace;
  if (kind.waiting.empty()) {
    kind.spec.queue->waiting.erase(&kind);
  } else {
    kind.spec.queue->waiting.insert(&kind);
  }
  SetAgingTimer(kind);
  // Several kinds may share a signature: the most urgent of them speaks.
  std::optional<int64_t> urgency;
  auto shared = workspace.by_signature.find(kind.signature);
  if (shared != workspace.by_signature.end()) {
    for (const Kind* other : shared->second) {
      if (other->waiting.empty() || other->spec.queue->pull()) continue;
      const int64_t theirs = other->Urgency();
      if (!urgency.has_value() || theirs < *urgency) urgency = theirs;
    }
  }
  workspace.matcher.SetWaiting(kind.signature, urgency);
}

void Core::SetAgingTimer(Kind& kind) {
  Workspace& workspace = *kind.spec.queue->workspace;
  const Nanos next = kind.NextAging();
  if (next == kind.aging_timer) return;
  if (kind.aging_timer != kNever) {
    auto it = workspace.aging.find(kind.aging_timer);
    it->second.erase(&kind);
    if (it->second.empty()) workspace.aging.erase(it);
  }
  kind.aging_timer = next;
  if (next != kNever) workspace.aging[next].insert(&kind);
}

void Core::Leave(Item& item) {
  --item.queue->depth[item.state];
  switch (item.state) {
    case v1::WorkItem::STATE_QUEUED: {
      Kind& kind = *item.kind;
      const bool head = kind.Head() == &item;
      kind.waiting.erase(&item);
      kind.by_age.erase(&item);
      if (head || kind.waiting.empty()) Line(kind);
      if (kind.aging != kNever) SetAgingTimer(kind);  // it may have been the next to grow old
      break;
    }
    case v1::WorkItem::STATE_PARKED:
      item.kind->parked.erase(&item);
      item.workspace->parked.erase(&item);
      break;
    case v1::WorkItem::STATE_OFFERED:
      item.offered_to->offers.erase(&item);
      Weigh(item, *item.offered_to, -1);
      SyncLoad(*item.offered_to);
      break;
    case v1::WorkItem::STATE_ASSIGNED:
    case v1::WorkItem::STATE_ON_HOLD:
      item.holder->held.erase(&item);
      Weigh(item, *item.holder, -1);
      SyncLoad(*item.holder);
      break;
    default:
      break;
  }
}

void Core::Join(Item& item) {
  ++item.queue->depth[item.state];
  switch (item.state) {
    case v1::WorkItem::STATE_QUEUED: {
      Kind& kind = *item.kind;
      kind.waiting.insert(&item);
      kind.by_age.insert(&item);
      if (kind.Head() == &item) Line(kind);
      if (kind.aging != kNever) SetAgingTimer(kind);
      break;
    }
    case v1::WorkItem::STATE_PARKED:
      item.kind->parked.insert(&item);
      item.workspace->parked.insert(&item);
      break;
    case v1::WorkItem::STATE_OFFERED:
      item.offered_to->offers.insert(&item);
      Weigh(item, *item.offered_to, 1);
      SyncLoad(*item.offered_to);
      break;
    case v1::WorkItem::STATE_ASSIGNED:
    case v1::WorkItem::STATE_ON_HOLD:
      item.holder->held.insert(&item);
      Weigh(item, *item.holder, 1);
      SyncLoad(*item.holder);
      break;
    default:
      break;
  }
  SetTimer(item);
}

namespace {

// When the next requirement's droppable time passes.
Nanos NextDrop(const Item& item, const v1::WorkItem& brief) {
  Nanos next = kNever;
  for (int i = 0; i < brief.requirements_size(); ++i) {
    const v1::Requirement& r = brief.requirements(i);
    if (!r.has_droppable_after() || (item.dropped >> i & 1) != 0) continue;
    next = std::min(next, item.created + ToNanos(r.droppable_after()));
  }
  return next;
}

}  // namespace

void Core::Rekind(Item& item, const v1::WorkItem& brief) {
  KindSpec spec = SpecOf(item, brief);
  Workspace& workspace = *item.workspace;
  std::string key = KeyOf(spec);
  if (item.kind != nullptr && item.kind->key == key) {
    item.next_drop = NextDrop(item, brief);
    return;
  }
  DropKind(item);
  item.next_drop = NextDrop(item, brief);
  std::unique_ptr<Kind>& slot = workspace.kinds[key];
  if (slot == nullptr) {
    slot = std::make_unique<Kind>();
    slot->key = std::move(key);
    slot->aging = spec.queue->aging[spec.impact];
    slot->signature = workspace.matcher.Acquire(NeedsOf(spec, workspace, roster_));
    slot->spec = std::move(spec);
    workspace.by_signature[slot->signature].insert(slot.get());
  }
  item.kind = slot.get();
  ++item.kind->items;
}

void Core::DropKind(Item& item) {
  item.next_drop = kNever;
  Kind* kind = std::exchange(item.kind, nullptr);
  if (kind == nullptr || --kind->items > 0) return;
  Workspace& workspace = *item.workspace;
  auto shared = workspace.by_signature.find(kind->signature);
  shared->second.erase(kind);
  if (shared->second.empty()) workspace.by_signature.erase(shared);
  workspace.matcher.Release(kind->signature);
  workspace.kinds.erase(kind->key);
}

void Core::Raise(Step& step, Item& item, v1::Event& event, v1::WorkItemStanding& standing,
                 const Person* audience) {
  FillStanding(item, standing);
  standing.set_queue(item.queue->name());
  const type::v1::Revision revision = step.changes.Raise(
      step.call, item.name, event, audience == nullptr ? absl::string_view() : audience->name);
  item.commit = revision.commit();
  item.index = revision.index();
  item.updated = step.now;
  step.Touch(item);
}

void Core::Remove(Step& step, Item& item) {
  for (Item*& touched : step.items) {
    if (touched == &item) touched = nullptr;
  }
  Leave(item);
  timers_.erase(&item);
  DropKind(item);
  step.changes.Erase("item", item.name);
  const uint32_t first =
      item.decisions_made > kKeptDecisions ? item.decisions_made - kKeptDecisions : 0;
  for (uint32_t i = first; i < item.decisions_made; ++i) {
    step.changes.Erase("decision", absl::StrCat(item.name, "/", i));
  }
  step.changes.Retire(item.name);
  item.workspace->items.erase(item.sequence);
  items_.erase(item.name);
}

namespace {

// "{what}-{last segment of the subject}", as long as an id may be.
std::string AlarmId(v1::Alarm::Kind kind, absl::string_view subject) {
  return absl::StrCat("a", static_cast<int>(kind), "-", subject.substr(subject.rfind('/') + 1));
}

}  // namespace

void Core::RaiseAlarm(Step& step, Workspace& workspace, v1::Alarm::Kind kind,
                      const std::string& subject, const Item* item, std::string message) {
  const std::string name = absl::StrCat(workspace.name, "/alarms/", AlarmId(kind, subject));
  auto [raised, fresh] = workspace.alarms.try_emplace(name);
  if (fresh) ++workspace.alarms_of_kind[kind];
  v1::Alarm& alarm = raised->second;
  alarm.Clear();
  alarm.set_name(name);
  alarm.set_kind(kind);
  alarm.set_subject(subject);
  if (item != nullptr) alarm.set_queue(item->queue->name());
  alarm.set_message(std::move(message));
  SetTime(step.now, alarm.mutable_raise_time());
  if (item != nullptr && item->kind != nullptr &&
      (kind == v1::Alarm::KIND_INFEASIBLE || kind == v1::Alarm::KIND_PARKED)) {
    for (const Relaxation& relaxation : workspace.matcher.NearestRelaxations(
             item->kind->signature, AskOf(*item, step.now), kShownRelaxations)) {
      FillRelaxation(relaxation, *alarm.add_relaxations());
    }
  }
  v1::Event event;
  *event.mutable_alarm_raised()->mutable_alarm() = alarm;
  step.changes.Raise(step.call, name, event);
  step.changes.Put("alarm", name, alarm);
}

void Core::ClearAlarms(Step& step, Workspace& workspace, const std::string& subject,
                       std::optional<v1::Alarm::Kind> kind) {
  if (workspace.alarms.empty()) return;
  for (int k = 1; k < v1::Alarm::Kind_ARRAYSIZE; ++k) {
    if (kind.has_value() && *kind != k) continue;
    const std::string name =
        absl::StrCat(workspace.name, "/alarms/", AlarmId(static_cast<v1::Alarm::Kind>(k), subject));
    auto it = workspace.alarms.find(name);
    if (it == workspace.alarms.end() || it->second.subject() != subject) continue;
    workspace.alarms.erase(it);
    --workspace.alarms_of_kind[k];
    v1::Event event;
    event.mutable_alarm_cleared();
    step.changes.Raise(step.call, name, event);
    step.changes.Erase("alarm", name);
  }
}

}  // namespace tideline::work_routing
