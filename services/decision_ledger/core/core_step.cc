// SPDX-License-Identifier: Apache-2.0
// Records, events, look-ups and who may act: what every verb needs.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t nanos = absl::ToUnixNanos(time);
  proto.set_seconds(nanos / 1'000'000'000);
  proto.set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  return proto;
}

absl::string_view WorkspaceName(absl::string_view name) {
  return name.substr(0, name.find('/', sizeof("workspaces/") - 1));
}

Core::Core() = default;
Core::~Core() = default;

Core::Step::~Step() {
  for (Entry* entry : entries) {
    entry->touched = false;
    changes.Put("decision", entry->name(), entry->record);
  }
  for (Undoing* undoing : undoings) {
    undoing->touched = false;
    changes.Put("reversal", undoing->name(), undoing->record);
  }
}

Workspace& Core::WorkspaceOf(absl::string_view name) {
  std::unique_ptr<Workspace>& slot = workspaces_[std::string(name)];
  if (slot == nullptr) {
    slot = std::make_unique<Workspace>();
    slot->name = std::string(name);
  }
  return *slot;
}

Workspace* Core::FindWorkspace(absl::string_view name) const {
  auto it = workspaces_.find(std::string(name));
  return it == workspaces_.end() ? nullptr : it->second.get();
}

Entry* Core::FindEntry(absl::string_view name) const {
  const Workspace* workspace = FindWorkspace(WorkspaceName(name));
  if (workspace == nullptr) return nullptr;
  auto it = workspace->decisions.find(name);
  return it == workspace->decisions.end() ? nullptr : it->second.get();
}

Undoing* Core::FindUndoing(absl::string_view name) const {
  const Workspace* workspace = FindWorkspace(WorkspaceName(name));
  if (workspace == nullptr) return nullptr;
  auto it = workspace->reversals.find(name);
  return it == workspace->reversals.end() ? nullptr : it->second.get();
}

absl::StatusOr<Entry*> Core::GetEntry(const Call& call, absl::string_view name,
                                      absl::string_view etag) const {
  Entry* entry = FindEntry(name);
  if (entry == nullptr || entry->workspace->name != call.workspace ||
      !Visible(call, entry->decision())) {
    return NotFound(name);
  }
  if (!etag.empty() && etag != entry->decision().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the decision has changed since it was read",
                  {{"etag", entry->decision().etag()}});
  }
  return entry;
}

absl::StatusOr<Undoing*> Core::GetUndoing(const Call& call, absl::string_view name,
                                          absl::string_view etag) const {
  Undoing* undoing = FindUndoing(name);
  const Entry* entry = undoing == nullptr ? nullptr : FindEntry(undoing->reversal().decision());
  if (entry == nullptr || undoing->workspace->name != call.workspace ||
      !Visible(call, entry->decision())) {
    return NotFound(name);
  }
  if (!etag.empty() && etag != undoing->reversal().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the reversal has changed since it was read",
                  {{"etag", undoing->reversal().etag()}});
  }
  return undoing;
}

// Who is confined to an organization sees its own people's decisions, and those under its
// contracts.
bool Core::Visible(const Call& call, const v1::Decision& decision) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  const auto* expert = roster_.Find<registry::Expert>(decision.decider());
  if (expert != nullptr && roster_.OrganizationOf(*expert) == own) return true;
  const auto* engagement = roster_.Find<registry::Engagement>(decision.engagement());
  return engagement != nullptr && (engagement->client() == own || engagement->vendor() == own);
}

absl::StatusOr<std::string> Core::WhoActs(const Call& call, const std::string& named,
                                          absl::string_view field) const {
  const std::string& who = named.empty() ? call.grant.expert : named;
  if (who.empty()) {
    return InvalidField(field, "is required of a caller who acts as no expert",
                        Reason::REASON_FIELD_REQUIRED);
  }
  if (!absl::StartsWith(who, absl::StrCat(call.workspace, "/")) ||
      roster_.Find<registry::Expert>(who) == nullptr) {
    return ReferenceNotFound(field, who);
  }
  partition::Roles over_others;
  over_others.Add(type::v1::ROLE_LEAD);
  over_others.Add(type::v1::ROLE_ADMIN);
  over_others.Add(type::v1::ROLE_SERVICE);
  if (who == call.grant.expert || call.grant.roles.Intersects(over_others)) return who;
  return Refuse(Reason::REASON_NOT_YOURS, "it is somebody else's to decide", {{"expert", who}});
}

void Core::Index(Entry& entry) {
  Workspace& workspace = *entry.workspace;
  const uint64_t sequence = entry.record.sequence();
  const v1::Decision& decision = entry.decision();
  workspace.by_sequence[sequence] = &entry;
  for (const std::string& on : decision.depends_on()) {
    workspace.dependants[on].insert(entry.name());
  }
  if (!decision.work_item().empty()) workspace.by_item[decision.work_item()][sequence] = &entry;
  workspace.under[decision.authority().grant()][sequence] = &entry;
  for (const std::string& grant : decision.authority().chain()) {
    workspace.under[grant][sequence] = &entry;
  }
}

void Core::Raise(Step& step, Entry& entry, v1::Event& event, v1::Decision& resource) {
  resource = entry.decision();
  resource.clear_etag();
  resource.clear_update_time();
  if (event.has_decision_recorded()) resource.clear_create_time();
  const type::v1::Revision revision =
      step.changes.Raise(step.call, entry.name(), event, entry.decision().decider());
  entry.mutable_decision().set_etag(partition::FormatEtag(revision));
  *entry.mutable_decision().mutable_update_time() = ToProto(step.now);
  step.Touch(entry);
}

void Core::Raise(Step& step, Undoing& undoing, v1::Event& event, v1::Reversal& resource,
                 const std::string& audience) {
  resource = undoing.reversal();
  resource.clear_etag();
  resource.clear_update_time();
  if (event.has_reversal_started()) resource.clear_create_time();
  const type::v1::Revision revision =
      step.changes.Raise(step.call, undoing.name(), event, audience);
  undoing.mutable_reversal().set_etag(partition::FormatEtag(revision));
  *undoing.mutable_reversal().mutable_update_time() = ToProto(step.now);
  step.Touch(undoing);
}

}  // namespace tideline::decision_ledger
