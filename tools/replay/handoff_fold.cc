// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/handoff_fold.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

namespace tideline::replay {
namespace {

using handoff::v1::Event;
using handoff::v1::Handoff;
using handoff::v1::HandoffStanding;
using handoff::v1::Party;

std::string LastPart(absl::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixNanos(google::protobuf::util::TimeUtil::TimestampToNanoseconds(time));
}

// The standing that an event about a handoff carries; null for the others.
const HandoffStanding* StandingOf(const Event& event) {
  switch (event.kind_case()) {
    case Event::kReceiverFound:
      return &event.receiver_found().standing();
    case Event::kHandoffForwarded:
      return &event.handoff_forwarded().standing();
    case Event::kHandoffAcknowledged:
      return &event.handoff_acknowledged().standing();
    case Event::kHandoffTransferred:
      return &event.handoff_transferred().standing();
    case Event::kHandoffDeclined:
      return &event.handoff_declined().standing();
    case Event::kHandoffExpired:
      return &event.handoff_expired().standing();
    case Event::kHandoffWithdrawn:
      return &event.handoff_withdrawn().standing();
    case Event::kHandoffFailed:
      return &event.handoff_failed().standing();
    default:
      return nullptr;
  }
}

bool IsOpen(Handoff::State state) {
  return state == Handoff::STATE_PROPOSED || state == Handoff::STATE_ACKNOWLEDGED;
}

}  // namespace

void HandoffFold::NoteJointSession(const std::string& item) {
  ++counts_.joint_sessions;
  in_joint_session_.insert(item);
}

void HandoffFold::Transfer(const std::string& item, const Party& from, const Party& to,
                           absl::Time at) {
  ++counts_.transferred;
  ++(from.expert().empty() ? counts_.by_teams : counts_.by_people);
  const std::string giver = LastPart(from.team());
  const std::string receiver = LastPart(to.team());
  if (giver == receiver) return;  // from one person to another, and no move between teams
  handed_[item].push_back(receiver);
  ++counts_.pairs_by_day[absl::ToUnixSeconds(at) / 86400][{giver, receiver}];
}

absl::Status HandoffFold::Take(const Event& event) {
  if (event.header().workspace() != workspace_) return absl::OkStatus();
  ++events_;
  const std::string& name = event.header().subject();
  if (event.kind_case() == Event::kAlarmRaised &&
      event.alarm_raised().alarm().kind() == handoff::v1::HandoffAlarm::KIND_PING_PONG) {
    CountPingPong();
  }
  if (event.kind_case() == Event::kHandoffProposed) {
    const Handoff& handoff = event.handoff_proposed().handoff();
    const std::string item = LastPart(handoff.work_item());
    if (!open_.emplace(name, Open{item, handoff.joint_session_required()}).second) {
      return absl::DataLossError(absl::StrCat(name, ": proposed twice"));
    }
    ++counts_.proposed;
    if (handoff.joint_session_required()) NoteJointSession(item);
    return absl::OkStatus();
  }
  const HandoffStanding* const standing = StandingOf(event);
  if (standing == nullptr) return absl::OkStatus();
  const auto found = open_.find(name);
  if (found == open_.end()) {
    return absl::DataLossError(absl::StrCat(name, ": an event while it is not open"));
  }
  if (standing->joint_session_required() && !found->second.joint_session) {
    found->second.joint_session = true;
    NoteJointSession(found->second.item);
  }
  if (IsOpen(standing->state())) return absl::OkStatus();
  if (standing->state() == Handoff::STATE_TRANSFERRED) {
    Transfer(found->second.item, standing->from(), standing->receiver(),
             TimeOf(event.header().time()));
  } else {
    ++counts_.other;
  }
  open_.erase(found);
  return absl::OkStatus();
}

void HandoffFold::TakeWhole(const Handoff& handoff) {
  ++events_;
  ++counts_.proposed;
  const std::string item = LastPart(handoff.work_item());
  if (handoff.joint_session_required()) NoteJointSession(item);
  if (handoff.state() == Handoff::STATE_TRANSFERRED) {
    Transfer(item, handoff.from(), handoff.receiver(), TimeOf(handoff.close_time()));
  } else if (IsOpen(handoff.state())) {
    open_.emplace(handoff.name(), Open{item, false});
  } else {
    ++counts_.other;
  }
}

void HandoffFold::AddTo(FactsById& facts) const {
  for (const auto& [item, teams] : handed_) facts[item].handed = teams;
}

HandoffCounts HandoffFold::counts() const {
  HandoffCounts counts = counts_;
  counts.open = static_cast<int64_t>(open_.size());
  counts.items_in_joint_session = static_cast<int64_t>(in_joint_session_.size());
  return counts;
}

}  // namespace tideline::replay
