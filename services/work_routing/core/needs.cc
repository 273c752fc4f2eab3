// SPDX-License-Identifier: Apache-2.0
// From a kind of item, its queue's policy, its contract and the restrictions in force to what the
// matcher asks of people.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "services/work_routing/core/kinds.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::work_routing {
namespace {

namespace registry = skill_registry::v1;

template <class Range, class Value>
bool Fits(const Range& range, const Value& value) {
  return range.empty() || std::find(range.begin(), range.end(), value) != range.end();
}

template <class Range>
void Append(const Range& from, std::vector<std::string>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

// The organization and all that it owns, however far down.
void AddWithOwned(const std::string& top, const Workspace& workspace, const roster::Roster& roster,
                  std::vector<std::string>& out) {
  absl::btree_set<std::string> in = {top};
  for (bool grown = true; grown;) {
    grown = false;
    for (const std::string& name : workspace.organizations) {
      const auto* organization = roster.Find<registry::Organization>(name);
      if (organization == nullptr || in.contains(name)) continue;
      if (in.contains(organization->owner())) grown = in.insert(name).second || grown;
    }
  }
  Append(in, out);
}

// A cut of what is allowed so far with one more list; an empty list allows all.
template <class Range>
void CutCountries(const Range& allowed, Needs& needs) {
  if (allowed.empty()) return;
  if (needs.any_country) {
    needs.any_country = false;
    needs.countries.assign(allowed.begin(), allowed.end());
    return;
  }
  std::erase_if(needs.countries, [&](const std::string& country) {
    return std::find(allowed.begin(), allowed.end(), country) == allowed.end();
  });
}

void AddEngagement(const KindSpec& spec, const Workspace& workspace, const roster::Roster& roster,
                   Needs& needs) {
  const auto* engagement = roster.Find<registry::Engagement>(spec.engagement);
  if (engagement == nullptr) {  // gone: nobody works without a contract that was asked for
    needs.engagement_to = absl::InfinitePast();
    return;
  }
  if (engagement->has_start_time()) {
    needs.engagement_from = FromNanos(ToNanos(engagement->start_time()));
  }
  if (engagement->has_end_time()) needs.engagement_to = FromNanos(ToNanos(engagement->end_time()));
  needs.engagement.limited = true;
  AddWithOwned(engagement->client(), workspace, roster, needs.engagement.organizations);
  AddWithOwned(engagement->vendor(), workspace, roster, needs.engagement.organizations);
  CutCountries(engagement->work_countries(), needs);
  CutCountries(engagement->viewing_countries(), needs);
  for (const auto& rule : engagement->authority_matrix()) {
    if (rule.impact_class() == spec.impact) {
      needs.grade = std::min<int>(rule.min_grade(), eligibility::kTopGrade);
    }
  }
  needs.conflicting_organizations = roster.ConflictsOf(engagement->client());
}

void AddServing(const KindSpec& spec, Needs& needs) {
  if (!spec.meant_for.empty()) {
    needs.serving.limited = true;
    needs.serving.teams.push_back(spec.meant_for);
  } else {
    const v1::QueuePolicy& policy = spec.queue->policy();
    if (policy.teams().empty() && policy.organizations().empty()) return;
    needs.serving.limited = true;
    Append(policy.teams(), needs.serving.teams);
    Append(policy.organizations(), needs.serving.organizations);
  }
  const auto& steps = spec.queue->policy().widening_steps();
  for (int i = 0; i < std::min<int>(spec.steps, steps.size()); ++i) {
    Append(steps[i].add_teams(), needs.serving.teams);
    Append(steps[i].add_organizations(), needs.serving.organizations);
  }
}

void AddRestrictions(const KindSpec& spec, const Workspace& workspace, Needs& needs) {
  for (const auto& [name, restriction] : workspace.restrictions) {
    if (!Concerns(restriction, spec)) continue;
    const v1::Restriction::Scope& scope = restriction.scope();
    if (scope.teams().empty() && scope.organizations().empty() && scope.shores().empty()) {
      needs.stopped = true;
    }
    Append(scope.teams(), needs.restricted_teams);
    Append(scope.organizations(), needs.restricted_organizations);
    for (int shore : scope.shores()) needs.restricted_shores |= eligibility::ShoreMask(1u << shore);
  }
}

}  // namespace

bool Concerns(const v1::Restriction& restriction, const KindSpec& spec) {
  const v1::Restriction::Scope& scope = restriction.scope();
  return Fits(scope.work_types(), spec.work_type) && Fits(scope.engagements(), spec.engagement) &&
         Fits(scope.queues(), spec.queue->name()) &&
         Fits(scope.impact_classes(), static_cast<int>(spec.impact));
}

Needs NeedsOf(const KindSpec& spec, const Workspace& workspace, const roster::Roster& roster) {
  Needs needs;
  needs.required = spec.required;
  needs.preferred = spec.preferred;
  AddServing(spec, needs);
  if (!spec.engagement.empty()) AddEngagement(spec, workspace, roster, needs);
  CutCountries(spec.viewing_countries, needs);
  needs.clearances = spec.clearances;
  needs.excluded_teams = spec.excluded_teams;
  needs.excluded_organizations = spec.excluded_organizations;
  AddRestrictions(spec, workspace, needs);
  needs.shift_lead = absl::Nanoseconds(ToNanos(spec.queue->policy().shift_lead()));
  needs.units = spec.units;
  needs.open_limit = spec.queue->policy().max_items_per_expert();
  return needs;
}

}  // namespace tideline::work_routing
