// SPDX-License-Identifier: Apache-2.0
// From a kind of item, its queue's policy, its contract and the restrictions in force to what the
// matcher asks of people.
#include <algorithm>
#include <string>
#include <vector>

#include "common/roster/contract.h"
#include "services/work_routing/core/kinds.h"

namespace tideline::work_routing {
namespace {

template <class Range, class Value>
bool Fits(const Range& range, const Value& value) {
  return range.empty() || std::find(range.begin(), range.end(), value) != range.end();
}

template <class Range>
void Append(const Range& from, std::vector<std::string>& to) {
  to.insert(to.end(), from.begin(), from.end());
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
  if (!spec.engagement.empty()) {
    roster::AddContract(roster, spec.engagement, spec.impact, needs);
  }
  roster::CutCountries(spec.viewing_countries, needs);
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
