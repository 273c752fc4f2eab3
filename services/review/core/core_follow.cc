// SPDX-License-Identifier: Apache-2.0
// What happens upstream: skill_registry's people, teams and contracts, work_routing's items,
// handoff's packets. A workspace without a policy keeps nothing of its items.
#include <utility>

#include "absl/strings/match.h"
#include "common/roster/fold.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "services/review/core/step.h"
#include "tideline/handoff/v1/events.pb.h"
#include "tideline/skill_registry/v1/events.pb.h"

namespace tideline::review {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

// Number of the field after the header, which says what happened; 0: it is not clear at a glance.
int KindOf(absl::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  using Wire = google::protobuf::internal::WireFormatLite;
  uint32_t size = 0;
  if (Wire::GetTagFieldNumber(in.ReadTag()) != routing::Event::kHeaderFieldNumber ||
      !in.ReadVarint32(&size) || !in.Skip(static_cast<int>(size))) {
    return 0;
  }
  return Wire::GetTagFieldNumber(in.ReadTag());
}

}  // namespace

absl::Status Core::Follow(const Call& call, const partition::UpstreamEvent& event,
                          Changes& changes) {
  if (event.service == "skill_registry") return FollowRegistry(call, event, changes);
  if (event.service == "handoff") return FollowHandoff(call, event, changes);
  return FollowRouting(call, event, changes);
}

absl::Status Core::FollowRegistry(const Call& call, const partition::UpstreamEvent& upstream,
                                  Changes& changes) {
  registry::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of skill_registry does not parse");
  }
  TL_ASSIGN_OR_RETURN(const roster::Change change, roster_.Apply(event));
  if (!change) return absl::OkStatus();
  change.Keep(changes);
  const std::string name(WorkspaceName(change.name));
  if (change.kind == roster::Case::kExpert) {
    if (change.record != nullptr) {
      experts_[name].insert(change.name);
    } else {
      experts_[name].erase(change.name);
    }
  }
  const bool concerns =
      change.kind == roster::Case::kExpert || change.kind == roster::Case::kTeam ||
      change.kind == roster::Case::kOrganization || change.kind == roster::Case::kEngagement;
  Workspace* workspace = FindWorkspace(name);
  if (!concerns || workspace == nullptr || workspace->awaiting.empty()) return absl::OkStatus();
  // From the first one on, whatever a look under way has seen.
  if (workspace->recheck.has_since()) {
    timers_.erase({ToTime(workspace->recheck.since()), name});
  }
  workspace->recheck.Clear();
  *workspace->recheck.mutable_since() = ToProto(call.now);
  timers_.insert({call.now, name});
  changes.Put("recheck", name, workspace->recheck);
  return absl::OkStatus();
}

absl::Status Core::FollowRouting(const Call& call, const partition::UpstreamEvent& upstream,
                                 Changes& changes) {
  // Where nothing is judged, queues alone matter, and reading each event costs more than all else.
  const int kind = active_ ? 0 : KindOf(upstream.bytes);
  if (kind != 0 && kind < routing::Event::kQueueCreatedFieldNumber) return absl::OkStatus();
  routing::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of work_routing does not parse");
  }
  const std::string& subject = event.header().subject();
  if (event.has_queue_created() || event.has_queue_changed()) {
    const routing::Queue& queue =
        event.has_queue_created() ? event.queue_created().queue() : event.queue_changed().queue();
    core::v1::StoredQueue& kept = WorkspaceOf(event.header().workspace()).queues[subject];
    kept.Clear();
    *kept.mutable_revision() = event.header().revision();
    kept.set_completes(queue.policy().completion() == routing::QueuePolicy::COMPLETION_AUTO);
    *kept.mutable_teams() = queue.policy().teams();
    *kept.mutable_organizations() = queue.policy().organizations();
    changes.Put("queue", subject, kept);
    return absl::OkStatus();
  }
  Workspace* workspace = FindWorkspace(event.header().workspace());
  if (workspace == nullptr) return absl::OkStatus();
  if (event.has_queue_deleted()) {
    workspace->queues.erase(subject);
    changes.Erase("queue", subject);
    return absl::OkStatus();
  }
  if (event.has_work_item_submitted()) {
    // What the suite makes is nobody's to judge: no review of a review.
    if (workspace->policies.empty() || event.work_item_submitted().work_item().depth() > 0) {
      return absl::OkStatus();
    }
    Step step(*this, call, changes);
    TakeItem(step, event);
    return absl::OkStatus();
  }
  if (workspace->items.empty()) return absl::OkStatus();
  auto item = workspace->items.find(subject);
  if (item != workspace->items.end()) {
    // Known already: from a snapshot that was ahead.
    if (!roster::Before(item->second->record.revision(), event.header().revision())) {
      return absl::OkStatus();
    }
    Step step(*this, call, changes);
    if (event.has_work_item_retired()) {
      Retire(step, *item->second);
    } else {
      ItemChanged(step, *item->second, event);
    }
  } else if (workspace->opinion_items.contains(subject)) {
    Step step(*this, call, changes);
    OpinionItemChanged(step, *workspace, subject, event);
  }
  return absl::OkStatus();
}

// Who has given, received or been shown a packet knows the matter, whether custody moved or not.
absl::Status Core::FollowHandoff(const Call& call, const partition::UpstreamEvent& upstream,
                                 Changes& changes) {
  handoff::v1::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of handoff does not parse");
  }
  const Workspace* workspace = FindWorkspace(event.header().workspace());
  if (workspace == nullptr || workspace->items.empty()) return absl::OkStatus();
  handoff::v1::HandoffStanding standing;
  if (event.has_handoff_proposed()) {
    const handoff::v1::Handoff& proposed = event.handoff_proposed().handoff();
    standing.set_work_item(proposed.work_item());
    *standing.mutable_from() = proposed.from();
    *standing.mutable_receiver() = proposed.receiver();
  } else if (event.has_receiver_found()) {
    standing = event.receiver_found().standing();
  } else if (event.has_handoff_forwarded()) {
    standing = event.handoff_forwarded().standing();
  } else if (event.has_handoff_acknowledged()) {
    standing = event.handoff_acknowledged().standing();
    standing.mutable_receiver()->set_expert(standing.acknowledgement().expert());
  } else {
    return absl::OkStatus();
  }
  Item* item = FindItem(standing.work_item());
  if (item == nullptr) return absl::OkStatus();
  Step step(*this, call, changes);
  for (const handoff::v1::Party* party : {&standing.from(), &standing.receiver()}) {
    Touched(*item, party->expert(), party->expert().empty() ? "" : party->team());
  }
  step.Touch(*item);
  return absl::OkStatus();
}

}  // namespace tideline::review
