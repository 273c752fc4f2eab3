// SPDX-License-Identifier: Apache-2.0
// skill_registry's events: they go into the roster, and what they make possible or impossible is
// routed anew, bounded in this step and continued by Wake.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/roster/eligible.h"
#include "services/work_routing/core/matcher_shifts.h"
#include "services/work_routing/core/step.h"
#include "tideline/skill_registry/v1/events.pb.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

namespace {

// Items moved at once when somebody goes; the rest is a chore.
constexpr int kMovesAtOnce = 40;

std::string WorkspaceName(absl::string_view name) {
  return std::string(name.substr(0, name.find('/', sizeof("workspaces/") - 1)));
}

}  // namespace

absl::Status Core::Follow(const Call& call, const partition::UpstreamEvent& upstream,
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
  using Case = roster::Case;
  switch (change.kind) {
    case Case::kExpert:
      AdvanceClock(step, workspace, step.now);
      ExpertChanged(step, workspace, change.name);
      break;
    case Case::kPresence:
      AdvanceClock(step, workspace, step.now);
      PresenceChanged(step, workspace, change.name.substr(0, change.name.rfind('/')));
      break;
    case Case::kTeam:
    case Case::kSite:
      AdvanceClock(step, workspace, step.now);
      for (const std::string& expert : roster_.Affected(change)) Upsert(workspace, expert);
      ++workspace.people_version;
      StartFilling(step, workspace);
      StartUnparking(step, workspace);
      break;
    case Case::kCalendar:
      AdvanceClock(step, workspace, step.now);
      SetShifts(workspace, change.name);
      ++workspace.people_version;
      StartFilling(step, workspace);
      break;
    case Case::kOrganization:
      // Ownership and conflicts reach every contract.
      ResignKinds(step, workspace, [](const KindSpec& spec) { return !spec.engagement.empty(); });
      StartWithdrawing(step, workspace);
      break;
    case Case::kEngagement:
      ResignKinds(step, workspace,
                  [&change](const KindSpec& spec) { return spec.engagement == change.name; });
      StartWithdrawing(step, workspace);
      break;
    default:  // who may call, skills' names, targets: read where they are used
      break;
  }
  Settle(step);
  return absl::OkStatus();
}

void Core::SetShifts(Workspace& workspace, const std::string& calendar) {
  const auto* record = roster_.Find<registry::Calendar>(calendar);
  if (record == nullptr) {  // nobody is in a team of it any more; it must not wake anybody
    workspace.matcher.SetCalendar(calendar, [](absl::Time) { return eligibility::ShiftSpan(); });
    return;
  }
  // Compiled once and shared: the roster may replace its own while the matcher still asks this one.
  auto compiled = Calendar::Create(record->rules());
  if (!compiled.ok()) return;
  workspace.matcher.SetCalendar(calendar, ShiftsOf(*std::move(compiled)));
}

Person& Core::Upsert(Workspace& workspace, const std::string& name) {
  Person& person = PersonOf(workspace, name);
  const auto* expert = roster_.Find<registry::Expert>(name);
  if (expert == nullptr) {
    if (person.slot.has_value()) {
      workspace.matcher.Remove(name);
      workspace.by_slot[*person.slot] = nullptr;
    }
    person.slot.reset();
    person.team = nullptr;
    return person;
  }
  eligibility::Expert seen = roster::Eligible(roster_, *expert);
  if (seen.person.empty()) seen.person = name;
  const bool fresh = !person.slot.has_value();
  const Slot slot = workspace.matcher.Upsert(seen);
  person.slot = slot;
  person.team = workspace.Share(seen.team);
  if (workspace.by_slot.size() <= slot) workspace.by_slot.resize(slot + 1);
  workspace.by_slot[slot] = &person;
  if (fresh) {
    workspace.matcher.SetPresence(slot, roster::EligiblePresence(roster_.PresenceOf(name)));
    workspace.matcher.SetUnresponsive(slot, person.unresponsive);
    workspace.matcher.SetLoad(slot, person.load);
  }
  return person;
}

void Core::ExpertChanged(Step& step, Workspace& workspace, const std::string& name) {
  Person& person = Upsert(workspace, name);
  ++workspace.people_version;
  if (!person.slot.has_value()) {
    Gone(step, person);
    return;
  }
  // Somebody who left may come back as they were.
  if (roster::EligiblePresence(roster_.PresenceOf(name)) != eligibility::Presence::kOffline) {
    Back(step, person);
  }
  // Offers they may not have any more are taken back; what they hold stays with them.
  const std::vector<Item*> offers(person.offers.begin(), person.offers.end());
  int withdrawn = 0;
  for (Item* item : offers) {
    if (withdrawn == kMovesAtOnce) {
      StartWithdrawing(step, workspace);
      break;
    }
    withdrawn += WithdrawIfUnfit(step, *item) ? 1 : 0;
  }
  step.freed.push_back(&person);
  StartUnparking(step, workspace);
}

void Core::PresenceChanged(Step& step, Workspace& workspace, const std::string& name) {
  Person& person = PersonOf(workspace, name);
  const eligibility::Presence presence = roster::EligiblePresence(roster_.PresenceOf(name));
  if (person.slot.has_value()) workspace.matcher.SetPresence(*person.slot, presence);
  if (presence == eligibility::Presence::kOffline) {
    Gone(step, person);
    return;
  }
  Back(step, person);
  // Who says that they take work has acted.
  if (presence == eligibility::Presence::kAvailable) Acted(step, person);
  step.freed.push_back(&person);
}

void Core::Back(Step& step, Person& person) {
  if (person.offline_since == kUnset) return;
  person.offline_since = kUnset;
  step.Touch(person);
  for (Item* item : person.held) SetTimer(*item);
}

void Core::Gone(Step& step, Person& person) {
  if (person.offline_since == kUnset) {
    person.offline_since = step.now;
    step.Touch(person);
    for (Item* item : person.held) SetTimer(*item);
  }
  if (ClearDesk(step, person, kMovesAtOnce)) return;
  core::v1::StoredWorkspace& progress = person.workspace->progress;
  for (const std::string& name : progress.clearing()) {
    if (name == person.name) return;
  }
  progress.add_clearing(person.name);
  step.Touch(*person.workspace);
}

bool Core::WithdrawIfUnfit(Step& step, Item& item) {
  if (!item.offered_to->slot.has_value()) return false;  // gone: their desk is being cleared
  for (Constraint constraint : item.workspace->matcher.Check(
           item.kind->signature, AskOf(item, step.now), *item.offered_to->slot)) {
    // How busy they are does not end a promise; what they are, and may do, does.
    if (constraint >= eligibility::kFirstPassing) continue;
    CloseOffer(step, item, v1::Offer::STATE_WITHDRAWN, v1::DECLINE_REASON_UNSPECIFIED, {});
    return true;
  }
  return false;
}

void Core::StartWithdrawing(Step& step, Workspace& workspace) {
  workspace.progress.set_withdrawing(true);
  workspace.progress.clear_withdrawn();
  step.Touch(workspace);
}

}  // namespace tideline::work_routing
