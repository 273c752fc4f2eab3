// SPDX-License-Identifier: Apache-2.0
#include "common/authority/authority.h"

#include <algorithm>

namespace tideline::authority {

namespace {

constexpr int32_t kNanosPerUnit = 1'000'000'000;
// As skill_registry has it: no grant is delegated on more often.
constexpr size_t kDeepest = 8;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// Limits without a currency are of every one.
bool SameCurrency(const type::v1::Money& limit, const type::v1::Money& amount) {
  return limit.currency_code().empty() || limit.currency_code() == amount.currency_code();
}

bool FitsCurrency(const Grant& grant, const type::v1::Money& amount) {
  return (!grant.has_limit_amount() || SameCurrency(grant.limit_amount(), amount)) &&
         (!grant.has_window_amount() || SameCurrency(grant.window_amount(), amount)) &&
         (!grant.has_co_sign_amount() || SameCurrency(grant.co_sign_amount(), amount));
}

bool IsOverWindow(const Grant& grant, const Question& question, const SpentSince& spent) {
  if (!grant.has_window_amount() || !question.amount.has_value()) return false;
  const absl::int128 before = spent(grant, question.now - ToDuration(grant.window()));
  return before + Nanos(*question.amount) > Nanos(grant.window_amount());
}

}  // namespace

absl::int128 Nanos(const type::v1::Money& money) {
  return absl::int128(money.units()) * kNanosPerUnit + money.nanos();
}

bool IsMoney(const type::v1::Money& money) {
  return money.currency_code().size() == 3 && money.nanos() > -kNanosPerUnit &&
         money.nanos() < kNanosPerUnit && (money.units() <= 0 || money.nanos() >= 0) &&
         (money.units() >= 0 || money.nanos() <= 0);
}

bool IsHolder(const Grant& grant, const Question& question) {
  if (!grant.expert().empty()) return grant.expert() == question.expert;
  return grant.min_grade() > 0 && question.grade >= grant.min_grade();
}

Clause CheckTerms(const Grant& grant, const Question& question) {
  if (grant.has_start_time() && question.now < ToTime(grant.start_time())) {
    return Clause::kValidity;
  }
  if (grant.has_end_time() && question.now >= ToTime(grant.end_time())) return Clause::kValidity;
  const auto& types = grant.decision_types();
  if (!types.empty() && std::find(types.begin(), types.end(), question.type) == types.end()) {
    return Clause::kType;
  }
  if (!grant.engagement().empty() && grant.engagement() != question.engagement) {
    return Clause::kEngagement;
  }
  // A grant that states none covers every impact, as it covers every type when it lists none.
  if (grant.max_impact_class() != type::v1::IMPACT_CLASS_UNSPECIFIED &&
      question.impact_class > grant.max_impact_class()) {
    return Clause::kImpact;
  }
  if (!question.amount.has_value()) return Clause::kNone;
  if (!FitsCurrency(grant, *question.amount)) return Clause::kCurrency;
  if (grant.has_limit_amount() && Nanos(*question.amount) > Nanos(grant.limit_amount())) {
    return Clause::kAmount;
  }
  return Clause::kNone;
}

Verdict CheckChain(const Grant& grant, const Question& question, const FindGrant& find,
                   const SpentSince& spent) {
  Verdict verdict;
  verdict.at = grant.name();
  if (!IsHolder(grant, question)) return verdict;
  verdict.clause = CheckTerms(grant, question);
  if (verdict.clause != Clause::kNone) return verdict;
  const Grant* first = &grant;
  std::vector<const Grant*> chain = {first};
  while (!first->delegated_from().empty()) {
    const std::string& name = first->delegated_from();
    first = find(name);
    if (first == nullptr || chain.size() > kDeepest ||
        CheckTerms(*first, question) != Clause::kNone) {
      verdict.clause = Clause::kDelegation;
      verdict.at = name;
      return verdict;
    }
    chain.push_back(first);
    verdict.chain.push_back(name);
  }
  if (chain.size() - 1 > static_cast<size_t>(first->max_delegations())) {
    verdict.clause = Clause::kDelegation;
    verdict.at = first->name();
    return verdict;
  }
  for (const Grant* one : chain) {
    if (IsOverWindow(*one, question, spent)) {
      verdict.clause = Clause::kWindow;
      verdict.at = one->name();
      return verdict;
    }
    verdict.co_sign =
        verdict.co_sign || (one->has_co_sign_amount() && question.amount.has_value() &&
                            Nanos(*question.amount) >= Nanos(one->co_sign_amount()));
  }
  return verdict;
}

}  // namespace tideline::authority
