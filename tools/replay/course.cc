// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/course.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tools/replay/facts.h"
#include "tools/replay/setup.h"
#include "tools/replay/stopwatch.h"

namespace tideline::replay {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;
namespace handoffs = handoff::v1;
using routing::WorkItem;

constexpr absl::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kSubmit:
      return "submit";
    case Verb::kMove:
      return "move";
    case Verb::kTake:
      return "take";
    case Verb::kHold:
      return "hold";
    case Verb::kResume:
      return "resume";
    case Verb::kRelease:
      return "release";
    case Verb::kSubmitResult:
      return "submit result";
    case Verb::kApprove:
      return "approve";
    case Verb::kReopen:
      return "reopen";
    case Verb::kTakeBack:
      return "take back";
    case Verb::kCancel:
      return "cancel";
  }
  return "step";
}

bool Waits(const WorkItem& item) {
  return item.state() == WorkItem::STATE_QUEUED || item.state() == WorkItem::STATE_OFFERED ||
         item.state() == WorkItem::STATE_PARKED;
}

}  // namespace

void Floor::Wait(Index before, Index now) {
  absl::MutexLock lock(&mutex_);
  if (before != kNone) --waiting_[before];
  if (now != kNone) ++waiting_[now];
}

bool Floor::TryEnter(Index team, int own) {
  absl::MutexLock lock(&mutex_);
  if (offering_[team] || waiting_[team] > own) return false;
  offering_[team] = true;
  return true;
}

void Floor::Leave(Index team) {
  absl::MutexLock lock(&mutex_);
  offering_[team] = false;
}

absl::Time Course::next() const {
  return failed_ || at_ == plan_->steps.size() ? absl::InfiniteFuture() : plan_->steps[at_].at;
}

const Step* Course::Following() const {
  if (at_ + 1 == plan_->steps.size() || plan_->steps[at_ + 1].at != plan_->steps[at_].at) {
    return nullptr;
  }
  return &plan_->steps[at_ + 1];
}

absl::Status Course::RunUntil(absl::Time time) {
  for (; next() <= time; ++at_) {
    const Step& step = plan_->steps[at_];
    absl::Status status = Do(step);
    status.Update(step.verb == Verb::kTake || !status.ok() ? Leave() : absl::OkStatus());
    if (status.ok()) continue;
    failed_ = true;
    return absl::Status(status.code(),
                        absl::StrCat(incident().id, ", step ", at_ + 1, " (", VerbName(step.verb),
                                     ", log time ", absl::FormatTime(step.at, absl::UTCTimeZone()),
                                     "): ", ReasonName(ReasonOf(status)), " ", status.message()));
  }
  return absl::OkStatus();
}

void Course::See(WorkItem item) {
  item_ = std::move(item);
  const Index waits = Waits(item_) ? team_ : kNone;
  if (waits != waits_) floor_->Wait(waits_, waits);
  waits_ = waits;
}

template <class Request, class Response>
absl::Status Course::Tell(grpc::Status (Routing::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                          Request request, const Session::Position& after) {
  request.set_request_id(session_->NextRequestId());
  TL_ASSIGN_OR_RETURN(Response response, session_->Call(method, request, after, &seen_));
  See(std::move(*response.mutable_work_item()));
  return absl::OkStatus();
}

template <class Request, class Response>
absl::StatusOr<handoff::v1::Handoff> Course::Hand(
    grpc::Status (Handoffs::*method)(grpc::ClientContext*, const Request&, Response*),
    Request request, const Session::Position& after) {
  request.set_request_id(session_->NextRequestId());
  TL_ASSIGN_OR_RETURN(Response response, session_->Call(method, request, after));
  return std::move(*response.mutable_handoff());
}

bool Course::Holds(Index expert) const {
  return (item_.state() == WorkItem::STATE_ASSIGNED || item_.state() == WorkItem::STATE_ON_HOLD) &&
         item_.custody().holder() == session_->Name("experts", log_->experts[expert].id);
}

absl::StatusOr<Session::Position> Course::SetPresence(Index expert, bool available) {
  registry::SetPresenceRequest request;
  request.set_name(absl::StrCat(session_->Name("experts", log_->experts[expert].id), "/presence"));
  request.set_state(available ? registry::Presence::STATE_AVAILABLE
                              : registry::Presence::STATE_OFFLINE);
  request.set_request_id(session_->NextRequestId());
  Session::Position position;
  TL_RETURN_IF_ERROR(session_->Call(&Registry::SetPresence, request, &position).status());
  return position;
}

// The suite offers to whoever is there. The log says who took the item, so that person alone is
// there while the item waits, and only while no other item of the team does: which of several items
// a person of the log took next is not for the suite to guess.
absl::StatusOr<Session::Position> Course::Enter(Index team, Index expert, int own) {
  if (present_ != kNone || !floor_->TryEnter(team, own)) return Session::Position();
  absl::StatusOr<Session::Position> position = SetPresence(expert, true);
  if (position.ok()) {
    present_ = expert;
  } else {
    floor_->Leave(team);
  }
  return position;
}

absl::Status Course::Leave() {
  if (present_ == kNone) return absl::OkStatus();
  const Index expert = std::exchange(present_, kNone);
  absl::Status status = SetPresence(expert, false).status();
  floor_->Leave(log_->experts[expert].team);
  return status;
}

absl::StatusOr<Session::Position> Course::Prepare(Index team) {
  const Step* const following = Following();
  if (following == nullptr || following->verb != Verb::kTake) return Session::Position();
  return Enter(team, following->expert, waits_ == team ? 1 : 0);
}

absl::Status Course::Submit(Index team) {
  TL_ASSIGN_OR_RETURN(const Session::Position after, Prepare(team));
  team_ = team;
  routing::SubmitWorkItemRequest request;
  request.set_parent(session_->workspace());
  request.set_work_item_id(incident().id);
  WorkItem& item = *request.mutable_work_item();
  item.set_queue(session_->Name("queues", kQueueId));
  item.set_engagement(session_->Name("engagements", kEngagementId));
  item.set_title(incident().id);
  item.set_team(session_->Name("teams", log_->teams[team].id));
  item.set_priority(incident().priority);
  item.set_impact_class(incident().impact);
  routing::Requirement& requirement = *item.add_requirements();
  requirement.set_skill(session_->Name("skills", log_->skills[incident().skill].id));
  requirement.set_min_level(plan_->level);
  requirement.set_kind(routing::Requirement::KIND_REQUIRED);
  return Tell(&Routing::SubmitWorkItem, std::move(request), after);
}

absl::Status Course::Move(Index team) {
  TL_ASSIGN_OR_RETURN(const Session::Position present, Prepare(team));
  handoffs::ProposeHandoffRequest request;
  request.set_parent(session_->workspace());
  handoffs::Handoff& handoff = *request.mutable_handoff();
  handoff.set_work_item(name());
  handoff.set_custody_epoch(item_.custody().epoch());
  handoff.mutable_to()->set_team(session_->Name("teams", log_->teams[team].id));
  handoff.set_reason(handoffs::Handoff::REASON_EXPERTISE);
  handoff.mutable_packet()->set_severity(handoffs::Packet::SEVERITY_STABLE);
  handoff.mutable_packet()->set_summary("The log has it in another team next.");
  TL_ASSIGN_OR_RETURN(const handoffs::Handoff proposed,
                      Hand(&Handoffs::ProposeHandoff, std::move(request), seen_));
  // Who takes it next reads it back, or whoever minds the desk; in a joint session, both sides.
  const Step* const following = Following();
  const bool named = following != nullptr && following->verb == Verb::kTake;
  if (proposed.joint_session_required()) {
    TL_RETURN_IF_ERROR(ReadBack(proposed, kNone, {}));
  }
  TL_RETURN_IF_ERROR(ReadBack(proposed, named ? following->expert : (*desks_)[team], present));
  team_ = team;
  return AwaitTransfer(proposed.name());
}

absl::Status Course::ReadBack(const handoffs::Handoff& handoff, Index reader,
                              const Session::Position& after) {
  handoffs::AcknowledgeHandoffRequest request;
  request.set_name(handoff.name());
  if (reader != kNone) {
    request.set_expert(session_->Name("experts", log_->experts[reader].id));
  } else if (!handoff.from().expert().empty()) {
    request.set_expert(handoff.from().expert());
  } else {
    request.set_expert(session_->Name("experts", log_->experts[(*desks_)[team_]].id));
  }
  request.set_read_back("I have read it, and I carry on with it.");
  return Hand(&Handoffs::AcknowledgeHandoff, std::move(request), after).status();
}

absl::Status Course::AwaitTransfer(const std::string& handoff) {
  constexpr absl::Duration kLook = absl::Milliseconds(1);
  handoffs::GetHandoffRequest request;
  request.set_name(handoff);
  for (const Stopwatch watch; watch.Elapsed() < Session::kPatience;) {
    TL_ASSIGN_OR_RETURN(const auto response, session_->Call(&Handoffs::GetHandoff, request));
    if (response.handoff().state() == handoffs::Handoff::STATE_TRANSFERRED) {
      routing::GetWorkItemRequest get;
      get.set_name(name());
      TL_ASSIGN_OR_RETURN(auto item, session_->Call(&Routing::GetWorkItem, get, {}, &seen_));
      See(std::move(*item.mutable_work_item()));
      return absl::OkStatus();
    }
    if (response.handoff().state() != handoffs::Handoff::STATE_ACKNOWLEDGED) {
      return absl::FailedPreconditionError(absl::StrCat(
          handoff, " is ", handoffs::Handoff::State_Name(response.handoff().state()), " ",
          response.handoff().failure().ShortDebugString(), response.handoff().withdraw_reason()));
    }
    Session::Pause(kLook);
  }
  return absl::DeadlineExceededError(absl::StrCat(handoff, " does not transfer"));
}

absl::Status Course::Take(Index expert) {
  if (Holds(expert)) return absl::OkStatus();  // reopening gave it back to them
  if (Waits(item_)) {
    TL_RETURN_IF_ERROR(TakeOffered(expert));
    if (Holds(expert)) return absl::OkStatus();
  }
  return Give(expert);
}

// Leaves the item as it is where the suite has not offered it to this person.
absl::Status Course::TakeOffered(Index expert) {
  if (present_ == kNone) {
    TL_ASSIGN_OR_RETURN(const Session::Position after, Enter(team_, expert, 1));
    if (present_ == kNone) return absl::OkStatus();
    routing::GetWorkItemRequest request;
    request.set_name(name());
    TL_ASSIGN_OR_RETURN(auto response, session_->Call(&Routing::GetWorkItem, request, after));
    See(std::move(*response.mutable_work_item()));
  }
  if (item_.state() != WorkItem::STATE_OFFERED ||
      item_.offer().expert() != session_->Name("experts", log_->experts[expert].id)) {
    return absl::OkStatus();
  }
  routing::AcceptOfferRequest request;
  request.set_name(item_.offer().name());
  const absl::Status status = Tell(&Routing::AcceptOffer, std::move(request));
  if (ReasonOf(status) == Reason::REASON_OFFER_EXPIRED) return absl::OkStatus();
  if (status.ok()) floor_->CountOffer();
  return status;
}

absl::Status Course::Give(Index expert) {
  routing::TransferWorkItemRequest request;
  request.set_name(name());
  request.set_custody_epoch(item_.custody().epoch());
  request.set_expert(session_->Name("experts", log_->experts[expert].id));
  request.set_reason("the log has them work on it");
  TL_RETURN_IF_ERROR(Tell(&Routing::TransferWorkItem, std::move(request)));
  floor_->CountTransfer();
  return absl::OkStatus();
}

absl::Status Course::Reopen(absl::string_view reason) {
  routing::ReopenWorkItemRequest request;
  request.set_name(name());
  request.set_reason(std::string(reason));
  TL_RETURN_IF_ERROR(Tell(&Routing::ReopenWorkItem, std::move(request)));
  // The suite gives it back to who had it, if it can. The log may have it wait for somebody else.
  const Step* const following = Following();
  const bool goes_on =
      following != nullptr && (following->verb == Verb::kTake || following->verb == Verb::kMove);
  if (Waits(item_) || goes_on) return absl::OkStatus();
  routing::ReleaseWorkItemRequest release;
  release.set_name(name());
  release.set_reason("the log has it wait");
  return Tell(&Routing::ReleaseWorkItem, std::move(release));
}

absl::Status Course::Do(const Step& step) {
  const auto about = [this](auto request) {
    request.set_name(name());
    return request;
  };
  switch (step.verb) {
    case Verb::kSubmit:
      return Submit(step.team);
    case Verb::kMove:
      return Move(step.team);
    case Verb::kTake:
      return Take(step.expert);
    case Verb::kReopen:
      return Reopen("reopened in the log");
    case Verb::kTakeBack:
      return Reopen(kClosedElsewhere);
    case Verb::kHold: {
      auto request = about(routing::HoldWorkItemRequest());
      request.mutable_hold()->set_reason("waiting, says the log");
      request.mutable_hold()->set_asked_by(item_.custody().holder());
      return Tell(&Routing::HoldWorkItem, std::move(request));
    }
    case Verb::kResume:
      return Tell(&Routing::ResumeWorkItem, about(routing::ResumeWorkItemRequest()));
    case Verb::kRelease: {
      auto request = about(routing::ReleaseWorkItemRequest());
      request.set_reason("back to the queue, says the log");
      return Tell(&Routing::ReleaseWorkItem, std::move(request));
    }
    case Verb::kSubmitResult: {
      auto request = about(routing::SubmitResultRequest());
      request.set_custody_epoch(item_.custody().epoch());
      request.mutable_result()->set_summary("done, says the log");
      return Tell(&Routing::SubmitResult, std::move(request));
    }
    case Verb::kApprove: {
      auto request = about(routing::ApproveResultRequest());
      request.set_checksum(item_.result().checksum());
      return Tell(&Routing::ApproveResult, std::move(request));
    }
    case Verb::kCancel: {
      auto request = about(routing::CancelWorkItemRequest());
      request.set_reason("cancelled in the log");
      return Tell(&Routing::CancelWorkItem, std::move(request));
    }
  }
  return absl::InternalError("a step without a verb");
}

}  // namespace tideline::replay
