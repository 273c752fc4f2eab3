// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core.h"

#include <utility>

#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

// Resources whose dates pass in one step: a large expert takes some 30 microseconds, and a step is
// to take less than a millisecond.
constexpr size_t kDatesPerStep = 24;

// Who administers a new workspace.
constexpr char kFirstMember[] = "members/admin";

}  // namespace

absl::Status CheckEtag(absl::string_view name, const std::string& given, const std::string& now) {
  if (given.empty() || given == now) return absl::OkStatus();
  return Refuse(Reason::REASON_ETAG_MISMATCH,
                absl::StrCat("\"", name, "\" has changed: its etag is ", now, ", not ", given),
                {{"name", name}, {"etag", now}});
}

absl::Status CheckOwnChange(const Call& call, const v1::Expert& before, const v1::Expert& after) {
  if (!ActsForSelf(call.grant)) return absl::OkStatus();
  if (call.grant.expert != before.name()) return NotYours(before.name());
  for (const FieldDescriptor* field : Differences(before, after)) {
    const int number = field->number();
    if (number != v1::Expert::kDisplayNameFieldNumber && number != v1::Expert::kEmailFieldNumber &&
        number != v1::Expert::kLanguagesFieldNumber && number != v1::Expert::kSkillsFieldNumber) {
      return NotYours(absl::StrCat(before.name(), ".", field->name()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateWorkspaceResponse> Core::CreateWorkspace(
    const Call& call, const v1::CreateWorkspaceRequest& request, Changes& changes) {
  const v1::Workspace& input = request.workspace();
  if (WorkspaceOf(input.name()) != input.name() || input.name().empty()) {
    return InvalidField("workspace.name", "must be \"workspaces/{workspace}\"");
  }
  v1::CreateWorkspaceResponse response;
  if (const Entry* there = catalog_.Find(input.name())) {
    TL_RETURN_IF_ERROR(RefuseOtherContent(call.now, *there, input));
    *response.mutable_workspace() = there->As<v1::Workspace>();
    return response;
  }
  TL_ASSIGN_OR_RETURN(std::unique_ptr<v1::Workspace> after,
                      Prepare<v1::Workspace>(call, input, {}, nullptr));
  *response.mutable_workspace() =
      catalog_.Insert(call, std::move(after), changes).As<v1::Workspace>();
  if (!request.admin_subject().empty()) {
    auto member = std::make_unique<v1::Member>();
    member->set_name(absl::StrCat(input.name(), "/", kFirstMember));
    member->set_subject(request.admin_subject());
    member->add_roles(type::v1::ROLE_ADMIN);
    catalog_.Insert(call, std::move(member), changes);
  }
  return response;
}

void Core::Wake(const Call& call, Changes& changes) {
  catalog_.PassDates(call, kDatesPerStep, changes);
}

// Answers that show personal fields are those of verbs whose callers may always see them (leads of
// the expert's organization, administrators, the expert): see scope.h. The other verbs' answers
// never carried any.
void Core::RefillPersonal(google::protobuf::Message& response) const {
  v1::Expert* expert = nullptr;
  if (auto* created = dynamic_cast<v1::CreateExpertResponse*>(&response)) {
    expert = created->mutable_expert();
  } else if (auto* updated = dynamic_cast<v1::UpdateExpertResponse*>(&response)) {
    expert = updated->mutable_expert();
  }
  if (expert == nullptr) return;
  const auto* record = catalog_.Find<v1::Expert>(expert->name());
  if (record == nullptr) return;
  expert->set_display_name(record->display_name());
  expert->set_email(record->email());
}

}  // namespace tideline::skill_registry
