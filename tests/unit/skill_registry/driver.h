// SPDX-License-Identifier: Apache-2.0
// Drives a skill_registry Core without a host: each call is a commit of its own, its writes go into
// a map of records, and its events into a list.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/partition/call.h"
#include "common/partition/changes.h"
#include "google/protobuf/message.h"
#include "services/skill_registry/core.h"
#include "tests/support/journal_mirror.h"

namespace tideline::skill_registry {

// Kind -> id -> bytes.
using Records = std::map<std::string, std::map<std::string, std::string>>;

// "CODE REASON field", or "OK".
std::string Describe(const absl::Status& status);

// What a step did, for comparing.
struct Outcome {
  absl::Status status;
  std::string response;  // serialized
  std::vector<std::string> writes;
  std::vector<std::string> events;

  // All of it as text.
  std::string Text() const;
};

// Every role, not confined: what an unsecured installation gives everybody.
partition::Grant Everything();
partition::Grant RolesOf(std::initializer_list<type::v1::Role> roles, std::string organization = "",
                         std::string expert = "");

class Driver {
 public:
  Driver() : core_(std::make_unique<Core>()) {}

  // From now on steps are committed to a real journal too, and Restarted restores from what it
  // gives back. The mirror outlives the driver.
  void KeepIn(testing::JournalMirror& mirror);

  // A second one that starts from the records of the first, and carries on in the same way.
  Driver Restarted() const;

  // Runs the rpc. Fails the test when the name is unknown.
  Outcome Run(const std::string& rpc, const google::protobuf::Message& request,
              const partition::Grant& grant = Everything());
  // The same with the request in text format.
  Outcome RunText(const std::string& rpc, const std::string& request,
                  const partition::Grant& grant = Everything());
  // Runs it and expects OK.
  template <class Response>
  Response Must(const std::string& rpc, const std::string& request,
                const partition::Grant& grant = Everything()) {
    Response response;
    MustInto(rpc, request, grant, response);
    return response;
  }
  // Moves time on, and wakes the Core as often as it wants.
  std::vector<Outcome> Advance(absl::Duration by);

  absl::Time now() const { return now_; }
  void set_now(absl::Time now) { now_ = now; }
  Core& core() { return *core_; }
  const Core& core() const { return *core_; }
  const Records& records() const { return records_; }
  const std::vector<std::string>& events() const { return events_; }
  std::string Dump() const;

 private:
  void MustInto(const std::string& rpc, const std::string& request, const partition::Grant& grant,
                google::protobuf::Message& response);
  partition::Call MakeCall(const std::string& workspace, const partition::Grant& grant);
  void Keep(Changes& changes, Outcome& outcome);

  std::unique_ptr<Core> core_;
  testing::JournalMirror* mirror_ = nullptr;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  uint64_t commit_ = 0;
  uint64_t steps_ = 0;
  Records records_;
  std::vector<std::string> events_;
};

// Names of all rpcs that Run knows.
std::vector<std::string> RpcNames();
// An empty request of the rpc.
std::unique_ptr<google::protobuf::Message> NewRequest(const std::string& rpc);

// A small world in workspaces/acme: organizations bank (client), north and south (vendors), site
// krakow, calendar office, teams alpha (north) and beta (south), skills sql and data, experts ada
// (alpha), bob (alpha), cyd (beta), engagement claims.
void Furnish(Driver& driver);

// A plain world in workspaces/acme: organizations, sites, skills, teams and experts a, b and c.
void Populate(Driver& driver);

}  // namespace tideline::skill_registry
