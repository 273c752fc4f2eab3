// SPDX-License-Identifier: Apache-2.0
// A decision_ledger Core without a host: people, grants and time go straight in, and what comes out
// is kept as a store would keep it, so that a test can read events and start a second Core from the
// records. After every call a Core restored from the records must be the one that lived.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/text_format.h"
#include "services/decision_ledger/core/core.h"
#include "tideline/skill_registry/v1/events.pb.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;

inline constexpr char kWorkspace[] = "workspaces/acme";
inline std::string Name(absl::string_view collection, absl::string_view id) {
  return absl::StrCat(kWorkspace, "/", collection, "/", id);
}
inline std::string Expert(absl::string_view id) { return Name("experts", id); }

// "NO_AUTHORITY" of a refusal, "OK" of a success.
std::string Outcome(const absl::Status& status);
std::string FieldOf(const absl::Status& status);
// A value of a refusal's metadata.
std::string Meta(const absl::Status& status, const std::string& key);

class DecisionWorld {
 public:
  // Organizations client and vendor (owned by holding); teams desk and night of vendor, home of
  // client; Monday, 2026-03-02, 09:00 UTC.
  DecisionWorld();

  // Any resource of skill_registry, new or changed, in text form.
  void Put(const std::string& text);
  void PutResource(const registry::Resource& resource);
  void Drop(const std::string& name);
  // `grade` counts for grants by grade.
  void Person(const std::string& id, const std::string& team = "desk", int grade = 0,
              const std::string& manager = "");
  // A grant of `holder`: text of further fields, such as "limit_amount { ... }".
  void Grant(const std::string& id, const std::string& holder, const std::string& more = "");

  absl::Time now = absl::FromUnixSeconds(1'772'442'000);
  partition::Grant caller;  // whoever calls; at first a service that may do all

  // Any request in text form.
  template <class Request, class Response>
  absl::StatusOr<Response> Do(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&,
                                                                     Changes&),
                              const std::string& text) {
    Request request;
    Parse(text, request);
    Changes changes(commit_ + 1);
    absl::StatusOr<Response> response = (core_.get()->*verb)(MakeCall(), request, changes);
    Finish(response.status(), changes);
    return response;
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Ask(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&)
                                   const,
                               const std::string& text) {
    Request request;
    Parse(text, request);
    return (core_.get()->*verb)(MakeCall(), request);
  }

  // Records a decision of `decider`; the text says more. Type "refund", R0, unless it says so.
  absl::StatusOr<v1::Decision> Decide(const std::string& id, const std::string& decider,
                                      const std::string& more = "");
  v1::Decision Get(const std::string& id);
  v1::Reversal Reversal(const std::string& name);
  // The calls that are owed: method's last word and resource.
  std::vector<std::string> Owed();
  // Answers the oldest one.
  void Settle(const absl::Status& status);

  const std::vector<v1::Event>& events() const { return events_; }
  Core& core() { return *core_; }

 private:
  static void Parse(const std::string& text, google::protobuf::Message& message);
  Call MakeCall();
  void Finish(const absl::Status& status, Changes& changes);
  void ExpectRestoredIsTheSame();

  std::unique_ptr<Core> core_;
  std::map<std::string, std::map<std::string, std::string>> records_;
  std::vector<v1::Event> events_;
  std::map<std::string, bool> known_;
  uint64_t commit_ = 0, registry_commit_ = 0, chance_ = 0;
};

}  // namespace tideline::decision_ledger
