// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/catalog.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/roster/fold.h"
#include "services/skill_registry/core/mask.h"

namespace tideline::skill_registry {
namespace {

// The one record that is no resource: where the last deletion stands, since a deleted resource
// leaves no etag to tell.
constexpr char kDeletionKind[] = "deletion";
constexpr char kDeletionId[] = "last";

std::string MemberKey(absl::string_view workspace, absl::string_view subject) {
  return absl::StrCat(workspace, absl::string_view("\0", 1), subject);
}

Message& Slot(const Kind& kind, v1::Resource& holder) {
  return *holder.GetReflection()->MutableMessage(&holder, kind.slot);
}

}  // namespace

bool ByName::operator()(const Entry* a, const Entry* b) const { return a->name < b->name; }

const Entry* Catalog::Find(absl::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

void Catalog::Scan(absl::string_view prefix, absl::string_view after, Visitor visit) const {
  auto it = after > prefix ? entries_.upper_bound(std::string(after))
                           : entries_.lower_bound(std::string(prefix));
  for (; it != entries_.end() && absl::StartsWith(it->first, prefix); ++it) {
    if (!visit(it->second)) return;
  }
}

void Catalog::ScanWorkspaces(absl::string_view after, Visitor visit) const {
  auto it = entries_.upper_bound(std::string(after));
  while (it != entries_.end()) {
    if (it->second.kind == &KindOf<v1::Workspace>()) {
      if (!visit(it->second)) return;
      ++it;
    } else {
      // Past everything in this workspace: '0' comes after '/'.
      it = entries_.lower_bound(absl::StrCat(WorkspaceOf(it->first), "0"));
    }
  }
}

void Catalog::ScanReferrers(const Entry& target, absl::string_view after, Visitor visit) const {
  Entry cursor;
  cursor.name = std::string(after);
  for (auto it = target.referrers.upper_bound(&cursor); it != target.referrers.end(); ++it) {
    if (!visit(**it)) return;
  }
}

bool Catalog::HasMember(absl::string_view workspace, absl::string_view subject) const {
  return members_.contains(MemberKey(workspace, subject));
}

partition::Grant Catalog::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  partition::Grant grant;
  auto it = members_.find(MemberKey(workspace, subject));
  if (it == members_.end()) return grant;
  const auto& member = it->second->As<v1::Member>();
  for (int role : member.roles()) grant.roles.Add(static_cast<type::v1::Role>(role));
  grant.organization = member.organization();
  grant.expert = member.expert();
  return grant;
}

void Catalog::CopyPublic(const Kind& kind, const Message& resource, v1::Resource& to) {
  Message& shown = Slot(kind, to);
  shown.CopyFrom(resource);
  shown.GetReflection()->ClearField(&shown, kind.etag);
  shown.GetReflection()->ClearField(&shown, kind.update_time);
  ClearPersonal(kind, shown);
}

void Catalog::Stamp(const Call& call, const Revision& revision, const Kind& kind,
                    Message& resource) {
  const auto* reflection = resource.GetReflection();
  reflection->SetString(&resource, kind.etag, partition::FormatEtag(revision));
  const google::protobuf::Timestamp now = ToProto(call.now);
  if (!reflection->HasField(resource, kind.create_time)) {
    reflection->MutableMessage(&resource, kind.create_time)->CopyFrom(now);
  }
  reflection->MutableMessage(&resource, kind.update_time)->CopyFrom(now);
}

Entry& Catalog::Place(const Kind& kind, std::unique_ptr<Message> resource,
                      const Revision& revision) {
  std::string scratch;
  const std::string& name =
      resource->GetReflection()->GetStringReference(*resource, kind.name, &scratch);
  auto [it, fresh] = entries_.try_emplace(name);
  Entry& entry = it->second;
  if (fresh) {
    entry.name = name;
    entry.kind = &kind;
    by_name_[it->first] = &entry;
  }
  entry.resource = std::move(resource);
  entry.revision = revision;
  if (roster::Before(last_, revision)) last_ = revision;
  return entry;
}

void Catalog::Relink(const Entry& entry, const std::vector<std::string>& before,
                     const std::vector<std::string>& after) {
  const auto each_new = [](const std::vector<std::string>& from, const std::vector<std::string>& to,
                           absl::FunctionRef<void(const std::string&)> visit) {
    for (const std::string& name : to) {
      if (!std::binary_search(from.begin(), from.end(), name)) visit(name);
    }
  };
  each_new(after, before, [&](const std::string& gone) {
    if (auto it = by_name_.find(gone); it != by_name_.end()) it->second->referrers.erase(&entry);
  });
  each_new(before, after, [&](const std::string& added) {
    if (auto it = by_name_.find(added); it != by_name_.end()) it->second->referrers.insert(&entry);
  });
}

void Catalog::NoteMember(const Entry& entry, bool present) {
  if (entry.kind != &KindOf<v1::Member>()) return;
  std::string key = MemberKey(WorkspaceOf(entry.name), entry.As<v1::Member>().subject());
  if (present) {
    members_[key] = &entry;
  } else {
    members_.erase(key);
  }
}

void Catalog::Schedule(Entry& entry) {
  if (entry.kind->next_date == nullptr) return;
  const absl::Time next = entry.kind->next_date(*entry.resource);
  if (next == entry.next_date) return;
  if (entry.next_date != absl::InfiniteFuture()) dates_.erase({entry.next_date, entry.name});
  if (next != absl::InfiniteFuture()) dates_.insert({next, entry.name});
  entry.next_date = next;
}

const Entry& Catalog::Insert(const Call& call, std::unique_ptr<Message> resource,
                             Changes& changes) {
  const Kind& kind = KindOf(resource->GetDescriptor());
  std::string name = resource->GetReflection()->GetString(*resource, kind.name);
  v1::Event event;
  CopyPublic(kind, *resource, *event.mutable_created()->mutable_resource());
  const Revision revision = changes.Raise(call, name, event);
  Stamp(call, revision, kind, *resource);
  changes.Put(kind.record, name, *resource);
  if (trial_.has_value()) trial_->undo.push_back({name, nullptr, {}});
  Entry& entry = Place(kind, std::move(resource), revision);
  Relink(entry, {}, References(kind, *entry.resource));
  NoteMember(entry, true);
  Schedule(entry);
  return entry;
}

const Entry& Catalog::Replace(const Call& call, std::unique_ptr<Message> next, v1::Action action,
                              Changes& changes) {
  const Kind& kind = KindOf(next->GetDescriptor());
  std::string scratch;
  Entry& entry =
      *by_name_.find(next->GetReflection()->GetStringReference(*next, kind.name, &scratch))->second;
  const std::vector<const FieldDescriptor*> fields = Differences(*entry.resource, *next);
  if (fields.empty()) return entry;

  v1::Event event;
  v1::Changed& changed = *event.mutable_changed();
  changed.set_action(action);
  Message& values = Slot(kind, *changed.mutable_resource());
  values.CopyFrom(*next);
  ClearPersonal(kind, values);
  for (int i = 0; i < kind.type->field_count(); ++i) {
    const FieldDescriptor* field = kind.type->field(i);
    if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
      values.GetReflection()->ClearField(&values, field);
    } else if (!field->options().GetExtension(type::v1::personal)) {
      changed.mutable_fields()->add_paths(field->name());
    }
  }
  const Revision revision = changes.Raise(call, entry.name, event);
  Stamp(call, revision, kind, *next);
  changes.Put(kind.record, entry.name, *next);
  const std::vector<std::string> before = References(kind, *entry.resource);
  NoteMember(entry, false);
  if (trial_.has_value()) {
    trial_->undo.push_back({entry.name, std::move(entry.resource), entry.revision});
  }
  Place(kind, std::move(next), revision);
  Relink(entry, before, References(kind, *entry.resource));
  NoteMember(entry, true);
  Schedule(entry);
  return entry;
}

std::unique_ptr<Message> Catalog::Forget(Entry& entry) {
  Relink(entry, References(*entry.kind, *entry.resource), {});
  NoteMember(entry, false);
  if (entry.next_date != absl::InfiniteFuture()) dates_.erase({entry.next_date, entry.name});
  std::unique_ptr<Message> resource = std::move(entry.resource);
  auto it = entries_.find(entry.name);
  by_name_.erase(it->first);
  entries_.erase(it);
  return resource;
}

std::unique_ptr<Message> Catalog::Remove(const Call& call, absl::string_view name,
                                         Changes& changes) {
  Entry& entry = *by_name_.find(name)->second;
  v1::Event event;
  event.mutable_deleted();
  const Revision revision = changes.Raise(call, entry.name, event);
  if (roster::Before(last_, revision)) last_ = revision;
  changes.Erase(entry.kind->record, entry.name);
  changes.Put(kDeletionKind, kDeletionId, revision);
  changes.Retire(entry.name);
  return Forget(entry);
}

void Catalog::BeginTrial() { trial_.emplace().last = last_; }

void Catalog::EndTrial() {
  Trial trial = *std::move(trial_);
  trial_.reset();
  for (auto undo = trial.undo.rbegin(); undo != trial.undo.rend(); ++undo) {
    Entry& entry = *by_name_.find(undo->name)->second;
    if (undo->resource == nullptr) {
      Forget(entry);
      continue;
    }
    const std::vector<std::string> before = References(*entry.kind, *entry.resource);
    NoteMember(entry, false);
    Place(*entry.kind, std::move(undo->resource), undo->revision);
    Relink(entry, before, References(*entry.kind, *entry.resource));
    NoteMember(entry, true);
    Schedule(entry);
  }
  last_ = trial.last;
}

absl::Time Catalog::NextDate() const {
  return dates_.empty() ? absl::InfiniteFuture() : dates_.begin()->first;
}

void Catalog::PassDates(const Call& call, size_t most, Changes& changes) {
  for (size_t done = 0; done < most && NextDate() <= call.now; ++done) {
    const Entry& entry = *Find(dates_.begin()->second);
    std::unique_ptr<Message> next(entry.resource->New());
    next->CopyFrom(*entry.resource);
    entry.kind->pass_dates(call.now, *next);
    Replace(call, std::move(next), v1::ACTION_DATE_PASSED, changes);
  }
}

std::vector<std::string> Catalog::RecordKinds() {
  std::vector<std::string> records;
  for (const Kind& kind : Kinds()) records.push_back(kind.record);
  records.push_back(kDeletionKind);
  return records;
}

absl::Status Catalog::Restore(absl::string_view record, absl::string_view id,
                              absl::string_view bytes) {
  if (record == kDeletionKind) {
    Revision revision;
    if (!revision.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return absl::DataLossError("the record of the last deletion does not parse");
    }
    if (roster::Before(last_, revision)) last_ = revision;
    return absl::OkStatus();
  }
  const Kind* kind = FindKind(record);
  if (kind == nullptr) {
    return absl::DataLossError(absl::StrCat("\"", record, "\" is no kind of record"));
  }
  v1::Resource holder;
  std::unique_ptr<Message> resource(Slot(*kind, holder).New());
  if (!resource->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      resource->GetReflection()->GetString(*resource, kind->name) != id) {
    return absl::DataLossError(absl::StrCat("the record of \"", id, "\" does not parse"));
  }
  absl::StatusOr<Revision> revision =
      roster::ParseEtag(resource->GetReflection()->GetString(*resource, kind->etag));
  if (!revision.ok()) {
    return absl::DataLossError(absl::StrCat("\"", id, "\": ", revision.status().message()));
  }
  Place(*kind, std::move(resource), *revision);
  return absl::OkStatus();
}

absl::Status Catalog::Restored() {
  for (auto& [name, entry] : entries_) {
    for (const std::string& target : References(*entry.kind, *entry.resource)) {
      if (!by_name_.contains(target)) {
        return absl::DataLossError(
            absl::StrCat("\"", name, "\" refers to \"", target, "\", which has no record"));
      }
    }
    Relink(entry, {}, References(*entry.kind, *entry.resource));
    NoteMember(entry, true);
    Schedule(entry);
  }
  return absl::OkStatus();
}

void Catalog::Dump(std::string& out) const {
  absl::StrAppend(&out, "last ", partition::FormatEtag(last_), "\n");
  for (const auto& [name, entry] : entries_) {
    absl::StrAppend(&out, entry.kind->record, " ", name, " ", partition::FormatEtag(entry.revision),
                    " ", absl::FormatTime(entry.next_date), " ",
                    absl::CEscape(entry.resource->SerializeAsString()), "\n");
    for (const Entry* referrer : entry.referrers) {
      absl::StrAppend(&out, "  from ", referrer->name, "\n");
    }
  }
  std::vector<std::pair<absl::string_view, absl::string_view>> members;
  for (const auto& [key, entry] : members_) members.emplace_back(key, entry->name);
  std::sort(members.begin(), members.end());
  for (const auto& [key, name] : members) {
    absl::StrAppend(&out, "member ", absl::CEscape(key), " ", name, "\n");
  }
  for (const auto& [time, name] : dates_) {
    absl::StrAppend(&out, "date ", absl::FormatTime(time), " ", name, "\n");
  }
}

}  // namespace tideline::skill_registry
