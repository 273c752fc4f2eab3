// SPDX-License-Identifier: Apache-2.0
// From records to memory, from skill_registry's events to grants and people, and from memory to
// text. Everything that is not a record is derived here as a step derives it, so that a restored
// Core is the one that lived.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"
#include "tideline/skill_registry/v1/events.pb.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;

namespace {

absl::Status Corrupt(absl::string_view kind, absl::string_view id, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", kind, " ", id, ": ", why));
}

}  // namespace

std::vector<std::string> Core::Kinds() const {
  std::vector<std::string> kinds = roster::Roster::Kinds();
  for (const char* kind : {"rule", "decision", "reversal"}) kinds.push_back(kind);
  return kinds;
}

absl::Status Core::Restore(absl::string_view kind, absl::string_view id, absl::string_view bytes) {
  if (roster::Roster::Keeps(kind)) return roster_.Restore(kind, id, bytes);
  const auto parse = [&](google::protobuf::MessageLite& record) {
    return record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
               ? absl::OkStatus()
               : Corrupt(kind, id, "does not parse");
  };
  Workspace& workspace = WorkspaceOf(WorkspaceName(id));
  if (kind == "rule") return parse(workspace.rules[std::string(id)]);
  if (kind == "decision") {
    auto entry = std::make_unique<Entry>();
    entry->workspace = &workspace;
    TL_RETURN_IF_ERROR(parse(entry->record));
    Index(*entry);
    workspace.decisions[std::string(id)] = std::move(entry);
    return absl::OkStatus();
  }
  if (kind != "reversal") return Corrupt(kind, id, "of an unknown kind");
  auto undoing = std::make_unique<Undoing>();
  undoing->workspace = &workspace;
  TL_RETURN_IF_ERROR(parse(undoing->record));
  const core::v1::StoredReversal& record = undoing->record;
  if (!record.owed_id().empty()) {
    owed_.insert({ToTime(record.owed_since()), undoing->name()});
    owed_by_id_[record.owed_id()] = undoing->name();
  }
  workspace.reversals[std::string(id)] = std::move(undoing);
  return absl::OkStatus();
}

absl::Status Core::Restored() {
  for (const registry::AuthorityGrant* grant : roster_.All<registry::AuthorityGrant>()) {
    WorkspaceOf(WorkspaceName(grant->name())).grants.insert(grant->name());
  }
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [id, undoing] : workspace->reversals) {
      for (const v1::Reversal::Step& step : undoing->reversal().steps()) {
        if (FindEntry(step.decision()) == nullptr) {
          return Corrupt("reversal", id, absl::StrCat(step.decision(), " is missing"));
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Core::Follow(const Call& call, const partition::UpstreamEvent& upstream,
                          Changes& changes) {
  (void)call;
  registry::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of skill_registry does not parse");
  }
  TL_ASSIGN_OR_RETURN(const roster::Change change, roster_.Apply(event));
  if (!change) return absl::OkStatus();
  change.Keep(changes);
  if (change.kind == roster::Case::kAuthorityGrant) {
    absl::btree_set<std::string>& grants = WorkspaceOf(WorkspaceName(change.name)).grants;
    if (change.record != nullptr) {
      grants.insert(change.name);
    } else {
      grants.erase(change.name);
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
  std::map<std::string, const Workspace*> ordered;
  for (const auto& [name, workspace] : workspaces_) {
    // An empty one is as good as none: reads do not make one, refused verbs may.
    if (workspace->decisions.empty() && workspace->rules.empty() && workspace->grants.empty()) {
      continue;
    }
    ordered[name] = workspace.get();
  }
  for (const auto& [name, workspace] : ordered) {
    absl::StrAppend(&out, "workspace ", name, "\n");
    for (const auto& [id, rule] : workspace->rules) line("rule", id, rule);
    for (const auto& [id, entry] : workspace->decisions) line("decision", id, entry->record);
    for (const auto& [id, undoing] : workspace->reversals) line("reversal", id, undoing->record);
    for (const std::string& grant : workspace->grants) absl::StrAppend(&out, "grant ", grant, "\n");
    for (const auto& [sequence, entry] : workspace->by_sequence) {
      absl::StrAppend(&out, "taken ", sequence, " ", entry->name(), "\n");
    }
    for (const auto& [on, dependants] : workspace->dependants) {
      for (const std::string& one : dependants) absl::StrAppend(&out, on, " <- ", one, "\n");
    }
    for (const auto& [grant, entries] : workspace->under) {
      for (const auto& [sequence, entry] : entries) {
        absl::StrAppend(&out, "under ", grant, " ", entry->name(), "\n");
      }
    }
  }
  for (const auto& [since, name] : owed_) {
    absl::StrAppend(&out, "owed ", absl::ToUnixNanos(since), " ", name, "\n");
  }
}

}  // namespace tideline::decision_ledger
