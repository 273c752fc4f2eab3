// SPDX-License-Identifier: Apache-2.0
#include "common/roster/eligible.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace tideline::roster {
namespace {

namespace v1 = skill_registry::v1;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

void AddSkills(const v1::Expert& expert, eligibility::Expert& out) {
  for (const v1::ExpertSkill& held : expert.skills()) {
    if (held.stage() < v1::SKILL_STAGE_ASSESSED || held.level() < 1) continue;
    eligibility::HeldSkill skill;
    skill.skill = held.skill();
    skill.level = held.level();
    if (held.has_expire_time()) skill.expires = ToTime(held.expire_time());
    skill.learning = held.stage() == v1::SKILL_STAGE_SHADOWING;
    out.skills.push_back(std::move(skill));
  }
  std::sort(out.skills.begin(), out.skills.end(),
            [](const auto& a, const auto& b) { return a.skill < b.skill; });
}

void AddClearances(const v1::Expert& expert, eligibility::Expert& out) {
  std::map<std::string, absl::Time> latest;  // a client may have cleared somebody more than once
  const auto add = [&latest](std::string id, absl::Time expires) {
    absl::Time& known = latest.try_emplace(std::move(id), expires).first->second;
    known = std::max(known, expires);
  };
  for (const v1::Clearance& clearance : expert.clearances()) {
    if (clearance.expired()) continue;
    const absl::Time expires =
        clearance.has_expire_time() ? ToTime(clearance.expire_time()) : absl::InfiniteFuture();
    add(clearance.client(), expires);
    if (!clearance.scope().empty()) {
      add(absl::StrCat(clearance.client(), "#", clearance.scope()), expires);
    }
  }
  for (const auto& [id, expires] : latest) out.clearances.push_back({id, expires});
}

}  // namespace

int64_t Hundredths(const type::v1::Money& money) {
  constexpr int64_t kNanosPerHundredth = 10'000'000;
  const int64_t half = money.nanos() < 0 ? -kNanosPerHundredth / 2 : kNanosPerHundredth / 2;
  return money.units() * 100 + (money.nanos() + half) / kNanosPerHundredth;
}

eligibility::Presence EligiblePresence(v1::Presence::State state) {
  switch (state) {
    case v1::Presence::STATE_ROSTERED:
      return eligibility::Presence::kRostered;
    case v1::Presence::STATE_PRESENT:
      return eligibility::Presence::kPresent;
    case v1::Presence::STATE_AVAILABLE:
      return eligibility::Presence::kAvailable;
    case v1::Presence::STATE_FOCUS:
      return eligibility::Presence::kFocus;
    case v1::Presence::STATE_TRAINING:
      return eligibility::Presence::kTraining;
    case v1::Presence::STATE_BREAK:
      return eligibility::Presence::kBreak;
    default:
      return eligibility::Presence::kOffline;
  }
}

eligibility::Expert Eligible(const Roster& roster, const v1::Expert& expert) {
  eligibility::Expert out;
  out.id = expert.name();
  out.person = expert.person();
  out.team = expert.team();
  out.grade = expert.authority_grade();
  out.capacity = expert.capacity_units();
  out.cost_per_hour = Hundredths(expert.cost_rate());
  if (const v1::Team* team = roster.TeamOf(expert)) {
    out.organization = team->organization();
    out.calendar = team->calendar();
    out.shore = team->shore();
  }
  if (const v1::Site* site = roster.SiteOf(expert)) out.country = site->country();
  AddSkills(expert, out);
  AddClearances(expert, out);
  for (const v1::Leave& leave : expert.leaves()) {
    if (leave.state() == v1::Leave::STATE_OVER) continue;
    out.leave.push_back({ToTime(leave.start_time()), ToTime(leave.end_time())});
  }
  std::sort(out.leave.begin(), out.leave.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
  return out;
}

}  // namespace tideline::roster
