// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/stage.h"

#include "common/base/status_macros.h"

namespace tideline::scenarios {
namespace {

namespace registry = skill_registry::v1;

}  // namespace

absl::Status Stage::Open() {
  suite::SuiteOptions options;
  options.store = &store_;
  options.clock = &clock_;
  options.partitions = 1;
  options.threads = 1;
  TL_ASSIGN_OR_RETURN(suite_, suite::Suite::Start(options));
  const auto channel = suite_->Channel();
  std::get<0>(stubs_) = registry::SkillRegistryService::NewStub(channel);
  std::get<1>(stubs_) = work_routing::v1::WorkRoutingService::NewStub(channel);
  std::get<2>(stubs_) = handoff::v1::HandoffService::NewStub(channel);
  std::get<3>(stubs_) = decision_ledger::v1::DecisionLedgerService::NewStub(channel);
  std::get<4>(stubs_) = review::v1::ReviewService::NewStub(channel);
  registry::CreateWorkspaceRequest workspace;
  workspace.mutable_workspace()->set_name(kWorkspace);
  TL_RETURN_IF_ERROR(Call("", &Registry::CreateWorkspace, workspace).status());
  for (const auto& [id, kind] : {std::pair("client", registry::Organization::KIND_CLIENT),
                                 std::pair("vendor", registry::Organization::KIND_VENDOR)}) {
    registry::CreateOrganizationRequest request;
    request.set_parent(kWorkspace);
    request.set_organization_id(id);
    request.mutable_organization()->set_kind(kind);
    TL_RETURN_IF_ERROR(Call("", &Registry::CreateOrganization, request).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<work_routing::v1::WorkItem> Stage::Item(const std::string& id) {
  work_routing::v1::GetWorkItemRequest request;
  request.set_name(Name("workItems", id));
  TL_ASSIGN_OR_RETURN(auto response, Call("", &Routing::GetWorkItem, request));
  return response.work_item();
}

absl::StatusOr<handoff::v1::Handoff> Stage::LastHandoff(const std::string& item) {
  handoff::v1::ListHandoffsRequest request;
  request.set_parent(kWorkspace);
  request.set_work_item(Name("workItems", item));
  request.set_page_size(1000);
  TL_ASSIGN_OR_RETURN(auto response, Call("", &Handoffs::ListHandoffs, request));
  if (response.handoffs().empty()) {
    return absl::NotFoundError(absl::StrCat("nobody has proposed to hand ", item, " over"));
  }
  return *response.handoffs().rbegin();
}

absl::StatusOr<review::v1::Review> Stage::LastReview(const std::string& item) {
  review::v1::ListReviewsRequest request;
  request.set_parent(kWorkspace);
  request.set_work_item(Name("workItems", item));
  request.set_page_size(1000);
  TL_ASSIGN_OR_RETURN(auto response, Call("", &Reviews::ListReviews, request));
  if (response.reviews().empty()) {
    return absl::NotFoundError(absl::StrCat("no result of ", item, " is judged"));
  }
  return *response.reviews().rbegin();
}

absl::StatusOr<std::vector<handoff::v1::HandoffAlarm>> Stage::Alarms() {
  handoff::v1::ListHandoffAlarmsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  TL_ASSIGN_OR_RETURN(auto response, Call("", &Handoffs::ListHandoffAlarms, request));
  return std::vector<handoff::v1::HandoffAlarm>(response.handoff_alarms().begin(),
                                                response.handoff_alarms().end());
}

}  // namespace tideline::scenarios
