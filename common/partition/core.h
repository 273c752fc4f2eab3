// SPDX-License-Identifier: Apache-2.0
// The contract of a Core: the deterministic state machine of one partition of one service.
//
// A Core is plain memory. It has no I/O, no clock, no chance and no threads: the host runs one step
// at a time and hands it all it may know in a Call. The same steps from the same records give the
// same responses, changes and wake times, byte for byte; tests hold every Core to that.
//
// A service's Core derives from this and adds its verbs, which services/<s>/service.h names:
//
//   absl::StatusOr<AcceptOfferResponse> AcceptOffer(const Call&, const AcceptOfferRequest&,
//   Changes&); absl::StatusOr<GetOfferResponse> GetOffer(const Call&, const GetOfferRequest&)
//   const;
//
// A verb validates everything first: on an error nothing has changed, in memory or in Changes.
// Bounds, the Core's to keep: a step takes at most 1 ms and writes at most 500 records (a batch
// verb 10 ms and 1,800). The host leaves that much room in a commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/partition/call.h"
#include "common/partition/changes.h"
#include "google/protobuf/message.h"

namespace tideline::partition {

// One event of an upstream journal, as a follower gets it.
struct UpstreamEvent {
  std::string service;  // "skill_registry"
  Revision position;
  absl::string_view bytes;  // the upstream service's serialized Event
};

// A call this partition owes another service. Lives as a record of the Core until it is settled.
struct OwedCall {
  std::string id;        // stable: the request id at the receiver
  std::string service;   // receiver, such as "work_routing"
  std::string method;    // full rpc name, "/tideline.work_routing.v1.WorkRoutingService/..."
  std::string resource;  // the receiver's resource; one call per resource is sent at a time
  std::string request;   // serialized request
  absl::Time since;      // when it became due
};

// One figure for the metrics: tideline_<service>_<name>{<label>="<value>"}, a gauge that is summed
// over partitions. Names, labels and values come from closed sets.
struct Figure {
  const char* name;
  const char* help;
  const char* label;
  std::string value;
  int64_t amount;
};

class Core {
 public:
  virtual ~Core() = default;

  // Kinds of records, in the order in which Restore wants them.
  virtual std::vector<std::string> Kinds() const = 0;

  // Rebuild memory at start: Restore once per record, then Restored once. They change no record.
  // DATA_LOSS when a record does not make sense; the partition then refuses to serve.
  virtual absl::Status Restore(absl::string_view kind, absl::string_view id,
                               absl::string_view bytes) = 0;
  virtual absl::Status Restored() = 0;

  // First step after a load, committed: gives every lease at least 30 s from call.now.
  virtual void TakenOver(const Call& call, Changes& changes) {
    (void)call;
    (void)changes;
  }

  // When the next timer is due; InfiniteFuture when none is. Wake does what is due at call.now, up
  // to the bounds of a step; if more is due, NextWake still says so.
  virtual absl::Time NextWake() const { return absl::InfiniteFuture(); }
  virtual void Wake(const Call& call, Changes& changes) {
    (void)call;
    (void)changes;
  }

  // Takes in one upstream event. An error makes it an anomaly (kept and counted) and the partition
  // goes on; nothing may have changed then. An anomaly is tried again at later starts, behind newer
  // events of other subjects, but never behind one of its own.
  virtual absl::Status Follow(const Call& call, const UpstreamEvent& event, Changes& changes) {
    (void)call;
    (void)event;
    (void)changes;
    return absl::OkStatus();
  }

  // What the subject may do in a workspace. The host asks before every verb.
  virtual Grant GrantOf(absl::string_view workspace, absl::string_view subject) const = 0;

  // Calls that are due and not settled, oldest first, at most `most`.
  virtual std::vector<OwedCall> Owed(size_t most) const {
    (void)most;
    return {};
  }
  // The receiver's definite answer to an owed call: OK with the response, or a refusal.
  virtual void Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
                      absl::string_view response, Changes& changes) {
    (void)call;
    (void)owed_id;
    (void)status;
    (void)response;
    (void)changes;
  }

  // Fills the personal fields of a remembered response from the records of today.
  virtual void RefillPersonal(google::protobuf::Message& response) const { (void)response; }

  // What is worth a metric of its own: always the same names, labels and values. As bounded as a
  // read.
  virtual std::vector<Figure> Figures() const { return {}; }

  // Writes all state, indexes and timers as text, in a canonical order: two Cores in the same state
  // write the same. For the digest that tests and `tideline doctor` compare.
  virtual void Dump(std::string& out) const = 0;
};

}  // namespace tideline::partition
