// SPDX-License-Identifier: Apache-2.0
// All resources of a partition, who refers to whom, and the one way in which they change: Insert,
// Replace and Remove raise the event, stamp the etag, write the record and keep the indexes, and
// nothing else does. What may change is decided before (rules.h, scope.h); these cannot fail.
//
// A record is the resource itself. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/partition/call.h"
#include "common/partition/changes.h"
#include "services/skill_registry/core/resource_kinds.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::skill_registry {

using partition::Call;
using partition::Changes;
using type::v1::Revision;

struct Entry;
struct ByName {
  bool operator()(const Entry* a, const Entry* b) const;
};

// One resource.
struct Entry {
  std::string name;
  const Kind* kind = nullptr;
  std::unique_ptr<Message> resource;
  Revision revision;                                // of its last event; its etag
  absl::btree_set<const Entry*, ByName> referrers;  // resources that name this one
  absl::Time next_date = absl::InfiniteFuture();

  template <class R>
  const R& As() const {
    return static_cast<const R&>(*resource);
  }
};

class Catalog {
 public:
  // The entry of a full name; null when there is none.
  const Entry* Find(absl::string_view name) const;
  // The resource of a full name; null when there is none or it is of another type.
  template <class R>
  const R* Find(absl::string_view name) const {
    const Entry* entry = Find(name);
    return entry != nullptr && entry->kind == &KindOf<R>() ? &entry->As<R>() : nullptr;
  }

  // Visits entries whose names begin with `prefix` and come after `after` (empty: all of them), in
  // order of their names, until `visit` returns false.
  using Visitor = absl::FunctionRef<bool(const Entry&)>;
  void Scan(absl::string_view prefix, absl::string_view after, Visitor visit) const;
  // The same over workspaces alone.
  void ScanWorkspaces(absl::string_view after, Visitor visit) const;
  // The same over those that refer to `target`.
  void ScanReferrers(const Entry& target, absl::string_view after, Visitor visit) const;

  // What a member record grants; nothing to who is none.
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const;
  bool HasMember(absl::string_view workspace, absl::string_view subject) const;

  // Adds a resource under its name, which is free.
  const Entry& Insert(const Call& call, std::unique_ptr<Message> resource, Changes& changes);
  // Puts `next` in the place of what has its name. Does nothing when they are the same.
  const Entry& Replace(const Call& call, std::unique_ptr<Message> next, v1::Action action,
                       Changes& changes);
  // Takes a resource out, and returns it as it was.
  std::unique_ptr<Message> Remove(const Call& call, absl::string_view name, Changes& changes);

  // Between these, what is inserted and replaced is remembered, and undone at the end as if it had
  // never been. Its changes are to be thrown away. Nothing may be removed meanwhile.
  void BeginTrial();
  void EndTrial();

  // The next date of any resource, and the passing of those that are due at call.now, at most
  // `most` resources.
  absl::Time NextDate() const;
  void PassDates(const Call& call, size_t most, Changes& changes);

  // Position of the last event raised, as far as records know it: not before any that a resource or
  // a deletion had.
  Revision last() const { return last_; }

  // Fills `to` with what the resource looks like in events: without etag and update time, and
  // without personal fields.
  static void CopyPublic(const Kind& kind, const Message& resource, v1::Resource& to);

  static std::vector<std::string> RecordKinds();
  absl::Status Restore(absl::string_view kind, absl::string_view id, absl::string_view bytes);
  absl::Status Restored();
  void Dump(std::string& out) const;

 private:
  void Stamp(const Call& call, const Revision& revision, const Kind& kind, Message& resource);
  Entry& Place(const Kind& kind, std::unique_ptr<Message> resource, const Revision& revision);
  // Follows the references of an entry from what they were to what they are.
  void Relink(const Entry& entry, const std::vector<std::string>& before,
              const std::vector<std::string>& after);
  void NoteMember(const Entry& entry, bool present);
  void Schedule(Entry& entry);

  // Takes an entry and its indexes out of memory; returns its resource.
  std::unique_ptr<Message> Forget(Entry& entry);

  // What a trial has to put back; no resource: the entry was new.
  struct Undo {
    std::string name;
    std::unique_ptr<Message> resource;
    Revision revision;
  };
  struct Trial {
    Revision last;
    std::vector<Undo> undo;
  };

  std::map<std::string, Entry, std::less<>> entries_;
  absl::flat_hash_map<absl::string_view, Entry*> by_name_;  // into entries_
  absl::flat_hash_map<std::string, const Entry*> members_;  // workspace NUL subject
  absl::btree_set<std::pair<absl::Time, std::string>> dates_;
  Revision last_;
  std::optional<Trial> trial_;
};

}  // namespace tideline::skill_registry
