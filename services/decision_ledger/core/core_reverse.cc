// SPDX-License-Identifier: Apache-2.0
// Undoing a decision: what was built on it falls first, one step after the other, each a call that
// is owed or a task for its owner. A step that fails leaves the reversal stuck, and says where.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::decision_ledger {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

using UndoStep = v1::Reversal::Step;

constexpr char kRouting[] = "work_routing";
constexpr char kCancel[] = "/tideline.work_routing.v1.WorkRoutingService/CancelWorkItem";
constexpr char kReopen[] = "/tideline.work_routing.v1.WorkRoutingService/ReopenWorkItem";
// As work_routing's limit on reasons.
constexpr size_t kMaxReasonBytes = 500;

bool IsCall(const UndoStep& step) {
  return step.plan().action() == v1::UndoPlan::ACTION_CANCEL_WORK_ITEM ||
         step.plan().action() == v1::UndoPlan::ACTION_REOPEN_WORK_ITEM;
}

UndoStep* Current(v1::Reversal& reversal) {
  for (UndoStep& step : *reversal.mutable_steps()) {
    if (step.state() != UndoStep::STATE_DONE) return &step;
  }
  return nullptr;
}

}  // namespace

bool Core::SamePerson(const std::string& a, const std::string& b) const {
  return authority::SameSide(SideOf(a), SideOf(b), authority::Apart::kPersons);
}

std::vector<Entry*> Core::Falling(const Entry& entry) const {
  // Whatever builds on a decision was taken after it, so the order of decisions, turned round, has
  // every one before what it depends on.
  BySequence found;
  std::vector<std::string> open = {entry.name()};
  while (!open.empty() && found.size() <= kMaxFalling) {
    const std::string name = std::move(open.back());
    open.pop_back();
    Entry* one = FindEntry(name);
    if (one->reversed() || !found.emplace(one->record.sequence(), one).second) continue;
    auto dependants = entry.workspace->dependants.find(name);
    if (dependants == entry.workspace->dependants.end()) continue;
    open.insert(open.end(), dependants->second.begin(), dependants->second.end());
  }
  std::vector<Entry*> falling;
  for (auto it = found.rbegin(); it != found.rend(); ++it) falling.push_back(it->second);
  return falling;
}

absl::Status Core::Obstacle(const Entry& entry, const std::string& requester,
                            const std::string& agreed_by, absl::Time now) const {
  const v1::Decision& decision = entry.decision();
  if (!entry.in_force() && !entry.proposed()) {
    return Refuse(
        Reason::REASON_STATE_FORBIDS, absl::StrCat(entry.name(), " is being undone or was undone"),
        {{"decision", entry.name()}, {"state", v1::Decision::State_Name(decision.state())}});
  }
  switch (decision.reversibility()) {
    case v1::REVERSIBILITY_R3:
      return Refuse(Reason::REASON_STATE_FORBIDS,
                    absl::StrCat(entry.name(), " cannot be undone (R3)"),
                    {{"decision", entry.name()}});
    case v1::REVERSIBILITY_R1:
      if (now > ToTime(decision.undo_by())) {
        return Refuse(
            Reason::REASON_WINDOW_CLOSED,
            absl::StrCat(entry.name(), " could be undone until ",
                         absl::FormatTime(ToTime(decision.undo_by()), absl::UTCTimeZone())),
            {{"decision", entry.name()}});
      }
      if (!SamePerson(decision.decider(), requester) &&
          (agreed_by.empty() || !SamePerson(decision.decider(), agreed_by))) {
        return Refuse(
            Reason::REASON_NOT_YOURS,
            absl::StrCat(entry.name(), " is undone by who took it, or with their consent"),
            {{"decision", entry.name()}, {"decider", decision.decider()}});
      }
      break;
    case v1::REVERSIBILITY_R2:
      if (agreed_by.empty()) {
        return InvalidField("agreed_by",
                            absl::StrCat("is required: ", entry.name(), " (R2) needs consent"),
                            Reason::REASON_FIELD_REQUIRED);
      }
      if (SamePerson(agreed_by, requester)) {
        return Refuse(Reason::REASON_SAME_PERSON, "who asks cannot be who agrees",
                      {{"decision", entry.name()}, {"expert", agreed_by}});
      }
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PreviewReversalResponse> Core::PreviewReversal(
    const Call& call, const v1::PreviewReversalRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Entry* entry, GetEntry(call, request.name()));
  if (!entry->in_force() && !entry->proposed()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the decision does not hold",
                  {{"state", v1::Decision::State_Name(entry->decision().state())}});
  }
  const std::string& requester =
      call.grant.expert.empty() ? entry->decision().decider() : call.grant.expert;
  v1::PreviewReversalResponse response;
  const std::vector<Entry*> falling = Falling(*entry);
  for (const Entry* one : falling) {
    if (static_cast<size_t>(response.decisions_size()) == kMaxFalling) break;
    *response.add_decisions() = one->decision();
    const absl::Status obstacle = Obstacle(*one, requester, "", call.now);
    if (!obstacle.ok()) response.add_obstacles(std::string(obstacle.message()));
  }
  if (falling.size() > kMaxFalling) {
    response.add_obstacles(absl::StrCat("more than ", kMaxFalling, " decisions would fall"));
  }
  return response;
}

absl::StatusOr<v1::ReverseDecisionResponse> Core::ReverseDecision(
    const Call& call, const v1::ReverseDecisionRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  TL_ASSIGN_OR_RETURN(const std::string requester, WhoActs(call, request.requester(), "requester"));
  if (!request.agreed_by().empty() &&
      roster_.Find<registry::Expert>(request.agreed_by()) == nullptr) {
    return ReferenceNotFound("agreed_by", request.agreed_by());
  }
  if (entry->reversed()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the decision was undone already",
                  {{"reversal", entry->decision().reversal()}});
  }
  const std::vector<Entry*> falling = Falling(*entry);
  if (falling.size() > kMaxFalling) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                  absl::StrCat("more than ", kMaxFalling,
                               " decisions would fall: undo those that were built last first"));
  }
  for (const Entry* one : falling) {
    TL_RETURN_IF_ERROR(Obstacle(*one, requester, request.agreed_by(), call.now));
  }

  Step step(*this, call, changes);
  auto made = std::make_unique<Undoing>();
  Undoing& undoing = *made;
  undoing.workspace = entry->workspace;
  const type::v1::Revision first = changes.Next();
  undoing.record.set_sequence(first.commit() << 16 | first.index());
  v1::Reversal& reversal = undoing.mutable_reversal();
  reversal.set_name(
      absl::StrCat(call.workspace, "/reversals/", partition::MakeId(call.entropy, first.index())));
  *reversal.mutable_create_time() = ToProto(call.now);
  reversal.set_decision(entry->name());
  reversal.set_reason(request.reason());
  reversal.set_requester(requester);
  reversal.set_agreed_by(request.agreed_by());
  reversal.set_state(v1::Reversal::STATE_RUNNING);
  for (const Entry* one : falling) {
    UndoStep& undo = *reversal.add_steps();
    undo.set_decision(one->name());
    *undo.mutable_plan() = one->decision().undo_plan();
    if (undo.plan().action() == v1::UndoPlan::ACTION_TASK) {
      undo.set_owner(undo.plan().owner().empty() ? one->decision().decider() : undo.plan().owner());
    }
    undo.set_state(UndoStep::STATE_WAITING);
  }
  const std::string name = reversal.name();
  entry->workspace->reversals[name] = std::move(made);
  v1::Event started;
  Raise(step, undoing, started, *started.mutable_reversal_started()->mutable_reversal(), requester);
  for (Entry* one : falling) {
    one->mutable_decision().set_state(v1::Decision::STATE_REVERSING);
    one->mutable_decision().set_reversal(name);
    v1::Event event;
    Raise(step, *one, event, *event.mutable_decision_reversing()->mutable_decision());
  }
  Advance(step, undoing);
  v1::ReverseDecisionResponse response;
  *response.mutable_reversal() = undoing.reversal();
  return response;
}

// Begins the next step; those for which nothing is to be done end at once.
void Core::Advance(Step& step, Undoing& undoing) {
  v1::Reversal& reversal = undoing.mutable_reversal();
  std::string audience = reversal.requester();
  UndoStep* at = Current(reversal);
  while (at != nullptr && at->plan().action() == v1::UndoPlan::ACTION_UNSPECIFIED) {
    EndStep(step, undoing, *at, "nothing was to be done");
    at = Current(reversal);
  }
  if (at == nullptr) {
    reversal.set_state(v1::Reversal::STATE_DONE);
  } else {
    reversal.set_state(v1::Reversal::STATE_RUNNING);
    at->set_state(UndoStep::STATE_DUE);
    at->set_attempts(at->attempts() + 1);
    at->clear_detail();
    if (IsCall(*at)) {
      core::v1::StoredReversal& record = undoing.record;
      record.set_calls(record.calls() + 1);
      record.set_owed_id(absl::StrCat("undo-", record.sequence(), "-", record.calls()));
      *record.mutable_owed_since() = ToProto(step.now);
      owed_.insert({step.now, undoing.name()});
      owed_by_id_[record.owed_id()] = undoing.name();
    } else {
      audience = at->owner();
    }
  }
  v1::Event event;
  Raise(step, undoing, event, *event.mutable_reversal_moved()->mutable_reversal(), audience);
}

void Core::EndStep(Step& step, Undoing& undoing, UndoStep& at, std::string detail) {
  DropOwed(undoing);
  at.set_state(UndoStep::STATE_DONE);
  at.set_detail(std::move(detail));
  *at.mutable_end_time() = ToProto(step.now);
  step.Touch(undoing);
  Entry& entry = *FindEntry(at.decision());
  entry.mutable_decision().set_state(v1::Decision::STATE_REVERSED);
  v1::Event event;
  Raise(step, entry, event, *event.mutable_decision_reversed()->mutable_decision());
}

void Core::FailStep(Step& step, Undoing& undoing, UndoStep& at, std::string detail) {
  DropOwed(undoing);
  at.set_state(UndoStep::STATE_FAILED);
  at.set_detail(std::move(detail));
  undoing.mutable_reversal().set_state(v1::Reversal::STATE_STUCK);
  v1::Event event;
  Raise(step, undoing, event, *event.mutable_reversal_moved()->mutable_reversal(),
        undoing.reversal().requester());
}

void Core::DropOwed(Undoing& undoing) {
  core::v1::StoredReversal& record = undoing.record;
  if (record.owed_id().empty()) return;
  owed_.erase({ToTime(record.owed_since()), undoing.name()});
  owed_by_id_.erase(record.owed_id());
  record.clear_owed_id();
  record.clear_owed_since();
}

std::vector<partition::OwedCall> Core::Owed(size_t most) const {
  std::vector<partition::OwedCall> calls;
  for (const auto& [since, name] : owed_) {
    if (calls.size() == most) break;
    const core::v1::StoredReversal& record = FindUndoing(name)->record;
    v1::Reversal reversal = record.reversal();
    const UndoStep& at = *Current(reversal);
    partition::OwedCall& call = calls.emplace_back();
    call.id = record.owed_id();
    call.service = kRouting;
    call.resource = at.plan().target();
    call.since = since;
    const std::string reason = reversal.reason().substr(0, kMaxReasonBytes);
    if (at.plan().action() == v1::UndoPlan::ACTION_CANCEL_WORK_ITEM) {
      routing::CancelWorkItemRequest request;
      request.set_name(call.resource);
      request.set_reason(reason);
      request.set_request_id(call.id);
      call.method = kCancel;
      call.request = request.SerializeAsString();
    } else {
      routing::ReopenWorkItemRequest request;
      request.set_name(call.resource);
      request.set_reason(reason);
      request.set_request_id(call.id);
      call.method = kReopen;
      call.request = request.SerializeAsString();
    }
  }
  return calls;
}

void Core::Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
                  absl::string_view response, Changes& changes) {
  (void)response;
  auto owed = owed_by_id_.find(owed_id);
  if (owed == owed_by_id_.end()) return;  // somebody said that it is done
  Undoing& undoing = *FindUndoing(owed->second);
  Step step(*this, call, changes);
  UndoStep& at = *Current(undoing.mutable_reversal());
  if (status.ok()) {
    EndStep(step, undoing, at, "done by the system");
    Advance(step, undoing);
  } else {
    FailStep(step, undoing, at, absl::StrCat(ReasonName(ReasonOf(status)), ": ", status.message()));
  }
}

absl::StatusOr<v1::ResumeReversalResponse> Core::ResumeReversal(
    const Call& call, const v1::ResumeReversalRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Undoing * undoing, GetUndoing(call, request.name(), request.etag()));
  if (undoing->reversal().state() != v1::Reversal::STATE_STUCK) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the reversal is not stuck",
                  {{"state", v1::Reversal::State_Name(undoing->reversal().state())}});
  }
  Step step(*this, call, changes);
  Advance(step, *undoing);
  v1::ResumeReversalResponse answer;
  *answer.mutable_reversal() = undoing->reversal();
  return answer;
}

absl::StatusOr<v1::CompleteReversalStepResponse> Core::CompleteReversalStep(
    const Call& call, const v1::CompleteReversalStepRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Undoing * undoing, GetUndoing(call, request.name(), request.etag()));
  UndoStep* at = Current(undoing->mutable_reversal());
  // What failed may be done by hand; a call that is under way may not.
  if (at == nullptr || (IsCall(*at) && at->state() != UndoStep::STATE_FAILED)) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "no step of it waits for a person",
                  {{"state", v1::Reversal::State_Name(undoing->reversal().state())}});
  }
  const std::string& owner = at->owner().empty() ? undoing->reversal().requester() : at->owner();
  TL_RETURN_IF_ERROR(WhoActs(call, owner, "name").status());
  if (request.failed() && request.detail().empty()) {
    return InvalidField("detail", "is required: why it could not be done",
                        Reason::REASON_FIELD_REQUIRED);
  }
  Step step(*this, call, changes);
  if (request.failed()) {
    FailStep(step, *undoing, *at, request.detail());
  } else {
    EndStep(step, *undoing, *at, request.detail());
    Advance(step, *undoing);
  }
  v1::CompleteReversalStepResponse answer;
  *answer.mutable_reversal() = undoing->reversal();
  return answer;
}

}  // namespace tideline::decision_ledger
