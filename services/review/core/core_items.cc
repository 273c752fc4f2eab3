// SPDX-License-Identifier: Apache-2.0
// What happens to items: those whose results are judged, and those by which reviewers are found.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

using core::v1::StoredOwed;

namespace {

// The standing that an event about an item carries; null: it carries none.
const routing::WorkItemStanding* StandingOf(const routing::Event& event) {
  switch (event.kind_case()) {
#define TIDELINE_CASE(Case, field) \
  case routing::Event::Case:       \
    return &event.field().standing();
    TIDELINE_CASE(kWorkItemAssigned, work_item_assigned)
    TIDELINE_CASE(kWorkItemQueued, work_item_queued)
    TIDELINE_CASE(kWorkItemHeld, work_item_held)
    TIDELINE_CASE(kWorkItemResumed, work_item_resumed)
    TIDELINE_CASE(kResultSubmitted, result_submitted)
    TIDELINE_CASE(kWorkItemCompleted, work_item_completed)
    TIDELINE_CASE(kWorkItemReturned, work_item_returned)
    TIDELINE_CASE(kWorkItemReopened, work_item_reopened)
    TIDELINE_CASE(kWorkItemTransferred, work_item_transferred)
    TIDELINE_CASE(kWorkItemParked, work_item_parked)
    TIDELINE_CASE(kWorkItemCancelled, work_item_cancelled)
#undef TIDELINE_CASE
    default:
      return nullptr;
  }
}

}  // namespace

void Core::TakeItem(Step& step, const routing::Event& event) {
  Workspace& workspace = WorkspaceOf(event.header().workspace());
  std::unique_ptr<Item>& slot = workspace.items[event.header().subject()];
  if (slot != nullptr) return;  // known
  slot = std::make_unique<Item>();
  Item& item = *slot;
  item.workspace = &workspace;
  const routing::WorkItem& submitted = event.work_item_submitted().work_item();
  routing::WorkItem& kept = *item.record.mutable_item();
  kept.set_name(submitted.name());
  kept.set_queue(submitted.queue());
  kept.set_engagement(submitted.engagement());
  kept.set_work_type(submitted.work_type());
  kept.set_title(submitted.title());
  kept.set_priority(submitted.priority());
  kept.set_impact_class(submitted.impact_class());
  *kept.mutable_constraints()->mutable_viewing_countries() =
      submitted.constraints().viewing_countries();
  *kept.mutable_constraints()->mutable_clearances() = submitted.constraints().clearances();
  kept.set_state(submitted.state());
  *item.record.mutable_revision() = event.header().revision();
  step.Touch(item);
  if (!workspace.gold_runs.contains(item.name())) MixIn(step, item);
}

void Core::Touched(Item& item, const std::string& expert, const std::string& team) {
  const auto note = [](auto& all, const std::string& one) {
    if (one.empty() || std::find(all.begin(), all.end(), one) != all.end()) return;
    if (all.size() == kMaxTouched) all.DeleteSubrange(0, 1);
    *all.Add() = one;
  };
  note(*item.record.mutable_touched(), expert);
  note(*item.record.mutable_touched_teams(), team);
}

void Core::ItemChanged(Step& step, Item& item, const routing::Event& event) {
  const routing::WorkItemStanding* standing = StandingOf(event);
  if (standing == nullptr) return;
  item.record.mutable_item()->set_state(standing->state());
  *item.record.mutable_revision() = event.header().revision();
  if (!standing->custody().holder().empty()) {
    Touched(item, standing->custody().holder(), standing->custody().team());
  }
  step.Touch(item);
  Entry* entry = item.record.review().empty() ? nullptr : FindEntry(item.record.review());
  // What a verdict of ours brought about: its answer may come later.
  if (entry != nullptr && !entry->record.outcome_id().empty() &&
      event.header().cause().request_id() == entry->record.outcome_id()) {
    entry->record.clear_outcome_id();
    return CarriedOut(step, *entry);
  }
  switch (event.kind_case()) {
    case routing::Event::kResultSubmitted: {
      if (entry != nullptr && entry->stands()) Void(step, *entry, "another result was handed in");
      if (entry != nullptr && entry->awaits()) {
        DropOpinions(step, *entry, "another result was handed in");
        Raise(step, *entry, &v1::Event::mutable_opinions_dropped, entry->review().doer());
      }
      // Where results need no approval the next event says so; what follows here must know already.
      auto queue = item.workspace->queues.find(item.item().queue());
      if (queue != item.workspace->queues.end() && queue->second.completes()) {
        item.record.mutable_item()->set_state(routing::WorkItem::STATE_COMPLETED);
      }
      return TakeResult(step, item, event);
    }
    case routing::Event::kWorkItemCompleted: {
      auto queue = item.workspace->queues.find(item.item().queue());
      const bool by_itself = queue != item.workspace->queues.end() && queue->second.completes();
      if (entry == nullptr || !entry->open() || by_itself) return;
      Void(step, *entry, "somebody approved it without review");
      return RaiseAlarm(step, *item.workspace, v1::ReviewAlarm::KIND_BYPASSED, entry->name(),
                        item.name(), "a result was approved while its review was under way");
    }
    case routing::Event::kWorkItemReopened:
      if (entry != nullptr) Escaped(step, *entry);
      [[fallthrough]];
    case routing::Event::kWorkItemReturned:
    case routing::Event::kWorkItemCancelled:
      if (entry == nullptr || !entry->stands()) return;
      return Void(step, *entry, "the item was sent back or cancelled without review");
    default:
      return;
  }
}

void Core::Found(Step& step, Entry& entry, Item& item, v1::Opinion& opinion,
                 const std::string& expert) {
  if (opinion.reviewer() == expert) return;
  opinion.clear_reviewer();
  const v1::Stage stage = StageOf(entry.review(), opinion);
  const absl::string_view rule = Excludes(
      roster_,
      ExclusionsOf(roster_, item.record, entry.review(), stage.independence(), opinion.number()),
      expert);
  if (!rule.empty()) {
    return LookAgain(step, entry, item, opinion,
                     absl::StrCat("whom routing found is not independent: ", rule));
  }
  opinion.set_reviewer(expert);
  Raise(step, entry, &v1::Event::mutable_reviewer_assigned, expert);
  ClearAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NO_REVIEWER, entry.name());
}

void Core::LookAgain(Step& step, Entry& entry, Item& item, v1::Opinion& opinion,
                     const std::string& reason) {
  OweCancel(step, entry, opinion.work_item(), reason);
  Forget(entry, opinion);
  opinion.clear_reviewer();
  const int number = opinion.number();
  if (entry.record.searches(number - 1).items() >= kMaxSearches) {
    Raise(step, entry, &v1::Event::mutable_reviewer_lost, "");
    return RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NO_REVIEWER, entry.name(),
                      item.name(),
                      "no reviewer was found by any of several items; somebody has to decide");
  }
  Search(step, entry, item, number);
  Raise(step, entry, &v1::Event::mutable_reviewer_lost, "");
}

void Core::Forget(Entry& entry, v1::Opinion& opinion) {
  entry.workspace->opinion_items.erase(opinion.work_item());
  opinion.clear_work_item();
}

void Core::OpinionItemChanged(Step& step, Workspace& workspace, const std::string& name,
                              const routing::Event& event) {
  const auto known = workspace.opinion_items.find(name);
  Entry* entry = FindEntry(known->second.first);
  const routing::WorkItemStanding* standing = StandingOf(event);
  if (entry == nullptr || standing == nullptr) return;
  v1::Opinion& opinion = *entry->mutable_review().mutable_opinions(known->second.second - 1);
  Item* item = FindItem(entry->review().work_item());
  const bool ours = opinion.state() == v1::Opinion::STATE_OPEN && opinion.work_item() == name;
  if (!ours && event.has_work_item_reopened()) {
    return OweCancel(step, *entry, name, "the opinion was given, or is not needed any more");
  }
  if (standing->state() == ItemState::STATE_SUBMITTED) {
    if (!ours) {
      // It is finished: with a verdict, or not needed any more.
      routing::ApproveResultRequest request;
      request.set_name(name);
      auto queue = workspace.queues.find(standing->queue());
      if (queue == workspace.queues.end() || !queue->second.completes()) {
        Owe(step, StoredOwed::ACTION_CLOSE, entry->name(), name, request);
      }
      return;
    }
    auto queue = workspace.queues.find(standing->queue());
    if (queue != workspace.queues.end() && queue->second.completes()) return;  // see COMPLETED
    routing::ReturnForReworkRequest request;
    request.set_name(name);
    request.set_reason("a verdict is given by SubmitReview; the item closes by itself then");
    Owe(step, StoredOwed::ACTION_REFUSE, entry->name(), name, request);
    return;
  }
  if (!ours || item == nullptr) return;
  switch (standing->state()) {
    case ItemState::STATE_ASSIGNED:
    case ItemState::STATE_ON_HOLD:
      return Found(step, *entry, *item, opinion, standing->custody().holder());
    case ItemState::STATE_COMPLETED:
    case ItemState::STATE_CANCELLED:
      // Somebody ended it without a verdict; the review is not lost with it.
      Forget(*entry, opinion);
      return LookAgain(step, *entry, *item, opinion, "");
    case ItemState::STATE_PARKED:
      RaiseAlarm(step, workspace, v1::ReviewAlarm::KIND_NO_REVIEWER, entry->name(), item->name(),
                 "routing has parked the item by which a reviewer is looked for");
      [[fallthrough]];
    default:
      if (opinion.reviewer().empty()) return;
      opinion.clear_reviewer();
      return Raise(step, *entry, &v1::Event::mutable_reviewer_lost, "");
  }
}

void Core::Void(Step& step, Entry& entry, const std::string& reason) {
  v1::Review& review = entry.mutable_review();
  review.set_state(v1::Review::STATE_VOID);
  review.set_void_reason(reason);
  entry.record.clear_outcome_id();
  DropOpinions(step, entry, reason);
  Raise(step, entry, &v1::Event::mutable_review_voided, review.doer());
  CountForLot(step, entry);
}

void Core::Retire(Step& step, Item& item) {
  Workspace& workspace = *item.workspace;
  for (const std::string& name : item.reviews) {
    auto it = workspace.reviews.find(name);
    Entry& entry = *it->second;
    DropOpinions(step, entry, "the item has left the suite");
    v1::Event event;
    event.mutable_review_retired();
    step.changes.Raise(step.call, name, event);
    step.changes.Erase("review", name);
    step.changes.Retire(name);
    std::erase(step.entries, &entry);
    for (v1::Opinion& opinion : *entry.mutable_review().mutable_opinions()) Forget(entry, opinion);
    auto lot = workspace.lots.find(entry.review().position().lot());
    if (lot != workspace.lots.end()) lot->second->reviews.erase(entry.review().position().number());
    Count(entry, v1::Review::STATE_UNSPECIFIED);
    workspace.by_sequence.erase(entry.record.sequence());
    workspace.awaiting.erase(name);
    workspace.reviews.erase(it);
  }
  if (workspace.gold_runs.erase(item.name()) > 0) step.changes.Erase("gold_run", item.name());
  step.changes.Erase("item", item.name());
  std::erase(step.items, &item);
  const std::string name = item.name();
  workspace.items.erase(name);
}

// Open opinions held against a changed roster, some at a time: routing must not find somebody whom
// the policy excludes now, and nobody it found may go on who is.
void Core::Recheck(Step& step, Workspace& workspace) {
  constexpr int kReviewsPerStep = 32;
  auto it = workspace.awaiting.upper_bound(workspace.recheck.after());
  for (int n = 0; it != workspace.awaiting.end() && n < kReviewsPerStep; ++n) {
    const std::string name = *it;
    ++it;
    workspace.recheck.set_after(name);
    Entry& entry = *FindEntry(name);
    Item* item = FindItem(entry.review().work_item());
    for (int i = 0; item != nullptr && i < entry.review().opinions_size(); ++i) {
      v1::Opinion& opinion = *entry.mutable_review().mutable_opinions(i);
      if (opinion.state() != v1::Opinion::STATE_OPEN || opinion.work_item().empty()) continue;
      const v1::Stage stage = StageOf(entry.review(), opinion);
      auto& search = *entry.record.mutable_searches(i);
      if (!opinion.reviewer().empty()) {
        const Exclusions now = ExclusionsOf(roster_, item->record, entry.review(),
                                            stage.independence(), opinion.number());
        if (Excludes(roster_, now, opinion.reviewer()).empty()) continue;
        search.set_items(search.items() - 1);  // nobody's fault
        LookAgain(step, entry, *item, opinion, "the reviewer is not independent any more");
      } else if (ConstraintsOf(entry, *item, opinion).SerializeAsString() !=
                 search.constraints().SerializeAsString()) {
        search.set_items(search.items() - 1);
        LookAgain(step, entry, *item, opinion, "others are excluded now");
      }
    }
    if (step.changes.size() > kChangesBeforeChores) break;
  }
  const absl::Time since = ToTime(workspace.recheck.since());
  if (it == workspace.awaiting.end()) {
    timers_.erase({since, workspace.name});
    workspace.recheck.Clear();
    step.changes.Erase("recheck", workspace.name);
  } else {
    step.changes.Put("recheck", workspace.name, workspace.recheck);
  }
}

}  // namespace tideline::review
