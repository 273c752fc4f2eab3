// SPDX-License-Identifier: Apache-2.0
#include "common/authority/duties.h"

#include <algorithm>

namespace tideline::authority {

bool SameSide(const Side& a, const Side& b, Apart apart) {
  if (a.expert == b.expert || (!a.person.empty() && a.person == b.person)) return true;
  if (apart == Apart::kPersons) return false;
  if (!a.team.empty() && a.team == b.team) return true;
  if (apart == Apart::kTeams) return false;
  return std::any_of(a.organizations.begin(), a.organizations.end(), [&](const std::string& one) {
    return std::find(b.organizations.begin(), b.organizations.end(), one) != b.organizations.end();
  });
}

}  // namespace tideline::authority
