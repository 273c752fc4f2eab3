// SPDX-License-Identifier: Apache-2.0
// From records to memory, and from memory to text. Everything that is not a record is derived here
// in the same way as a step derives it, so that a restored Core is the one that lived.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace {

absl::Status Corrupt(absl::string_view kind, absl::string_view id, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", kind, " ", id, ": ", why));
}

}  // namespace

std::vector<std::string> Core::Kinds() const {
  std::vector<std::string> kinds = roster::Roster::Kinds();
  for (const char* kind : {"lease", "queue", "plan", "alarm", "tally", "item", "handoff"}) {
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
  if (kind == "lease") return parse(lease_);
  Workspace& workspace = WorkspaceOf(WorkspaceName(id));
  if (kind == "queue") return parse(workspace.queues[std::string(id)]);
  if (kind == "alarm") return parse(workspace.alarms[std::string(id)]);
  if (kind == "plan") {
    auto plan = std::make_unique<Plan>();
    plan->workspace = &workspace;
    TL_RETURN_IF_ERROR(parse(plan->record));
    workspace.plan_of_queue[plan->plan().queue()] = plan.get();
    workspace.plans[std::string(id)] = std::move(plan);
    return absl::OkStatus();
  }
  if (kind == "tally") {
    auto tally = std::make_unique<Tally>();
    TL_RETURN_IF_ERROR(parse(tally->record));
    const core::v1::StoredTally& record = tally->record;
    const TallyKey key{record.day(), record.from_team(), record.to_team()};
    workspace.tallies[key] = std::move(tally);
    return absl::OkStatus();
  }
  if (kind == "item") {
    auto item = std::make_unique<Item>();
    item->workspace = &workspace;
    TL_RETURN_IF_ERROR(parse(item->record));
    workspace.items[std::string(id)] = std::move(item);
    return absl::OkStatus();
  }
  if (kind != "handoff") return Corrupt(kind, id, "of an unknown kind");
  auto entry = std::make_unique<Entry>();
  entry->workspace = &workspace;
  TL_RETURN_IF_ERROR(parse(entry->record));
  workspace.handoffs[std::string(id)] = std::move(entry);
  return absl::OkStatus();
}

absl::Status Core::Restored() {
  for (const auto& [workspace_name, workspace] : workspaces_) {
    for (const auto& [name, entry] : workspace->handoffs) {
      Item* item = FindItem(entry->handoff().work_item());
      if (item == nullptr) return Corrupt("handoff", name, "its item is missing");
      item->handoffs.insert(name);
      if (entry->open()) {
        if (!item->open.empty()) return Corrupt("handoff", name, "its item has another open one");
        item->open = name;
      }
      workspace->by_sequence[entry->record.sequence()] = entry.get();
      if (!entry->record.owed_id().empty()) {
        owed_.insert({ToTime(entry->record.owed_since()), name});
        owed_by_id_[entry->record.owed_id()] = name;
      }
      SetTimer(*entry);
    }
    for (const auto& [name, item] : workspace->items) Join(*item);
    for (const auto& [name, plan] : workspace->plans) SetTimer(*plan);
  }
  return absl::OkStatus();
}

void Core::Dump(std::string& out) const {
  roster_.Dump(out);
  const auto line = [&out](absl::string_view kind, absl::string_view name,
                           const google::protobuf::MessageLite& record) {
    absl::StrAppend(&out, kind, " ", name, " ", absl::CHexEscape(record.SerializeAsString()), "\n");
  };
  const auto names = [&out](absl::string_view title, const absl::btree_set<std::string>& all) {
    absl::StrAppend(&out, " ", title);
    for (const std::string& name : all) absl::StrAppend(&out, " ", name);
    absl::StrAppend(&out, "\n");
  };
  line("lease", "floor", lease_);
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [id, queue] : workspace->queues) line("queue", id, queue);
    for (const auto& [id, plan] : workspace->plans) {
      line("plan", id, plan->record);
      absl::StrAppend(&out, " timer ", absl::ToUnixNanos(plan->timer), "\n");
    }
    for (const auto& [id, alarm] : workspace->alarms) line("alarm", id, alarm);
    for (const auto& [key, tally] : workspace->tallies) line("tally", "", tally->record);
    for (const auto& [id, item] : workspace->items) {
      line("item", id, item->record);
      absl::StrAppend(&out, " open ", item->open, "\n");
      names("handoffs", item->handoffs);
    }
    for (const auto& [id, entry] : workspace->handoffs) {
      line("handoff", id, entry->record);
      absl::StrAppend(&out, " timer ", absl::ToUnixNanos(entry->timer), "\n");
    }
    for (const auto& [key, items] : workspace->by_team) {
      names(absl::StrCat(key.first, " ", key.second), items);
    }
    for (const auto& [holder, items] : workspace->by_holder) names(holder, items);
  }
  for (const auto& [due, name] : timers_) {
    absl::StrAppend(&out, "timer ", absl::ToUnixNanos(due), " ", name, "\n");
  }
  for (const auto& [since, name] : owed_) {
    absl::StrAppend(&out, "owed ", absl::ToUnixNanos(since), " ", name, "\n");
  }
}

}  // namespace tideline::handoff
