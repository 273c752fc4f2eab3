// SPDX-License-Identifier: Apache-2.0
// From records to memory, and from memory to text. Everything that is not a record is derived here
// in the same way as a step derives it, so that a restored Core is the one that lived.
#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

namespace registry = skill_registry::v1;

namespace {

absl::Status Corrupt(absl::string_view kind, absl::string_view id, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", kind, " ", id, ": ", why));
}

std::string WorkspaceName(absl::string_view name) {
  return std::string(name.substr(0, name.find('/', sizeof("workspaces/") - 1)));
}

}  // namespace

std::vector<std::string> Core::Kinds() const {
  std::vector<std::string> kinds = roster::Roster::Kinds();
  for (const char* kind :
       {"workspace", "lease", "queue", "restriction", "alarm", "expert", "item", "decision"}) {
    kinds.push_back(kind);
  }
  return kinds;
}

absl::Status Core::Restore(absl::string_view kind, absl::string_view id, absl::string_view bytes) {
  if (roster::Roster::Keeps(kind)) return roster_.Restore(kind, id, bytes);
  const auto parse = [&](google::protobuf::MessageLite& record) {
    return record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
               ? absl::OkStatus()
               : Corrupt(kind, id, "does not parse");
  };
  if (kind == "item") return RestoreItem(id, bytes);
  if (kind == "decision") return RestoreDecision(id, bytes);
  if (kind == "lease") return parse(lease_);
  Workspace& workspace = WorkspaceOf(WorkspaceName(id));
  if (kind == "workspace") return parse(workspace.progress);
  if (kind == "restriction") return parse(workspace.restrictions[std::string(id)]);
  if (kind == "alarm") {
    v1::Alarm& alarm = workspace.alarms[std::string(id)];
    TL_RETURN_IF_ERROR(parse(alarm));
    if (!v1::Alarm::Kind_IsValid(alarm.kind())) return Corrupt(kind, id, "of an unknown kind");
    ++workspace.alarms_of_kind[alarm.kind()];
    return absl::OkStatus();
  }
  if (kind == "queue") {
    auto queue = std::make_unique<Queue>();
    queue->workspace = &workspace;
    TL_RETURN_IF_ERROR(parse(queue->record));
    queue->Compile();
    workspace.queues.emplace(std::string(id), std::move(queue));
    return absl::OkStatus();
  }
  if (kind != "expert") return Corrupt(kind, id, "of an unknown kind");
  core::v1::StoredExpert record;
  TL_RETURN_IF_ERROR(parse(record));
  Person& person = PersonOf(workspace, id);
  person.recorded = true;
  person.load.idle_since =
      record.idle_since() == kUnset ? absl::InfinitePast() : FromNanos(record.idle_since());
  person.load.idle_order = record.idle_order();
  person.timeouts = record.timeouts();
  person.unresponsive = record.unresponsive();
  person.offline_since = record.offline_since();
  return absl::OkStatus();
}

absl::Status Core::RestoreItem(absl::string_view id, absl::string_view bytes) {
  core::v1::StoredItem record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Corrupt("item", id, "does not parse");
  }
  v1::WorkItem brief;
  if (!brief.ParseFromString(record.brief()))
    return Corrupt("item", id, "its brief does not parse");
  Workspace& workspace = WorkspaceOf(WorkspaceName(id));
  auto queue = workspace.queues.find(brief.queue());
  if (queue == workspace.queues.end()) return Corrupt("item", id, "its queue is missing");
  auto owned = std::make_unique<Item>();
  Item& item = *owned;
  item.name = std::string(id);
  item.workspace = &workspace;
  item.queue = queue->second.get();
  FromRecord(record, workspace, item);
  item.units = std::max(1, brief.capacity_units());
  const v1::Constraints& constraints = brief.constraints();
  if (constraints.excluded_experts_size() + constraints.affinity_experts_size() > 0) {
    item.names = std::make_unique<Names>();
    item.names->excluded.assign(constraints.excluded_experts().begin(),
                                constraints.excluded_experts().end());
    item.names->affinity.assign(constraints.affinity_experts().begin(),
                                constraints.affinity_experts().end());
  }
  if ((item.state == v1::WorkItem::STATE_OFFERED) != (item.offered_to != nullptr) ||
      (item.in_hand() && item.holder == nullptr) || item.periods.empty()) {
    return Corrupt("item", id, "state and custody do not agree");
  }
  workspace.items.emplace(item.sequence, &item);
  items_.emplace(item.name, std::move(owned));
  return absl::OkStatus();
}

void Core::FromRecord(const core::v1::StoredItem& record, Workspace& workspace, Item& item) {
  const auto person = [&](const std::string& name) {
    return name.empty() ? nullptr : &PersonOf(workspace, name);
  };
  item.brief = record.brief();
  item.sequence = record.sequence();
  item.commit = record.commit();
  item.index = record.index();
  item.created = record.created();
  item.updated = record.updated();
  item.state = record.state();
  item.parked_reason = record.parked_reason();
  item.team = workspace.Share(record.team());
  item.holder = person(record.holder());
  item.custody_epoch = record.custody_epoch();
  item.custody_since = record.custody_since();
  item.offered_to = person(record.offered_to());
  item.offered = record.offered();
  item.offer_expires = record.offer_expires();
  item.offer_count = record.offer_count();
  item.return_count = record.return_count();
  item.reopen_count = record.reopen_count();
  item.transfer_count = record.transfer_count();
  item.timeout_count = record.timeout_count();
  if (!record.meant_for().empty()) item.meant_for = workspace.Share(record.meant_for());
  item.priority = static_cast<uint8_t>(record.priority());
  if (record.due() != kUnset) item.due = record.due();
  item.due_stated = record.due_stated();
  if (record.latest_start() != kUnset) item.latest_start = record.latest_start();
  item.accept_due = record.accept_due();
  item.effort = record.effort();
  item.progress = static_cast<uint8_t>(record.progress());
  item.progress_time = record.progress_time();
  item.widening_step = static_cast<uint8_t>(record.widening_step());
  item.widened = static_cast<uint8_t>(record.widened());
  item.dropped = record.dropped();
  item.hold_time = record.hold_time();
  item.closed = record.closed();
  item.infeasible = record.infeasible();
  item.alarmed = record.alarmed();
  if (!record.result().empty()) item.result = std::make_unique<std::string>(record.result());
  item.decisions_made = record.decisions();
  item.earlier_periods = record.earlier_periods();
  item.offers_forgiven = record.offers_forgiven();
  item.returns_forgiven = record.returns_forgiven();
  PastFromRecord(record, workspace, item);
}

void Core::PastFromRecord(const core::v1::StoredItem& record, Workspace& workspace, Item& item) {
  const std::string* team = item.team;
  item.periods.reserve(record.periods_size());
  for (const core::v1::StoredPeriod& stored : record.periods()) {
    Period period;
    period.start = stored.start();
    period.state = stored.state();
    period.epoch = stored.epoch();
    if (!stored.team().empty()) team = workspace.Share(stored.team());
    period.team = team;
    if (!stored.holder().empty()) period.holder = &PersonOf(workspace, stored.holder()).name;
    if (stored.has_hold()) period.hold = std::make_unique<v1::Hold>(stored.hold());
    item.periods.push_back(std::move(period));
  }
  item.tries.reserve(record.tries_size());
  for (const core::v1::StoredTry& stored : record.tries()) {
    Try attempt;
    attempt.expert = &PersonOf(workspace, stored.expert()).name;
    attempt.epoch = stored.epoch();
    attempt.state = stored.state();
    attempt.made = stored.made();
    attempt.expires = stored.expires();
    attempt.barred = stored.barred();
    item.tries.push_back(attempt);
  }
}

absl::Status Core::RestoreDecision(absl::string_view id, absl::string_view bytes) {
  const size_t slash = id.rfind('/');
  auto it = items_.find(id.substr(0, slash));
  uint32_t number = 0;
  if (it == items_.end() || !absl::SimpleAtoi(id.substr(slash + 1), &number)) {
    return Corrupt("decision", id, "of no item");
  }
  Item& item = *it->second;
  const uint32_t first =
      item.decisions_made > kKeptDecisions ? item.decisions_made - kKeptDecisions : 0;
  if (number < first || number >= item.decisions_made) {
    return Corrupt("decision", id, "is not one that the item has");
  }
  if (item.decisions == nullptr) {
    item.decisions = std::make_unique<std::vector<std::string>>(item.decisions_made - first);
  }
  (*item.decisions)[number - first] = std::string(bytes);
  return absl::OkStatus();
}

absl::Status Core::Restored() {
  for (const auto* one : roster_.All<registry::Workspace>()) WorkspaceOf(one->name());
  for (const auto* one : roster_.All<registry::Calendar>()) {
    SetShifts(WorkspaceOf(WorkspaceName(one->name())), one->name());
  }
  for (const auto* one : roster_.All<registry::Expert>()) {
    Upsert(WorkspaceOf(WorkspaceName(one->name())), one->name());
  }
  for (const auto& [name, workspace] : workspaces_) {
    if (workspace->clock() != kUnset) {
      workspace->matcher.Advance(FromNanos(workspace->clock()), nullptr);
    }
    for (const auto& [sequence, item] : workspace->items) {
      if (item->open()) {
        v1::WorkItem brief;
        brief.ParseFromString(item->brief);
        Rekind(*item, brief);
      }
      Join(*item);
    }
  }
  return absl::OkStatus();
}

namespace {

void DumpKind(const Workspace& workspace, const Kind& kind, std::string& out) {
  absl::StrAppend(
      &out, "kind ", absl::CHexEscape(kind.key), " needs ",
      absl::CHexEscape(eligibility::Signature(workspace.matcher.NeedsOf(kind.signature))),
      " items ", kind.items, " aging ", kind.aging_timer, "\n waiting");
  for (const Item* item : kind.waiting) absl::StrAppend(&out, " ", item->sequence);
  absl::StrAppend(&out, "\n by age");
  for (const Item* item : kind.by_age) absl::StrAppend(&out, " ", item->sequence);
  absl::StrAppend(&out, "\n parked");
  for (const Item* item : kind.parked) absl::StrAppend(&out, " ", item->sequence);
  absl::StrAppend(&out, "\n");
}

void DumpPerson(const Person& person, std::string& out) {
  const bool nothing =
      !person.slot.has_value() && !person.recorded && person.offers.empty() && person.held.empty();
  if (nothing) return;
  absl::StrAppend(&out, "person ", person.name, " in roster ", person.slot.has_value(), " used ",
                  person.load.used, " open ", person.load.open_items, " minutes ",
                  person.load.open_minutes, " since ", absl::ToUnixNanos(person.load.idle_since),
                  " order ", person.load.idle_order, " timeouts ", person.timeouts,
                  " unresponsive ", person.unresponsive, " offline ", person.offline_since,
                  "\n offers");
  for (const Item* item : person.offers) absl::StrAppend(&out, " ", item->sequence);
  absl::StrAppend(&out, "\n held");
  for (const Item* item : person.held) absl::StrAppend(&out, " ", item->sequence);
  absl::StrAppend(&out, "\n");
}

}  // namespace

void Core::Dump(std::string& out) const {
  for (const partition::Figure& figure : Figures()) {
    absl::StrAppend(&out, "figure ", figure.name, " ", figure.value, " ", figure.amount, "\n");
  }
  roster_.Dump(out);
  absl::StrAppend(&out, "lease ", lease_.made(), " ", lease_.until(), "\n");
  for (const auto& [name, workspace] : workspaces_) {
    absl::StrAppend(&out, "workspace ", name, " ",
                    absl::CHexEscape(workspace->progress.SerializeAsString()), "\n");
    for (const auto& [id, queue] : workspace->queues) {
      absl::StrAppend(&out, "queue ", absl::CHexEscape(queue->record.SerializeAsString()),
                      " depth");
      for (int64_t depth : queue->depth) absl::StrAppend(&out, " ", depth);
      absl::StrAppend(&out, " waiting ", queue->waiting.size(), "\n");
    }
    for (const auto& [id, restriction] : workspace->restrictions) {
      absl::StrAppend(&out, "restriction ", absl::CHexEscape(restriction.SerializeAsString()),
                      "\n");
    }
    for (const auto& [id, alarm] : workspace->alarms) {
      absl::StrAppend(&out, "alarm ", absl::CHexEscape(alarm.SerializeAsString()), "\n");
    }
    for (const auto& [id, person] : workspace->people) DumpPerson(*person, out);
    std::vector<const Kind*> kinds;
    for (const auto& [key, kind] : workspace->kinds) kinds.push_back(kind.get());
    std::sort(kinds.begin(), kinds.end(), KindOrder());
    for (const Kind* kind : kinds) DumpKind(*workspace, *kind, out);
    for (const auto& [sequence, item] : workspace->items) {
      core::v1::StoredItem record;
      FillRecord(*item, record);
      absl::StrAppend(&out, "item ", item->name, " ", absl::CHexEscape(record.SerializeAsString()),
                      " timer ", item->timer, " drop ", item->next_drop, "\n");
      if (item->decisions == nullptr) continue;
      for (const std::string& decision : *item->decisions) {
        absl::StrAppend(&out, " decision ", absl::CHexEscape(decision), "\n");
      }
    }
    workspace->matcher.Dump(out);
  }
  absl::StrAppend(&out, "timers");
  for (const Item* item : timers_) absl::StrAppend(&out, " ", item->timer, ":", item->sequence);
  absl::StrAppend(&out, "\n");
}

}  // namespace tideline::work_routing
