// SPDX-License-Identifier: Apache-2.0
// Reads. They change nothing, not even how far the matcher's time has come, and each looks at a
// bounded number of items.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/work_routing/core/core.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

namespace {

// Items a list looks at for one page; a page may be short, and its token goes on.
constexpr int kMaxLooks = 2000;
// Waiting items counted for "how many go first".
constexpr int64_t kMaxAhead = 10'000;

absl::StatusOr<uint64_t> After(const std::string& token) {
  uint64_t after = 0;
  if (token.empty() || absl::SimpleAtoi(token, &after)) return after;
  return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
}

}  // namespace

void FillExpertState(const Person& person, v1::ExpertState& state) {
  state.set_expert(person.name);
  state.set_used_units(person.load.used);
  state.set_open_items(static_cast<int32_t>(person.load.open_items));
  state.set_timeouts_in_a_row(static_cast<int32_t>(person.timeouts));
  state.set_unresponsive(person.unresponsive);
  if (person.load.idle_since != absl::InfinitePast()) {
    SetTime(ToNanos(person.load.idle_since), state.mutable_idle_since());
  }
}

// Members who are confined to an organization see what it has in custody, and what is done under
// its contracts.
bool Core::Visible(const Call& call, const Item& item) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  const auto* team = roster_.Find<registry::Team>(*item.team);
  if (team != nullptr && team->organization() == own) return true;
  if (item.offered_to != nullptr && item.offered_to->team != nullptr) {
    const auto* theirs = roster_.Find<registry::Team>(*item.offered_to->team);
    if (theirs != nullptr && theirs->organization() == own) return true;
  }
  v1::WorkItem brief;
  brief.ParseFromString(item.brief);
  const auto* engagement = roster_.Find<registry::Engagement>(brief.engagement());
  return engagement != nullptr && (engagement->client() == own || engagement->vendor() == own);
}

absl::StatusOr<v1::GetWorkItemResponse> Core::GetWorkItem(
    const Call& call, const v1::GetWorkItemRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Item* item, GetItem(call, request.name()));
  v1::GetWorkItemResponse response;
  *response.mutable_work_item() = PublicItem(*item);
  return response;
}

absl::StatusOr<v1::ListWorkItemsResponse> Core::ListWorkItems(
    const Call& call, const v1::ListWorkItemsRequest& request) const {
  TL_ASSIGN_OR_RETURN(const uint64_t after, After(request.page_token()));
  v1::ListWorkItemsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const auto wanted = [&](const Item& item) {
    const auto& states = request.states();
    return (request.queue().empty() || item.queue->name() == request.queue()) &&
           (states.empty() ||
            std::find(states.begin(), states.end(), item.state) != states.end()) &&
           (request.team().empty() || *item.team == request.team()) && Visible(call, item);
  };
  Page page(request.page_size());
  const auto add = [&](const Item& item) {
    *response.add_work_items() = PublicItem(item, false);
    page.Take(item.brief.size() + 256);
    return page.Open();
  };
  if (!request.holder().empty()) {  // what one person has is few: their own desk says it
    auto person = workspace->people.find(request.holder());
    if (person == workspace->people.end()) return response;
    std::vector<const Item*> desk(person->second->offers.begin(), person->second->offers.end());
    desk.insert(desk.end(), person->second->held.begin(), person->second->held.end());
    std::sort(desk.begin(), desk.end(), Earlier());
    for (const Item* item : desk) {
      if (item->sequence <= after || !wanted(*item)) continue;
      if (add(*item)) continue;
      response.set_next_page_token(absl::StrCat(item->sequence));
      break;
    }
    return response;
  }
  int looks = 0;
  for (auto it = workspace->items.upper_bound(after); it != workspace->items.end(); ++it) {
    const bool full = wanted(*it->second) && !add(*it->second);
    if (!full && ++looks < kMaxLooks) continue;
    if (std::next(it) != workspace->items.end()) {
      response.set_next_page_token(absl::StrCat(it->first));
    }
    break;
  }
  return response;
}

absl::StatusOr<v1::GetOfferResponse> Core::GetOffer(const Call& call,
                                                    const v1::GetOfferRequest& request) const {
  const std::string& name = request.name();
  const size_t at = name.rfind("/offers/o");
  uint32_t epoch = 0;
  const Item* item = at == std::string::npos || !absl::SimpleAtoi(name.substr(at + 9), &epoch)
                         ? nullptr
                         : FindItem(call, name.substr(0, at));
  if (item == nullptr) return NotFound(name);
  v1::GetOfferResponse response;
  if (item->offered_to != nullptr && item->offer_count == epoch) {
    FillOffer(*item, *response.mutable_offer());
    return response;
  }
  for (const Try& attempt : item->tries) {
    if (attempt.epoch != epoch || epoch == 0) continue;
    FillTry(*item, attempt, *response.mutable_offer());
    return response;
  }
  return NotFound(name);
}

absl::StatusOr<v1::ListOffersResponse> Core::ListOffers(
    const Call& call, const v1::ListOffersRequest& request) const {
  TL_ASSIGN_OR_RETURN(const uint64_t after, After(request.page_token()));
  v1::ListOffersResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const int size = PageSize(request.page_size());
  if (!request.expert().empty()) {
    auto person = workspace->people.find(request.expert());
    if (person == workspace->people.end()) return response;
    for (const Item* item : person->second->offers) {
      if (item->sequence <= after || !Visible(call, *item)) continue;
      FillOffer(*item, *response.add_offers());
      if (response.offers_size() < size) continue;
      response.set_next_page_token(absl::StrCat(item->sequence));
      break;
    }
    return response;
  }
  int looks = 0;
  for (auto it = workspace->items.upper_bound(after); it != workspace->items.end(); ++it) {
    const Item& item = *it->second;
    if (item.offered_to != nullptr && Visible(call, item)) FillOffer(item, *response.add_offers());
    if (response.offers_size() < size && ++looks < kMaxLooks) continue;
    if (std::next(it) != workspace->items.end()) {
      response.set_next_page_token(absl::StrCat(it->first));
    }
    break;
  }
  return response;
}

v1::RoutingDecision Core::Now(const Item& item, Nanos now) const {
  Workspace& workspace = *item.workspace;
  const Ask ask = AskOf(item, now);
  const Choice choice = workspace.matcher.Choose(item.kind->signature, ask, item.queue->weights);
  v1::RoutingDecision decision;
  FillDecision(item, choice, decision);
  SetTime(now, decision.mutable_time());
  if (choice.found()) return decision;
  decision.set_outcome(v1::RoutingDecision::OUTCOME_NOBODY);
  for (const Relaxation& relaxation :
       workspace.matcher.NearestRelaxations(item.kind->signature, ask, kShownRelaxations)) {
    FillRelaxation(relaxation, *decision.add_relaxations());
  }
  return decision;
}

namespace {

std::string Describe(const v1::QueuePolicy::WideningStep& step) {
  std::string text;
  const auto add = [&text](absl::string_view part) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", part);
  };
  if (step.drop_preferred()) add("preferred skills are not demanded any more");
  if (step.lower_levels()) add("levels are lowered");
  if (step.any_team()) add("any team that serves the queue");
  if (step.add_teams_size() > 0) add(absl::StrCat(step.add_teams_size(), " more teams"));
  if (step.add_organizations_size() > 0) {
    add(absl::StrCat(step.add_organizations_size(), " more organizations"));
  }
  return text;
}

}  // namespace

absl::StatusOr<v1::ExplainRoutingResponse> Core::ExplainRouting(
    const Call& call, const v1::ExplainRoutingRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Item* item, GetItem(call, request.name()));
  v1::ExplainRoutingResponse response;
  if (item->decisions != nullptr) {
    for (const std::string& decision : *item->decisions) {
      response.add_decisions()->ParseFromString(decision);
    }
  }
  if (item->kind == nullptr) return response;
  const bool waits = item->state == v1::WorkItem::STATE_QUEUED;
  if (waits || item->state == v1::WorkItem::STATE_PARKED) {
    *response.mutable_now() = Now(*item, ToNanos(call.now));
  }
  const auto& steps = item->queue->policy().widening_steps();
  Nanos at = item->created;
  for (int i = 0; i < steps.size(); ++i) {
    v1::WideningTime& shown = *response.add_widening();
    shown.set_step(i + 1);
    shown.set_taken(i < item->widening_step);
    shown.set_description(Describe(steps[i]));
    Nanos own = kNever;
    if (ToNanos(steps[i].after()) > 0) own = item->created + ToNanos(steps[i].after());
    if (steps[i].due_percent() > 0 && item->due != kNever && item->due > item->created) {
      own =
          std::min(own, item->created + (item->due - item->created) / 100 * steps[i].due_percent());
    }
    if (own == kNever) continue;
    at = std::max(at, own);
    SetTime(at, shown.mutable_time());
  }
  if (!waits) return response;
  if (item->kind->aging != kNever) {
    SetTime(item->created + item->kind->aging, response.mutable_aged_time());
  }
  int64_t ahead = 0;
  for (const Kind* kind : item->queue->waiting) {
    for (LineCursor line(*kind); line.item() != nullptr && ahead < kMaxAhead; line.Next()) {
      if (!GoesBefore(*line.item(), *item)) break;
      ++ahead;
    }
  }
  response.set_ahead(ahead);
  return response;
}

absl::StatusOr<v1::GetExpertStateResponse> Core::GetExpertState(
    const Call& call, const v1::GetExpertStateRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto person = workspace->people.find(request.name());
  if (person == workspace->people.end()) return NotFound(request.name());
  v1::GetExpertStateResponse response;
  FillExpertState(*person->second, *response.mutable_expert_state());
  return response;
}

absl::StatusOr<v1::GetQueueResponse> Core::GetQueue(const Call& call,
                                                    const v1::GetQueueRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto queue = workspace->queues.find(request.name());
  if (queue == workspace->queues.end()) return NotFound(request.name());
  v1::GetQueueResponse response;
  *response.mutable_queue() = queue->second->record;
  return response;
}

absl::StatusOr<v1::ListQueuesResponse> Core::ListQueues(
    const Call& call, const v1::ListQueuesRequest& request) const {
  v1::ListQueuesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(FillPage(workspace->queues, request, [&](const auto& queue) {
    *response.add_queues() = queue->record;
    return queue->record.ByteSizeLong();
  }));
  return response;
}

absl::StatusOr<v1::ListRestrictionsResponse> Core::ListRestrictions(
    const Call& call, const v1::ListRestrictionsRequest& request) const {
  v1::ListRestrictionsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->restrictions, request, [&](const auto& restriction) {
        *response.add_restrictions() = restriction;
        return restriction.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::ListAlarmsResponse> Core::ListAlarms(
    const Call& call, const v1::ListAlarmsRequest& request) const {
  v1::ListAlarmsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(FillPage(workspace->alarms, request, [&](const v1::Alarm& alarm) {
    const Item* item = FindItem(call, alarm.subject());
    const bool shown = call.grant.organization.empty() || item != nullptr;
    if (shown) *response.add_alarms() = alarm;
    return alarm.ByteSizeLong();
  }));
  return response;
}

absl::StatusOr<v1::ClearAlarmResponse> Core::ClearAlarm(const Call& call,
                                                        const v1::ClearAlarmRequest& request,
                                                        Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto it = workspace->alarms.find(request.name());
  if (it == workspace->alarms.end()) return NotFound(request.name());
  --workspace->alarms_of_kind[it->second.kind()];
  workspace->alarms.erase(it);
  v1::Event event;
  event.mutable_alarm_cleared();
  changes.Raise(call, request.name(), event);
  last_ = changes.Next();
  changes.Erase("alarm", request.name());
  return v1::ClearAlarmResponse();
}

absl::StatusOr<v1::GetQueueStatsResponse> Core::GetQueueStats(
    const Call& call, const v1::GetQueueStatsRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto found = workspace->queues.find(request.name());
  if (found == workspace->queues.end()) return NotFound(request.name());
  const Queue& queue = *found->second;
  v1::GetQueueStatsResponse response;
  v1::QueueStats& stats = *response.mutable_stats();
  stats.set_queue(queue.name());
  for (size_t state = 0; state < kStates; ++state) {
    if (queue.depth[state] == 0) continue;
    v1::QueueStats::Depth& depth = *stats.add_depths();
    depth.set_state(static_cast<State>(state));
    depth.set_count(queue.depth[state]);
  }
  Nanos oldest = kNever;
  Nanos soonest = kNever;
  int64_t aged = 0;
  for (const Kind* kind : queue.waiting) {
    oldest = std::min(oldest, (*kind->by_age.begin())->created);
    soonest = std::min(soonest, (*kind->waiting.begin())->latest_start);
    for (const Item* item : kind->by_age) {
      if (aged >= kMaxAhead || !kind->Aged(*item)) break;
      ++aged;
    }
  }
  if (oldest != kNever) SetTime(oldest, stats.mutable_oldest_create_time());
  if (soonest != kNever) SetTime(soonest, stats.mutable_next_latest_start_time());
  stats.set_aged_count(aged);
  return response;
}

partition::Grant Core::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  return roster_.GrantOf(workspace, subject);
}

std::vector<partition::Figure> Core::Figures() const {
  std::array<int64_t, v1::Alarm::Kind_ARRAYSIZE> alarms{};
  std::array<int64_t, kStates> items{};
  for (const auto& [name, workspace] : workspaces_) {
    for (size_t k = 0; k < alarms.size(); ++k) alarms[k] += workspace->alarms_of_kind[k];
    for (const auto& [id, queue] : workspace->queues) {
      for (size_t s = 0; s < items.size(); ++s) items[s] += queue->depth[s];
    }
  }
  std::vector<partition::Figure> figures;
  for (int k = 1; k < v1::Alarm::Kind_ARRAYSIZE; ++k) {
    figures.push_back({"alarms", "Alarms that stand.", "kind",
                       v1::Alarm::Kind_Name(static_cast<v1::Alarm::Kind>(k)), alarms[k]});
  }
  for (int s = 1; s < v1::WorkItem::State_ARRAYSIZE; ++s) {
    figures.push_back({"items", "Work items kept, by state.", "state",
                       v1::WorkItem::State_Name(static_cast<State>(s)), items[s]});
  }
  return figures;
}

}  // namespace tideline::work_routing
