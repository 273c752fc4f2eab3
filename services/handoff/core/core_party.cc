// SPDX-License-Identifier: Apache-2.0
// Who may see, give, receive and speak. The constraints are those of routing (common/eligibility);
// who is busy, off shift or was not meant is the two sides' own business.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/roster/contract.h"
#include "common/roster/eligible.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace registry = skill_registry::v1;

using eligibility::Constraint;

namespace {

// Defaults of HandoffRules, as its comments say.
constexpr int kDefaultReadBackBytes = 20;
constexpr absl::Duration kDefaultAcknowledgeWithin = absl::Hours(1);
constexpr int kDefaultMaxReturns = 2;
constexpr int kDefaultMaxDepth = 3;
constexpr absl::Duration kDefaultReworkWindow = absl::Hours(24 * 7);

absl::Status NotEligible(absl::string_view constraint, absl::string_view why, absl::string_view who,
                         absl::string_view field) {
  return Refuse(Reason::REASON_NOT_ELIGIBLE, why,
                {{"constraint", constraint}, {"receiver", who}, {"field", field}});
}

// What an item asks of people, without the queue's own rules: those choose, and may be passed over
// by people who hand over.
eligibility::Needs NeedsOf(const roster::Roster& roster, const work_routing::v1::WorkItem& item) {
  eligibility::Needs needs;
  for (const auto& requirement : item.requirements()) {
    if (requirement.kind() == work_routing::v1::Requirement::KIND_PREFERRED) continue;
    int level = std::max<int>(requirement.min_level(), type::v1::LEVEL_NOVICE);
    // Widening may have lowered it; work_routing, which knows, has the last word.
    if (item.widening_step() > 0 && requirement.lowest_level() > 0) {
      level = std::min<int>(level, requirement.lowest_level());
    }
    needs.required.push_back({requirement.skill(), level});
  }
  if (!item.engagement().empty()) {
    roster::AddContract(roster, item.engagement(),
                        std::max(item.impact_class(), type::v1::IMPACT_CLASS_LOW), needs);
  }
  const work_routing::v1::Constraints& constraints = item.constraints();
  roster::CutCountries(constraints.viewing_countries(), needs);
  needs.clearances.assign(constraints.clearances().begin(), constraints.clearances().end());
  needs.excluded_teams.assign(constraints.excluded_teams().begin(),
                              constraints.excluded_teams().end());
  needs.excluded_organizations.assign(constraints.excluded_organizations().begin(),
                                      constraints.excluded_organizations().end());
  eligibility::Normalize(needs);
  return needs;
}

}  // namespace

bool Core::Visible(const Call& call, const v1::Handoff& handoff) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  for (const v1::Party* party : {&handoff.from(), &handoff.receiver()}) {
    const auto* team = roster_.Find<registry::Team>(party->team());
    if (team != nullptr && team->organization() == own) return true;
  }
  const Item* item = FindItem(handoff.work_item());
  const auto* engagement =
      item == nullptr ? nullptr : roster_.Find<registry::Engagement>(item->item().engagement());
  return engagement != nullptr && (engagement->client() == own || engagement->vendor() == own);
}

v1::Party Core::PartyOf(const std::string& expert) const {
  v1::Party party;
  party.set_expert(expert);
  if (const auto* record = roster_.Find<registry::Expert>(expert)) party.set_team(record->team());
  return party;
}

v1::Party Core::CustodyOf(const Item& item) const {
  v1::Party party;
  party.set_team(item.team());
  party.set_expert(item.holder());
  return party;
}

bool Core::SamePerson(const std::string& a, const std::string& b) const {
  if (a == b) return true;
  const auto* one = roster_.Find<registry::Expert>(a);
  const auto* other = roster_.Find<registry::Expert>(b);
  return one != nullptr && other != nullptr && !one->person().empty() &&
         one->person() == other->person();
}

bool Core::SpeaksFor(const v1::Party& party, const std::string& expert) const {
  if (!party.expert().empty()) return party.expert() == expert;
  const auto* record = roster_.Find<registry::Expert>(expert);
  return record != nullptr && !party.team().empty() && record->team() == party.team();
}

absl::Status Core::MayActFor(const Call& call, const v1::Party& party) const {
  partition::Roles over_others;
  over_others.Add(type::v1::ROLE_LEAD);
  over_others.Add(type::v1::ROLE_ADMIN);
  over_others.Add(type::v1::ROLE_SERVICE);
  if (call.grant.roles.Intersects(over_others)) return absl::OkStatus();
  if (!call.grant.expert.empty() && SpeaksFor(party, call.grant.expert)) return absl::OkStatus();
  return Refuse(Reason::REASON_NOT_YOURS, "it is somebody else's",
                {{"expert", party.expert()}, {"team", party.team()}});
}

absl::StatusOr<std::string> Core::WhoActs(const Call& call, const std::string& named,
                                          const std::string& otherwise) const {
  const std::string who = !named.empty()               ? named
                          : !call.grant.expert.empty() ? call.grant.expert
                                                       : otherwise;
  if (who.empty()) {
    return InvalidField("expert", "is required where no person follows from the handoff",
                        Reason::REASON_FIELD_REQUIRED);
  }
  if (!absl::StartsWith(who, absl::StrCat(call.workspace, "/")) ||
      roster_.Find<registry::Expert>(who) == nullptr) {
    return ReferenceNotFound("expert", who);
  }
  v1::Party self;
  self.set_expert(who);
  TL_RETURN_IF_ERROR(MayActFor(call, self));
  return who;
}

type::v1::HandoffRules Core::RulesOf(const Item& item) const {
  type::v1::HandoffRules rules;
  if (const auto* type = roster_.Find<registry::WorkType>(
          absl::StrCat(item.workspace->name, "/workTypes/", item.item().work_type()))) {
    rules = type->handoff();
  }
  if (rules.required_parts().empty()) rules.add_required_parts(type::v1::PACKET_PART_SUMMARY);
  if (rules.min_read_back_bytes() == 0) rules.set_min_read_back_bytes(kDefaultReadBackBytes);
  if (!rules.has_acknowledge_within()) {
    SetDuration(kDefaultAcknowledgeWithin, rules.mutable_acknowledge_within());
  }
  if (rules.max_returns() == 0) rules.set_max_returns(kDefaultMaxReturns);
  if (rules.max_depth() == 0) rules.set_max_depth(kDefaultMaxDepth);
  if (!rules.has_rework_window()) {
    SetDuration(kDefaultReworkWindow, rules.mutable_rework_window());
  }
  return rules;
}

absl::Status Core::CheckExpert(const Item& item, const std::string& name, absl::Time now,
                               absl::string_view field) const {
  const auto* expert = roster_.Find<registry::Expert>(name);
  if (expert == nullptr || WorkspaceName(name) != item.workspace->name) {
    return ReferenceNotFound(field, name);
  }
  if (!item.holder().empty() && SamePerson(item.holder(), name)) {
    return Refuse(Reason::REASON_SAME_PERSON, "giver and receiver are the same person",
                  {{"expert", name}, {"field", field}});
  }
  eligibility::Candidate candidate;
  candidate.expert = roster::Eligible(roster_, *expert);
  if (candidate.expert.person.empty()) candidate.expert.person = name;
  eligibility::Ask ask;
  ask.now = now;
  ask.planned_handoff = true;
  for (const std::string& excluded : item.item().constraints().excluded_experts()) {
    const auto* record = roster_.Find<registry::Expert>(excluded);
    ask.excluded_people.push_back(record == nullptr || record->person().empty() ? excluded
                                                                                : record->person());
  }
  for (Constraint constraint : eligibility::Check(NeedsOf(roster_, item.item()), ask, candidate)) {
    if (constraint >= eligibility::kFirstPassing) continue;
    const eligibility::Rule& rule = eligibility::RuleOf(constraint);
    return NotEligible(rule.name, rule.explanation, name, field);
  }
  if (eligibility::OnLeave(candidate.expert.leave, now)) {
    return NotEligible("LEAVE", "the person is on leave", name, field);
  }
  return absl::OkStatus();
}

absl::Status Core::CheckTeam(const Item& item, const std::string& name, absl::Time now,
                             absl::string_view field) const {
  const auto* team = roster_.Find<registry::Team>(name);
  if (team == nullptr || WorkspaceName(name) != item.workspace->name) {
    return ReferenceNotFound(field, name);
  }
  if (item.holder().empty() && item.team() == name) {
    return Refuse(Reason::REASON_SAME_PERSON, "the item waits in this team already",
                  {{"team", name}, {"field", field}});
  }
  // As if somebody of the team who lacks nothing of their own took it; which of its people may have
  // it is looked at when one does.
  eligibility::Candidate candidate;
  candidate.expert.team = name;
  candidate.expert.organization = team->organization();
  candidate.expert.shore = team->shore();
  if (const auto* site = roster_.SiteOf(*team)) candidate.expert.country = site->country();
  eligibility::Ask ask;
  ask.now = now;
  for (Constraint constraint : eligibility::Check(NeedsOf(roster_, item.item()), ask, candidate)) {
    if (constraint != Constraint::kEngagement && constraint != Constraint::kCountry &&
        constraint != Constraint::kExclusion && constraint != Constraint::kConflict) {
      continue;
    }
    const eligibility::Rule& rule = eligibility::RuleOf(constraint);
    return NotEligible(rule.name, rule.explanation, name, field);
  }
  return absl::OkStatus();
}

absl::Status Core::CheckTo(const Call& call, const Item& item, const v1::Handoff::Receiver& to,
                           absl::string_view field) const {
  const auto within = [field](absl::string_view part) { return absl::StrCat(field, ".", part); };
  switch (to.to_case()) {
    case v1::Handoff::Receiver::kExpert:
      return CheckExpert(item, to.expert(), call.now, within("expert"));
    case v1::Handoff::Receiver::kTeam:
      return CheckTeam(item, to.team(), call.now, within("team"));
    case v1::Handoff::Receiver::kSearch: {
      const std::string& queue = to.search().queue();
      if (!queue.empty() && !item.workspace->queues.contains(queue)) {
        return ReferenceNotFound(within("search.queue"), queue);
      }
      for (int i = 0; i < to.search().requirements_size(); ++i) {
        const std::string& skill = to.search().requirements(i).skill();
        if (roster_.Find<registry::Skill>(skill) == nullptr ||
            WorkspaceName(skill) != item.workspace->name) {
          return ReferenceNotFound(within(absl::StrCat("search.requirements[", i, "].skill")),
                                   skill);
        }
      }
      return absl::OkStatus();
    }
    default:
      return InvalidField(field, "names nobody", Reason::REASON_FIELD_REQUIRED);
  }
}

const Calendar* Core::HoursOf(const std::string& team) const {
  const auto* record = roster_.Find<registry::Team>(team);
  return record == nullptr ? nullptr : roster_.CalendarOf(*record);
}

absl::Time Core::DueOf(const type::v1::HandoffRules& rules, const v1::Party& receiver,
                       absl::Time now) const {
  const absl::Duration within = ToDuration(rules.acknowledge_within());
  const Calendar* hours = HoursOf(receiver.team());
  const absl::Time due = hours == nullptr ? now + within : hours->Add(now, within);
  // A calendar that never opens again does not keep a handoff open for ever.
  return std::min(due, now + kLongestWindow);
}

}  // namespace tideline::handoff
