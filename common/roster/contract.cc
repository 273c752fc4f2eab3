// SPDX-License-Identifier: Apache-2.0
#include "common/roster/contract.h"

#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "tideline/skill_registry/v1/resources.pb.h"

namespace tideline::roster {
namespace {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// The organization and all that it owns, however far down, in order.
void AddWithOwned(const Roster& roster, const std::string& top, std::vector<std::string>& out) {
  absl::btree_set<std::string> in = {top};
  std::vector<std::string> open = {top};
  while (!open.empty()) {
    const std::string owner = std::move(open.back());
    open.pop_back();
    for (const std::string& owned : roster.OwnedBy(owner)) {
      if (in.insert(owned).second) open.push_back(owned);
    }
  }
  out.insert(out.end(), in.begin(), in.end());
}

}  // namespace

void AddContract(const Roster& roster, absl::string_view name, type::v1::ImpactClass impact,
                 eligibility::Needs& needs) {
  const auto* engagement = roster.Find<skill_registry::v1::Engagement>(name);
  if (engagement == nullptr) {
    needs.engagement_to = absl::InfinitePast();
    return;
  }
  if (engagement->has_start_time()) needs.engagement_from = ToTime(engagement->start_time());
  if (engagement->has_end_time()) needs.engagement_to = ToTime(engagement->end_time());
  needs.engagement.limited = true;
  AddWithOwned(roster, engagement->client(), needs.engagement.organizations);
  AddWithOwned(roster, engagement->vendor(), needs.engagement.organizations);
  CutCountries(engagement->work_countries(), needs);
  CutCountries(engagement->viewing_countries(), needs);
  for (const auto& rule : engagement->authority_matrix()) {
    if (rule.impact_class() == impact) {
      needs.grade = std::min<int>(rule.min_grade(), eligibility::kTopGrade);
    }
  }
  needs.conflicting_organizations = roster.ConflictsOf(engagement->client());
}

}  // namespace tideline::roster
