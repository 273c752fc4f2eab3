// SPDX-License-Identifier: Apache-2.0
// Who may decide, what is decided, and what becomes of decisions. Amounts are euros.
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"

namespace tideline::scenarios {
namespace {

namespace v1 = decision_ledger::v1;
namespace registry = skill_registry::v1;

absl::Status SetEuros(const std::string& text, type::v1::Money* money) {
  int64_t units = 0;
  if (!absl::SimpleAtoi(text, &units)) return absl::InternalError(text);
  money->set_currency_code("EUR");
  money->set_units(units);
  return absl::OkStatus();
}

// PERSON may decide WORD up to N [a week]. May be lent on once.
absl::Status Grant(Stage& stage, const Words& words, bool a_week) {
  registry::CreateAuthorityGrantRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_authority_grant_id(absl::StrCat(words[0], "-", words[1]));
  registry::AuthorityGrant& grant = *request.mutable_authority_grant();
  grant.set_expert(Stage::Name("experts", words[0]));
  grant.add_decision_types(words[1]);
  grant.set_max_impact_class(type::v1::IMPACT_CLASS_CRITICAL);
  grant.set_max_delegations(1);
  TL_RETURN_IF_ERROR(SetEuros(words[2], grant.mutable_limit_amount()));
  if (a_week) {
    *grant.mutable_window_amount() = grant.limit_amount();
    grant.mutable_window()->set_seconds(7 * 24 * 3600);
  }
  return stage.Call("", &Stage::Registry::CreateAuthorityGrant, request).status();
}

// PERSON lends WORD to PERSON: all of it.
absl::Status Lend(Stage& stage, const Words& words) {
  registry::GetAuthorityGrantRequest read;
  read.set_name(Stage::Name("authorityGrants", absl::StrCat(words[0], "-", words[1])));
  TL_ASSIGN_OR_RETURN(const auto lent, stage.Call("", &Stage::Registry::GetAuthorityGrant, read));
  registry::CreateAuthorityGrantRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_authority_grant_id(absl::StrCat(words[2], "-", words[1], "-lent"));
  registry::AuthorityGrant& grant = *request.mutable_authority_grant();
  grant.set_expert(Stage::Name("experts", words[2]));
  grant.add_decision_types(words[1]);
  grant.set_max_impact_class(type::v1::IMPACT_CLASS_CRITICAL);
  *grant.mutable_limit_amount() = lent.authority_grant().limit_amount();
  grant.set_delegated_from(read.name());
  return stage.Call("", &Stage::Registry::CreateAuthorityGrant, request).status();
}

absl::Status KeepApart(Stage& stage, const Words& words) {
  v1::CreateDutyRuleRequest request;
  request.set_parent(Stage::kWorkspace);
  request.mutable_duty_rule()->set_first_type(words[0]);
  request.mutable_duty_rule()->set_second_type(words[1]);
  return stage.Call("", &Stage::Decisions::CreateDutyRule, request).status();
}

// PERSON decides WORD of N about ITEM as NAME [on NAMES] [to be undone by hand].
absl::Status Decide(Stage& stage, const Words& words, const std::string& on, bool by_hand) {
  v1::RecordDecisionRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_decision_id(words[4]);
  v1::Decision& decision = *request.mutable_decision();
  decision.set_decider(Stage::Name("experts", words[0]));
  decision.set_type(words[1]);
  decision.set_choice("yes");
  TL_RETURN_IF_ERROR(SetEuros(words[2], decision.mutable_amount()));
  decision.set_work_item(Stage::Name("workItems", words[3]));
  decision.set_reversibility(v1::REVERSIBILITY_R0);
  if (by_hand) decision.mutable_undo_plan()->set_action(v1::UndoPlan::ACTION_TASK);
  for (absl::string_view one : absl::StrSplit(on, ", ", absl::SkipEmpty())) {
    decision.add_depends_on(Stage::Name("decisions", one));
  }
  return stage.Call("", &Stage::Decisions::RecordDecision, request).status();
}

absl::Status Undo(Stage& stage, const Words& words) {
  v1::ReverseDecisionRequest request;
  request.set_name(Stage::Name("decisions", words[1]));
  request.set_requester(Stage::Name("experts", words[0]));
  request.set_reason(words[2]);
  TL_ASSIGN_OR_RETURN(const auto response,
                      stage.Call("", &Stage::Decisions::ReverseDecision, request));
  stage.reversal = response.reversal().name();
  return absl::OkStatus();
}

absl::Status EndStep(Stage& stage, const std::string& failure) {
  v1::CompleteReversalStepRequest request;
  request.set_name(stage.reversal);
  request.set_failed(!failure.empty());
  request.set_detail(failure);
  return stage.Call("", &Stage::Decisions::CompleteReversalStep, request).status();
}

absl::Status Resume(Stage& stage, const Words&) {
  v1::ResumeReversalRequest request;
  request.set_name(stage.reversal);
  return stage.Call("", &Stage::Decisions::ResumeReversal, request).status();
}

absl::Status ExpectState(Stage& stage, const std::string& id, v1::Decision::State expected) {
  v1::GetDecisionRequest request;
  request.set_name(Stage::Name("decisions", id));
  TL_ASSIGN_OR_RETURN(const auto response, stage.Call("", &Stage::Decisions::GetDecision, request));
  if (response.decision().state() == expected) return absl::OkStatus();
  return absl::InternalError(v1::Decision::State_Name(response.decision().state()));
}

absl::Status ExpectDone(Stage& stage, int done, int of) {
  v1::GetReversalRequest request;
  request.set_name(stage.reversal);
  TL_ASSIGN_OR_RETURN(const auto response, stage.Call("", &Stage::Decisions::GetReversal, request));
  int ended = 0;
  for (const v1::Reversal::Step& step : response.reversal().steps()) {
    ended += step.state() == v1::Reversal::Step::STATE_DONE ? 1 : 0;
  }
  if (ended == done && response.reversal().steps_size() == of) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(ended, " of ", response.reversal().steps_size(), " are done"));
}

}  // namespace

std::vector<Sentence> DecisionSentences() {
  return {
      {"PERSON may decide SKILL up to N",
       [](Stage& stage, const Words& words) { return Grant(stage, words, false); }},
      {"PERSON may decide SKILL up to N a week",
       [](Stage& stage, const Words& words) { return Grant(stage, words, true); }},
      {"PERSON lends SKILL to PERSON", Lend},
      {"SKILL and SKILL are decided by different people", KeepApart},
      {"PERSON decides SKILL of N about ITEM as ITEM",
       [](Stage& stage, const Words& words) { return Decide(stage, words, "", false); }},
      {"PERSON decides SKILL of N about ITEM as ITEM, to be undone by hand",
       [](Stage& stage, const Words& words) { return Decide(stage, words, "", true); }},
      {"PERSON decides SKILL of N about ITEM as ITEM after NAMES",
       [](Stage& stage, const Words& words) { return Decide(stage, words, words[5], false); }},
      {"PERSON decides SKILL of N about ITEM as ITEM after ITEM, to be undone by hand",
       [](Stage& stage, const Words& words) { return Decide(stage, words, words[5], true); }},
      {"PERSON undoes ITEM: TEXT", Undo},
      {"What is to be undone by hand is done",
       [](Stage& stage, const Words&) { return EndStep(stage, ""); }},
      {"What is to be undone by hand fails: TEXT",
       [](Stage& stage, const Words& words) { return EndStep(stage, words[0]); }},
      {"The undoing is taken up again", Resume},
      {"Decision ITEM stands",
       [](Stage& stage, const Words& words) {
         return ExpectState(stage, words[0], v1::Decision::STATE_IN_FORCE);
       }},
      {"Decision ITEM is being undone",
       [](Stage& stage, const Words& words) {
         return ExpectState(stage, words[0], v1::Decision::STATE_REVERSING);
       }},
      {"Decision ITEM is undone",
       [](Stage& stage, const Words& words) {
         return ExpectState(stage, words[0], v1::Decision::STATE_REVERSED);
       }},
      {"N of N are undone",
       [](Stage& stage, const Words& words) {
         int done = 0;
         int of = 0;
         if (!absl::SimpleAtoi(words[0], &done) || !absl::SimpleAtoi(words[1], &of)) {
           return absl::InternalError(words[0]);
         }
         return ExpectDone(stage, done, of);
       }},
  };
}

}  // namespace tideline::scenarios
