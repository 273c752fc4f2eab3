// SPDX-License-Identifier: Apache-2.0
// Offers: a lease with an epoch, accepted, declined or let pass; and the item a person asks for.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

namespace {

constexpr absl::string_view kOffers = "/offers/o";
// Items of a queue that ClaimNext looks at; as Fill.
constexpr int kChecksPerClaim = 2000;

absl::string_view HowEnded(v1::Offer::State state) {
  switch (state) {
    case v1::Offer::STATE_ACCEPTED:
      return "ACCEPTED";
    case v1::Offer::STATE_DECLINED:
      return "DECLINED";
    case v1::Offer::STATE_TIMED_OUT:
      return "TIMED_OUT";
    default:
      return "WITHDRAWN";
  }
}

}  // namespace

struct Core::Offered {
  Item* item = nullptr;
  uint32_t epoch = 0;
};

absl::Status Core::MayActFor(const Call& call, absl::string_view expert) const {
  if (call.grant.expert == expert && !expert.empty()) return absl::OkStatus();
  partition::Roles over_others;
  over_others.Add(type::v1::ROLE_LEAD);
  over_others.Add(type::v1::ROLE_ADMIN);
  over_others.Add(type::v1::ROLE_SERVICE);
  if (call.grant.roles.Intersects(over_others)) return absl::OkStatus();
  return Refuse(Reason::REASON_NOT_YOURS, "it is another person's", {{"expert", expert}});
}

// The pending offer of this name. OFFER_EXPIRED says how one that was ended.
absl::StatusOr<Core::Offered> Core::FindOffer(const Call& call, absl::string_view name) const {
  const size_t at = name.rfind(kOffers);
  uint32_t epoch = 0;
  if (at == absl::string_view::npos ||
      !absl::SimpleAtoi(name.substr(at + kOffers.size()), &epoch) || epoch == 0) {
    return NotFound(name);
  }
  Item* item = FindItem(call, name.substr(0, at));
  if (item == nullptr || epoch > item->offer_count) return NotFound(name);
  const bool pending = item->state == v1::WorkItem::STATE_OFFERED && epoch == item->offer_count;
  if (!pending) {
    v1::Offer::State state = v1::Offer::STATE_WITHDRAWN;
    for (const Try& attempt : item->tries) {
      if (attempt.epoch == epoch) state = attempt.state;
    }
    return Refuse(Reason::REASON_OFFER_EXPIRED, "the offer has ended",
                  {{"offer", name}, {"ended", HowEnded(state)}});
  }
  TL_RETURN_IF_ERROR(MayActFor(call, item->offered_to->name));
  if (LeaseEnd(*item) <= ToNanos(call.now)) {
    return Refuse(Reason::REASON_OFFER_EXPIRED, "the offer has run out",
                  {{"offer", name}, {"ended", "TIMED_OUT"}});
  }
  return Offered{item, epoch};
}

void Core::Acted(Step& step, Person& person) {
  if (person.timeouts == 0 && !person.unresponsive) return;
  person.timeouts = 0;
  step.Touch(person);
  if (!person.unresponsive) return;
  person.unresponsive = false;
  if (person.slot.has_value()) person.workspace->matcher.SetUnresponsive(*person.slot, false);
  v1::Event event;
  event.mutable_expert_responsive();
  step.changes.Raise(step.call, person.name, event, person.name);
  ClearAlarms(step, *person.workspace, person.name, v1::Alarm::KIND_UNRESPONSIVE);
  step.freed.push_back(&person);
}

namespace {

// Keeps what became of the pending offer.
void KeepTry(Item& item, v1::Offer::State state, bool barred) {
  Try attempt;
  attempt.expert = &item.offered_to->name;
  attempt.epoch = item.offer_count;
  attempt.state = state;
  attempt.barred = barred;
  attempt.made = item.offered;
  attempt.expires = item.offer_expires;
  item.tries.push_back(attempt);
}

}  // namespace

void Core::Accept(Step& step, Item& item) {
  Person& person = *item.offered_to;
  KeepTry(item, v1::Offer::STATE_ACCEPTED, false);
  Acted(step, person);
  Assign(step, item, person, v1::ASSIGNED_BY_ACCEPT);
}

void Core::CloseOffer(Step& step, Item& item, v1::Offer::State state, v1::DeclineReason reason,
                      absl::string_view comment) {
  Person& person = *item.offered_to;
  const bool barred = state != v1::Offer::STATE_WITHDRAWN && !item.queue->policy().offer_again();
  KeepTry(item, state, barred);
  v1::Event event;
  v1::OfferClosed& closed = *event.mutable_offer_closed();
  FillTry(item, item.tries.back(), *closed.mutable_offer());
  closed.set_reason(reason);
  closed.set_comment(std::string(comment));
  Leave(item);
  item.state = v1::WorkItem::STATE_QUEUED;
  item.offered_to = nullptr;
  item.offered = kUnset;
  item.offer_expires = kUnset;
  NotePeriod(item, step.now, nullptr);
  Join(item);
  Raise(step, item, event, *closed.mutable_standing(), &person);
  step.to_place.push_back(&item);
  Freed(step, person, *item.queue);
}

absl::Status Core::AcceptOne(Step& step, absl::string_view name, Item*& item) {
  TL_ASSIGN_OR_RETURN(const Offered offered, FindOffer(step.call, name));
  item = offered.item;
  Accept(step, *item);
  return absl::OkStatus();
}

absl::StatusOr<v1::AcceptOfferResponse> Core::AcceptOffer(const Call& call,
                                                          const v1::AcceptOfferRequest& request,
                                                          Changes& changes) {
  TL_ASSIGN_OR_RETURN(const Offered offered, FindOffer(call, request.name()));
  Step step(*this, call, changes);
  Accept(step, *offered.item);
  Settle(step);
  v1::AcceptOfferResponse response;
  *response.mutable_work_item() = PublicItem(*offered.item);
  return response;
}

absl::StatusOr<v1::DeclineOfferResponse> Core::DeclineOffer(const Call& call,
                                                            const v1::DeclineOfferRequest& request,
                                                            Changes& changes) {
  if (request.reason() == v1::DECLINE_REASON_UNSPECIFIED) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_ASSIGN_OR_RETURN(const Offered offered, FindOffer(call, request.name()));
  Step step(*this, call, changes);
  Item& item = *offered.item;
  Acted(step, *item.offered_to);
  CloseOffer(step, item, v1::Offer::STATE_DECLINED, request.reason(), request.comment());
  Settle(step);
  v1::DeclineOfferResponse response;
  *response.mutable_work_item() = PublicItem(item);
  return response;
}

absl::StatusOr<v1::MarkResponsiveResponse> Core::MarkResponsive(
    const Call& call, const v1::MarkResponsiveRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  auto found = workspace == nullptr ? decltype(workspace->people.begin())()
                                    : workspace->people.find(request.name());
  if (workspace == nullptr || found == workspace->people.end()) return NotFound(request.name());
  TL_RETURN_IF_ERROR(MayActFor(call, request.name()));
  Step step(*this, call, changes);
  Acted(step, *found->second);
  Settle(step);
  v1::MarkResponsiveResponse response;
  FillExpertState(*found->second, *response.mutable_expert_state());
  return response;
}

absl::StatusOr<Item*> Core::FindClaim(Workspace& workspace, const std::string& only,
                                      const Person& person, Nanos now) const {
  std::vector<LineCursor> lines;
  for (const auto& [id, queue] : workspace.queues) {
    if (only.empty() ? !queue->pull() : id != only) continue;
    if (queue->full()) continue;
    for (const Kind* kind : queue->waiting) {
      LineCursor line(*kind);
      if (line.item() != nullptr) lines.push_back(line);
    }
  }
  const auto later = [](const LineCursor& a, const LineCursor& b) {
    return GoesBefore(*b.item(), *a.item());
  };
  std::make_heap(lines.begin(), lines.end(), later);
  std::vector<Constraint> fails;  // of the first item, for the refusal
  for (int i = 0; !lines.empty() && i < kChecksPerClaim; ++i) {
    std::pop_heap(lines.begin(), lines.end(), later);
    Item& next = *lines.back().item();
    std::vector<Constraint> failed =
        workspace.matcher.Check(next.kind->signature, AskOf(next, now), *person.slot);
    // Who asks has answered.
    std::erase(failed, Constraint::kUnresponsive);
    if (failed.empty()) return &next;
    if (i == 0) fails = std::move(failed);
    lines.back().Next();
    if (lines.back().item() == nullptr) {
      lines.pop_back();
    } else {
      std::push_heap(lines.begin(), lines.end(), later);
    }
  }
  const auto hindered = std::find_if(fails.begin(), fails.end(), [](Constraint c) {
    return c >= eligibility::kFirstPassing && c != Constraint::kDeclined;
  });
  if (hindered != fails.end()) {
    const auto& rule = eligibility::RuleOf(*hindered);
    return Refuse(Reason::REASON_NOT_ELIGIBLE, rule.explanation,
                  {{"constraint", rule.name}, {"expert", person.name}});
  }
  return Refuse(Reason::REASON_RESOURCE_NOT_FOUND, "nothing waits that the person may have now",
                {{"expert", person.name}});
}

absl::StatusOr<v1::ClaimNextResponse> Core::ClaimNext(const Call& call,
                                                      const v1::ClaimNextRequest& request,
                                                      Changes& changes) {
  const std::string& name = request.expert().empty() ? call.grant.expert : request.expert();
  if (name.empty()) {
    return InvalidField("expert", "the caller acts as no expert", Reason::REASON_FIELD_REQUIRED);
  }
  TL_RETURN_IF_ERROR(MayActFor(call, name));
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.parent());
  auto found = workspace->people.find(name);
  if (found == workspace->people.end() || !found->second->slot.has_value()) {
    return ReferenceNotFound("expert", name);
  }
  if (!request.queue().empty() && workspace->queues.count(request.queue()) == 0) {
    return ReferenceNotFound("queue", request.queue());
  }
  Person& person = *found->second;
  const Nanos now = ToNanos(call.now);
  TL_ASSIGN_OR_RETURN(Item* const item, FindClaim(*workspace, request.queue(), person, now));
  Step step(*this, call, changes);
  Acted(step, person);
  Choice choice =
      workspace->matcher.Choose(item->kind->signature, AskOf(*item, now), item->queue->weights);
  choice.ranked.clear();  // the person's own score explains the claim
  choice.ranked.push_back(workspace->matcher.Score(item->kind->signature, AskOf(*item, now),
                                                   item->queue->weights, *person.slot));
  Give(step, *item, choice, v1::RoutingDecision::OUTCOME_CLAIMED);
  Settle(step);
  v1::ClaimNextResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

}  // namespace tideline::work_routing
