// SPDX-License-Identifier: Apache-2.0
// What happens upstream: skill_registry's people, teams and calendars, and work_routing's items.
// Custody that moves in another way takes the ground from a proposal.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/roster/fold.h"
#include "services/handoff/core/step.h"
#include "tideline/skill_registry/v1/events.pb.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

// The standing that an event about an item carries; null: it carries none that matters here. Offers
// do not: the item waits in the same team's custody, offered or not.
const routing::WorkItemStanding* StandingOf(const routing::Event& event) {
  switch (event.kind_case()) {
#define TIDELINE_CASE(Case, field) \
  case routing::Event::Case:       \
    return &event.field().standing();
    TIDELINE_CASE(kWorkItemAssigned, work_item_assigned)
    TIDELINE_CASE(kWorkItemQueued, work_item_queued)
    TIDELINE_CASE(kWorkItemHeld, work_item_held)
    TIDELINE_CASE(kWorkItemResumed, work_item_resumed)
    TIDELINE_CASE(kProgressReported, progress_reported)
    TIDELINE_CASE(kResultSubmitted, result_submitted)
    TIDELINE_CASE(kWorkItemCompleted, work_item_completed)
    TIDELINE_CASE(kWorkItemReturned, work_item_returned)
    TIDELINE_CASE(kWorkItemReopened, work_item_reopened)
    TIDELINE_CASE(kWorkItemTransferred, work_item_transferred)
    TIDELINE_CASE(kWorkItemParked, work_item_parked)
    TIDELINE_CASE(kWorkItemCancelled, work_item_cancelled)
    TIDELINE_CASE(kWorkItemChanged, work_item_changed)
#undef TIDELINE_CASE
    default:
      return nullptr;
  }
}

// What is kept of an item's standing.
void TakeStanding(const routing::WorkItemStanding& standing, routing::WorkItem& item) {
  item.set_state(standing.state() == routing::WorkItem::STATE_OFFERED
                     ? routing::WorkItem::STATE_QUEUED
                     : standing.state());
  *item.mutable_custody() = standing.custody();
  if (standing.has_latest_start_time()) {
    *item.mutable_latest_start_time() = standing.latest_start_time();
  } else {
    item.clear_latest_start_time();
  }
  item.set_widening_step(standing.widening_step());
  if (standing.has_hold()) {
    *item.mutable_hold() = standing.hold();
  } else {
    item.clear_hold();
  }
  item.set_progress_percent(standing.progress_percent());
  item.set_return_count(standing.return_count());
  item.set_reopen_count(standing.reopen_count());
  item.set_team(standing.team());
}

}  // namespace

absl::Status Core::Follow(const Call& call, const partition::UpstreamEvent& event,
                          Changes& changes) {
  if (event.service == "skill_registry") return FollowRegistry(call, event, changes);
  return FollowRouting(call, event, changes);
}

absl::Status Core::FollowRegistry(const Call& call, const partition::UpstreamEvent& upstream,
                                  Changes& changes) {
  registry::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of skill_registry does not parse");
  }
  TL_ASSIGN_OR_RETURN(const roster::Change change, roster_.Apply(event));
  if (!change) return absl::OkStatus();
  change.Keep(changes);
  Step step(*this, call, changes);
  Workspace& workspace = WorkspaceOf(WorkspaceName(change.name));
  const auto has_team = [](const Plan& plan, const std::string& team) {
    const auto& teams = plan.plan().teams();
    return std::find(teams.begin(), teams.end(), team) != teams.end();
  };
  switch (change.kind) {
    case roster::Case::kExpert: {
      const auto* expert = roster_.Find<registry::Expert>(change.name);
      SetDeparture(workspace, change.name);
      RecheckPlans(step, workspace, [&](const Plan& plan) {
        return has_team(plan, change.team_before) ||
               (expert != nullptr && has_team(plan, expert->team()));
      });
      break;
    }
    case roster::Case::kPresence:
      SetDeparture(workspace, change.name.substr(0, change.name.rfind('/')));
      break;
    case roster::Case::kTeam:
      for (const std::string& expert : roster_.ExpertsOf(change.name)) {
        SetDeparture(workspace, expert);
      }
      RecheckPlans(step, workspace, [&](const Plan& plan) { return has_team(plan, change.name); });
      break;
    case roster::Case::kCalendar:
      for (const std::string& team : roster_.TeamsWith(change.name)) {
        for (const std::string& expert : roster_.ExpertsOf(team)) SetDeparture(workspace, expert);
      }
      RecheckPlans(step, workspace, [&](const Plan& plan) {
        if (plan.plan().calendar() == change.name) return true;
        for (const std::string& team : roster_.TeamsWith(change.name)) {
          if (has_team(plan, team)) return true;
        }
        return false;
      });
      break;
    default:  // who may call, contracts, work types: read where they are used
      break;
  }
  return absl::OkStatus();
}

absl::Status Core::FollowRouting(const Call& call, const partition::UpstreamEvent& upstream,
                                 Changes& changes) {
  routing::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of work_routing does not parse");
  }
  const std::string& subject = event.header().subject();
  Workspace& workspace = WorkspaceOf(event.header().workspace());
  if (event.has_queue_created() || event.has_queue_changed()) {
    core::v1::StoredQueue& queue = workspace.queues[subject];
    *queue.mutable_revision() = event.header().revision();
    changes.Put("queue", subject, queue);
    return absl::OkStatus();
  }
  if (event.has_queue_deleted()) {
    if (workspace.queues.erase(subject) > 0) changes.Erase("queue", subject);
    return absl::OkStatus();
  }
  if (!absl::StrContains(subject, "/workItems/")) return absl::OkStatus();
  Step step(*this, call, changes);
  if (event.has_work_item_submitted()) {
    TakeItem(step, event);
    return absl::OkStatus();
  }
  auto found = workspace.items.find(subject);
  if (found == workspace.items.end()) return absl::OkStatus();  // retired, or older than we are
  Item& item = *found->second;
  if (!roster::Before(item.record.revision(), event.header().revision())) return absl::OkStatus();
  if (event.has_work_item_retired()) {
    Retire(step, item);
    return absl::OkStatus();
  }
  const routing::WorkItemStanding* standing = StandingOf(event);
  if (standing == nullptr) return absl::OkStatus();
  Leave(item);
  const int64_t epoch = item.item().custody().epoch();
  // The answer to a transfer may have told of a later custody already.
  if (standing->custody().epoch() >= epoch) TakeStanding(*standing, item.mutable_item());
  if (event.has_work_item_changed()) {
    const routing::WorkItemChanged& changed = event.work_item_changed();
    if (changed.priority() != 0) item.mutable_item().set_priority(changed.priority());
    if (changed.has_due_time()) *item.mutable_item().mutable_due_time() = changed.due_time();
    if (changed.has_expected_effort()) {
      *item.mutable_item().mutable_expected_effort() = changed.expected_effort();
    }
  }
  *item.record.mutable_revision() = event.header().revision();
  Join(item);
  step.Touch(item);
  ItemMoved(step, item, event, epoch);
  return absl::OkStatus();
}

void Core::TakeItem(Step& step, const routing::Event& event) {
  Workspace& workspace = WorkspaceOf(event.header().workspace());
  std::unique_ptr<Item>& slot = workspace.items[event.header().subject()];
  if (slot != nullptr) return;  // known
  slot = std::make_unique<Item>();
  Item& item = *slot;
  item.workspace = &workspace;
  routing::WorkItem& kept = item.mutable_item();
  kept = event.work_item_submitted().work_item();
  *kept.mutable_create_time() = event.header().time();
  // What nobody here asks about stays upstream.
  kept.clear_attributes();
  kept.clear_periods();
  kept.clear_result();
  kept.clear_offer();
  item.record.set_first_team(kept.custody().team());
  *item.record.mutable_revision() = event.header().revision();
  Join(item);
  step.Touch(item);
}

// What an event means for the item's handoffs, once its standing is taken in.
void Core::ItemMoved(Step& step, Item& item, const routing::Event& event, int64_t epoch_before) {
  if (item.team() != item.record.first_team()) item.record.set_left_first_team(true);
  const bool moved = item.item().custody().epoch() != epoch_before;
  if (moved) {  // somebody else's shift and leave
    item.record.clear_relayed_for();
    item.record.clear_left_for();
  }
  if (!item.open.empty()) {
    Entry& entry = *FindEntry(item.open);
    const bool acknowledged = !entry.proposed();
    if (acknowledged && event.has_work_item_transferred() &&
        event.header().cause().request_id() == entry.record.owed_id()) {
      Transferred(step, entry);
    } else if (acknowledged) {
      // The owed call's answer says how it ends.
    } else if (!item.waits() && !item.in_hand()) {
      Withdraw(step, entry, "the item was finished, cancelled or parked");
    } else if (moved) {
      Withdraw(step, entry, "custody moved in another way");
    } else if (entry.handoff().draft() && event.has_progress_reported() &&
               entry.handoff().reason() == v1::Handoff::REASON_SHIFT_END) {
      const Plan* plan = PlanFor(item);
      if (plan != nullptr && FinishOf(*plan, item, step.now) <= ToTime(item.record.relayed_for())) {
        Withdraw(step, entry, "it will be finished before the shift ends");
      }
    }
  }
  if (moved) RelayLate(step, item);
  if (event.has_work_item_completed()) ItemCompleted(step, item);
  if (event.has_work_item_returned() || event.has_work_item_reopened()) AttributeRework(step, item);
}

void Core::ItemCompleted(Step& step, Item& item) {
  core::v1::StoredTally& tally = TallyOf(step, *item.workspace, item.record.first_team(), "");
  tally.set_completed(tally.completed() + 1);
  if (!item.record.left_first_team()) tally.set_kept(tally.kept() + 1);
}

void Core::AttributeRework(Step& step, Item& item) {
  if (item.record.moves().empty()) return;
  const core::v1::Move& last = *item.record.moves().rbegin();
  Entry* entry = FindEntry(last.handoff());
  if (entry == nullptr || ToTime(last.rework_until()) < step.now) return;
  v1::Handoff& handoff = entry->mutable_handoff();
  handoff.set_rework_count(handoff.rework_count() + 1);
  core::v1::StoredTally& tally =
      TallyOf(step, *entry->workspace, handoff.from().team(), handoff.receiver().team());
  tally.set_rework(tally.rework() + 1);
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_rework_attributed()->mutable_standing(),
        handoff.from().expert());
}

void Core::Withdraw(Step& step, Entry& entry, absl::string_view reason) {
  entry.mutable_handoff().set_withdraw_reason(std::string(reason));
  Close(step, entry, v1::Handoff::STATE_WITHDRAWN);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_handoff_withdrawn()->mutable_standing(),
        entry.handoff().receiver().expert());
  ClearAlarm(step, *entry.workspace, v1::HandoffAlarm::KIND_PING_PONG, entry.name());
}

void Core::Retire(Step& step, Item& item) {
  Workspace& workspace = *item.workspace;
  if (!item.open.empty()) Withdraw(step, *FindEntry(item.open), "the item has left the suite");
  for (const std::string& name : item.handoffs) {
    auto it = workspace.handoffs.find(name);
    Entry& entry = *it->second;
    v1::Event event;
    event.mutable_handoff_retired();
    step.changes.Raise(step.call, name, event);
    step.changes.Erase("handoff", name);
    step.changes.Retire(name);
    std::erase(step.entries, &entry);
    workspace.by_sequence.erase(entry.record.sequence());
    workspace.handoffs.erase(it);
  }
  Leave(item);
  step.changes.Erase("item", item.name());
  std::erase(step.items, &item);
  const std::string name = item.name();
  workspace.items.erase(name);
}

void Core::Join(Item& item) {
  if (!item.in_hand()) return;
  Workspace& workspace = *item.workspace;
  workspace.by_team[{item.item().queue(), item.team()}].insert(item.name());
  workspace.by_holder[item.holder()].insert(item.name());
  SetDeparture(workspace, item.holder());
}

void Core::Leave(Item& item) {
  if (!item.in_hand()) return;
  Workspace& workspace = *item.workspace;
  const auto take_out = [&item](auto& index, const auto& key) {
    auto it = index.find(key);
    if (it == index.end()) return;
    it->second.erase(item.name());
    if (it->second.empty()) index.erase(it);
  };
  take_out(workspace.by_team, std::make_pair(item.item().queue(), item.team()));
  take_out(workspace.by_holder, item.holder());
  SetDeparture(workspace, item.holder());
}

}  // namespace tideline::handoff
