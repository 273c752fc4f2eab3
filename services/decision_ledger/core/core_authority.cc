// SPDX-License-Identifier: Apache-2.0
// Who may decide: grants and their chains, sums within a window, and duty rules.
#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;
using authority::Clause;

namespace {

v1::CheckAuthorityResponse::Clause ToProtoClause(Clause clause) {
  return static_cast<v1::CheckAuthorityResponse::Clause>(clause);  // the same order, by contract
}

static_assert(static_cast<int>(Clause::kHolder) == v1::CheckAuthorityResponse::CLAUSE_HOLDER);
static_assert(static_cast<int>(Clause::kWindow) == v1::CheckAuthorityResponse::CLAUSE_WINDOW);

// Words for people, and the name of the clause for metadata.
absl::string_view Words(Clause clause) {
  switch (clause) {
    case Clause::kNone:
      return "permitted";
    case Clause::kHolder:
      return "they hold no authority";
    case Clause::kValidity:
      return "their authority does not hold now";
    case Clause::kType:
      return "their authority is for other types of decisions";
    case Clause::kEngagement:
      return "their authority is for another contract";
    case Clause::kImpact:
      return "the impact is above their authority";
    case Clause::kCurrency:
      return "their authority is in another currency";
    case Clause::kDelegation:
      return "their authority was delegated out of what does not permit it";
    case Clause::kAmount:
      return "the amount is above the limit of their authority";
    case Clause::kWindow:
      return "with what was decided before, the sum is above the limit of their authority";
  }
  return "not permitted";
}

std::string ClauseName(Clause clause) {
  return v1::CheckAuthorityResponse::Clause_Name(ToProtoClause(clause));
}

authority::Apart ApartOf(const v1::DutyRule& rule) {
  switch (rule.apart()) {
    case v1::DutyRule::APART_TEAMS:
      return authority::Apart::kTeams;
    case v1::DutyRule::APART_ORGANIZATIONS:
      return authority::Apart::kOrganizations;
    default:
      return authority::Apart::kPersons;
  }
}

}  // namespace

authority::Question Core::QuestionOf(const v1::Decision& decision, const std::string& expert,
                                     absl::Time now) const {
  authority::Question question;
  question.expert = expert;
  if (const auto* record = roster_.Find<registry::Expert>(expert)) {
    question.grade = record->authority_grade();
  }
  question.type = decision.type();
  question.engagement = decision.engagement();
  question.impact_class = decision.impact_class();
  if (decision.has_amount()) question.amount = decision.amount();
  question.now = now;
  return question;
}

absl::int128 Core::SpentUnder(const Workspace& workspace, const authority::Grant& grant,
                              absl::Time since, const Entry* without) const {
  absl::int128 sum = 0;
  auto it = workspace.under.find(grant.name());
  if (it == workspace.under.end()) return sum;
  size_t looked = 0;
  for (auto at = it->second.rbegin(); at != it->second.rend(); ++at) {
    const v1::Decision& decision = at->second->decision();
    if (ToTime(decision.create_time()) <= since) break;  // sequences are in order of time
    if (++looked > kMaxInWindow) return authority::Nanos(grant.window_amount()) + 1;
    if (at->second == without || at->second->reversed() || !decision.has_amount()) continue;
    sum += authority::Nanos(decision.amount());
  }
  return sum;
}

Core::Judgement Core::Judge(const Workspace* workspace, const authority::Question& question,
                            const Entry* without) const {
  Judgement best;
  if (workspace == nullptr) return best;
  const auto find = [this](absl::string_view name) {
    return roster_.Find<registry::AuthorityGrant>(name);
  };
  const auto spent = [&](const authority::Grant& grant, absl::Time since) {
    return SpentUnder(*workspace, grant, since, without);
  };
  // The nearer, the better; permitted is nearest, and without a second signature before with one.
  const auto rank = [](const authority::Verdict& verdict) {
    if (verdict.clause != Clause::kNone) return static_cast<int>(verdict.clause);
    return verdict.co_sign ? 100 : 101;
  };
  for (const std::string& name : workspace->grants) {
    const authority::Grant* grant = find(name);
    if (grant == nullptr) continue;
    authority::Verdict verdict = authority::CheckChain(*grant, question, find, spent);
    if (verdict.clause == Clause::kHolder) continue;
    if (best.grant.empty() || rank(verdict) > rank(best.verdict)) {
      best = {std::move(verdict), name};
    }
  }
  return best;
}

std::string Core::NearestHolder(const Workspace* workspace, authority::Question question) const {
  if (workspace == nullptr) return "";
  const std::string asker = question.expert;
  const auto may = [&](const std::string& name) {
    const auto* expert = roster_.Find<registry::Expert>(name);
    if (expert == nullptr || name == asker) return false;
    question.expert = name;
    question.grade = expert->authority_grade();
    return Judge(workspace, question).verdict.clause == Clause::kNone;
  };
  const auto* at = roster_.Find<registry::Expert>(asker);
  for (int n = 0; at != nullptr && n < kMaxManagers && !at->line_manager().empty(); ++n) {
    if (may(at->line_manager())) return at->line_manager();
    at = roster_.Find<registry::Expert>(at->line_manager());
  }
  std::set<std::pair<int32_t, std::string>> holders;  // the lowest grade that suffices comes first
  for (const std::string& name : workspace->grants) {
    const auto* grant = roster_.Find<registry::AuthorityGrant>(name);
    const auto* expert =
        grant == nullptr ? nullptr : roster_.Find<registry::Expert>(grant->expert());
    if (expert != nullptr) holders.insert({expert->authority_grade(), expert->name()});
  }
  for (const auto& [grade, name] : holders) {
    if (may(name)) return name;
  }
  return "";
}

absl::Status Core::Permit(const Workspace& workspace, const authority::Question& question,
                          const Judgement& judgement) const {
  const Clause clause = judgement.verdict.clause;
  if (clause == Clause::kNone) return absl::OkStatus();
  return Refuse(Reason::REASON_NO_AUTHORITY,
                absl::StrCat(question.expert, " may not decide this: ", Words(clause)),
                {{"clause", ClauseName(clause)},
                 {"grant", judgement.verdict.at},
                 {"nearestHolder", NearestHolder(&workspace, question)}});
}

authority::Side Core::SideOf(const std::string& expert) const {
  authority::Side side;
  side.expert = expert;
  const auto* record = roster_.Find<registry::Expert>(expert);
  if (record == nullptr) return side;
  side.person = record->person();
  side.team = record->team();
  std::string organization(roster_.OrganizationOf(*record));
  // Ownership is a tree (skill_registry refuses cycles); the bound is for data that is not.
  for (int n = 0; n < 16 && !organization.empty(); ++n) {
    side.organizations.push_back(organization);
    const auto* owned = roster_.Find<registry::Organization>(organization);
    organization = owned == nullptr ? "" : owned->owner();
  }
  return side;
}

std::vector<authority::Side> Core::DelegatorsOf(
    const google::protobuf::RepeatedPtrField<std::string>& chain) const {
  std::vector<authority::Side> sides;
  for (const std::string& name : chain) {
    const auto* grant = roster_.Find<registry::AuthorityGrant>(name);
    if (grant != nullptr && !grant->expert().empty()) sides.push_back(SideOf(grant->expert()));
  }
  return sides;
}

// Who decides, and who lent them the authority, must not be who decided the other type before, and
// who decides must not be who lent it then: delegating does not separate duties.
Core::Duty Core::FindDuty(const Workspace* workspace, const v1::Decision& decision,
                          const std::string& expert, const Entry* without) const {
  if (workspace == nullptr) return {};
  const authority::Side self = SideOf(expert);
  const std::vector<authority::Side> lenders = DelegatorsOf(decision.authority().chain());
  for (const auto& [name, rule] : workspace->rules) {
    const bool first = rule.first_type() == decision.type();
    if (!first && rule.second_type() != decision.type()) continue;
    const std::string& other = first ? rule.second_type() : rule.first_type();
    for (const std::string& held : workspace->grants) {
      const auto* grant = roster_.Find<registry::AuthorityGrant>(held);
      if (!rule.by_grant() || grant == nullptr || grant->expert() != expert) continue;
      const auto& types = grant->decision_types();
      if (std::find(types.begin(), types.end(), other) != types.end()) return {name, ""};
    }
    auto about = workspace->by_item.find(decision.work_item());
    if (decision.work_item().empty() || about == workspace->by_item.end()) continue;
    for (const auto& [sequence, before] : about->second) {
      const v1::Decision& earlier = before->decision();
      if (before == without || before->reversed() || earlier.type() != other) continue;
      std::vector<authority::Side> deciders = {SideOf(earlier.decider())};
      if (!earlier.authority().co_signer().empty()) {
        deciders.push_back(SideOf(earlier.authority().co_signer()));
      }
      const auto same_as = [&](const authority::Side& side) {
        return [&, apart = ApartOf(rule)](const authority::Side& one) {
          return authority::SameSide(side, one, apart);
        };
      };
      const std::vector<authority::Side> lent = DelegatorsOf(earlier.authority().chain());
      bool same = std::any_of(deciders.begin(), deciders.end(), same_as(self)) ||
                  std::any_of(lent.begin(), lent.end(), same_as(self));
      for (const authority::Side& lender : lenders) {
        same = same || std::any_of(deciders.begin(), deciders.end(), same_as(lender));
      }
      if (same) return {name, earlier.name()};
    }
  }
  return {};
}

absl::Status Core::RefuseDuty(const Duty& duty) {
  if (duty.rule.empty()) return absl::OkStatus();
  return Refuse(Reason::REASON_NOT_INDEPENDENT,
                duty.decision.empty()
                    ? "they hold authority for both sides of a duty rule"
                    : "the same side has decided the other part of a duty rule about this item",
                {{"rule", duty.rule}, {"decision", duty.decision}});
}

absl::StatusOr<v1::CheckAuthorityResponse> Core::CheckAuthority(
    const Call& call, const v1::CheckAuthorityRequest& request) const {
  TL_ASSIGN_OR_RETURN(const std::string expert, WhoActs(call, request.expert(), "expert"));
  if (request.has_amount() && !authority::IsMoney(request.amount())) {
    return InvalidField("amount", "is not an amount of money");
  }
  if (!request.engagement().empty() &&
      roster_.Find<registry::Engagement>(request.engagement()) == nullptr) {
    return ReferenceNotFound("engagement", request.engagement());
  }
  v1::Decision decision;
  decision.set_type(request.type());
  decision.set_engagement(request.engagement());
  decision.set_work_item(request.work_item());
  decision.set_impact_class(request.impact_class());
  if (request.has_amount()) *decision.mutable_amount() = request.amount();
  const Workspace* workspace = FindWorkspace(call.workspace);
  const authority::Question question = QuestionOf(decision, expert, call.now);
  const Judgement judgement = Judge(workspace, question);
  v1::CheckAuthorityResponse response;
  response.set_grant(judgement.grant);
  response.set_clause(ToProtoClause(judgement.verdict.clause));
  response.set_detail(std::string(Words(judgement.verdict.clause)));
  if (judgement.verdict.clause != Clause::kNone) {
    response.set_nearest_holder(NearestHolder(workspace, question));
    return response;
  }
  for (const std::string& name : judgement.verdict.chain) {
    decision.mutable_authority()->add_chain(name);
  }
  const absl::Status duties = RefuseDuty(FindDuty(workspace, decision, expert));
  if (!duties.ok()) {
    response.set_clause(v1::CheckAuthorityResponse::CLAUSE_DUTIES);
    response.set_detail(std::string(duties.message()));
    return response;
  }
  response.set_permitted(true);
  response.set_co_sign_required(judgement.verdict.co_sign);
  return response;
}

}  // namespace tideline::decision_ledger
