// SPDX-License-Identifier: Apache-2.0
// What a follower of skill_registry knows of people, teams and contracts: the read model that
// skill_registry's events build, in any service, by the same code.
//
//   absl::StatusOr<Change> change = roster.Apply(event);       // in Core::Follow
//   if (change.ok()) change->Keep(changes);                     // writes or erases the record
//   ...
//   kinds = Roster::Kinds();                                    // in Core::Kinds
//   if (Roster::Keeps(kind)) return roster.Restore(kind, id, bytes);   // in Core::Restore
//
// A Snapshot page is applied like any events. References were checked at the source, so nothing is
// checked here; what a reference names may be missing for a moment, and lookups then say null.
// Pointers stay good until the next Apply about that name. Not thread-safe.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/calendar/calendar.h"
#include "common/partition/call.h"
#include "google/protobuf/message.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::roster {

using Case = skill_registry::v1::Resource::ResourceCase;

// What an event did to the roster.
struct Change {
  Case kind = Case::RESOURCE_NOT_SET;  // not set: nothing, the event was known already or of no use
  std::string name;                    // full name of the subject
  std::string record_kind;             // kind under which the follower keeps the record
  bool created = false;
  const google::protobuf::Message* record = nullptr;  // as it is now; null: gone
  std::string team_before;  // of an expert: the team before the event; empty: new

  explicit operator bool() const { return kind != Case::RESOURCE_NOT_SET; }

  // Notes the record in a step's changes (partition::Changes, or anything with Put and Erase).
  template <class Changes>
  void Keep(Changes& changes) const {
    if (kind == Case::RESOURCE_NOT_SET) return;
    if (record != nullptr) {
      changes.Put(record_kind, name, *record);
    } else {
      changes.Erase(record_kind, name);
    }
  }
};

class Roster {
 public:
  // Takes in one event. Events that are not newer than what is known about their subject change
  // nothing. An error leaves everything as it was: INVALID_ARGUMENT when the event does not fit its
  // subject, FAILED_PRECONDITION for a change of something unknown, UNIMPLEMENTED for a kind of
  // event or resource that is newer than this code.
  absl::StatusOr<Change> Apply(const skill_registry::v1::Event& event);

  // Kinds of records that hold a roster ("roster_team", ...), in any order for Restore.
  static const std::vector<std::string>& Kinds();
  static bool Keeps(absl::string_view kind);
  // One record, as Keep wrote it. DATA_LOSS when it does not parse.
  absl::Status Restore(absl::string_view kind, absl::string_view id, absl::string_view bytes);

  // The resource of this full name; null when it is unknown or of another type. O(1).
  template <class R>
  const R* Find(absl::string_view name) const {
    auto it = entries_.find(name);
    if (it == entries_.end() || it->second.record->GetDescriptor() != R::descriptor()) {
      return nullptr;
    }
    return static_cast<const R*>(it->second.record.get());
  }
  // All resources of a type, in order of their names; `workspace` empty: of all workspaces.
  template <class R>
  std::vector<const R*> All(absl::string_view workspace = {}) const {
    std::vector<const R*> all;
    for (const auto& [name, entry] : entries_) {
      if (entry.record->GetDescriptor() == R::descriptor() && Within(workspace, name)) {
        all.push_back(static_cast<const R*>(entry.record.get()));
      }
    }
    std::sort(all.begin(), all.end(), [](const R* a, const R* b) { return a->name() < b->name(); });
    return all;
  }

  // What the subject may do in the workspace; nothing when it is no member.
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const;

  // Joins. Null or empty when something on the way is unknown.
  const skill_registry::v1::Team* TeamOf(const skill_registry::v1::Expert& expert) const;
  const skill_registry::v1::Site* SiteOf(const skill_registry::v1::Team& team) const;
  // The expert's own site, or the team's.
  const skill_registry::v1::Site* SiteOf(const skill_registry::v1::Expert& expert) const;
  absl::string_view OrganizationOf(const skill_registry::v1::Expert& expert) const;
  skill_registry::v1::Presence::State PresenceOf(absl::string_view expert) const;
  // Working hours of a Calendar, compiled; null: unknown, or a team without one (around the clock).
  const Calendar* CompiledCalendar(absl::string_view name) const;
  const Calendar* CalendarOf(const skill_registry::v1::Team& team) const {
    return CompiledCalendar(team.calendar());
  }

  // Full names, in order.
  const absl::btree_set<std::string>& ExpertsOf(absl::string_view team) const;
  const absl::btree_set<std::string>& TeamsOf(absl::string_view organization) const;
  // Organizations whose owner is this one, in order.
  const absl::btree_set<std::string>& OwnedBy(absl::string_view organization) const;
  // Organizations in conflict of interest with this one, whichever side stated it, in order.
  std::vector<std::string> ConflictsOf(absl::string_view organization) const;

  // Experts for whom matching may come out otherwise after this change: the expert itself, those of
  // a changed team, those at a changed site. In order. A changed calendar concerns teams, not
  // people: see TeamsWith.
  std::vector<std::string> Affected(const Change& change) const;
  const absl::btree_set<std::string>& TeamsWith(absl::string_view calendar) const;

  size_t size() const { return entries_.size(); }

  // All records and indexes as text, in a canonical order.
  void Dump(std::string& out) const;

 private:
  struct Entry {
    std::unique_ptr<google::protobuf::Message> record;
    type::v1::Revision revision;
  };
  // target name -> names of those that refer to it in one role
  using Index = absl::btree_map<std::string, absl::btree_set<std::string>>;

  static bool Within(absl::string_view workspace, absl::string_view name);
  absl::StatusOr<Change> Delete(const skill_registry::v1::Event& event);
  // Puts a record into, or takes it out of, the indexes.
  void Note(const google::protobuf::Message& record, bool present);
  static void Relate(Index& index, const std::string& target, const std::string& from,
                     bool present);

  absl::flat_hash_map<std::string, Entry> entries_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Calendar>> calendars_;
  absl::flat_hash_map<std::string, partition::Grant> grants_;  // workspace NUL subject
  Index experts_of_team_;
  Index teams_of_organization_;
  Index owned_by_;
  Index teams_at_site_;
  Index experts_at_site_;  // those with a site of their own
  Index teams_with_calendar_;
  Index conflict_stated_by_;
};

}  // namespace tideline::roster
