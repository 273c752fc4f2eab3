// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/handoff_town.h"

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/accountability.h"

namespace tideline::chaos {
namespace {

namespace routing = work_routing::v1;
namespace handoffs = handoff::v1;
using handoffs::Handoff;
using routing::WorkItem;

}  // namespace

const char* HandoffTown::NameOf(Victim victim) {
  switch (victim) {
    case Victim::kHandoff:
      return "handoff";
    case Victim::kWorkRouting:
      return "work_routing";
    case Victim::kRedis:
      return "redis";
  }
  return "?";
}

HandoffTown::HandoffTown(testing::RedisServer& redis)
    : Town(redis, {"skill_registry", "work_routing", "handoff"}),
      routing_(routing::WorkRoutingService::NewStub(ChannelTo("work_routing"))),
      handoffs_(handoffs::HandoffService::NewStub(ChannelTo("handoff"))) {}

absl::Status HandoffTown::Open() {
  StartAll();
  return MakeScene();
}

// Items go to the giver at once: nobody else is there. The receiver is of another team.
absl::Status HandoffTown::MakeScene() {
  TL_RETURN_IF_ERROR(MakeTeams({"day", "night"}));
  TL_RETURN_IF_ERROR(MakePerson("giver", "day", true));
  TL_RETURN_IF_ERROR(MakePerson("receiver", "night", false));
  routing::CreateQueueRequest queue;
  queue.set_parent(kWorkspace);
  queue.set_queue_id("searches");
  queue.mutable_queue()->set_home_team(Name("teams", "day"));
  queue.mutable_queue()->mutable_policy()->set_mode(routing::QueuePolicy::MODE_AUTO_ASSIGN);
  queue.mutable_queue()->mutable_policy()->set_holding(routing::QueuePolicy::HOLDING_KEEP);
  return Do(*routing_, &Routing::CreateQueue, queue).status();
}

absl::StatusOr<WorkItem> HandoffTown::NewItem() {
  routing::SubmitWorkItemRequest request;
  request.set_parent(kWorkspace);
  request.mutable_work_item()->set_queue(Name("queues", "searches"));
  request.mutable_work_item()->set_title("A search");
  TL_ASSIGN_OR_RETURN(auto response, Do(*routing_, &Routing::SubmitWorkItem, request));
  if (response.work_item().custody().holder() != Name("experts", "giver")) {
    return absl::InternalError(
        absl::StrCat("the giver does not get it: ", response.work_item().ShortDebugString()));
  }
  return response.work_item();
}

// handoff is asked first: it says TRANSFERRED only after custody has moved. Then it is asked again:
// custody moves only after it says ACKNOWLEDGED.
absl::Status HandoffTown::Look(const std::string& item, const std::string& handoff,
                               bool* transferred) {
  handoffs::GetHandoffRequest ask;
  ask.set_name(handoff);
  routing::GetWorkItemRequest get;
  get.set_name(item);
  TL_ASSIGN_OR_RETURN(const auto before, Call(*handoffs_, &Handoffs::GetHandoff, ask));
  TL_ASSIGN_OR_RETURN(const auto between, Call(*routing_, &Routing::GetWorkItem, get));
  TL_ASSIGN_OR_RETURN(const auto after, Call(*handoffs_, &Handoffs::GetHandoff, ask));
  const std::string& holder = between.work_item().custody().holder();
  *transferred = before.handoff().state() == Handoff::STATE_TRANSFERRED;
  const Handoff::State then = after.handoff().state();
  const bool moved = holder == Name("experts", "receiver");
  if (!moved && holder != Name("experts", "giver")) {
    return absl::InternalError(absl::StrCat(item, " is held by '", holder, "'"));
  }
  if (*transferred && !moved) {
    return absl::InternalError(absl::StrCat(handoff, " is TRANSFERRED, and the giver has ", item));
  }
  if (then != Handoff::STATE_TRANSFERRED && then != Handoff::STATE_ACKNOWLEDGED) {
    return absl::InternalError(
        absl::StrCat(handoff, " is ", after.handoff().ShortDebugString(), " after its read-back"));
  }
  return absl::OkStatus();
}

absl::Status HandoffTown::Hand(const WorkItem& item) {
  handoffs::ProposeHandoffRequest propose;
  propose.set_parent(kWorkspace);
  Handoff& handoff = *propose.mutable_handoff();
  handoff.set_work_item(item.name());
  handoff.set_custody_epoch(item.custody().epoch());
  handoff.mutable_to()->set_expert(Name("experts", "receiver"));
  handoff.set_reason(Handoff::REASON_SHIFT_END);
  handoff.mutable_packet()->set_summary("Half of it is done.");
  TL_ASSIGN_OR_RETURN(const auto proposed, Do(*handoffs_, &Handoffs::ProposeHandoff, propose));
  handoffs::AcknowledgeHandoffRequest acknowledge;
  acknowledge.set_name(proposed.handoff().name());
  acknowledge.set_expert(Name("experts", "receiver"));
  acknowledge.set_read_back("I do the other half, and ask when I am stuck.");
  TL_RETURN_IF_ERROR(Do(*handoffs_, &Handoffs::AcknowledgeHandoff, acknowledge).status());
  const absl::Duration give_up = Monotonic() + kPatience;
  for (bool transferred = false; !transferred;) {
    TL_RETURN_IF_ERROR(Look(item.name(), proposed.handoff().name(), &transferred));
    if (Monotonic() > give_up) {
      return absl::DeadlineExceededError(
          absl::StrCat(proposed.handoff().name(), " does not complete by itself"));
    }
  }
  return absl::OkStatus();
}

std::string HandoffTown::Examine(const WorkItem& before) {
  routing::GetWorkItemRequest get;
  get.set_name(before.name());
  const auto response = Call(*routing_, &Routing::GetWorkItem, get);
  if (!response.ok()) return response.status().ToString();
  const WorkItem& item = response->work_item();
  if (item.custody().holder() != Name("experts", "receiver")) return "the receiver has it not";
  if (item.custody().epoch() != before.custody().epoch() + 1 || item.transfer_count() != 1) {
    return absl::StrCat("transferred ", item.transfer_count(), " times, custody epoch from ",
                        before.custody().epoch(), " to ", item.custody().epoch());
  }
  handoffs::ListHandoffsRequest list;
  list.set_parent(kWorkspace);
  list.set_work_item(before.name());
  const auto listed = Call(*handoffs_, &Handoffs::ListHandoffs, list);
  if (!listed.ok()) return listed.status().ToString();
  if (listed->handoffs_size() != 1) {
    return absl::StrCat(listed->handoffs_size(), " handoffs instead of one");
  }
  return testing::Untiled(item, absl::InfiniteFuture());
}

}  // namespace tideline::chaos
