// SPDX-License-Identifier: Apache-2.0
// What one commit changes: records written and events raised, by the steps of one batch.
//
// A Core notes here exactly what it did to its memory. Not thread-safe; lives for one batch.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "common/partition/call.h"
#include "google/protobuf/message_lite.h"
#include "google/protobuf/util/time_util.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::partition {

using type::v1::Revision;

// One event as the batch holds it: its header's routing fields and the serialized whole.
struct EventBytes {
  std::string workspace;
  std::string subject;
  std::string audience;
  std::string bytes;
};

class Changes {
 public:
  // `commit` is the number this batch will have if it commits.
  explicit Changes(uint64_t commit) : commit_(commit) {}

  // Writes record `id` of `kind`. A later write of the same record in the batch replaces it.
  void Put(absl::string_view kind, absl::string_view id,
           const google::protobuf::MessageLite& record);
  // The same, serialized already.
  void Put(absl::string_view kind, absl::string_view id, std::string bytes);
  // Deletes it; deleting what is not there does no harm.
  void Erase(absl::string_view kind, absl::string_view id);

  // Raises an event about `subject`: fills its header (and leaves it in no known state), and
  // returns the event's position, which is the subject's new revision. `audience` is the expert
  // whom it addresses, if any: watches of one person are found by it. `Event` is a service's Event
  // message.
  template <class Event>
  Revision Raise(const Call& call, absl::string_view subject, Event& event,
                 absl::string_view audience = {}) {
    Revision revision = Next();
    type::v1::EventHeader& header = *event.mutable_header();
    FillHeader(call, subject, audience, revision, header);
    std::string bytes = event.SerializeAsString();
    Append(header, std::move(bytes));
    return revision;
  }

  // The position the next event will have.
  Revision Next() const;

  bool empty() const { return writes_.empty() && events_.empty(); }
  // Records written and events raised so far. (The commit's bounds are on writes() and bytes().)
  size_t size() const { return writes_.size() + events_.size(); }
  // Bytes so far, roughly.
  size_t bytes() const { return bytes_; }
  uint64_t commit() const { return commit_; }

  // The resource is gone for good: remembered answers to owed calls about it are dropped.
  void Retire(absl::string_view resource) { retired_.emplace_back(resource); }

  // For the host, when the batch is closed.
  size_t writes() const { return writes_.size(); }
  const std::vector<EventBytes>& events() const { return events_; }
  std::vector<std::string> TakeRetired() { return std::move(retired_); }
  std::vector<journal::Write> TakeWrites() { return std::move(writes_); }
  std::vector<EventBytes> TakeEvents() { return std::move(events_); }

 private:
  static void FillHeader(const Call& call, absl::string_view subject, absl::string_view audience,
                         const Revision& revision, type::v1::EventHeader& header);
  void Append(type::v1::EventHeader& header, std::string bytes);  // takes the header's strings
  journal::Write& Slot(absl::string_view kind, absl::string_view id);

  uint64_t commit_;
  size_t bytes_ = 0;
  std::vector<journal::Write> writes_;
  std::vector<EventBytes> events_;
  std::vector<std::string> retired_;
  absl::flat_hash_map<std::string, size_t> slots_;  // kind NUL id -> index in writes_
};

// "{commit}.{index}": the etag of a subject whose last event stands there.
std::string FormatEtag(const Revision& revision);

}  // namespace tideline::partition
