// SPDX-License-Identifier: Apache-2.0
// What alerts bring about in work_routing: calls that are owed until they are answered. Made with
// the alert, in its commit, so none is lost and none is made twice.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/sla_monitor/core/step.h"
#include "tideline/sla_monitor/v1/events.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::sla_monitor {

namespace routing = work_routing::v1;
using v1::Alert;
using v1::EscalationStep;

namespace {

// Items deeper than this are refused by work_routing.
constexpr int kMaxDepth = 2;
constexpr size_t kMaxTitleBytes = 200;

bool Triggers(const type::v1::Escalation& escalation, const Alert& alert, ImpactClass impact) {
  using type::v1::Escalation;
  if (alert.leg() != type::v1::LEG_UNSPECIFIED || impact < escalation.min_impact_class()) {
    return false;
  }
  switch (escalation.trigger()) {
    case Escalation::TRIGGER_WARNING:
      return alert.kind() == Alert::KIND_WARNING && alert.percent() == escalation.warn_percent();
    case Escalation::TRIGGER_AT_RISK:
      return alert.kind() == Alert::KIND_AT_RISK;
    case Escalation::TRIGGER_BREACH:
      return alert.kind() == Alert::KIND_BREACH;
    default:
      return false;
  }
}

std::string MethodOf(EscalationStep::Action action) {
  constexpr absl::string_view kService = "/tideline.work_routing.v1.WorkRoutingService/";
  switch (action) {
    case EscalationStep::ACTION_SUBMIT:
      return absl::StrCat(kService, "SubmitWorkItem");
    case EscalationStep::ACTION_REPRIORITIZE:
      return absl::StrCat(kService, "ReprioritizeWorkItem");
    case EscalationStep::ACTION_WIDEN:
      return absl::StrCat(kService, "WidenWorkItem");
    default:
      return absl::StrCat(kService, "CancelWorkItem");
  }
}

// The item that somebody has to see to. It brings no contract of its own: who may see to it is the
// queue's to say.
routing::SubmitWorkItemRequest MakeItem(const Clock& clock, const Alert& alert,
                                        const type::v1::Escalation& escalation,
                                        const std::string& id) {
  routing::SubmitWorkItemRequest request;
  request.set_parent(clock.workspace->name);
  request.set_work_item_id(id);
  WorkItem& item = *request.mutable_work_item();
  item.set_queue(escalation.queue());
  item.set_team(escalation.team());
  item.set_title(std::string(absl::string_view(alert.message()).substr(0, kMaxTitleBytes)));
  item.set_priority(type::v1::PRIORITY_URGENT);
  item.set_impact_class(clock.impact_class);
  if (!escalation.owner().empty()) {
    item.mutable_constraints()->add_affinity_experts(escalation.owner());
  }
  item.set_origin(clock.work_item());
  item.set_depth(clock.depth + 1);
  (*item.mutable_attributes())["alert"] = alert.name();
  (*item.mutable_attributes())["work_item"] = clock.work_item();
  return request;
}

}  // namespace

void Core::Owe(Step& step, Clock& clock, Alert& alert, EscalationStep::Action action,
               const std::string& work_item, google::protobuf::Message& request) {
  const std::string id = step.NewId();
  const auto* request_id = request.GetDescriptor()->FindFieldByName("request_id");
  request.GetReflection()->SetString(&request, request_id, id);
  EscalationStep& added = *alert.add_escalations();
  added.set_action(action);
  added.set_state(EscalationStep::STATE_OWED);
  added.set_work_item(work_item);
  added.set_id(id);
  v1::Event event;
  *event.mutable_alert_escalated()->mutable_step() = added;
  event.mutable_alert_escalated()->set_engagement(*clock.engagement);
  const type::v1::Revision at = step.changes.Raise(step.call, alert.name(), event);
  core::v1::StoredOwed owed;
  owed.set_sequence(at.commit() << 16 | at.index());
  owed.set_since(step.now);
  owed.set_clock(clock.name);
  owed.set_alert(alert.name());
  owed.set_action(action);
  owed.set_work_item(work_item);
  {  // maps have no order of their own
    google::protobuf::io::StringOutputStream stream(owed.mutable_request());
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  step.changes.Put("owed", id, owed);
  owed_order_[owed.sequence()] = id;
  owed_[id] = std::move(owed);
}

void Core::Escalate(Step& step, Clock& clock, Alert& alert) {
  for (const type::v1::Escalation& escalation : clock.terms->rules().escalations()) {
    if (!Triggers(escalation, alert, clock.impact_class)) continue;
    const std::string item = clock.work_item();
    // Nobody escalates an escalation for ever.
    if (!escalation.queue().empty() && clock.depth < kMaxDepth) {
      const std::string id = absl::StrCat("sla-", step.NewId());
      routing::SubmitWorkItemRequest request = MakeItem(clock, alert, escalation, id);
      Owe(step, clock, alert, EscalationStep::ACTION_SUBMIT,
          absl::StrCat(clock.workspace->name, "/workItems/", id), request);
    }
    if (escalation.raise_priority() != type::v1::PRIORITY_UNSPECIFIED) {
      routing::ReprioritizeWorkItemRequest request;
      request.set_name(item);
      request.set_priority(escalation.raise_priority());
      request.set_reason(alert.message());
      Owe(step, clock, alert, EscalationStep::ACTION_REPRIORITIZE, item, request);
    }
    if (escalation.widen()) {
      routing::WidenWorkItemRequest request;
      request.set_name(item);
      request.set_reason(alert.message());
      Owe(step, clock, alert, EscalationStep::ACTION_WIDEN, item, request);
    }
  }
}

void Core::CancelEscalation(Step& step, Clock& clock, Alert& alert) {
  const std::vector<EscalationStep> steps(alert.escalations().begin(), alert.escalations().end());
  for (const EscalationStep& one : steps) {
    if (one.action() != EscalationStep::ACTION_SUBMIT ||
        one.state() == EscalationStep::STATE_REFUSED) {
      continue;
    }
    routing::CancelWorkItemRequest request;
    request.set_name(one.work_item());
    request.set_reason(alert.retract_reason());
    Owe(step, clock, alert, EscalationStep::ACTION_CANCEL, one.work_item(), request);
  }
}

std::vector<partition::OwedCall> Core::Owed(size_t most) const {
  std::vector<partition::OwedCall> calls;
  for (const auto& [sequence, id] : owed_order_) {
    if (calls.size() == most) break;
    const core::v1::StoredOwed& owed = owed_.at(id);
    calls.push_back({id, "work_routing", MethodOf(owed.action()), owed.work_item(), owed.request(),
                     FromMicros(owed.since())});
  }
  return calls;
}

void Core::Settle(const Call& call, absl::string_view owed_id, const absl::Status& status,
                  absl::string_view, Changes& changes) {
  const auto found = owed_.find(std::string(owed_id));
  if (found == owed_.end()) return;
  const core::v1::StoredOwed owed = std::move(found->second);
  owed_.erase(found);
  owed_order_.erase(owed.sequence());
  changes.Erase("owed", owed_id);
  Clock* clock = FindClock(owed.clock());
  // What is refused because the item is finished was overtaken; nobody has to see to it.
  const bool over =
      (clock == nullptr || clock->stopped()) && owed.action() != EscalationStep::ACTION_SUBMIT;
  const EscalationStep::State state = status.ok() ? EscalationStep::STATE_DONE
                                      : over      ? EscalationStep::STATE_DROPPED
                                                  : EscalationStep::STATE_REFUSED;
  ++(status.ok() ? counts_.escalated
     : over      ? counts_.dropped
                 : counts_.refused)[static_cast<size_t>(owed.action())];
  if (clock == nullptr) return;  // retired meanwhile
  Step step(*this, call, changes);
  for (Alert& alert : clock->alerts) {
    if (alert.name() != owed.alert()) continue;
    for (EscalationStep& one : *alert.mutable_escalations()) {
      if (one.id() != owed_id) continue;
      one.set_state(state);
      if (!status.ok()) {
        one.set_refusal(absl::StrCat(ReasonName(ReasonOf(status)), ": ", status.message()));
      }
      v1::Event event;
      *event.mutable_alert_escalated()->mutable_step() = one;
      event.mutable_alert_escalated()->set_engagement(*clock->engagement);
      changes.Raise(call, alert.name(), event);
    }
  }
  step.Touch(*clock);
}

}  // namespace tideline::sla_monitor
