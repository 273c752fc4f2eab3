// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/fold.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"

namespace tideline::replay {
namespace {

using work_routing::v1::Event;
using work_routing::v1::WorkItem;
using work_routing::v1::WorkItemStanding;

// "team-1" of "workspaces/w/teams/team-1".
std::string LastPart(absl::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

absl::Time TimeOf(const Event& event) {
  return absl::FromUnixNanos(
      google::protobuf::util::TimeUtil::TimestampToNanoseconds(event.header().time()));
}

Outcome OutcomeOf(WorkItem::State state) {
  switch (state) {
    case WorkItem::STATE_SUBMITTED:
      return Outcome::kAwaitingApproval;
    case WorkItem::STATE_COMPLETED:
      return Outcome::kCompleted;
    case WorkItem::STATE_CANCELLED:
      return Outcome::kCancelled;
    default:
      return Outcome::kOpen;
  }
}

}  // namespace

const WorkItemStanding* StandingOf(const Event& event) {
  switch (event.kind_case()) {
    case Event::kOfferMade:
      return &event.offer_made().standing();
    case Event::kOfferClosed:
      return &event.offer_closed().standing();
    case Event::kWorkItemAssigned:
      return &event.work_item_assigned().standing();
    case Event::kWorkItemQueued:
      return &event.work_item_queued().standing();
    case Event::kWorkItemHeld:
      return &event.work_item_held().standing();
    case Event::kWorkItemResumed:
      return &event.work_item_resumed().standing();
    case Event::kProgressReported:
      return &event.progress_reported().standing();
    case Event::kResultSubmitted:
      return &event.result_submitted().standing();
    case Event::kWorkItemCompleted:
      return &event.work_item_completed().standing();
    case Event::kWorkItemReturned:
      return &event.work_item_returned().standing();
    case Event::kWorkItemReopened:
      return &event.work_item_reopened().standing();
    case Event::kWorkItemTransferred:
      return &event.work_item_transferred().standing();
    case Event::kWorkItemParked:
      return &event.work_item_parked().standing();
    case Event::kWorkItemCancelled:
      return &event.work_item_cancelled().standing();
    case Event::kWorkItemChanged:
      return &event.work_item_changed().standing();
    default:
      return nullptr;
  }
}

void Fold::CountMove(Item& item, absl::string_view team, absl::Time at) {
  struct Facts& facts = item.facts;
  if (item.just_reopened && item.reopened == at) {
    ++facts.moves_from_result;  // opened again in order to be moved
  } else if (item.state == WorkItem::STATE_ASSIGNED || item.state == WorkItem::STATE_ON_HOLD) {
    ++facts.moves_from_holder;
  } else {
    ++facts.moves_from_queue;
  }
  facts.returns += std::find(facts.route.begin(), facts.route.end(), team) != facts.route.end();
  facts.route.push_back(std::string(team));
}

absl::Status Fold::TakeStanding(const Event& event, const Standing& standing) {
  const auto found = items_.find(event.header().subject());
  if (found == items_.end()) {
    return absl::DataLossError(
        absl::StrCat(event.header().subject(), ": an event before it was submitted"));
  }
  Item& item = found->second;
  const absl::Time at = TimeOf(event);
  const std::string team = LastPart(standing.custody().team());
  if (team != item.facts.route.back()) CountMove(item, team, at);
  if (event.kind_case() == Event::kWorkItemReopened) {
    const bool elsewhere = event.work_item_reopened().reason() == kClosedElsewhere;
    ++(elsewhere ? item.facts.closed_elsewhere : item.facts.reopens);
    item.reopened = at;
    item.just_reopened = true;
  } else if (event.kind_case() != Event::kOfferMade && event.kind_case() != Event::kOfferClosed) {
    item.just_reopened = false;
  }
  item.state = standing.state();
  if (standing.reopen_count() != item.facts.reopens + item.facts.closed_elsewhere) {
    return absl::DataLossError(
        absl::StrCat(found->first, ": reopened ", item.facts.reopens + item.facts.closed_elsewhere,
                     " times by its events, ", standing.reopen_count(), " by its own count"));
  }
  return absl::OkStatus();
}

absl::Status Fold::Take(const Event& event) {
  if (event.header().workspace() != workspace_) return absl::OkStatus();
  ++events_;
  if (event.kind_case() == Event::kWorkItemSubmitted) {
    const WorkItem& submitted = event.work_item_submitted().work_item();
    auto [at, fresh] = items_.try_emplace(event.header().subject());
    if (!fresh) {
      return absl::DataLossError(absl::StrCat(event.header().subject(), ": submitted twice"));
    }
    at->second.facts.route.push_back(LastPart(submitted.custody().team()));
    at->second.state = submitted.state();
    return absl::OkStatus();
  }
  const WorkItemStanding* const standing = StandingOf(event);
  return standing == nullptr ? absl::OkStatus() : TakeStanding(event, *standing);
}

FactsById Fold::Facts() const {
  FactsById facts;
  for (const auto& [name, item] : items_) {
    struct Facts& one = facts[LastPart(name)];
    one = item.facts;
    one.outcome = OutcomeOf(item.state);
  }
  return facts;
}

}  // namespace tideline::replay
