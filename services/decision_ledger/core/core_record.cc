// SPDX-License-Identifier: Apache-2.0
// Decisions are taken, signed, and judged by what came of them.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;

namespace {

absl::Status CheckReversibility(const v1::Decision& decision, absl::Time now) {
  const v1::UndoPlan& plan = decision.undo_plan();
  const bool by_call = plan.action() == v1::UndoPlan::ACTION_CANCEL_WORK_ITEM ||
                       plan.action() == v1::UndoPlan::ACTION_REOPEN_WORK_ITEM;
  switch (decision.reversibility()) {
    case v1::REVERSIBILITY_R1:
      if (!decision.has_undo_by()) {
        return InvalidField("decision.undo_by", "is required of an R1 decision",
                            Reason::REASON_FIELD_REQUIRED);
      }
      if (ToTime(decision.undo_by()) <= now) {
        return InvalidField("decision.undo_by", "has passed already");
      }
      break;
    case v1::REVERSIBILITY_R0:
    case v1::REVERSIBILITY_R2:
    case v1::REVERSIBILITY_R3:
      if (decision.has_undo_by()) {
        return InvalidField("decision.undo_by", "is for R1 decisions only");
      }
      break;
    default:
      return InvalidField("decision.reversibility", "is not stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (decision.reversibility() == v1::REVERSIBILITY_R3 &&
      plan.action() != v1::UndoPlan::ACTION_UNSPECIFIED) {
    return InvalidField("decision.undo_plan.action", "an R3 decision cannot be undone");
  }
  if (by_call == plan.target().empty()) {
    return InvalidField("decision.undo_plan.target",
                        by_call ? "is required by the action" : "is not used by the action");
  }
  return absl::OkStatus();
}

// Only what the caller may say.
v1::Decision Stated(const v1::Decision& given) {
  v1::Decision decision = given;
  decision.clear_etag();
  decision.clear_create_time();
  decision.clear_update_time();
  decision.clear_observed_impact();
  decision.clear_state();
  decision.clear_authority();
  decision.clear_reversal();
  return decision;
}

}  // namespace

absl::Status Core::CheckDecision(const Call& call, const Workspace& workspace,
                                 const v1::Decision& decision, const std::string& name) const {
  const auto inside = [&](const std::string& other) {
    return absl::StartsWith(other, absl::StrCat(workspace.name, "/"));
  };
  TL_RETURN_IF_ERROR(CheckReversibility(decision, call.now));
  if (decision.has_amount() &&
      (!authority::IsMoney(decision.amount()) || authority::Nanos(decision.amount()) < 0)) {
    // A negative amount would make room in a window.
    return InvalidField("decision.amount", "is not an amount of money of zero or more");
  }
  if (decision.work_item().empty() == decision.scope().empty()) {
    return InvalidField("decision.work_item", "either it or the scope says what it is about");
  }
  if (!decision.work_item().empty() && !inside(decision.work_item())) {
    return ReferenceNotFound("decision.work_item", decision.work_item());
  }
  if (!decision.undo_plan().target().empty() && !inside(decision.undo_plan().target())) {
    return ReferenceNotFound("decision.undo_plan.target", decision.undo_plan().target());
  }
  const std::string& owner = decision.undo_plan().owner();
  if (!owner.empty() && (!inside(owner) || roster_.Find<registry::Expert>(owner) == nullptr)) {
    return ReferenceNotFound("decision.undo_plan.owner", owner);
  }
  const std::string& engagement = decision.engagement();
  if (!engagement.empty() &&
      (!inside(engagement) || roster_.Find<registry::Engagement>(engagement) == nullptr)) {
    return ReferenceNotFound("decision.engagement", engagement);
  }
  std::set<std::string> on;
  for (int i = 0; i < decision.depends_on_size(); ++i) {
    const std::string& other = decision.depends_on(i);
    const std::string field = absl::StrCat("decision.depends_on[", i, "]");
    if (other == name) {
      return InvalidField(field, "is the decision itself", Reason::REASON_CYCLE);
    }
    if (!on.insert(other).second) return InvalidField(field, "is there twice");
    const Entry* entry = inside(other) ? FindEntry(other) : nullptr;
    if (entry == nullptr) return ReferenceNotFound(field, other);
    if (!entry->in_force()) {
      return Refuse(
          Reason::REASON_STATE_FORBIDS, "a decision that it depends on does not hold",
          {{"decision", other}, {"state", v1::Decision::State_Name(entry->decision().state())}});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RecordDecisionResponse> Core::RecordDecision(
    const Call& call, const v1::RecordDecisionRequest& request, Changes& changes) {
  const std::string id = request.decision_id().empty()
                             ? partition::MakeId(call.entropy, changes.Next().index())
                             : request.decision_id();
  const std::string name = absl::StrCat(call.workspace, "/decisions/", id);
  v1::Decision decision = Stated(request.decision());
  decision.set_name(name);
  TL_ASSIGN_OR_RETURN(const std::string decider,
                      WhoActs(call, decision.decider(), "decision.decider"));
  decision.set_decider(decider);
  if (FindEntry(name) != nullptr) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, "a decision of this id exists",
                  {{"decision", name}});
  }
  Workspace& workspace = WorkspaceOf(call.workspace);
  TL_RETURN_IF_ERROR(CheckDecision(call, workspace, decision, name));
  const authority::Question question = QuestionOf(decision, decider, call.now);
  const Judgement judgement = Judge(&workspace, question);
  TL_RETURN_IF_ERROR(Permit(workspace, question, judgement));
  v1::Authority& authority = *decision.mutable_authority();
  authority.set_grant(judgement.grant);
  for (const std::string& grant : judgement.verdict.chain) authority.add_chain(grant);
  authority.set_co_sign_required(judgement.verdict.co_sign);
  TL_RETURN_IF_ERROR(RefuseDuty(FindDuty(&workspace, decision, decider)));

  Step step(*this, call, changes);
  decision.set_state(judgement.verdict.co_sign ? v1::Decision::STATE_PROPOSED
                                               : v1::Decision::STATE_IN_FORCE);
  *decision.mutable_create_time() = ToProto(call.now);
  auto made = std::make_unique<Entry>();
  Entry& entry = *made;
  entry.workspace = &workspace;
  entry.mutable_decision() = std::move(decision);
  const type::v1::Revision first = changes.Next();
  entry.record.set_sequence(first.commit() << 16 | first.index());
  workspace.decisions[name] = std::move(made);
  Index(entry);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_decision_recorded()->mutable_decision());
  v1::RecordDecisionResponse response;
  *response.mutable_decision() = entry.decision();
  return response;
}

absl::StatusOr<v1::CoSignDecisionResponse> Core::CoSignDecision(
    const Call& call, const v1::CoSignDecisionRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  TL_ASSIGN_OR_RETURN(const std::string signer, WhoActs(call, request.signer(), "signer"));
  const v1::Decision& decision = entry->decision();
  if (!entry->proposed()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the decision waits for no signature",
                  {{"state", v1::Decision::State_Name(decision.state())}});
  }
  if (SamePerson(signer, decision.decider())) {
    return Refuse(Reason::REASON_SAME_PERSON, "who decided cannot sign as well",
                  {{"expert", signer}});
  }
  const authority::Question question = QuestionOf(decision, signer, call.now);
  const Judgement judgement = Judge(entry->workspace, question, entry);
  TL_RETURN_IF_ERROR(Permit(*entry->workspace, question, judgement));
  TL_RETURN_IF_ERROR(RefuseDuty(FindDuty(entry->workspace, decision, signer, entry)));

  Step step(*this, call, changes);
  v1::Decision& changed = entry->mutable_decision();
  changed.set_state(v1::Decision::STATE_IN_FORCE);
  changed.mutable_authority()->set_co_signer(signer);
  *changed.mutable_authority()->mutable_co_sign_time() = ToProto(call.now);
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_decision_co_signed()->mutable_decision());
  v1::CoSignDecisionResponse response;
  *response.mutable_decision() = entry->decision();
  return response;
}

absl::StatusOr<v1::ReportOutcomeResponse> Core::ReportOutcome(
    const Call& call, const v1::ReportOutcomeRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  Step step(*this, call, changes);
  entry->mutable_decision().set_observed_impact(request.observed_impact());
  v1::Event event;
  Raise(step, *entry, event, *event.mutable_outcome_reported()->mutable_decision());
  v1::ReportOutcomeResponse response;
  *response.mutable_decision() = entry->decision();
  return response;
}

}  // namespace tideline::decision_ledger
