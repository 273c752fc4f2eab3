// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/dates.h"

#include <algorithm>

namespace tideline::skill_registry {
namespace {

// A level that somebody judged and whose evidence can end.
bool Expires(const v1::ExpertSkill& held) {
  return held.has_expire_time() && held.level() != type::v1::LEVEL_UNSPECIFIED;
}

template <class Agreement>
absl::Time NextValidity(const Agreement& agreement) {
  switch (agreement.validity()) {
    case v1::VALIDITY_UPCOMING:
      return ToTime(agreement.start_time());
    case v1::VALIDITY_CURRENT:
      return agreement.has_end_time() ? ToTime(agreement.end_time()) : absl::InfiniteFuture();
    default:
      return absl::InfiniteFuture();
  }
}

template <class Agreement>
v1::Validity ValidityAt(absl::Time now, const Agreement& agreement) {
  if (agreement.has_end_time() && ToTime(agreement.end_time()) <= now) return v1::VALIDITY_ENDED;
  if (agreement.has_start_time() && ToTime(agreement.start_time()) > now) {
    return v1::VALIDITY_UPCOMING;
  }
  return v1::VALIDITY_CURRENT;
}

v1::Leave::State StateAt(absl::Time now, const v1::Leave& leave) {
  if (ToTime(leave.end_time()) <= now) return v1::Leave::STATE_OVER;
  return ToTime(leave.start_time()) <= now ? v1::Leave::STATE_CURRENT : v1::Leave::STATE_PLANNED;
}

template <class R>
void Bind(Kind& kind) {
  if (kind.type != R::descriptor()) return;
  kind.next_date = [](const Message& resource) {
    return NextDate(static_cast<const R&>(resource));
  };
  kind.pass_dates = [](absl::Time now, Message& resource) {
    PassDates(now, static_cast<R&>(resource));
  };
}

}  // namespace

absl::Time NextDate(const v1::Expert& expert) {
  absl::Time next = absl::InfiniteFuture();
  for (const v1::ExpertSkill& held : expert.skills()) {
    if (Expires(held)) next = std::min(next, ToTime(held.expire_time()));
  }
  for (const v1::Credential& credential : expert.credentials()) {
    if (credential.has_expire_time() && !credential.expired()) {
      next = std::min(next, ToTime(credential.expire_time()));
    }
  }
  for (const v1::Clearance& clearance : expert.clearances()) {
    if (clearance.has_expire_time() && !clearance.expired()) {
      next = std::min(next, ToTime(clearance.expire_time()));
    }
  }
  for (const v1::Leave& leave : expert.leaves()) {
    if (leave.state() == v1::Leave::STATE_PLANNED)
      next = std::min(next, ToTime(leave.start_time()));
    if (leave.state() == v1::Leave::STATE_CURRENT) next = std::min(next, ToTime(leave.end_time()));
  }
  return next;
}

void PassDates(absl::Time now, v1::Expert& expert) {
  for (v1::ExpertSkill& held : *expert.mutable_skills()) {
    if (!Expires(held) || ToTime(held.expire_time()) > now) continue;
    // The claim stays; what was judged ends with what showed it.
    held.set_stage(v1::SKILL_STAGE_CLAIMED);
    held.clear_level();
  }
  for (v1::Credential& credential : *expert.mutable_credentials()) {
    credential.set_expired(credential.has_expire_time() && ToTime(credential.expire_time()) <= now);
  }
  for (v1::Clearance& clearance : *expert.mutable_clearances()) {
    clearance.set_expired(clearance.has_expire_time() && ToTime(clearance.expire_time()) <= now);
  }
  for (v1::Leave& leave : *expert.mutable_leaves()) leave.set_state(StateAt(now, leave));
}

absl::Time NextDate(const v1::Engagement& engagement) { return NextValidity(engagement); }
void PassDates(absl::Time now, v1::Engagement& engagement) {
  engagement.set_validity(ValidityAt(now, engagement));
}

absl::Time NextDate(const v1::AuthorityGrant& grant) { return NextValidity(grant); }
void PassDates(absl::Time now, v1::AuthorityGrant& grant) {
  grant.set_validity(ValidityAt(now, grant));
}

void BindDates(Kind& kind) {
  Bind<v1::Expert>(kind);
  Bind<v1::Engagement>(kind);
  Bind<v1::AuthorityGrant>(kind);
}

}  // namespace tideline::skill_registry
