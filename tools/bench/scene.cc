// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/scene.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::bench {

namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

// One call at a time is enough to build a scene. Setting up is done as "dev"; the load comes with a
// subject of its own.
class Builder {
 public:
  explicit Builder(const std::shared_ptr<grpc::Channel>& channel)
      : registry_(registry::SkillRegistryService::NewStub(channel)),
        routing_(routing::WorkRoutingService::NewStub(channel)) {}

  template <class Request, class Response>
  absl::Status Registry(grpc::Status (registry::SkillRegistryService::Stub::*method)(
                            grpc::ClientContext*, const Request&, Response*),
                        const Request& request) {
    return Call(*registry_, method, request);
  }
  template <class Request, class Response>
  absl::Status Routing(grpc::Status (routing::WorkRoutingService::Stub::*method)(
                           grpc::ClientContext*, const Request&, Response*),
                       const Request& request) {
    return Call(*routing_, method, request);
  }

 private:
  template <class Stub, class Request, class Response>
  absl::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request) {
    grpc::ClientContext context;
    Response response;
    grpc::Status status = (stub.*method)(&context, request, &response);
    if (status.ok()) return absl::OkStatus();
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        absl::StrCat(Request::descriptor()->name(), ": ", status.error_message()));
  }

  std::unique_ptr<registry::SkillRegistryService::Stub> registry_;
  std::unique_ptr<routing::WorkRoutingService::Stub> routing_;
};

using RegistryStub = registry::SkillRegistryService::Stub;
using RoutingStub = routing::WorkRoutingService::Stub;

absl::Status BuildParties(Builder& builder, const SceneOptions& options) {
  registry::CreateWorkspaceRequest workspace;
  workspace.mutable_workspace()->set_name(kWorkspace);
  TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateWorkspace, workspace));
  for (const char* id : {"client", "vendor"}) {
    registry::CreateOrganizationRequest request;
    request.set_parent(kWorkspace);
    request.set_organization_id(id);
    request.mutable_organization()->set_kind(id[0] == 'c' ? registry::Organization::KIND_CLIENT
                                                          : registry::Organization::KIND_VENDOR);
    TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateOrganization, request));
  }
  registry::CreateSiteRequest site;
  site.set_parent(kWorkspace);
  site.set_site_id("krakow");
  site.mutable_site()->set_country("PL");
  site.mutable_site()->set_time_zone("Europe/Warsaw");
  TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateSite, site));
  registry::CreateCalendarRequest calendar;
  calendar.set_parent(kWorkspace);
  calendar.set_calendar_id("always");
  calendar.mutable_calendar()->mutable_rules()->set_time_zone("Europe/Warsaw");
  calendar.mutable_calendar()->mutable_rules()->set_always_open(true);
  TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateCalendar, calendar));
  for (int i = 0; i < options.teams; ++i) {
    registry::CreateTeamRequest team;
    team.set_parent(kWorkspace);
    team.set_team_id(absl::StrCat("team-", i));
    team.mutable_team()->set_organization(absl::StrCat(kWorkspace, "/organizations/vendor"));
    team.mutable_team()->set_site(absl::StrCat(kWorkspace, "/sites/krakow"));
    team.mutable_team()->set_calendar(absl::StrCat(kWorkspace, "/calendars/always"));
    team.mutable_team()->set_shore(type::v1::SHORE_OFFSHORE);
    TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateTeam, team));
  }
  for (int i = 0; i < options.skills; ++i) {
    registry::CreateSkillRequest skill;
    skill.set_parent(kWorkspace);
    skill.set_skill_id(absl::StrCat("skill-", i));
    skill.mutable_skill()->set_display_name(absl::StrCat("Skill ", i));
    TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateSkill, skill));
  }
  return absl::OkStatus();
}

absl::Status BuildPeople(Builder& builder, const SceneOptions& options) {
  for (int i = 0; i < options.experts; ++i) {
    registry::CreateExpertRequest request;
    request.set_parent(kWorkspace);
    request.set_expert_id(absl::StrCat("expert-", i));
    registry::Expert& expert = *request.mutable_expert();
    expert.set_person(absl::StrCat("p", i));
    expert.set_team(absl::StrCat(kWorkspace, "/teams/team-", i % options.teams));
    expert.set_capacity_units(options.capacity_units);
    expert.set_authority_grade(5);
    for (int k = 0; k < options.skills_per_expert; ++k) {
      registry::ExpertSkill& skill = *expert.add_skills();
      // Consecutive skills, so that any two neighbours meet in many people.
      skill.set_skill(absl::StrCat(kWorkspace, "/skills/skill-", (i * 7 + k) % options.skills));
      skill.set_level(static_cast<type::v1::Level>(3 + (i + k) % 3));
      skill.set_stage(registry::SKILL_STAGE_INDEPENDENT);
    }
    TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::CreateExpert, request));
    registry::SetPresenceRequest presence;
    presence.set_name(absl::StrCat(kWorkspace, "/experts/expert-", i, "/presence"));
    presence.set_state(registry::Presence::STATE_AVAILABLE);
    TL_RETURN_IF_ERROR(builder.Registry(&RegistryStub::SetPresence, presence));
  }
  registry::CreateMemberRequest member;
  member.set_parent(kWorkspace);
  member.set_member_id("bench");
  member.mutable_member()->set_subject(kSubject);
  for (type::v1::Role role :
       {type::v1::ROLE_SUBMITTER, type::v1::ROLE_LEAD, type::v1::ROLE_REVIEWER}) {
    member.mutable_member()->add_roles(role);
  }
  return builder.Registry(&RegistryStub::CreateMember, member);
}

absl::Status BuildQueue(Builder& builder, const SceneOptions& options, const char* name,
                        routing::QueuePolicy::Mode mode) {
  routing::CreateQueueRequest request;
  request.set_parent(kWorkspace);
  request.set_queue_id(std::string(name).substr(std::string(name).rfind('/') + 1));
  request.mutable_queue()->set_home_team(absl::StrCat(kWorkspace, "/teams/team-0"));
  routing::QueuePolicy& policy = *request.mutable_queue()->mutable_policy();
  for (int i = 0; i < options.teams; ++i) {
    policy.add_teams(absl::StrCat(kWorkspace, "/teams/team-", i));
  }
  policy.set_mode(mode);
  policy.mutable_offer_timeout()->set_seconds(86400);
  policy.set_completion(mode == routing::QueuePolicy::MODE_AUTO_ASSIGN
                            ? routing::QueuePolicy::COMPLETION_AUTO
                            : routing::QueuePolicy::COMPLETION_REVIEWED);
  return builder.Routing(&RoutingStub::CreateQueue, request);
}

}  // namespace

absl::Status BuildScene(const std::shared_ptr<grpc::Channel>& channel,
                        const SceneOptions& options) {
  Builder builder(channel);
  TL_RETURN_IF_ERROR(BuildParties(builder, options));
  TL_RETURN_IF_ERROR(BuildPeople(builder, options));
  TL_RETURN_IF_ERROR(BuildQueue(builder, options, kOfferQueue, routing::QueuePolicy::MODE_PUSH));
  return BuildQueue(builder, options, kAssignQueue, routing::QueuePolicy::MODE_AUTO_ASSIGN);
}

void FillItem(uint64_t n, const SceneOptions& options, const char* queue, routing::WorkItem& item) {
  item.set_queue(queue);
  item.set_title(absl::StrCat("Patent search ", n));
  item.set_work_type("patent-search");
  // 300 bytes of payload beside the routing fields.
  (*item.mutable_attributes())["brief"] = std::string(300, 'b');
  item.mutable_expected_effort()->set_seconds(1800);
  item.set_capacity_units(1);
  for (int k = 0; k < 2; ++k) {
    routing::Requirement& requirement = *item.add_requirements();
    requirement.set_skill(
        absl::StrCat(kWorkspace, "/skills/skill-", (n * 13 + k) % options.skills));
    requirement.set_min_level(type::v1::LEVEL_PRACTITIONER);
    requirement.set_kind(routing::Requirement::KIND_REQUIRED);
  }
}

}  // namespace tideline::bench
