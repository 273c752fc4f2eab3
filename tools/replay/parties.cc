// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/parties.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/replay/names.h"

namespace tideline::replay {
namespace {

Index Winner(const std::map<Index, int64_t>& votes) {
  Index winner = kNone;
  int64_t most = 0;
  for (const auto& [candidate, count] : votes) {
    if (count > most) {
      winner = candidate;
      most = count;
    }
  }
  return winner;
}

}  // namespace

template <class Party>
Index Parties::Intern(Known& known, std::vector<Party>& parties, absl::string_view prefix,
                      absl::string_view name) {
  auto [at, fresh] = known.try_emplace(std::string(name), static_cast<Index>(parties.size()));
  if (fresh) {
    parties.emplace_back().id = readable_ ? ReadableId(name) : HashedId(prefix, name);
  }
  return at->second;
}

Index Parties::Organization(absl::string_view name) {
  return Intern(organizations_, log_.organizations, "org", name);
}

Index Parties::Site(absl::string_view name, absl::string_view country,
                    absl::string_view time_zone) {
  const Index site = Intern(sites_, log_.sites, "site", name);
  log_.sites[site].country = std::string(country);
  log_.sites[site].time_zone = std::string(time_zone);
  return site;
}

Index Parties::Team(absl::string_view name) {
  const Index team = Intern(teams_, log_.teams, "team", name);
  organization_votes_.resize(log_.teams.size());
  site_votes_.resize(log_.teams.size());
  level_votes_.resize(log_.teams.size());
  return team;
}

Index Parties::Skill(absl::string_view name) { return Intern(skills_, log_.skills, "skill", name); }

Index Parties::Expert(Index team, absl::string_view name) {
  const std::string of_team = absl::StrCat(log_.teams[team].id, "/", name);
  const Index expert = Intern(experts_, log_.experts, "expert", of_team);
  log_.experts[expert].team = team;
  return expert;
}

void Parties::Vote(Index team, Index organization, Index site, type::v1::Level level) {
  if (organization != kNone) ++organization_votes_[team][organization];
  if (site != kNone) ++site_votes_[team][site];
  ++level_votes_[team][level];
}

void Parties::Finish(Log& log) {
  for (size_t i = 0; i < log_.teams.size(); ++i) {
    struct Team& team = log_.teams[i];
    team.organization = Winner(organization_votes_[i]);
    team.site = Winner(site_votes_[i]);
    team.level = static_cast<type::v1::Level>(Winner(level_votes_[i]));
    if (team.organization == kNone) team.organization = Organization("unrecorded");
    if (team.site == kNone) team.site = Site("unrecorded", "ZZ", "UTC");
    struct Expert desk;
    desk.id = readable_ ? ReadableId(absl::StrCat(team.id, "/desk")) : HashedId("desk", team.id);
    desk.team = static_cast<Index>(i);
    desk.desk = true;
    log_.experts.push_back(std::move(desk));
  }
  log.organizations = std::move(log_.organizations);
  log.sites = std::move(log_.sites);
  log.teams = std::move(log_.teams);
  log.experts = std::move(log_.experts);
  log.skills = std::move(log_.skills);
}

std::vector<Index> Desks(const Log& log) {
  std::vector<Index> desks(log.teams.size(), kNone);
  for (size_t i = 0; i < log.experts.size(); ++i) {
    if (log.experts[i].desk) desks[log.experts[i].team] = static_cast<Index>(i);
  }
  return desks;
}

}  // namespace tideline::replay
