// SPDX-License-Identifier: Apache-2.0
// Who may not judge a result. One answer for all: what routing is told when a reviewer is looked
// for, what is held against whom it found, and what a verdict is refused with. Pure.
#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "common/roster/roster.h"
#include "services/review/core/entries.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::review {

// People, teams and organizations that may not judge, each with the rule that says so: DOER,
// OTHER_OPINION, FORMER_HOLDER, TEAM, ORGANIZATION, CONFLICT.
struct Exclusions {
  std::map<std::string, absl::string_view> experts;
  std::map<std::string, absl::string_view> teams;
  std::map<std::string, absl::string_view> organizations;
};

// Whether two experts are one, or the same natural person.
bool SamePerson(const roster::Roster& roster, const std::string& a, const std::string& b);

// The topmost owner of an organization and all it owns, however far down; itself included.
absl::btree_set<std::string> FamilyOf(const roster::Roster& roster,
                                      const std::string& organization);

// As the roster stands now. `own` is the opinion to be given, by number; 0: none in particular.
Exclusions ExclusionsOf(const roster::Roster& roster, const core::v1::StoredItem& item,
                        const v1::Review& review, const v1::Independence& independence, int own);

// The rule that excludes an expert; empty: none does.
absl::string_view Excludes(const roster::Roster& roster, const Exclusions& exclusions,
                           const std::string& expert);

// The same in the words of routing. What does not fit its limits or is gone from the roster is left
// out: Excludes has the last word on whom routing finds.
void Fill(const roster::Roster& roster, const Exclusions& exclusions,
          work_routing::v1::Constraints& constraints);

}  // namespace tideline::review
