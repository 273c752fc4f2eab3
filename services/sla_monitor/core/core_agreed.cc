// SPDX-License-Identifier: Apache-2.0
// The verbs that change what is past, because the parties agreed on it. History is kept: what was
// said before stays, marked, and alerts whose ground is gone are retracted by name.
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/sla_monitor/core/step.h"

namespace tideline::sla_monitor {
namespace {

// Reason, who asked and who agreed; the seam checks presence too, but the rule is the Core's.
template <class Change>
absl::Status CheckAgreement(const Change& change, absl::string_view field,
                            const std::string& reason, absl::string_view reason_field) {
  const auto required = [&](absl::string_view name) {
    return InvalidField(absl::StrCat(field, ".", name), "must be stated",
                        Reason::REASON_FIELD_REQUIRED);
  };
  if (reason.empty()) return required(reason_field);
  if (change.asked_by().empty()) return required("asked_by");
  if (change.agreed_by().empty()) return required("agreed_by");
  if (change.asked_by() == change.agreed_by()) {
    return Refuse(Reason::REASON_SAME_PERSON, "who asked cannot agree",
                  {{"askedBy", change.asked_by()}});
  }
  return absl::OkStatus();
}

absl::Status TooMany(absl::string_view what) {
  return Refuse(Reason::REASON_WINDOW_CLOSED,
                absl::StrCat("the clock has ", kMaxChanges, " ", what, " already"),
                {{"limit", absl::StrCat(kMaxChanges)}});
}

Agreed& AgreedOf(Clock& clock) {
  if (clock.agreed == nullptr) clock.agreed = std::make_unique<Agreed>();
  return *clock.agreed;
}

}  // namespace

absl::StatusOr<Clock*> Core::ClockToChange(const Call& call, absl::string_view work_item,
                                           absl::string_view etag) const {
  TL_ASSIGN_OR_RETURN(Clock * clock, ClockOf(call, work_item));
  if (!etag.empty() && etag != EtagOf(*clock)) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the clock has changed since",
                  {{"etag", EtagOf(*clock)}});
  }
  return clock;
}

void Core::PastChanged(Step& step, Clock& clock, std::string reason) {
  LookAt(step, clock, {step.now, step.now, false, true, std::move(reason)});
}

absl::StatusOr<v1::MoveClockStartResponse> Core::MoveClockStart(
    const Call& call, const v1::MoveClockStartRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Clock * clock, ClockToChange(call, request.name(), request.etag()));
  const v1::StartChange& change = request.change();
  TL_RETURN_IF_ERROR(CheckAgreement(change, "change", change.reason(), "reason"));
  constexpr absl::string_view kField = "change.start_time";
  if (!change.has_start_time()) {
    return InvalidField(kField, "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  const Micros start = ToMicros(change.start_time());
  if (start < clock->created()) return InvalidField(kField, "is before the item existed");
  if (start > ToMicros(call.now)) return InvalidField(kField, "is in the future");
  if (start > clock->look.stopped) return InvalidField(kField, "is after the clock stopped");
  if (clock->agreed != nullptr && static_cast<int>(clock->agreed->starts.size()) >= kMaxChanges) {
    return TooMany("other starts");
  }
  Step step(*this, call, changes);
  v1::StartChange& kept = AgreedOf(*clock).starts.emplace_back(change);
  SetTime(step.now, kept.mutable_create_time());
  PastChanged(step, *clock, absl::StrCat("the start was moved: ", change.reason()));
  v1::MoveClockStartResponse response;
  *response.mutable_reading() = ReadingOf(*clock, step.now);
  return response;
}

absl::StatusOr<v1::AddPauseResponse> Core::AddPause(const Call& call,
                                                    const v1::AddPauseRequest& request,
                                                    Changes& changes) {
  TL_ASSIGN_OR_RETURN(Clock * clock, ClockToChange(call, request.name(), request.etag()));
  const v1::Pause& pause = request.pause();
  TL_RETURN_IF_ERROR(CheckAgreement(pause, "pause", pause.reason(), "reason"));
  for (const auto& [field, given] : {std::pair("pause.start_time", pause.has_start_time()),
                                     std::pair("pause.end_time", pause.has_end_time())}) {
    if (!given) return InvalidField(field, "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  const Micros start = ToMicros(pause.start_time()), end = ToMicros(pause.end_time());
  if (start < clock->created()) {
    return InvalidField("pause.start_time", "is before the item existed");
  }
  if (end <= start) return InvalidField("pause.end_time", "is not after the start");
  if (end > ToMicros(call.now)) {
    return InvalidField("pause.end_time", "is in the future: hold the item instead");
  }
  if (clock->targets().pause_budget == 0) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the policy has no pause budget",
                  {{"policy", clock->terms->record.policy()}});
  }
  if (clock->agreed != nullptr) {
    if (static_cast<int>(clock->agreed->pauses.size()) >= kMaxChanges) return TooMany("pauses");
    for (const PauseSpan& other : clock->history().pauses) {
      if (start >= other.end || end <= other.start) continue;
      const std::string& id = clock->agreed->pauses[static_cast<size_t>(other.index)].id();
      return Refuse(Reason::REASON_STATE_FORBIDS, absl::StrCat("overlaps pause ", id),
                    {{"pause", id}});
    }
  }
  Step step(*this, call, changes);
  std::vector<v1::Pause>& pauses = AgreedOf(*clock).pauses;
  v1::Pause& kept = pauses.emplace_back(pause);
  kept.set_id(absl::StrCat("p", pauses.size()));
  SetTime(step.now, kept.mutable_create_time());
  kept.clear_remove_time();
  kept.clear_remove_reason();
  PastChanged(step, *clock, absl::StrCat("a pause was agreed on: ", pause.reason()));
  v1::AddPauseResponse response;
  *response.mutable_reading() = ReadingOf(*clock, step.now);
  return response;
}

absl::StatusOr<v1::RemovePauseResponse> Core::RemovePause(const Call& call,
                                                          const v1::RemovePauseRequest& request,
                                                          Changes& changes) {
  TL_ASSIGN_OR_RETURN(Clock * clock, ClockToChange(call, request.name(), request.etag()));
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  v1::Pause* found = nullptr;
  if (clock->agreed != nullptr) {
    for (v1::Pause& pause : clock->agreed->pauses) {
      if (pause.id() == request.pause()) found = &pause;
    }
  }
  if (found == nullptr) return NotFound(absl::StrCat(clock->name, "/pauses/", request.pause()));
  Step step(*this, call, changes);
  if (!found->has_remove_time()) {
    SetTime(step.now, found->mutable_remove_time());
    found->set_remove_reason(request.reason());
    PastChanged(step, *clock, absl::StrCat("a pause was taken back: ", request.reason()));
  }
  v1::RemovePauseResponse response;
  *response.mutable_reading() = ReadingOf(*clock, step.now);
  return response;
}

absl::StatusOr<v1::SetExclusionResponse> Core::SetExclusion(const Call& call,
                                                            const v1::SetExclusionRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(Clock * clock, ClockToChange(call, request.name(), request.etag()));
  const v1::Exclusion& exclusion = request.exclusion();
  if (request.has_exclusion()) {
    TL_RETURN_IF_ERROR(CheckAgreement(exclusion, "exclusion", exclusion.comment(), "comment"));
    if (exclusion.reason() == v1::EXCLUSION_REASON_UNSPECIFIED) {
      return InvalidField("exclusion.reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
    }
    if (exclusion.reason() == v1::EXCLUSION_REASON_CANCELLED ||
        !v1::ExclusionReason_IsValid(exclusion.reason())) {
      return InvalidField("exclusion.reason", "is not one to be agreed on");
    }
  }
  Step step(*this, call, changes);
  Agreed& agreed = AgreedOf(*clock);
  if (request.has_exclusion()) {
    agreed.exclusion = std::make_unique<v1::Exclusion>(exclusion);
    SetTime(step.now, agreed.exclusion->mutable_create_time());
  } else {
    agreed.exclusion.reset();
  }
  PastChanged(step, *clock, "what counts was changed");
  if (agreed.starts.empty() && agreed.pauses.empty() && agreed.exclusion == nullptr) {
    clock->agreed.reset();
  }
  v1::SetExclusionResponse response;
  *response.mutable_clock() = PublicClock(*clock);
  return response;
}

}  // namespace tideline::sla_monitor
