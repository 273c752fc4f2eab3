// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/row_check.h"

#include "common/rpc/validate.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"

namespace tideline::skill_registry {
namespace {

const rpc::MessagePlan& PlanOf(const google::protobuf::Descriptor* type) {
  // Both are made before the first row is looked at, since making one is not thread-safe.
  struct Made {
    rpc::Plans plans{*v1::ImportExpertsRequest::descriptor()->file()};
    const rpc::MessagePlan& expert = plans.For(*v1::CreateExpertRequest::descriptor());
    const rpc::MessagePlan& skill = plans.For(*v1::CreateSkillRequest::descriptor());
  };
  static const Made& made = *new Made();
  return type == v1::CreateExpertRequest::descriptor() ? made.expert : made.skill;
}

}  // namespace

absl::Status CheckRow(absl::string_view workspace, google::protobuf::Message& request) {
  return rpc::Validate(PlanOf(request.GetDescriptor()), workspace, request);
}

}  // namespace tideline::skill_registry
