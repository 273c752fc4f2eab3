// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/calendar.h"
#include "common/calendar/zone.h"
#include "common/due/due.h"
#include "services/skill_registry/core/ancestry.h"
#include "services/skill_registry/core/dates.h"

namespace tideline::skill_registry {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

absl::Status Required(absl::string_view field) {
  return InvalidField(field, "is required", Reason::REASON_FIELD_REQUIRED);
}

absl::Status CheckTerm(absl::string_view at, const auto& agreement) {
  if (agreement.has_start_time() && agreement.has_end_time() &&
      ToTime(agreement.end_time()) <= ToTime(agreement.start_time())) {
    return InvalidField(absl::StrCat(at, ".end_time"), "is not after start_time");
  }
  return absl::OkStatus();
}

absl::Status CheckOnce(absl::string_view at, const Names& names, absl::string_view self) {
  std::set<absl::string_view> seen;
  for (int i = 0; i < names.size(); ++i) {
    const std::string field = absl::StrCat(at, "[", i, "]");
    if (names[i] == self) return InvalidField(field, "names the resource itself");
    if (!seen.insert(names[i]).second) {
      return InvalidField(field, absl::StrCat("repeats \"", names[i], "\""));
    }
  }
  return absl::OkStatus();
}

// The version of rules that count their changes.
template <class R>
int64_t NextVersion(const R& after, const R* before) {
  if (before == nullptr) return 1;
  const bool same = before->rules().SerializeAsString() == after.rules().SerializeAsString();
  return before->version() + (same ? 0 : 1);
}

}  // namespace

absl::Status CheckReferences(const Catalog& catalog, const Kind& kind, const Message& resource) {
  absl::Status status;
  const std::string name = resource.GetReflection()->GetString(resource, kind.name);
  const absl::string_view workspace = WorkspaceOf(name);
  VisitReferences(kind, resource,
                  [&](const std::string& target, absl::string_view collection, PathOf path) {
                    const Entry* entry = catalog.Find(target);
                    if (entry == nullptr || entry->kind->collection != collection ||
                        WorkspaceOf(target) != workspace) {
                      status = ReferenceNotFound(absl::StrCat(kind.record, ".", path()), target);
                    }
                    return status.ok();
                  });
  return status;
}

absl::Status Check(const Catalog&, const v1::Workspace&, const v1::Workspace*) {
  return absl::OkStatus();
}

absl::Status Check(const Catalog& catalog, const v1::Organization& after, const v1::Organization*) {
  if (after.kind() == v1::Organization::KIND_UNSPECIFIED) return Required("organization.kind");
  TL_RETURN_IF_ERROR(CheckOnce("organization.conflicts", after.conflicts(), after.name()));
  return RefuseCycle("organization.owner", after.name(), {after.owner()}, OwnersOf(catalog));
}

absl::Status Check(const Catalog&, const v1::Site& after, const v1::Site*) {
  if (after.country().empty()) return Required("site.country");
  if (after.time_zone().empty()) return Required("site.time_zone");
  if (calendar::FindZone(after.time_zone()) == nullptr) {
    return InvalidField("site.time_zone",
                        absl::StrCat("no zone is called \"", after.time_zone(), "\""),
                        Reason::REASON_TIME_ZONE_UNKNOWN);
  }
  return absl::OkStatus();
}

absl::Status Check(const Catalog&, const v1::Calendar& after, const v1::Calendar*) {
  if (!after.has_rules()) return Required("calendar.rules");
  return Calendar::Create(after.rules(), "calendar.rules").status();
}

absl::Status Check(const Catalog&, const v1::Team& after, const v1::Team*) {
  if (after.organization().empty()) return Required("team.organization");
  if (after.site().empty()) return Required("team.site");
  return CheckOnce("team.leads", after.leads(), after.name());
}

absl::Status Check(const Catalog& catalog, const v1::Skill& after, const v1::Skill*) {
  TL_RETURN_IF_ERROR(CheckOnce("skill.parents", after.parents(), ""));
  return RefuseCycle("skill.parents", after.name(),
                     {after.parents().begin(), after.parents().end()}, ParentsOf(catalog));
}

// The first of a policy's work types that an engagement does not cover; -1: it covers all.
int UnknownWorkType(const v1::SlaPolicy& policy, const v1::Engagement& engagement) {
  const auto& covered = engagement.work_types();
  if (covered.empty()) return -1;
  for (int i = 0; i < policy.rules().work_types_size(); ++i) {
    const std::string& type = policy.rules().work_types(i);
    if (std::find(covered.begin(), covered.end(), type) == covered.end()) return i;
  }
  return -1;
}

absl::Status Check(const Catalog& catalog, const v1::SlaPolicy& after, const v1::SlaPolicy*) {
  if (!after.has_rules()) return Required("sla_policy.rules");
  TL_RETURN_IF_ERROR(due::Validate(after.rules(), "sla_policy.rules"));
  const Entry* known = catalog.Find(after.name());
  if (known == nullptr) return absl::OkStatus();
  absl::Status status;
  catalog.ScanReferrers(*known, "", [&](const Entry& entry) {
    if (entry.kind != &KindOf<v1::Engagement>()) return true;
    const int unknown = UnknownWorkType(after, entry.As<v1::Engagement>());
    if (unknown < 0) return true;
    status = ReferenceNotFound(absl::StrCat("sla_policy.rules.work_types[", unknown, "]"),
                               after.rules().work_types(unknown));
    return false;
  });
  return status;
}

absl::Status Check(const Catalog&, const v1::WorkType& after, const v1::WorkType*) {
  std::set<int> seen;
  for (int i = 0; i < after.handoff().required_parts_size(); ++i) {
    const int part = after.handoff().required_parts(i);
    const std::string field = absl::StrCat("work_type.handoff.required_parts[", i, "]");
    if (part == type::v1::PACKET_PART_UNSPECIFIED) return Required(field);
    if (!seen.insert(part).second) return InvalidField(field, "is there twice");
  }
  return absl::OkStatus();
}

absl::Status Check(const Catalog& catalog, const v1::Engagement& after, const v1::Engagement*) {
  if (after.client().empty()) return Required("engagement.client");
  if (after.vendor().empty()) return Required("engagement.vendor");
  if (after.client() == after.vendor()) {
    return InvalidField("engagement.vendor", "is the client itself");
  }
  for (int i = 1; i < after.volume_bands_size(); ++i) {
    if (after.volume_bands(i).from_items() <= after.volume_bands(i - 1).from_items()) {
      return InvalidField(absl::StrCat("engagement.volume_bands[", i, "].from_items"),
                          "is not above the band before");
    }
  }
  std::set<int> classes;
  for (int i = 0; i < after.authority_matrix_size(); ++i) {
    const int impact_class = after.authority_matrix(i).impact_class();
    const std::string field = absl::StrCat("engagement.authority_matrix[", i, "].impact_class");
    if (impact_class == type::v1::IMPACT_CLASS_UNSPECIFIED) return Required(field);
    if (!classes.insert(impact_class).second) return InvalidField(field, "has a rule already");
  }
  if (const auto* policy = catalog.Find<v1::SlaPolicy>(after.sla_policy())) {
    const int unknown = UnknownWorkType(*policy, after);
    if (unknown >= 0) {
      return ReferenceNotFound("engagement.sla_policy", policy->rules().work_types(unknown));
    }
  }
  return CheckTerm("engagement", after);
}

absl::Status Check(const Catalog& catalog, const v1::Member& after, const v1::Member* before) {
  if (after.subject().empty()) return Required("member.subject");
  if (after.roles().empty()) return Required("member.roles");
  for (int i = 0; i < after.roles_size(); ++i) {
    const type::v1::Role role = after.roles(i);
    if (role == type::v1::ROLE_UNSPECIFIED || role == type::v1::ROLE_OPERATOR ||
        role == type::v1::ROLE_SERVICE) {
      return InvalidField(absl::StrCat("member.roles[", i, "]"), "is not granted to members");
    }
  }
  if (before == nullptr && catalog.HasMember(WorkspaceOf(after.name()), after.subject())) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, "the subject is a member already",
                  {{"subject", after.subject()}});
  }
  const auto* expert = catalog.Find<v1::Expert>(after.expert());
  if (expert != nullptr && !after.organization().empty()) {
    const auto* team = catalog.Find<v1::Team>(expert->team());
    if (team == nullptr || team->organization() != after.organization()) {
      return InvalidField("member.expert",
                          "works for another organization than member.organization");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const Catalog& catalog, const v1::AuthorityGrant& after,
                   const v1::AuthorityGrant*) {
  if (after.expert().empty() && after.min_grade() < 1) return Required("authority_grant.expert");
  if (!after.expert().empty() && after.min_grade() > 0) {
    return InvalidField("authority_grant.min_grade", "is set although an expert is named");
  }
  if (after.has_window_amount() != after.has_window()) {
    return Required(after.has_window() ? "authority_grant.window_amount"
                                       : "authority_grant.window");
  }
  TL_RETURN_IF_ERROR(CheckTerm("authority_grant", after));
  if (after.delegated_from().empty()) return absl::OkStatus();
  TL_RETURN_IF_ERROR(RefuseCycle("authority_grant.delegated_from", after.name(),
                                 {after.delegated_from()}, DelegatorsOf(catalog)));
  // Each grant on the way up says how many more times it may be passed on.
  int depth = 1;
  for (const auto* from = catalog.Find<v1::AuthorityGrant>(after.delegated_from()); from != nullptr;
       from = catalog.Find<v1::AuthorityGrant>(from->delegated_from()), ++depth) {
    if (from->max_delegations() < depth) {
      return Refuse(Reason::REASON_DEPTH_EXCEEDED,
                    absl::StrCat("\"", from->name(), "\" may be delegated ",
                                 from->max_delegations(), " deep"),
                    {{"grant", from->name()}});
    }
  }
  return absl::OkStatus();
}

void Complete(absl::Time, v1::Calendar& after, const v1::Calendar* before) {
  after.set_version(NextVersion(after, before));
}

void Complete(absl::Time, v1::SlaPolicy& after, const v1::SlaPolicy* before) {
  after.set_version(NextVersion(after, before));
}

void Complete(absl::Time now, v1::Engagement& after, const v1::Engagement*) {
  PassDates(now, after);
}

void Complete(absl::Time now, v1::AuthorityGrant& after, const v1::AuthorityGrant*) {
  PassDates(now, after);
}

}  // namespace tideline::skill_registry
