// SPDX-License-Identifier: Apache-2.0
// What a contract asks of the people who do work under it, in the words of the constraint table:
// read the same way by routing and by handoff. Pure.
#pragma once

#include <algorithm>

#include "absl/strings/string_view.h"
#include "common/eligibility/eligibility.h"
#include "common/roster/roster.h"
#include "tideline/type/v1/values.pb.h"

namespace tideline::roster {

// Adds to `needs` what the engagement of this name asks of items of an impact class: its term, the
// organizations it covers with all they own, its countries, the authority grade, and the client's
// conflicts of interest. An engagement that is gone has ended: nobody works without a contract that
// was asked for.
void AddContract(const Roster& roster, absl::string_view engagement, type::v1::ImpactClass impact,
                 eligibility::Needs& needs);

// A cut of what is allowed so far with one more list; an empty list allows all.
template <class Range>
void CutCountries(const Range& allowed, eligibility::Needs& needs) {
  if (allowed.empty()) return;
  if (needs.any_country) {
    needs.any_country = false;
    needs.countries.assign(allowed.begin(), allowed.end());
    return;
  }
  std::erase_if(needs.countries, [&](const auto& country) {
    return std::find(allowed.begin(), allowed.end(), country) == allowed.end();
  });
}

}  // namespace tideline::roster
