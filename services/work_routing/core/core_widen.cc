// SPDX-License-Identifier: Apache-2.0
// What happens to an item that finds nobody: more people become candidates, step by step, and when
// there is no step left and nobody ever could, it is parked with a reason and an alarm.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

Nanos Core::NextStepTime(const Item& item) const {
  const auto& steps = item.queue->policy().widening_steps();
  for (int i = item.widening_step; i < steps.size(); ++i) {
    Nanos at = kNever;
    if (steps[i].has_after() && ToNanos(steps[i].after()) > 0) {
      at = item.created + ToNanos(steps[i].after());
    }
    if (steps[i].due_percent() > 0 && item.due != kNever && item.due > item.created) {
      at = std::min(at, item.created + (item.due - item.created) / 100 * steps[i].due_percent());
    }
    if (at != kNever) return at;  // a later timed step takes those before it along
  }
  return kNever;
}

void Core::Widen(Item& item) {
  const v1::QueuePolicy::WideningStep& taken =
      item.queue->policy().widening_steps(item.widening_step++);
  if (taken.drop_preferred()) item.widened |= kDroppedPreferred;
  if (taken.lower_levels()) item.widened |= kLoweredLevels;
  if (taken.any_team()) item.widened |= kAnyTeam;
}

bool Core::TakeStep(Step& step, Item& item) {
  if (item.widening_step >= item.queue->policy().widening_steps_size()) return false;
  v1::WorkItem brief;
  brief.ParseFromString(item.brief);
  Leave(item);
  Widen(item);
  Rekind(item, brief);
  Join(item);
  v1::Event event;
  event.mutable_work_item_changed();
  Raise(step, item, event, *event.mutable_work_item_changed()->mutable_standing(), nullptr);
  return true;
}

void Core::WidenDue(Step& step, Item& item) {
  const Nanos steps_at = NextStepTime(item);
  if (steps_at > step.now && item.next_drop > step.now) return;
  v1::WorkItem brief;
  brief.ParseFromString(item.brief);
  Leave(item);
  while (NextStepTime(item) <= step.now) Widen(item);
  for (int i = 0; i < brief.requirements_size(); ++i) {
    const v1::Requirement& r = brief.requirements(i);
    if (r.has_droppable_after() && item.created + ToNanos(r.droppable_after()) <= step.now) {
      item.dropped |= 1u << i;
    }
  }
  Rekind(item, brief);
  Join(item);
  v1::Event event;
  event.mutable_work_item_changed();
  Raise(step, item, event, *event.mutable_work_item_changed()->mutable_standing(), nullptr);
}

void Core::NobodyNow(Step& step, Item& item) {
  Workspace& workspace = *item.workspace;
  Ask anybody;
  anybody.now = AskTime(workspace, step.now);
  const bool declined = workspace.matcher.CouldEver(item.kind->signature, anybody) > 0 &&
                        std::any_of(item.tries.begin(), item.tries.end(),
                                    [](const Try& attempt) { return attempt.barred; });
  if (declined) {
    if (!item.alarmed) {
      item.alarmed = true;
      step.Touch(item);
      RaiseAlarm(step, workspace, v1::Alarm::KIND_EVERYBODY_DECLINED, item.name, &item,
                 "everybody who could take it has declined it or let it pass");
    }
    if (TakeStep(step, item)) {
      step.to_place.push_back(&item);
    } else {
      Park(step, item, v1::WorkItem::PARKED_REASON_EVERYBODY_DECLINED);
    }
    return;
  }
  // What widens by itself may still find somebody.
  if (NextStepTime(item) != kNever || item.next_drop != kNever) return;
  Park(step, item,
       workspace.matcher.NeedsOf(item.kind->signature).stopped
           ? v1::WorkItem::PARKED_REASON_RESTRICTED
           : v1::WorkItem::PARKED_REASON_NOBODY_CAPABLE);
}

void Core::Park(Step& step, Item& item, v1::WorkItem::ParkedReason reason) {
  Leave(item);
  item.state = v1::WorkItem::STATE_PARKED;
  item.parked_reason = reason;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  Raise(step, item, event, *event.mutable_work_item_parked()->mutable_standing(), nullptr);
  RaiseAlarm(step, *item.workspace, v1::Alarm::KIND_PARKED, item.name, &item,
             absl::StrCat("parked: ", v1::WorkItem::ParkedReason_Name(reason)));
}

void Core::Requeue(Step& step, Item& item, v1::QueuedBy by, absl::string_view reason) {
  Leave(item);
  item.state = v1::WorkItem::STATE_QUEUED;
  item.parked_reason = v1::WorkItem::PARKED_REASON_UNSPECIFIED;
  item.alarmed = false;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  v1::WorkItemQueued& queued = *event.mutable_work_item_queued();
  queued.set_by(by);
  queued.set_reason(std::string(reason));
  Raise(step, item, event, *queued.mutable_standing(), nullptr);
  ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_PARKED);
  ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_EVERYBODY_DECLINED);
  step.to_place.push_back(&item);
}

}  // namespace tideline::work_routing
