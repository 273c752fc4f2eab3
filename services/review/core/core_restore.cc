// SPDX-License-Identifier: Apache-2.0
// From records to memory, and from memory to text. Everything that is not a record is derived here
// in the same way as a step derives it, so that a restored Core is the one that lived.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace registry = skill_registry::v1;

namespace {

absl::Status Corrupt(absl::string_view kind, absl::string_view id, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", kind, " ", id, ": ", why));
}

}  // namespace

std::vector<std::string> Core::Kinds() const {
  std::vector<std::string> kinds = roster::Roster::Kinds();
  for (const char* kind : {"queue", "terms", "policy", "novice", "stream", "lot", "alarm",
                           "override", "gold", "gold_run", "gold_score", "item", "review",
                           "recheck", "owed", "quality", "nonconformity"}) {
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
  const std::string name(id);
  if (kind == "owed") {
    core::v1::StoredOwed& owed = owed_[name];
    TL_RETURN_IF_ERROR(parse(owed));
    owed_order_[owed.sequence()] = name;
    return absl::OkStatus();
  }
  Workspace& workspace = WorkspaceOf(WorkspaceName(id));
  const auto own = [&](auto made, auto& into) {
    made->workspace = &workspace;
    TL_RETURN_IF_ERROR(parse(made->record));
    into[name] = std::move(made);
    return absl::OkStatus();
  };
  if (kind == "queue") return parse(workspace.queues[name]);
  if (kind == "alarm") return parse(workspace.alarms[name]);
  if (kind == "override") return parse(workspace.overrides[name]);
  if (kind == "gold") return parse(workspace.golds[name]);
  if (kind == "gold_run") return parse(workspace.gold_runs[name]);
  if (kind == "gold_score") return parse(workspace.gold_scores[name]);
  if (kind == "recheck") return parse(workspace.recheck);
  if (kind == "policy") return parse(workspace.policies[name]);
  if (kind == "item") return own(std::make_unique<Item>(), workspace.items);
  if (kind == "review") return own(std::make_unique<Entry>(), workspace.reviews);
  if (kind == "stream") return own(std::make_unique<Stream>(), workspace.streams);
  if (kind == "lot") return own(std::make_unique<Lot>(), workspace.lots);
  if (kind == "terms") {
    v1::ReviewPolicy terms;
    TL_RETURN_IF_ERROR(parse(terms));
    workspace.terms[{terms.name(), terms.revision()}] = std::move(terms);
    return absl::OkStatus();
  }
  if (kind == "nonconformity") return parse(workspace.nonconformities[name]);
  if (kind == "quality") {
    core::v1::StoredQuality day;
    TL_RETURN_IF_ERROR(parse(day));
    workspace.qualities[{day.day(), day.subject(), day.work_type()}] = std::move(day);
    return absl::OkStatus();
  }
  if (kind == "novice") {
    core::v1::StoredNovice novice;
    TL_RETURN_IF_ERROR(parse(novice));
    workspace.novices[{novice.policy(), novice.expert()}] = std::move(novice);
    return absl::OkStatus();
  }
  return Corrupt(kind, id, "of an unknown kind");
}

absl::Status Core::Restored() {
  for (const registry::Expert* expert : roster_.All<registry::Expert>()) {
    experts_[std::string(WorkspaceName(expert->name()))].insert(expert->name());
  }
  for (const auto& [workspace_name, workspace] : workspaces_) {
    active_ |= !workspace->policies.empty() || !workspace->items.empty();
    for (const auto& [name, policy] : workspace->policies) {
      workspace->policy_of[KeyOf(policy)] = name;
    }
    for (const auto& [name, entry] : workspace->reviews) {
      Item* item = FindItem(entry->review().work_item());
      if (item == nullptr) return Corrupt("review", name, "its item is missing");
      item->reviews.insert(name);
      workspace->by_sequence[entry->record.sequence()] = entry.get();
      for (const v1::Opinion& opinion : entry->review().opinions()) {
        if (opinion.work_item().empty()) continue;
        workspace->opinion_items[opinion.work_item()] = {name, opinion.number()};
      }
      NoteAwaited(*entry);
      Count(*entry, entry->review().state());
      if (!entry->review().has_position()) continue;
      auto lot = workspace->lots.find(entry->review().position().lot());
      if (lot == workspace->lots.end()) return Corrupt("review", name, "its lot is missing");
      lot->second->reviews[entry->review().position().number()] = name;
    }
    for (const auto& [name, lot] : workspace->lots) SetTimer(*lot);
    for (const auto& [name, record] : workspace->overrides) {
      if (!record.expired()) timers_.insert({ToTime(record.expire_time()), name});
    }
    for (const auto& [name, record] : workspace->nonconformities) {
      const absl::Time due = DueOf(record);
      if (!record.overdue() && due != absl::InfiniteFuture()) timers_.insert({due, name});
    }
    if (workspace->recheck.has_since()) {
      timers_.insert({ToTime(workspace->recheck.since()), workspace_name});
    }
  }
  return absl::OkStatus();
}

void Core::Dump(std::string& out) const {
  roster_.Dump(out);
  const auto line = [&out](absl::string_view kind, absl::string_view name,
                           const google::protobuf::MessageLite& record) {
    absl::StrAppend(&out, kind, " ", name, " ", absl::CHexEscape(record.SerializeAsString()), "\n");
  };
  const auto all = [&line](absl::string_view kind, const auto& records) {
    for (const auto& [id, record] : records) line(kind, id, record);
  };
  const auto owned = [&line](absl::string_view kind, const auto& objects) {
    for (const auto& [id, object] : objects) line(kind, id, object->record);
  };
  for (const auto& [name, experts] : experts_) {
    for (const std::string& expert : experts) absl::StrAppend(&out, "expert ", expert, "\n");
  }
  for (const auto& [name, workspace] : workspaces_) {
    all("queue", workspace->queues);
    all("policy", workspace->policies);
    for (const auto& [key, of] : workspace->policy_of) absl::StrAppend(&out, "for ", of, "\n");
    for (const auto& [key, terms] : workspace->terms) line("terms", key.first, terms);
    for (const auto& [key, novice] : workspace->novices) line("novice", key.second, novice);
    all("alarm", workspace->alarms);
    all("override", workspace->overrides);
    all("gold_run", workspace->gold_runs);
    all("gold_score", workspace->gold_scores);
    for (const auto& [id, gold] : workspace->golds) {
      absl::StrAppend(&out, "gold ", id, " ", gold.given(), "\n");  // its maps have no order
    }
    owned("stream", workspace->streams);
    owned("lot", workspace->lots);
    for (const auto& [id, item] : workspace->items) {
      line("item", id, item->record);
      for (const std::string& review : item->reviews) absl::StrAppend(&out, " ", review, "\n");
    }
    for (const auto& [id, lot] : workspace->lots) {
      for (const auto& [position, review] : lot->reviews) {
        absl::StrAppend(&out, "position ", position, " ", review, "\n");
      }
    }
    owned("review", workspace->reviews);
    for (const auto& [sequence, entry] : workspace->by_sequence) {
      absl::StrAppend(&out, "sequence ", sequence, " ", entry->name(), "\n");
    }
    for (const std::string& review : workspace->awaiting) {
      absl::StrAppend(&out, "awaits ", review, "\n");
    }
    for (const auto& [item, of] : workspace->opinion_items) {
      absl::StrAppend(&out, "opinion ", item, " ", of.first, " ", of.second, "\n");
    }
    all("nonconformity", workspace->nonconformities);
    for (const auto& [key, day] : workspace->qualities) line("quality", day.subject(), day);
    line("recheck", name, workspace->recheck);
  }
  for (const partition::Figure& figure : Figures()) {
    absl::StrAppend(&out, "figure ", figure.name, " ", figure.value, " ", figure.amount, "\n");
  }
  for (const auto& [due, name] : timers_) {
    absl::StrAppend(&out, "timer ", absl::ToUnixNanos(due), " ", name, "\n");
  }
  for (const auto& [sequence, id] : owed_order_) line("owed", id, owed_.at(id));
}

}  // namespace tideline::review
