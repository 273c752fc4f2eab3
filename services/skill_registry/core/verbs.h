// SPDX-License-Identifier: Apache-2.0
// The messages of the standard verbs, by resource: which request creates a Team, where its resource
// lies, what its list is called. One line per resource, so that each verb is written once
// (standard.cc).
#pragma once

#include "tideline/skill_registry/v1/skill_registry_service.pb.h"

namespace tideline::skill_registry {

template <class R>
struct Verbs;

// Calls X(Type, field, Types, fields) for each resource with all five standard verbs.
#define TIDELINE_STANDARD_RESOURCES(X)                        \
  X(Organization, organization, Organizations, organizations) \
  X(Site, site, Sites, sites)                                 \
  X(Calendar, calendar, Calendars, calendars)                 \
  X(Team, team, Teams, teams)                                 \
  X(Skill, skill, Skills, skills)                             \
  X(Expert, expert, Experts, experts)                         \
  X(SlaPolicy, sla_policy, SlaPolicies, sla_policies)         \
  X(WorkType, work_type, WorkTypes, work_types)               \
  X(Engagement, engagement, Engagements, engagements)         \
  X(Member, member, Members, members)                         \
  X(AuthorityGrant, authority_grant, AuthorityGrants, authority_grants)

#define TIDELINE_VERBS_READ(Type, field, Types, fields)                     \
  using Get = v1::Get##Type##Request;                                       \
  using Got = v1::Get##Type##Response;                                      \
  using List = v1::List##Types##Request;                                    \
  using Listed = v1::List##Types##Response;                                 \
  static v1::Type* In(Got& response) { return response.mutable_##field(); } \
  static v1::Type* Add(Listed& response) { return response.add_##fields(); }

#define TIDELINE_VERBS_UPDATE(Type, field)                                     \
  using Update = v1::Update##Type##Request;                                    \
  using Updated = v1::Update##Type##Response;                                  \
  static const v1::Type& Of(const Update& request) { return request.field(); } \
  static v1::Type* In(Updated& response) { return response.mutable_##field(); }

#define TIDELINE_VERBS_DELETE(Type, field)    \
  using Delete = v1::Delete##Type##Request;   \
  using Deleted = v1::Delete##Type##Response; \
  static v1::Type* In(Deleted& response) { return response.mutable_##field(); }

#define TIDELINE_VERBS(Type, field, Types, fields)                                       \
  template <>                                                                            \
  struct Verbs<v1::Type> {                                                               \
    TIDELINE_VERBS_READ(Type, field, Types, fields)                                      \
    TIDELINE_VERBS_UPDATE(Type, field)                                                   \
    TIDELINE_VERBS_DELETE(Type, field)                                                   \
    using Create = v1::Create##Type##Request;                                            \
    using Created = v1::Create##Type##Response;                                          \
    static const v1::Type& Of(const Create& request) { return request.field(); }         \
    static v1::Type* In(Create& request) { return request.mutable_##field(); }           \
    static const std::string& Id(const Create& request) { return request.field##_id(); } \
    static v1::Type* In(Created& response) { return response.mutable_##field(); }        \
  };
TIDELINE_STANDARD_RESOURCES(TIDELINE_VERBS)
#undef TIDELINE_VERBS

// A workspace has no parent and is not deleted.
template <>
struct Verbs<v1::Workspace> {
  TIDELINE_VERBS_READ(Workspace, workspace, Workspaces, workspaces)
  TIDELINE_VERBS_UPDATE(Workspace, workspace)
};

// Imports come to be by importing.
template <>
struct Verbs<v1::Import> {
  TIDELINE_VERBS_READ(Import, import, Imports, imports)
  TIDELINE_VERBS_DELETE(Import, import)
};

#undef TIDELINE_VERBS_READ
#undef TIDELINE_VERBS_UPDATE
#undef TIDELINE_VERBS_DELETE

}  // namespace tideline::skill_registry
