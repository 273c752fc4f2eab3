// SPDX-License-Identifier: Apache-2.0
// The stream. What it shows of an event is a pure function of the event: it runs long after the
// verb that opened it.
#include <utility>

#include "absl/strings/match.h"
#include "common/base/page.h"
#include "services/handoff/core/step.h"

namespace tideline::handoff {

namespace {

using partition::WatchStart;

// The parts of an event by which a watch chooses.
struct Seen {
  const std::string* work_item = nullptr;
  const v1::Party* from = nullptr;
  const v1::Party* receiver = nullptr;
};

Seen SeenOf(const v1::Event& event) {
  const auto standing = [](const v1::HandoffStanding& s) {
    return Seen{&s.work_item(), &s.from(), &s.receiver()};
  };
  switch (event.kind_case()) {
    case v1::Event::kHandoffProposed: {
      const v1::Handoff& handoff = event.handoff_proposed().handoff();
      return {&handoff.work_item(), &handoff.from(), &handoff.receiver()};
    }
#define TIDELINE_CASE(Case, field) \
  case v1::Event::Case:            \
    return standing(event.field().standing());
      TIDELINE_CASE(kReceiverFound, receiver_found)
      TIDELINE_CASE(kPacketUpdated, packet_updated)
      TIDELINE_CASE(kQuestionsAsked, questions_asked)
      TIDELINE_CASE(kQuestionAnswered, question_answered)
      TIDELINE_CASE(kHandoffForwarded, handoff_forwarded)
      TIDELINE_CASE(kHandoffAcknowledged, handoff_acknowledged)
      TIDELINE_CASE(kHandoffTransferred, handoff_transferred)
      TIDELINE_CASE(kHandoffDeclined, handoff_declined)
      TIDELINE_CASE(kHandoffExpired, handoff_expired)
      TIDELINE_CASE(kHandoffWithdrawn, handoff_withdrawn)
      TIDELINE_CASE(kHandoffFailed, handoff_failed)
      TIDELINE_CASE(kPacketRated, packet_rated)
      TIDELINE_CASE(kReworkAttributed, rework_attributed)
      TIDELINE_CASE(kHandoffReturned, handoff_returned)
#undef TIDELINE_CASE
    default:
      return {};
  }
}

}  // namespace

absl::StatusOr<WatchStart<v1::WatchHandoffsResponse>> Core::WatchHandoffs(
    const Call& call, const v1::WatchHandoffsRequest& request) const {
  if (const std::string& own = call.grant.organization; !own.empty()) {
    const auto* team = roster_.Find<skill_registry::v1::Team>(request.team());
    if (team == nullptr || team->organization() != own) {
      return Refuse(Reason::REASON_NOT_YOURS,
                    "who is confined to an organization watches one of its teams",
                    {{"field", "team"}});
    }
  }
  WatchStart<v1::WatchHandoffsResponse> start;
  start.audience = request.expert();
  start.show = [item = request.work_item(), team = request.team(), alarms = request.alarms()](
                   absl::string_view subject, const partition::Revision&,
                   absl::string_view bytes) -> std::optional<v1::WatchHandoffsResponse> {
    const bool handoff = absl::StrContains(subject, "/handoffs/");
    if (!handoff && !alarms) return std::nullopt;
    v1::WatchHandoffsResponse response;
    v1::Event& event = *response.mutable_event();
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    if (!handoff || (item.empty() && team.empty())) return response;
    const Seen seen = SeenOf(event);
    if (seen.work_item == nullptr) return std::nullopt;
    if (!item.empty() && *seen.work_item != item) return std::nullopt;
    if (!team.empty() && seen.from->team() != team && seen.receiver->team() != team) {
      return std::nullopt;
    }
    return response;
  };
  if (!request.resume_token().empty()) return start;
  v1::WatchHandoffsResponse* page = &start.snapshot.emplace_back();
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return start;
  size_t bytes = 0;
  for (const auto& [name, item] : workspace->items) {
    if (item->open.empty() || (!request.work_item().empty() && name != request.work_item())) {
      continue;
    }
    const v1::Handoff& handoff = FindEntry(item->open)->handoff();
    if (!request.team().empty() && handoff.from().team() != request.team() &&
        handoff.receiver().team() != request.team()) {
      continue;
    }
    if (!request.expert().empty() && handoff.from().expert() != request.expert() &&
        handoff.receiver().expert() != request.expert()) {
      continue;
    }
    if (page->handoffs_size() == kMaxPageSize || bytes >= kMaxPageBytes) {
      page = &start.snapshot.emplace_back();
      bytes = 0;
    }
    *page->add_handoffs() = handoff;
    bytes += handoff.ByteSizeLong();
  }
  return start;
}

}  // namespace tideline::handoff
