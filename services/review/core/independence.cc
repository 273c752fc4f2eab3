// SPDX-License-Identifier: Apache-2.0
#include "services/review/core/independence.h"

#include <set>
#include <vector>

namespace tideline::review {

namespace registry = skill_registry::v1;

namespace {

// Limits of work_routing's Constraints.
constexpr int kMaxExperts = 64;
constexpr int kMaxTeams = 32;
constexpr int kMaxOrganizations = 32;

// The owner's owner, and so on, itself last. The registry has no cycles; the bound is for a roster
// that is not all there yet.
std::string TopOf(const roster::Roster& roster, std::string organization) {
  for (int depth = 0; depth < 64; ++depth) {
    const auto* record = roster.Find<registry::Organization>(organization);
    if (record == nullptr || record->owner().empty()) break;
    organization = record->owner();
  }
  return organization;
}

std::string OrganizationOf(const roster::Roster& roster, const std::string& expert) {
  const auto* record = roster.Find<registry::Expert>(expert);
  return record == nullptr ? "" : std::string(roster.OrganizationOf(*record));
}

// Those who compete with an organization or with one of its owners: with all their owners, and all
// that they own.
void AddConflicts(const roster::Roster& roster, const std::string& organization,
                  Exclusions& exclusions) {
  if (organization.empty()) return;
  for (const std::string& member : FamilyOf(roster, organization)) {
    for (const std::string& rival : roster.ConflictsOf(member)) {
      for (const std::string& one : FamilyOf(roster, rival)) {
        exclusions.organizations.emplace(one, "CONFLICT");
      }
    }
  }
}

}  // namespace

bool SamePerson(const roster::Roster& roster, const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto* one = roster.Find<registry::Expert>(a);
  const auto* other = roster.Find<registry::Expert>(b);
  return one != nullptr && other != nullptr && !one->person().empty() &&
         one->person() == other->person();
}

absl::btree_set<std::string> FamilyOf(const roster::Roster& roster,
                                      const std::string& organization) {
  const std::string top = TopOf(roster, organization);
  absl::btree_set<std::string> family = {organization, top};
  std::vector<std::string> open = {top};
  while (!open.empty()) {
    const std::string owner = std::move(open.back());
    open.pop_back();
    for (const std::string& owned : roster.OwnedBy(owner)) {
      if (family.insert(owned).second || owned == organization) open.push_back(owned);
    }
    if (family.size() > 4096) break;  // beyond this nobody is independent anyway
  }
  return family;
}

Exclusions ExclusionsOf(const roster::Roster& roster, const core::v1::StoredItem& item,
                        const v1::Review& review, const v1::Independence& independence, int own) {
  Exclusions exclusions;
  exclusions.experts.emplace(review.doer(), "DOER");
  for (const v1::Opinion& opinion : review.opinions()) {
    if (opinion.number() == own || opinion.reviewer().empty() ||
        opinion.state() == v1::Opinion::STATE_DROPPED) {
      continue;
    }
    exclusions.experts.emplace(opinion.reviewer(), "OTHER_OPINION");
  }
  if (independence.untouched()) {
    for (const std::string& expert : item.touched()) {
      exclusions.experts.emplace(expert, "FORMER_HOLDER");
    }
  }
  if (independence.other_team()) {
    exclusions.teams.emplace(review.doer_team(), "TEAM");
    const auto* doer = roster.Find<registry::Expert>(review.doer());
    if (doer != nullptr) exclusions.teams.emplace(doer->team(), "TEAM");
    for (const std::string& team : item.touched_teams()) exclusions.teams.emplace(team, "TEAM");
  }
  std::set<std::string> doers;  // organizations of the doer, then and now
  doers.insert(OrganizationOf(roster, review.doer()));
  if (const auto* team = roster.Find<registry::Team>(review.doer_team())) {
    doers.insert(team->organization());
  }
  doers.erase("");
  if (independence.other_organization()) {
    for (const std::string& organization : doers) {
      for (const std::string& one : FamilyOf(roster, organization)) {
        exclusions.organizations.emplace(one, "ORGANIZATION");
      }
    }
  }
  if (independence.no_conflict()) {
    for (const std::string& organization : doers) AddConflicts(roster, organization, exclusions);
    if (const auto* contract = roster.Find<registry::Engagement>(review.engagement())) {
      AddConflicts(roster, contract->client(), exclusions);
    }
  }
  return exclusions;
}

absl::string_view Excludes(const roster::Roster& roster, const Exclusions& exclusions,
                           const std::string& expert) {
  for (const auto& [excluded, rule] : exclusions.experts) {
    if (SamePerson(roster, excluded, expert)) return rule;
  }
  const auto* record = roster.Find<registry::Expert>(expert);
  if (record == nullptr) return {};
  auto team = exclusions.teams.find(record->team());
  if (team != exclusions.teams.end()) return team->second;
  auto organization = exclusions.organizations.find(std::string(roster.OrganizationOf(*record)));
  if (organization != exclusions.organizations.end()) return organization->second;
  return {};
}

void Fill(const roster::Roster& roster, const Exclusions& exclusions,
          work_routing::v1::Constraints& constraints) {
  // The doer and the other reviewers come first, should there be too many.
  for (const bool first : {true, false}) {
    for (const auto& [expert, rule] : exclusions.experts) {
      if ((rule != "FORMER_HOLDER") != first) continue;
      if (constraints.excluded_experts_size() == kMaxExperts) break;
      if (roster.Find<registry::Expert>(expert) != nullptr)
        constraints.add_excluded_experts(expert);
    }
  }
  for (const auto& [team, rule] : exclusions.teams) {
    if (constraints.excluded_teams_size() == kMaxTeams) break;
    if (roster.Find<registry::Team>(team) != nullptr) constraints.add_excluded_teams(team);
  }
  for (const auto& [organization, rule] : exclusions.organizations) {
    if (constraints.excluded_organizations_size() == kMaxOrganizations) break;
    if (roster.Find<registry::Organization>(organization) != nullptr) {
      constraints.add_excluded_organizations(organization);
    }
  }
}

}  // namespace tideline::review
