// SPDX-License-Identifier: Apache-2.0
// Separation of duties: are two who act about one thing the same side? Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace tideline::authority {

// Somebody who acts, with all that counts as their side.
struct Side {
  std::string expert;                      // full name
  std::string person;                      // opaque id of the natural person; empty: not known
  std::string team;                        // full name
  std::vector<std::string> organizations;  // their own, and those that own it
};

// How far apart two have to be.
enum class Apart { kPersons, kTeams, kOrganizations };

// Whether they count as the same side: the same person whatever is asked, and at kTeams people of
// one team, at kOrganizations people whose organizations belong together.
bool SameSide(const Side& a, const Side& b, Apart apart);

}  // namespace tideline::authority
