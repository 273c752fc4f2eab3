// SPDX-License-Identifier: Apache-2.0
// Where a scenario plays: a whole suite in this process, over memory, in simulated time, spoken to
// through gRPC. Short names of the scenario ("anna", "krakow", "alpha") become resource names here.
// One thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/journal/memory_store.h"
#include "common/rpc/client.h"
#include "common/time/clock.h"
#include "services/suite/suite.h"
#include "tideline/decision_ledger/v1/decision_ledger_service.grpc.pb.h"
#include "tideline/handoff/v1/handoff_service.grpc.pb.h"
#include "tideline/review/v1/review_service.grpc.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::scenarios {

class Stage {
 public:
  using Registry = skill_registry::v1::SkillRegistryService::Stub;
  using Routing = work_routing::v1::WorkRoutingService::Stub;
  using Handoffs = handoff::v1::HandoffService::Stub;
  using Decisions = decision_ledger::v1::DecisionLedgerService::Stub;
  using Reviews = review::v1::ReviewService::Stub;

  static constexpr char kWorkspace[] = "workspaces/acme";

  // Starts the suite at 2027-01-01, with a workspace, a client and a vendor in it.
  absl::Status Open();

  // One call as this person; "": as the operator, who may everything. The suite is settled after
  // it. A refusal comes back with its reason.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(const std::string& who,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    rpc::Prepare({.subject = who, .after = &seen_}, context);
    Response response;
    absl::Status status = rpc::FromGrpc(
        (std::get<std::unique_ptr<Stub>>(stubs_).get()->*method)(&context, request, &response));
    if (status.ok()) seen_.Note(context);
    status.Update(suite_->Settle());
    if (!status.ok()) return status;
    return response;
  }

  // Time passes, and everything that is due on the way happens.
  absl::Status AdvanceTo(absl::Time time) { return suite_->AdvanceTo(clock_, time); }
  absl::Time now() const { return clock_.Now(); }

  static std::string Name(absl::string_view collection, absl::string_view id) {
    return absl::StrCat(kWorkspace, "/", collection, "/", id);
  }

  // The item as it is; the last handoff of it that was proposed, by time of proposal.
  absl::StatusOr<work_routing::v1::WorkItem> Item(const std::string& id);
  // NOT_FOUND when there is none.
  absl::StatusOr<handoff::v1::Handoff> LastHandoff(const std::string& item);
  // The review of its last result. NOT_FOUND when there is none.
  absl::StatusOr<review::v1::Review> LastReview(const std::string& item);
  absl::StatusOr<std::vector<handoff::v1::HandoffAlarm>> Alarms();

  // Names that the scenario has introduced.
  std::vector<std::string> teams, items;
  std::map<std::string, std::string> team_of;  // person -> team
  std::string reversal;                        // the last one that was asked for
  absl::Status last_refusal;                   // of a sentence that was to be refused

 private:
  journal::MemoryStore store_;
  SimulatedClock clock_{absl::FromCivil(absl::CivilDay(2027, 1, 1), absl::UTCTimeZone())};
  std::unique_ptr<suite::Suite> suite_;
  std::tuple<std::unique_ptr<Registry>, std::unique_ptr<Routing>, std::unique_ptr<Handoffs>,
             std::unique_ptr<Decisions>, std::unique_ptr<Reviews>>
      stubs_;
  rpc::Cursors seen_;
};

}  // namespace tideline::scenarios
