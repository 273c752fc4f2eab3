// SPDX-License-Identifier: Apache-2.0
// The gRPC face of skill_registry: one line per rpc, naming the Core's verb. Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "common/rpc/face.h"
#include "common/rpc/watch.h"
#include "services/skill_registry/core.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"

namespace tideline::skill_registry {

class Service : public v1::SkillRegistryService::CallbackService {
 private:
  using R = grpc::ServerUnaryReactor;
  using C = grpc::CallbackServerContext;

 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  R* CreateWorkspace(C* c, const v1::CreateWorkspaceRequest* q,
                     v1::CreateWorkspaceResponse* a) override {
    return face_.Mutate(c, q, a, &Core::CreateWorkspace);
  }
  R* GetWorkspace(C* c, const v1::GetWorkspaceRequest* q, v1::GetWorkspaceResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Workspace>);
  }
  R* ListWorkspaces(C* c, const v1::ListWorkspacesRequest* q,
                    v1::ListWorkspacesResponse* a) override {
    return face_.QueryAll(c, q, a, &Core::List<v1::Workspace>);
  }
  R* UpdateWorkspace(C* c, const v1::UpdateWorkspaceRequest* q,
                     v1::UpdateWorkspaceResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Workspace>);
  }
  R* CreateOrganization(C* c, const v1::CreateOrganizationRequest* q,
                        v1::CreateOrganizationResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Organization>);
  }
  R* GetOrganization(C* c, const v1::GetOrganizationRequest* q,
                     v1::GetOrganizationResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Organization>);
  }
  R* ListOrganizations(C* c, const v1::ListOrganizationsRequest* q,
                       v1::ListOrganizationsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Organization>);
  }
  R* UpdateOrganization(C* c, const v1::UpdateOrganizationRequest* q,
                        v1::UpdateOrganizationResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Organization>);
  }
  R* DeleteOrganization(C* c, const v1::DeleteOrganizationRequest* q,
                        v1::DeleteOrganizationResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Organization>);
  }
  R* CreateSite(C* c, const v1::CreateSiteRequest* q, v1::CreateSiteResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Site>);
  }
  R* GetSite(C* c, const v1::GetSiteRequest* q, v1::GetSiteResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Site>);
  }
  R* ListSites(C* c, const v1::ListSitesRequest* q, v1::ListSitesResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Site>);
  }
  R* UpdateSite(C* c, const v1::UpdateSiteRequest* q, v1::UpdateSiteResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Site>);
  }
  R* DeleteSite(C* c, const v1::DeleteSiteRequest* q, v1::DeleteSiteResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Site>);
  }
  R* CreateCalendar(C* c, const v1::CreateCalendarRequest* q,
                    v1::CreateCalendarResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Calendar>);
  }
  R* GetCalendar(C* c, const v1::GetCalendarRequest* q, v1::GetCalendarResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Calendar>);
  }
  R* ListCalendars(C* c, const v1::ListCalendarsRequest* q, v1::ListCalendarsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Calendar>);
  }
  R* UpdateCalendar(C* c, const v1::UpdateCalendarRequest* q,
                    v1::UpdateCalendarResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Calendar>);
  }
  R* DeleteCalendar(C* c, const v1::DeleteCalendarRequest* q,
                    v1::DeleteCalendarResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Calendar>);
  }
  R* CreateTeam(C* c, const v1::CreateTeamRequest* q, v1::CreateTeamResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Team>);
  }
  R* GetTeam(C* c, const v1::GetTeamRequest* q, v1::GetTeamResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Team>);
  }
  R* ListTeams(C* c, const v1::ListTeamsRequest* q, v1::ListTeamsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Team>);
  }
  R* UpdateTeam(C* c, const v1::UpdateTeamRequest* q, v1::UpdateTeamResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Team>);
  }
  R* DeleteTeam(C* c, const v1::DeleteTeamRequest* q, v1::DeleteTeamResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Team>);
  }
  R* CreateSkill(C* c, const v1::CreateSkillRequest* q, v1::CreateSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Skill>);
  }
  R* GetSkill(C* c, const v1::GetSkillRequest* q, v1::GetSkillResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Skill>);
  }
  R* ListSkills(C* c, const v1::ListSkillsRequest* q, v1::ListSkillsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Skill>);
  }
  R* UpdateSkill(C* c, const v1::UpdateSkillRequest* q, v1::UpdateSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Skill>);
  }
  R* DeleteSkill(C* c, const v1::DeleteSkillRequest* q, v1::DeleteSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Skill>);
  }
  R* CreateExpert(C* c, const v1::CreateExpertRequest* q, v1::CreateExpertResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Expert>);
  }
  R* GetExpert(C* c, const v1::GetExpertRequest* q, v1::GetExpertResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Expert>);
  }
  R* ListExperts(C* c, const v1::ListExpertsRequest* q, v1::ListExpertsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Expert>);
  }
  R* UpdateExpert(C* c, const v1::UpdateExpertRequest* q, v1::UpdateExpertResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Expert>);
  }
  R* DeleteExpert(C* c, const v1::DeleteExpertRequest* q, v1::DeleteExpertResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Expert>);
  }
  R* CreateSlaPolicy(C* c, const v1::CreateSlaPolicyRequest* q,
                     v1::CreateSlaPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::SlaPolicy>);
  }
  R* GetSlaPolicy(C* c, const v1::GetSlaPolicyRequest* q, v1::GetSlaPolicyResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::SlaPolicy>);
  }
  R* ListSlaPolicies(C* c, const v1::ListSlaPoliciesRequest* q,
                     v1::ListSlaPoliciesResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::SlaPolicy>);
  }
  R* UpdateSlaPolicy(C* c, const v1::UpdateSlaPolicyRequest* q,
                     v1::UpdateSlaPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::SlaPolicy>);
  }
  R* DeleteSlaPolicy(C* c, const v1::DeleteSlaPolicyRequest* q,
                     v1::DeleteSlaPolicyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::SlaPolicy>);
  }
  R* CreateWorkType(C* c, const v1::CreateWorkTypeRequest* q,
                    v1::CreateWorkTypeResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::WorkType>);
  }
  R* GetWorkType(C* c, const v1::GetWorkTypeRequest* q, v1::GetWorkTypeResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::WorkType>);
  }
  R* ListWorkTypes(C* c, const v1::ListWorkTypesRequest* q, v1::ListWorkTypesResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::WorkType>);
  }
  R* UpdateWorkType(C* c, const v1::UpdateWorkTypeRequest* q,
                    v1::UpdateWorkTypeResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::WorkType>);
  }
  R* DeleteWorkType(C* c, const v1::DeleteWorkTypeRequest* q,
                    v1::DeleteWorkTypeResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::WorkType>);
  }
  R* CreateEngagement(C* c, const v1::CreateEngagementRequest* q,
                      v1::CreateEngagementResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Engagement>);
  }
  R* GetEngagement(C* c, const v1::GetEngagementRequest* q, v1::GetEngagementResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Engagement>);
  }
  R* ListEngagements(C* c, const v1::ListEngagementsRequest* q,
                     v1::ListEngagementsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Engagement>);
  }
  R* UpdateEngagement(C* c, const v1::UpdateEngagementRequest* q,
                      v1::UpdateEngagementResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Engagement>);
  }
  R* DeleteEngagement(C* c, const v1::DeleteEngagementRequest* q,
                      v1::DeleteEngagementResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Engagement>);
  }
  R* CreateMember(C* c, const v1::CreateMemberRequest* q, v1::CreateMemberResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::Member>);
  }
  R* GetMember(C* c, const v1::GetMemberRequest* q, v1::GetMemberResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Member>);
  }
  R* ListMembers(C* c, const v1::ListMembersRequest* q, v1::ListMembersResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Member>);
  }
  R* UpdateMember(C* c, const v1::UpdateMemberRequest* q, v1::UpdateMemberResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::Member>);
  }
  R* DeleteMember(C* c, const v1::DeleteMemberRequest* q, v1::DeleteMemberResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Member>);
  }
  R* CreateAuthorityGrant(C* c, const v1::CreateAuthorityGrantRequest* q,
                          v1::CreateAuthorityGrantResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Create<v1::AuthorityGrant>);
  }
  R* GetAuthorityGrant(C* c, const v1::GetAuthorityGrantRequest* q,
                       v1::GetAuthorityGrantResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::AuthorityGrant>);
  }
  R* ListAuthorityGrants(C* c, const v1::ListAuthorityGrantsRequest* q,
                         v1::ListAuthorityGrantsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::AuthorityGrant>);
  }
  R* UpdateAuthorityGrant(C* c, const v1::UpdateAuthorityGrantRequest* q,
                          v1::UpdateAuthorityGrantResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Update<v1::AuthorityGrant>);
  }
  R* DeleteAuthorityGrant(C* c, const v1::DeleteAuthorityGrantRequest* q,
                          v1::DeleteAuthorityGrantResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::AuthorityGrant>);
  }
  R* SetPresence(C* c, const v1::SetPresenceRequest* q, v1::SetPresenceResponse* a) override {
    return face_.Mutate(c, q, a, &Core::SetPresence);
  }
  R* GetPresence(C* c, const v1::GetPresenceRequest* q, v1::GetPresenceResponse* a) override {
    return face_.Query(c, q, a, &Core::GetPresence);
  }
  R* ListPresences(C* c, const v1::ListPresencesRequest* q, v1::ListPresencesResponse* a) override {
    return face_.Query(c, q, a, &Core::ListPresences);
  }
  R* AssessSkill(C* c, const v1::AssessSkillRequest* q, v1::AssessSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AssessSkill);
  }
  R* EndorseSkill(C* c, const v1::EndorseSkillRequest* q, v1::EndorseSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::EndorseSkill);
  }
  R* AdvanceSkill(C* c, const v1::AdvanceSkillRequest* q, v1::AdvanceSkillResponse* a) override {
    return face_.Mutate(c, q, a, &Core::AdvanceSkill);
  }
  R* ImportTaxonomy(C* c, const v1::ImportTaxonomyRequest* q,
                    v1::ImportTaxonomyResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ImportTaxonomy);
  }
  R* ImportExperts(C* c, const v1::ImportExpertsRequest* q, v1::ImportExpertsResponse* a) override {
    return face_.Mutate(c, q, a, &Core::ImportExperts);
  }
  R* GetImport(C* c, const v1::GetImportRequest* q, v1::GetImportResponse* a) override {
    return face_.Query(c, q, a, &Core::Get<v1::Import>);
  }
  R* ListImports(C* c, const v1::ListImportsRequest* q, v1::ListImportsResponse* a) override {
    return face_.Query(c, q, a, &Core::List<v1::Import>);
  }
  R* DeleteImport(C* c, const v1::DeleteImportRequest* q, v1::DeleteImportResponse* a) override {
    return face_.Mutate(c, q, a, &Core::Delete<v1::Import>);
  }
  R* FindExperts(C* c, const v1::FindExpertsRequest* q, v1::FindExpertsResponse* a) override {
    return face_.Query(c, q, a, &Core::FindExperts);
  }
  R* Snapshot(C* c, const v1::SnapshotRequest* q, v1::SnapshotResponse* a) override {
    return face_.Query(c, q, a, &Core::Snapshot);
  }
  grpc::ServerWriteReactor<v1::WatchRosterResponse>* WatchRoster(
      C* c, const v1::WatchRosterRequest* q) override {
    return face_.Watch(c, q, &Core::WatchRoster);
  }

 private:
  rpc::Face<Core> face_;
};

}  // namespace tideline::skill_registry
