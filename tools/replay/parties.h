// SPDX-License-Identifier: Apache-2.0
// Gathers the parties of a log while its rows are read: each name gets an index, and what a team
// belongs to is settled by majority at the end. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "tools/replay/log.h"

namespace tideline::replay {

class Parties {
 public:
  // Whether ids show the names. Only for names that nobody bears.
  enum class Names { kHashed, kReadable };
  explicit Parties(Names names = Names::kHashed) : readable_(names == Names::kReadable) {}

  // The index of a party, new or known. Names are hashed into ids (names.h).
  Index Organization(absl::string_view name);
  Index Site(absl::string_view name, absl::string_view country, absl::string_view time_zone);
  Index Team(absl::string_view name);
  Index Skill(absl::string_view name);
  // People of one name in two teams are two experts: a log says a name, not who it is.
  Index Expert(Index team, absl::string_view name);

  // One row says that the team belongs to this organization, sits at this site (kNone: says
  // nothing), and works at this level.
  void Vote(Index team, Index organization, Index site, type::v1::Level level);

  // Moves everything into the log. A team gets the organization, site and level that most of its
  // rows name (ties: the lowest index), and a desk expert.
  void Finish(Log& log);

 private:
  using Known = absl::flat_hash_map<std::string, Index>;
  using Votes = std::map<Index, int64_t>;

  template <class Party>
  Index Intern(Known& known, std::vector<Party>& parties, absl::string_view prefix,
               absl::string_view name);

  bool readable_;
  Log log_;
  Known organizations_, sites_, teams_, skills_, experts_;
  std::vector<Votes> organization_votes_, site_votes_, level_votes_;
};

// The desk expert of each team, by team index.
std::vector<Index> Desks(const Log& log);

}  // namespace tideline::replay
