// SPDX-License-Identifier: Apache-2.0
// Who gets an item, and what a person who became free gets. The matcher answers who may and who is
// best; here the answer becomes an offer or an assignment, with its explanation.
#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {
namespace {

// Items that one look for a person's work checks: those are of kinds the person may have, and fail
// only by what the single item says (exclusions, declines, effort beyond the shift). A
// millisecond's worth; what lies behind is found when something changes next.
constexpr int kChecksPerFill = 2000;
// Items that one look gives to one person.
constexpr int kGiftsPerFill = 32;
// Signatures asked of the matcher at first; grows when they do not suffice.
constexpr size_t kFirstSignatures = 16;
constexpr size_t kMostSignatures = 4096;
// Items of a queue that one look tries when the queue has room again.
constexpr int kTriesPerQueue = 64;

// A position in all steps that grows with each change: orders people by when they last got work.
uint64_t OrderOf(const type::v1::Revision& revision) {
  return revision.commit() << 16 | revision.index();
}

int64_t UrgencyOf(Workspace& workspace, SignatureId signature) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const Kind* kind : workspace.by_signature[signature]) {
    if (!kind->waiting.empty()) least = std::min(least, kind->Urgency());
  }
  return least;
}

}  // namespace

absl::Time Core::AskTime(const Workspace& workspace, Nanos now) const {
  return std::min(FromNanos(now), workspace.matcher.NextChange() - absl::Nanoseconds(1));
}

Ask Core::AskOf(const Item& item, Nanos now) const {
  Ask ask;
  ask.now = AskTime(*item.workspace, now);
  ask.effort = absl::Nanoseconds(item.remaining());
  ask.planned_handoff = !item.queue->policy().finish_in_shift() || item.kind->spec.handoff_planned;
  if (item.names != nullptr) {
    for (const std::string& name : item.names->excluded) {
      const auto* expert = roster_.Find<skill_registry::v1::Expert>(name);
      ask.excluded_people.push_back(
          expert == nullptr || expert->person().empty() ? name : expert->person());
    }
    ask.affinity_experts = item.names->affinity;
  }
  for (const Try& attempt : item.tries) {
    if (attempt.barred) ask.declined_experts.push_back(*attempt.expert);
  }
  if (item.return_count + item.reopen_count > 0) {
    // Whoever did it knows it.
    for (auto period = item.periods.rbegin(); period != item.periods.rend(); ++period) {
      if (period->holder == nullptr) continue;
      ask.affinity_experts.push_back(*period->holder);
      break;
    }
  }
  return ask;
}

void Core::Place(Step& step, Item& item) {
  if (item.state != v1::WorkItem::STATE_QUEUED) return;
  WidenDue(step, item);
  if (item.offer_count - item.offers_forgiven >= item.queue->max_offers) {
    Park(step, item, v1::WorkItem::PARKED_REASON_TOO_MANY_FAILURES);
    return;
  }
  Workspace& workspace = *item.workspace;
  const Ask ask = AskOf(item, step.now);
  if (item.queue->pull()) {
    if (workspace.matcher.CouldEver(item.kind->signature, ask) == 0) NobodyNow(step, item);
    return;
  }
  const Choice choice = workspace.matcher.Choose(item.kind->signature, ask, item.queue->weights);
  if (!choice.found()) {
    if (workspace.matcher.CouldEver(item.kind->signature, ask) == 0) NobodyNow(step, item);
    return;
  }
  if (item.queue->full()) return;
  Give(step, item, choice,
       item.queue->auto_assign() ? v1::RoutingDecision::OUTCOME_ASSIGNED
                                 : v1::RoutingDecision::OUTCOME_OFFERED);
}

void Core::Give(Step& step, Item& item, const Choice& choice,
                v1::RoutingDecision::Outcome outcome) {
  Person& person = *item.workspace->by_slot[choice.best().slot];
  v1::RoutingDecision& decision = scratch_.decision;
  decision.Clear();
  FillDecision(item, choice, decision);
  SetTime(step.now, decision.mutable_time());
  decision.set_outcome(outcome);
  decision.set_expert(person.name);
  KeepDecision(step, item, decision);
  person.load.idle_order = OrderOf(step.changes.Next());
  person.load.idle_since = step.call.now;
  step.Touch(person);
  if (outcome != v1::RoutingDecision::OUTCOME_OFFERED) {
    Assign(step, item, person,
           outcome == v1::RoutingDecision::OUTCOME_CLAIMED ? v1::ASSIGNED_BY_CLAIM
                                                           : v1::ASSIGNED_BY_AUTO);
    return;
  }
  Leave(item);
  item.state = v1::WorkItem::STATE_OFFERED;
  item.offered_to = &person;
  item.offered = step.now;
  item.offer_expires = step.now + item.queue->offer_timeout;
  ++item.offer_count;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event& event = scratch_.offer_made;
  event.mutable_offer_made()->Clear();
  event.mutable_offer_made()->set_policy_revision(item.queue->policy().revision());
  Raise(step, item, event, *event.mutable_offer_made()->mutable_standing(), &person);
}

void Core::Assign(Step& step, Item& item, Person& person, v1::AssignedBy by) {
  Leave(item);
  item.state = v1::WorkItem::STATE_ASSIGNED;
  item.offered_to = nullptr;
  item.holder = &person;
  if (person.team != nullptr) item.team = person.team;
  ++item.custody_epoch;
  item.custody_since = step.now;
  item.progress_time = step.now;
  item.alarmed = false;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  v1::Event event;
  event.mutable_work_item_assigned()->set_by(by);
  event.mutable_work_item_assigned()->set_policy_revision(item.queue->policy().revision());
  Raise(step, item, event, *event.mutable_work_item_assigned()->mutable_standing(), &person);
}

void Core::FillDecision(const Item& item, const Choice& choice,
                        v1::RoutingDecision& decision) const {
  decision.set_policy_revision(item.queue->policy().revision());
  decision.set_widening_step(item.widening_step);
  decision.set_known(static_cast<int32_t>(choice.funnel.known));
  uint32_t left = choice.funnel.known;
  for (size_t i = 0; i < eligibility::kConstraints; ++i) {
    const uint32_t removed = left - choice.funnel.left[i];
    left = choice.funnel.left[i];
    if (removed == 0) continue;
    v1::FunnelStage& stage = *decision.add_funnel();
    stage.set_constraint(static_cast<v1::Constraint>(i + 1));
    stage.set_removed(static_cast<int32_t>(removed));
  }
  decision.set_eligible(static_cast<int32_t>(left));
  for (const Scored& scored : choice.ranked) {
    v1::CandidateScore& score = *decision.add_scores();
    score.set_expert(item.workspace->by_slot[scored.slot]->name);
    score.set_score(scored.score);
    score.set_fit(scored.parts.fit);
    score.set_affinity(scored.parts.affinity);
    score.set_load(scored.parts.load);
    score.set_cost(scored.parts.cost);
    score.set_idle(scored.parts.idle);
    score.set_learning(scored.parts.learning);
  }
}

void Core::KeepDecision(Step& step, Item& item, const v1::RoutingDecision& decision) {
  if (item.decisions == nullptr) item.decisions = std::make_unique<std::vector<std::string>>();
  std::vector<std::string>& kept = *item.decisions;
  if (kept.size() == kKeptDecisions) {
    step.changes.Erase("decision",
                       absl::StrCat(item.name, "/", item.decisions_made - kKeptDecisions));
    kept.erase(kept.begin());
  }
  kept.push_back(decision.SerializeAsString());
  step.changes.Put("decision", absl::StrCat(item.name, "/", item.decisions_made), kept.back());
  ++item.decisions_made;
}

bool Core::Fill(Step& step, Person& person) {
  if (!person.slot.has_value()) return true;
  Workspace& workspace = *person.workspace;
  int checks = 0;
  for (int gifts = 0; gifts < kGiftsPerFill;) {
    Item* found = nullptr;
    size_t most = kFirstSignatures;
    for (;; most *= 4) {
      const absl::Time at = AskTime(workspace, step.now);
      const std::vector<SignatureId> signatures =
          workspace.matcher.WaitingFor(*person.slot, at, most);
      // The lines behind them, and of these always the one whose first item goes before the
      // others'.
      std::vector<LineCursor> lines;
      for (SignatureId signature : signatures) {
        for (const Kind* kind : workspace.by_signature[signature]) {
          if (kind->spec.queue->pull() || kind->spec.queue->full()) continue;
          LineCursor line(*kind);
          if (line.item() != nullptr) lines.push_back(line);
        }
      }
      const auto later = [](const LineCursor& a, const LineCursor& b) {
        return GoesBefore(*b.item(), *a.item());
      };
      std::make_heap(lines.begin(), lines.end(), later);
      while (!lines.empty() && found == nullptr) {
        if (++checks > kChecksPerFill) return true;
        std::pop_heap(lines.begin(), lines.end(), later);
        Item& item = *lines.back().item();
        if (workspace.matcher.Check(item.kind->signature, AskOf(item, step.now), *person.slot)
                .empty()) {
          found = &item;
          break;
        }
        lines.back().Next();
        if (lines.back().item() == nullptr) {
          lines.pop_back();
        } else {
          std::push_heap(lines.begin(), lines.end(), later);
        }
      }
      // Signatures come soonest first: those not asked for hold nothing that goes before the first
      // item of the last, but may stand at the same instant.
      if (signatures.size() < most || most >= kMostSignatures) break;
      if (found != nullptr && found->kind->Urgency() < UrgencyOf(workspace, signatures.back()) &&
          found == found->kind->Head()) {
        break;
      }
    }
    if (found == nullptr) return true;
    const uint32_t offers = found->offer_count;
    const uint32_t epoch = found->custody_epoch;
    Place(step, *found);
    if (found->offer_count == offers && found->custody_epoch == epoch) return true;
    ++gifts;
    if (step.made() > kChangesBeforeChores) break;
  }
  StartFilling(step, workspace);
  return false;
}

void Core::FillQueue(Step& step, Queue& queue) {
  std::vector<LineCursor> lines;
  for (const Kind* kind : queue.waiting) {
    LineCursor line(*kind);
    if (line.item() != nullptr) lines.push_back(line);
  }
  const auto later = [](const LineCursor& a, const LineCursor& b) {
    return GoesBefore(*b.item(), *a.item());
  };
  std::make_heap(lines.begin(), lines.end(), later);
  std::vector<Item*> tries;
  while (!lines.empty() && tries.size() < kTriesPerQueue) {
    std::pop_heap(lines.begin(), lines.end(), later);
    tries.push_back(lines.back().item());
    lines.back().Next();
    if (lines.back().item() == nullptr) {
      lines.pop_back();
    } else {
      std::push_heap(lines.begin(), lines.end(), later);
    }
  }
  for (Item* item : tries) {
    if (queue.full()) return;
    if (step.made() > kChangesBeforeChores) return StartFilling(step, *queue.workspace);
    Place(step, *item);
  }
  if (!queue.full() && !lines.empty()) StartFilling(step, *queue.workspace);
}

void Core::Freed(Step& step, Person& person, Queue& queue) {
  step.freed.push_back(&person);
  if (queue.policy().max_items_in_progress() > 0 && !queue.full()) step.opened.push_back(&queue);
}

void Core::Settle(Step& step) {
  // Placing can free nobody and freeing can place nothing new, but a withdrawal does both.
  while (!step.to_place.empty() || !step.freed.empty() || !step.opened.empty()) {
    std::vector<Item*> items = std::move(step.to_place);
    std::vector<Person*> people = std::move(step.freed);
    std::vector<Queue*> queues = std::move(step.opened);
    step.to_place.clear();
    step.freed.clear();
    step.opened.clear();
    for (Item* item : items) Place(step, *item);
    for (Person* person : people) Fill(step, *person);
    for (Queue* queue : queues) {
      if (!queue->full()) FillQueue(step, *queue);
    }
  }
}

}  // namespace tideline::work_routing
