// SPDX-License-Identifier: Apache-2.0
// May this person decide this? Grants of authority, read the same way by every service: what one
// grant permits, and what a chain of delegations permits. Pure; any thread.
//
// Sums over a window and second signatures are decision_ledger's: it tells CheckChain what was
// decided before.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/type/v1/values.pb.h"

namespace tideline::authority {

using Grant = skill_registry::v1::AuthorityGrant;

// What keeps somebody from deciding, in the order in which it is asked: the later the clause at
// which a grant fails, the nearer it came. The order is that of CheckAuthorityResponse.Clause.
enum class Clause : uint8_t {
  kNone,        // permitted
  kHolder,      // the grant is somebody else's, or of a higher grade
  kValidity,    // not now
  kType,        // for other decisions
  kEngagement,  // for another contract
  kImpact,      // the impact is above it
  kCurrency,    // in another currency
  kDelegation,  // delegated too often, or out of what does not permit it
  kAmount,      // the amount is above the limit
  kWindow,      // the sum within the window would be
};

// A decision somebody wants to take.
struct Question {
  std::string expert;  // full name
  int32_t grade = 0;   // their authority grade
  std::string type;
  std::string engagement;  // full name; empty: none
  type::v1::ImpactClass impact_class = type::v1::IMPACT_CLASS_UNSPECIFIED;
  std::optional<type::v1::Money> amount;
  absl::Time now;
};

// Money in billionths of its unit, so that sums are exact.
absl::int128 Nanos(const type::v1::Money& money);
// Whether it is a form of money: a currency, and units and nanos of one sign within their bounds.
bool IsMoney(const type::v1::Money& money);

// What one grant says, whoever holds it: validity, type, engagement, impact, currency, amount.
Clause CheckTerms(const Grant& grant, const Question& question);
// Whether it is held by who asks.
bool IsHolder(const Grant& grant, const Question& question);

// A grant of this full name; null: there is none (any more).
using FindGrant = std::function<const Grant*(absl::string_view name)>;
// What was decided under a grant, or out of what was delegated from it, since an instant, in its
// currency.
using SpentSince = std::function<absl::int128(const Grant& grant, absl::Time since)>;

struct Verdict {
  Clause clause = Clause::kHolder;
  std::string at;                  // the grant of the chain at which it fails
  bool co_sign = false;            // somebody of the chain asks for a second signature
  std::vector<std::string> chain;  // grants it was delegated from, the nearest first
};

// What a grant permits together with all it was delegated from: each must permit it today, so a
// revocation anywhere holds at once. No chain is deeper than its first grant allows.
Verdict CheckChain(const Grant& grant, const Question& question, const FindGrant& find,
                   const SpentSince& spent);

}  // namespace tideline::authority
