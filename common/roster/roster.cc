// SPDX-License-Identifier: Apache-2.0
#include "common/roster/roster.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/roster/fold.h"

namespace tideline::roster {
namespace {

namespace v1 = skill_registry::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::string_view kPrefix = "roster_";

const absl::btree_set<std::string>& Nobody() {
  static const auto& none = *new absl::btree_set<std::string>();
  return none;
}

const FieldDescriptor* FieldOf(Case which) {
  return v1::Resource::descriptor()->FindFieldByNumber(which);
}

std::string RecordKind(Case which) { return absl::StrCat(kPrefix, FieldOf(which)->name()); }

// How far an import has come is of no use to a follower.
bool OfUse(Case which) { return which != Case::kImport; }

std::unique_ptr<Message> NewRecord(const Message& like) {
  return std::unique_ptr<Message>(like.New());
}

std::string GrantKey(absl::string_view workspace, absl::string_view subject) {
  return absl::StrCat(workspace, absl::string_view("\0", 1), subject);
}

// "workspaces/{workspace}" of a full name.
absl::string_view WorkspaceOf(absl::string_view name) {
  size_t slash = name.find('/', name.find('/') + 1);
  return name.substr(0, slash);
}

partition::Grant MakeGrant(const v1::Member& member) {
  partition::Grant grant;
  for (int role : member.roles()) grant.roles.Add(static_cast<type::v1::Role>(role));
  grant.organization = member.organization();
  grant.expert = member.expert();
  return grant;
}

const absl::btree_set<std::string>& At(
    const absl::btree_map<std::string, absl::btree_set<std::string>>& index,
    absl::string_view target) {
  auto it = index.find(target);
  return it == index.end() ? Nobody() : it->second;
}

// Whether the set `kind` of an event is one that this code knows.
absl::StatusOr<const v1::Resource*> ResourceOf(const v1::Event& event) {
  if (!event.has_created() && !event.has_changed()) {
    return absl::UnimplementedError("an event of a kind that is newer than this code");
  }
  const v1::Resource& resource =
      event.has_created() ? event.created().resource() : event.changed().resource();
  if (resource.resource_case() == Case::RESOURCE_NOT_SET) {
    return absl::UnimplementedError("an event about a kind of resource newer than this code");
  }
  return &resource;
}

}  // namespace

absl::StatusOr<Change> Roster::Apply(const v1::Event& event) {
  if (event.has_deleted()) return Delete(event);
  TL_ASSIGN_OR_RETURN(const v1::Resource* resource, ResourceOf(event));
  Change change;
  if (!OfUse(resource->resource_case())) return change;

  const std::string& name = event.header().subject();
  auto it = entries_.find(name);
  if (it != entries_.end() && !Before(it->second.revision, event.header().revision())) {
    return change;
  }
  if (it == entries_.end() && event.has_changed()) {
    return absl::FailedPreconditionError(absl::StrCat("\"", name, "\" changed and is not known"));
  }
  // Folded beside the old record, so that an error leaves everything as it was.
  std::unique_ptr<Message> record = NewRecord(*Inner(*resource));
  if (it != entries_.end() && event.has_changed()) {
    if (it->second.record->GetDescriptor() != record->GetDescriptor()) {
      return absl::InvalidArgumentError("the event is about a resource of another type");
    }
    record->CopyFrom(*it->second.record);
  }
  TL_RETURN_IF_ERROR(Fold(event, *record));
  if (resource->resource_case() == Case::kCalendar) {
    // Compiled before anything changes: the zone data of this machine may not have the zone.
    TL_ASSIGN_OR_RETURN(calendars_[name],
                        Calendar::Create(static_cast<const v1::Calendar&>(*record).rules()));
  }

  change.kind = resource->resource_case();
  change.name = name;
  change.record_kind = RecordKind(change.kind);
  change.created = it == entries_.end();
  if (!change.created) {
    if (change.kind == Case::kExpert) {
      change.team_before = static_cast<const v1::Expert&>(*it->second.record).team();
    }
    Note(*it->second.record, false);
  }
  Entry& entry = entries_[name];
  entry.record = std::move(record);
  entry.revision = event.header().revision();
  Note(*entry.record, true);
  change.record = entry.record.get();
  return change;
}

absl::StatusOr<Change> Roster::Delete(const v1::Event& event) {
  Change change;
  auto it = entries_.find(event.header().subject());
  // Already gone, or never of use: a snapshot that was read after the deletion does not have it.
  if (it == entries_.end() || !Before(it->second.revision, event.header().revision())) {
    return change;
  }
  const Message& record = *it->second.record;
  for (int i = 0; i < v1::Resource::descriptor()->field_count(); ++i) {
    const FieldDescriptor* field = v1::Resource::descriptor()->field(i);
    if (field->message_type() == record.GetDescriptor()) change.kind = Case(field->number());
  }
  change.name = it->first;
  change.record_kind = RecordKind(change.kind);
  if (change.kind == Case::kExpert) {
    change.team_before = static_cast<const v1::Expert&>(record).team();
  }
  Note(record, false);
  calendars_.erase(it->first);
  entries_.erase(it);
  return change;
}

const std::vector<std::string>& Roster::Kinds() {
  static const auto& kinds = *[] {
    auto* all = new std::vector<std::string>();
    for (int i = 0; i < v1::Resource::descriptor()->field_count(); ++i) {
      Case which = Case(v1::Resource::descriptor()->field(i)->number());
      if (OfUse(which)) all->push_back(RecordKind(which));
    }
    return all;
  }();
  return kinds;
}

bool Roster::Keeps(absl::string_view kind) {
  return std::find(Kinds().begin(), Kinds().end(), kind) != Kinds().end();
}

absl::Status Roster::Restore(absl::string_view kind, absl::string_view id,
                             absl::string_view bytes) {
  const FieldDescriptor* field =
      absl::ConsumePrefix(&kind, kPrefix)
          ? v1::Resource::descriptor()->FindFieldByName(std::string(kind))
          : nullptr;
  if (field == nullptr) {
    return absl::DataLossError(absl::StrCat("\"", kind, "\" is no kind of a roster"));
  }
  v1::Resource holder;
  std::unique_ptr<Message> record =
      NewRecord(*holder.GetReflection()->MutableMessage(&holder, field));
  if (!record->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError(absl::StrCat("the record of \"", id, "\" does not parse"));
  }
  const auto* type = record->GetDescriptor();
  absl::StatusOr<type::v1::Revision> revision =
      ParseEtag(record->GetReflection()->GetString(*record, type->FindFieldByName("etag")));
  if (!revision.ok()) return absl::DataLossError(revision.status().message());
  std::string name(id);
  if (type == v1::Calendar::descriptor()) {
    auto calendar = Calendar::Create(static_cast<const v1::Calendar&>(*record).rules());
    if (!calendar.ok()) {
      return absl::DataLossError(
          absl::StrCat("calendar \"", id, "\": ", calendar.status().message()));
    }
    calendars_[name] = *std::move(calendar);
  }
  Entry& entry = entries_[name];
  if (entry.record != nullptr) Note(*entry.record, false);
  entry.record = std::move(record);
  entry.revision = *std::move(revision);
  Note(*entry.record, true);
  return absl::OkStatus();
}

void Roster::Relate(Index& index, const std::string& target, const std::string& from,
                    bool present) {
  if (target.empty()) return;
  if (present) {
    index[target].insert(from);
    return;
  }
  auto it = index.find(target);
  if (it == index.end()) return;
  it->second.erase(from);
  if (it->second.empty()) index.erase(it);
}

void Roster::Note(const Message& record, bool present) {
  const auto* type = record.GetDescriptor();
  if (type == v1::Expert::descriptor()) {
    const auto& expert = static_cast<const v1::Expert&>(record);
    Relate(experts_of_team_, expert.team(), expert.name(), present);
    Relate(experts_at_site_, expert.site(), expert.name(), present);
  } else if (type == v1::Team::descriptor()) {
    const auto& team = static_cast<const v1::Team&>(record);
    Relate(teams_of_organization_, team.organization(), team.name(), present);
    Relate(teams_at_site_, team.site(), team.name(), present);
    Relate(teams_with_calendar_, team.calendar(), team.name(), present);
  } else if (type == v1::Organization::descriptor()) {
    const auto& organization = static_cast<const v1::Organization&>(record);
    Relate(owned_by_, organization.owner(), organization.name(), present);
    for (const std::string& other : organization.conflicts()) {
      Relate(conflict_stated_by_, other, organization.name(), present);
    }
  } else if (type == v1::Member::descriptor()) {
    const auto& member = static_cast<const v1::Member&>(record);
    std::string key = GrantKey(WorkspaceOf(member.name()), member.subject());
    if (present) {
      grants_[key] = MakeGrant(member);
    } else {
      grants_.erase(key);
    }
  }
}

bool Roster::Within(absl::string_view workspace, absl::string_view name) {
  return workspace.empty() || WorkspaceOf(name) == workspace;
}

partition::Grant Roster::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  auto it = grants_.find(GrantKey(workspace, subject));
  return it == grants_.end() ? partition::Grant() : it->second;
}

const v1::Team* Roster::TeamOf(const v1::Expert& expert) const {
  return Find<v1::Team>(expert.team());
}

const v1::Site* Roster::SiteOf(const v1::Team& team) const { return Find<v1::Site>(team.site()); }

const v1::Site* Roster::SiteOf(const v1::Expert& expert) const {
  if (!expert.site().empty()) return Find<v1::Site>(expert.site());
  const v1::Team* team = TeamOf(expert);
  return team == nullptr ? nullptr : SiteOf(*team);
}

absl::string_view Roster::OrganizationOf(const v1::Expert& expert) const {
  const v1::Team* team = TeamOf(expert);
  return team == nullptr ? absl::string_view() : absl::string_view(team->organization());
}

v1::Presence::State Roster::PresenceOf(absl::string_view expert) const {
  const auto* presence = Find<v1::Presence>(absl::StrCat(expert, "/presence"));
  return presence == nullptr ? v1::Presence::STATE_UNSPECIFIED : presence->state();
}

const Calendar* Roster::CompiledCalendar(absl::string_view name) const {
  auto it = calendars_.find(name);
  return it == calendars_.end() ? nullptr : it->second.get();
}

const absl::btree_set<std::string>& Roster::ExpertsOf(absl::string_view team) const {
  return At(experts_of_team_, team);
}

const absl::btree_set<std::string>& Roster::TeamsOf(absl::string_view organization) const {
  return At(teams_of_organization_, organization);
}

const absl::btree_set<std::string>& Roster::OwnedBy(absl::string_view organization) const {
  return At(owned_by_, organization);
}

const absl::btree_set<std::string>& Roster::TeamsWith(absl::string_view calendar) const {
  return At(teams_with_calendar_, calendar);
}

std::vector<std::string> Roster::ConflictsOf(absl::string_view organization) const {
  absl::btree_set<std::string> all = At(conflict_stated_by_, organization);
  if (const auto* own = Find<v1::Organization>(organization)) {
    all.insert(own->conflicts().begin(), own->conflicts().end());
  }
  return std::vector<std::string>(all.begin(), all.end());
}

std::vector<std::string> Roster::Affected(const Change& change) const {
  absl::btree_set<std::string> all;
  if (change.kind == Case::kExpert) {
    all.insert(change.name);
  } else if (change.kind == Case::kTeam) {
    all = ExpertsOf(change.name);
  } else if (change.kind == Case::kSite) {
    all = At(experts_at_site_, change.name);
    for (const std::string& team : At(teams_at_site_, change.name)) {
      const absl::btree_set<std::string>& members = ExpertsOf(team);
      all.insert(members.begin(), members.end());
    }
  }
  return std::vector<std::string>(all.begin(), all.end());
}

void Roster::Dump(std::string& out) const {
  std::vector<absl::string_view> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (absl::string_view name : names) {
    const Entry& entry = entries_.find(name)->second;
    absl::StrAppend(&out, "roster ", name, " ", entry.revision.commit(), ".",
                    entry.revision.index(), calendars_.contains(name) ? " compiled " : " ",
                    absl::CEscape(entry.record->SerializeAsString()), "\n");
  }
  const auto dump_index = [&out](absl::string_view title, const Index& index) {
    for (const auto& [target, sources] : index) {
      for (const std::string& source : sources) {
        absl::StrAppend(&out, "roster ", title, " ", target, " ", source, "\n");
      }
    }
  };
  dump_index("team", experts_of_team_);
  dump_index("organization", teams_of_organization_);
  dump_index("owner", owned_by_);
  dump_index("team-site", teams_at_site_);
  dump_index("expert-site", experts_at_site_);
  dump_index("calendar", teams_with_calendar_);
  dump_index("conflict", conflict_stated_by_);
  absl::btree_map<std::string, const partition::Grant*> grants;
  for (const auto& [key, grant] : grants_) grants[key] = &grant;
  for (const auto& [key, grant] : grants) {
    absl::StrAppend(&out, "roster grant ", absl::CEscape(key), " ", grant->roles.bits(), " ",
                    grant->organization, " ", grant->expert, "\n");
  }
}

}  // namespace tideline::roster
