// SPDX-License-Identifier: Apache-2.0
// What time does: offers run out, items are widened, holdings return, closed items leave; shifts
// begin, items grow old; and long work goes on piece by piece.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {
namespace {

// Timers that one step fires: each makes at most some seven changes.
constexpr int kTimersPerStep = 40;
// Experts that one step looks at for work: most have nothing waiting, which costs a microsecond.
constexpr int kExpertsPerStep = 200;
// Items that one step moves, in any way; each makes at most some ten changes.
constexpr int kMovesPerStep = 30;
// Parked items that one step looks at.
constexpr int kParkedPerStep = 200;
// A new owner leaves everybody this long to answer.
constexpr Nanos kLeaseGrace = 30 * kNanosPerSecond;

}  // namespace

Nanos Core::LeaseEnd(const Item& item) const {
  if (item.offered < lease_.made()) return std::max(item.offer_expires, Nanos{lease_.until()});
  return item.offer_expires;
}

Nanos Core::HoldingEnd(const Item& item) {
  const Queue& queue = *item.queue;
  if (queue.policy().holding() != v1::QueuePolicy::HOLDING_RETURN_AFTER ||
      item.holder->offline_since == kUnset) {
    return kNever;
  }
  // What was handed to somebody before their shift waits for them as long.
  return std::max(item.holder->offline_since, item.custody_since) + queue.holding_return_after;
}

Nanos Core::NextTimer(const Item& item) const {
  const Queue& queue = *item.queue;
  switch (item.state) {
    case v1::WorkItem::STATE_QUEUED:
      return std::min(item.next_drop, NextStepTime(item));
    case v1::WorkItem::STATE_OFFERED:
      return LeaseEnd(item);
    case v1::WorkItem::STATE_ASSIGNED:
      if (item.alarmed || queue.progress_timeout == kNever) return HoldingEnd(item);
      return std::min(HoldingEnd(item), item.progress_time + queue.progress_timeout);
    case v1::WorkItem::STATE_ON_HOLD:
      if (item.alarmed || queue.pause_budget == kNever) return HoldingEnd(item);
      return std::min(HoldingEnd(item),
                      item.periods.empty()
                          ? kNever
                          : item.periods.back().start + queue.pause_budget - item.hold_time);
    case v1::WorkItem::STATE_COMPLETED:
    case v1::WorkItem::STATE_CANCELLED:
      return item.closed + queue.retention;
    default:
      return kNever;
  }
}

void Core::SetTimer(Item& item) {
  const Nanos next = NextTimer(item);
  if (next == item.timer) return;
  if (item.timer != kNever) timers_.erase(&item);
  item.timer = next;
  if (next != kNever) timers_.insert(&item);
}

bool Core::HasChores(const Workspace& workspace) const {
  return workspace.progress.filling() || workspace.progress.unparking() ||
         workspace.progress.withdrawing() || workspace.progress.clearing_size() > 0;
}

absl::Time Core::NextWake() const {
  absl::Time next = timers_.empty() ? absl::InfiniteFuture() : FromNanos((*timers_.begin())->timer);
  for (const auto& [name, workspace] : workspaces_) {
    if (HasChores(*workspace)) return absl::UnixEpoch();
    next = std::min(next, workspace->matcher.NextChange());
    if (!workspace->aging.empty()) {
      next = std::min(next, FromNanos(workspace->aging.begin()->first));
    }
    for (const auto& [id, restriction] : workspace->restrictions) {
      if (restriction.has_until()) next = std::min(next, FromNanos(ToNanos(restriction.until())));
    }
  }
  return next;
}

void Core::Wake(const Call& call, Changes& changes) {
  Step step(*this, call, changes);
  for (int i = 0; i < kTimersPerStep && !timers_.empty(); ++i) {
    if (step.made() > kChangesBeforeChores) break;
    Item& item = **timers_.begin();
    if (item.timer > step.now) break;
    Fire(step, item);
    Settle(step);
  }
  for (auto& [name, workspace] : workspaces_) {
    const bool moved = workspace->matcher.NextChange() <= call.now ||
                       (!workspace->aging.empty() && workspace->aging.begin()->first <= step.now);
    if (moved) AdvanceClock(step, *workspace, step.now);
    EndRestrictions(step, *workspace);
    if (step.made() < kChangesBeforeChores && HasChores(*workspace)) Chores(step, *workspace);
  }
  Settle(step);
}

void Core::AdvanceClock(Step& step, Workspace& workspace, Nanos now) {
  std::vector<Slot> freed;
  workspace.matcher.Advance(FromNanos(now), &freed);
  workspace.progress.set_clock(now);
  step.Touch(workspace);
  while (!workspace.aging.empty() && workspace.aging.begin()->first <= now) {
    // Copied, since telling the matcher sets the kind's next timer.
    const std::vector<Kind*> kinds(workspace.aging.begin()->second.begin(),
                                   workspace.aging.begin()->second.end());
    for (Kind* kind : kinds) Line(*kind);
  }
  if (!freed.empty()) StartFilling(step, workspace);
}

void Core::Fire(Step& step, Item& item) {
  Workspace& workspace = *item.workspace;
  switch (item.state) {
    case v1::WorkItem::STATE_QUEUED:
      WidenDue(step, item);
      step.to_place.push_back(&item);
      return;
    case v1::WorkItem::STATE_OFFERED:
      TimeOut(step, item);
      return;
    case v1::WorkItem::STATE_ASSIGNED:
    case v1::WorkItem::STATE_ON_HOLD:
      if (HoldingEnd(item) <= step.now) {
        Release(step, item, v1::QUEUED_BY_HOLDING, "the holder stayed offline", false);
        return;
      }
      Leave(item);
      item.alarmed = true;
      Join(item);
      step.Touch(item);
      if (item.state == v1::WorkItem::STATE_ASSIGNED) {
        RaiseAlarm(step, workspace, v1::Alarm::KIND_NO_PROGRESS, item.name, &item,
                   absl::StrCat("no word from ", item.holder->name));
      } else {
        RaiseAlarm(step, workspace, v1::Alarm::KIND_PAUSE_BUDGET_USED, item.name, &item,
                   "on hold for longer than the pause budget");
      }
      return;
    default: {  // closed long enough
      v1::Event event;
      event.mutable_work_item_retired();
      step.changes.Raise(step.call, item.name, event);
      ClearAlarms(step, workspace, item.name);
      Remove(step, item);
      return;
    }
  }
}

void Core::TimeOut(Step& step, Item& item) {
  Person& person = *item.offered_to;
  ++item.timeout_count;
  ++person.timeouts;
  step.Touch(person);
  // The second time-out of an item widens it, whoever it was that let it pass.
  const bool widen = item.timeout_count >= 2;
  CloseOffer(step, item, v1::Offer::STATE_TIMED_OUT, v1::DECLINE_REASON_UNSPECIFIED, {});
  if (widen) TakeStep(step, item);
  if (person.timeouts < 2 || person.unresponsive) return;
  person.unresponsive = true;
  if (person.slot.has_value()) person.workspace->matcher.SetUnresponsive(*person.slot, true);
  v1::Event event;
  event.mutable_expert_unresponsive()->set_timeouts_in_a_row(static_cast<int32_t>(person.timeouts));
  step.changes.Raise(step.call, person.name, event, person.name);
  RaiseAlarm(step, *person.workspace, v1::Alarm::KIND_UNRESPONSIVE, person.name, nullptr,
             "let two offers in a row pass; gets none until they act");
}

void Core::StartFilling(Step& step, Workspace& workspace) {
  core::v1::StoredWorkspace& progress = workspace.progress;
  if (progress.filling()) {
    progress.set_fill_again(true);
  } else if (!workspace.by_signature.empty()) {
    progress.set_filling(true);
    progress.clear_filled();
  }
  step.Touch(workspace);
}

void Core::StartUnparking(Step& step, Workspace& workspace) {
  if (workspace.parked.empty()) return;
  core::v1::StoredWorkspace& progress = workspace.progress;
  if (progress.unparking()) {
    progress.set_unpark_again(true);
  } else {
    progress.set_unparking(true);
    progress.set_unparked(0);
  }
  step.Touch(workspace);
}

void Core::Chores(Step& step, Workspace& workspace) {
  core::v1::StoredWorkspace& progress = workspace.progress;
  step.Touch(workspace);
  if (progress.clearing_size() > 0) {
    Person& person = PersonOf(workspace, progress.clearing(0));
    if (ClearDesk(step, person, kMovesPerStep)) {
      progress.mutable_clearing()->DeleteSubrange(0, 1);
    }
    return;
  }
  if (progress.withdrawing()) {
    Withdraw(step, workspace);
    return;
  }
  if (progress.unparking()) {
    Unpark(step, workspace, kParkedPerStep, kMovesPerStep);
    return;
  }
  if (!progress.filling()) return;
  auto it = progress.filled().empty() ? workspace.people.begin()
                                      : workspace.people.upper_bound(progress.filled());
  for (int i = 0; i < kExpertsPerStep && it != workspace.people.end(); ++i) {
    if (!Fill(step, *it->second)) return;  // the same again next time
    progress.set_filled(it->first);
    ++it;
    if (step.made() > kChangesBeforeChores) return;
  }
  if (it != workspace.people.end()) return;
  progress.set_filling(progress.fill_again());
  progress.clear_fill_again();
  progress.clear_filled();
}

void Core::Withdraw(Step& step, Workspace& workspace) {
  core::v1::StoredWorkspace& progress = workspace.progress;
  auto it = progress.withdrawn().empty() ? workspace.people.begin()
                                         : workspace.people.upper_bound(progress.withdrawn());
  int looks = 0;
  for (; it != workspace.people.end() && looks < kExpertsPerStep; ++it) {
    ++looks;
    const std::vector<Item*> offers(it->second->offers.begin(), it->second->offers.end());
    for (Item* item : offers) {
      ++looks;
      WithdrawIfUnfit(step, *item);
      Settle(step);
      if (step.made() > kChangesBeforeChores) return;  // this person again next time
    }
    progress.set_withdrawn(it->first);
  }
  if (it != workspace.people.end()) return;
  progress.set_withdrawing(false);
  progress.clear_withdrawn();
}

void Core::Unpark(Step& step, Workspace& workspace, int most_looks, int most_moves) {
  core::v1::StoredWorkspace& progress = workspace.progress;
  // Answers for kinds met in this step: parked items are usually many of few kinds.
  std::map<const Kind*, bool> capable;
  std::vector<Item*> back;
  int looks = 0;
  auto it = workspace.items.upper_bound(progress.unparked());
  // Parked items are found by submission through their own set.
  Item position;
  position.created = kNever;
  if (it != workspace.items.end()) {
    position.created = it->second->created;
    position.sequence = it->second->sequence;
  }
  auto next = workspace.parked.lower_bound(&position);
  for (; next != workspace.parked.end() && looks < most_looks &&
         static_cast<int>(back.size()) < most_moves;
       ++next, ++looks) {
    Item& item = **next;
    progress.set_unparked(item.sequence);
    if (item.parked_reason == v1::WorkItem::PARKED_REASON_TOO_MANY_FAILURES) continue;
    auto [known, fresh] = capable.try_emplace(item.kind, false);
    if (fresh) {
      Ask ask;
      ask.now = AskTime(workspace, step.now);
      known->second = workspace.matcher.CouldEver(item.kind->signature, ask) > 0;
    }
    if (!known->second) continue;
    if (workspace.matcher.CouldEver(item.kind->signature, AskOf(item, step.now)) > 0) {
      back.push_back(&item);
    }
  }
  const bool end = next == workspace.parked.end();
  for (Item* item : back) {
    Requeue(step, *item, v1::QUEUED_BY_UNPARK, "somebody may be able to do it now");
    Settle(step);
  }
  if (!end) return;
  progress.set_unparking(progress.unpark_again());
  progress.clear_unpark_again();
  progress.set_unparked(0);
}

void Core::TakenOver(const Call& call, Changes& changes) {
  lease_.set_made(ToNanos(call.now));
  lease_.set_until(ToNanos(call.now) + kLeaseGrace);
  changes.Put("lease", "floor", lease_);
  last_ = changes.Next();
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [id, person] : workspace->people) {
      for (Item* item : person->offers) SetTimer(*item);
    }
  }
}

}  // namespace tideline::work_routing
