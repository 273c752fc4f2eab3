// SPDX-License-Identifier: Apache-2.0
// Streams and the snapshot for followers. What a watch shows of an event is a pure function of the
// event: it runs long after the verb that opened it.
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/work_routing/core/core.h"

namespace tideline::work_routing {

namespace {

using partition::Revision;
using partition::WatchStart;

std::shared_ptr<v1::Event> Parse(absl::string_view bytes) {
  auto event = std::make_shared<v1::Event>();
  if (!event->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return event;
}

bool AboutItem(absl::string_view subject) { return absl::StrContains(subject, "/workItems/"); }

// The standing that an event about an item carries; null: it carries none.
const v1::WorkItemStanding* StandingOf(const v1::Event& event) {
  switch (event.kind_case()) {
#define TIDELINE_CASE(Case, field) \
  case v1::Event::Case:            \
    return &event.field().standing();
    TIDELINE_CASE(kOfferMade, offer_made)
    TIDELINE_CASE(kOfferClosed, offer_closed)
    TIDELINE_CASE(kWorkItemAssigned, work_item_assigned)
    TIDELINE_CASE(kWorkItemQueued, work_item_queued)
    TIDELINE_CASE(kWorkItemHeld, work_item_held)
    TIDELINE_CASE(kWorkItemResumed, work_item_resumed)
    TIDELINE_CASE(kProgressReported, progress_reported)
    TIDELINE_CASE(kResultSubmitted, result_submitted)
    TIDELINE_CASE(kWorkItemCompleted, work_item_completed)
    TIDELINE_CASE(kWorkItemReturned, work_item_returned)
    TIDELINE_CASE(kWorkItemReopened, work_item_reopened)
    TIDELINE_CASE(kWorkItemTransferred, work_item_transferred)
    TIDELINE_CASE(kWorkItemParked, work_item_parked)
    TIDELINE_CASE(kWorkItemCancelled, work_item_cancelled)
    TIDELINE_CASE(kWorkItemChanged, work_item_changed)
#undef TIDELINE_CASE
    default:
      return nullptr;
  }
}

// Whether an event of an item puts it into somebody's hands who did not have it.
bool Assigns(const v1::Event& event, const v1::WorkItemStanding& standing) {
  if (standing.state() != v1::WorkItem::STATE_ASSIGNED) return false;
  return event.has_work_item_assigned() || event.has_work_item_returned() ||
         event.has_work_item_reopened() || event.has_work_item_transferred();
}

void FillAssignment(const Item& item, v1::Assignment& assignment) {
  assignment.set_work_item(item.name);
  assignment.set_expert(item.holder->name);
  assignment.set_custody_epoch(item.custody_epoch);
  SetTime(item.custody_since, assignment.mutable_time());
  assignment.set_queue(item.queue->name());
}

}  // namespace

absl::StatusOr<WatchStart<v1::WatchOffersResponse>> Core::WatchOffers(
    const Call& call, const v1::WatchOffersRequest& request) const {
  TL_RETURN_IF_ERROR(MayActFor(call, request.expert()));
  WatchStart<v1::WatchOffersResponse> start;
  start.audience = request.expert();
  start.show = [](absl::string_view, const Revision&,
                  absl::string_view bytes) -> std::optional<v1::WatchOffersResponse> {
    v1::WatchOffersResponse response;
    if (!response.mutable_event()->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return std::nullopt;
    }
    return response;
  };
  if (!request.resume_token().empty()) return start;
  v1::WatchOffersResponse* page = &start.snapshot.emplace_back();
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return start;
  auto person = workspace->people.find(request.expert());
  if (person == workspace->people.end()) return start;
  const auto next = [&]() -> v1::WatchOffersResponse& {
    if (page->offers_size() + page->held_size() == kMaxPageSize) {
      page = &start.snapshot.emplace_back();
    }
    return *page;
  };
  for (const Item* item : person->second->offers) FillOffer(*item, *next().add_offers());
  for (const Item* item : person->second->held) next().add_held(item->name);
  return start;
}

absl::StatusOr<WatchStart<v1::WatchWorkItemsResponse>> Core::WatchWorkItems(
    const Call& call, const v1::WatchWorkItemsRequest& request) const {
  if (!call.grant.organization.empty() && request.work_item().empty()) {
    return Refuse(Reason::REASON_NOT_YOURS,
                  "who is confined to an organization watches single items");
  }
  WatchStart<v1::WatchWorkItemsResponse> start;
  if (!request.work_item().empty()) {
    TL_ASSIGN_OR_RETURN(const Item* item, GetItem(call, request.work_item()));
    if (request.resume_token().empty()) {
      *start.snapshot.emplace_back().add_work_items() = PublicItem(*item);
    }
  }
  start.show = [queue = request.queue(), only = request.work_item(), alarms = request.alarms()](
                   absl::string_view subject, const Revision&,
                   absl::string_view bytes) -> std::optional<v1::WatchWorkItemsResponse> {
    if (!only.empty() && subject != only) return std::nullopt;
    const bool item = AboutItem(subject);
    if (!item && !alarms) return std::nullopt;
    v1::WatchWorkItemsResponse response;
    v1::Event& event = *response.mutable_event();
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    if (item && !queue.empty()) {
      const v1::WorkItemStanding* standing = StandingOf(event);
      const std::string& its =
          standing != nullptr ? standing->queue() : event.work_item_submitted().work_item().queue();
      if (its != queue) return std::nullopt;
    }
    return response;
  };
  return start;
}

absl::StatusOr<WatchStart<v1::WatchAssignmentsResponse>> Core::WatchAssignments(
    const Call& call, const v1::WatchAssignmentsRequest& request) const {
  TL_RETURN_IF_ERROR(MayActFor(call, request.expert()));
  WatchStart<v1::WatchAssignmentsResponse> start;
  start.audience = request.expert();
  start.show = [queue = request.queue(), expert = request.expert()](
                   absl::string_view subject, const Revision&,
                   absl::string_view bytes) -> std::optional<v1::WatchAssignmentsResponse> {
    if (!AboutItem(subject)) return std::nullopt;
    std::shared_ptr<v1::Event> event = Parse(bytes);
    const v1::WorkItemStanding* standing = event == nullptr ? nullptr : StandingOf(*event);
    if (standing == nullptr || !Assigns(*event, *standing)) return std::nullopt;
    const v1::Custody& custody = standing->custody();
    if (!queue.empty() && standing->queue() != queue) return std::nullopt;
    if (!expert.empty() && custody.holder() != expert) return std::nullopt;
    v1::WatchAssignmentsResponse response;
    v1::Assignment& assignment = *response.add_assignments();
    assignment.set_work_item(std::string(subject));
    assignment.set_expert(custody.holder());
    assignment.set_custody_epoch(custody.epoch());
    *assignment.mutable_time() = custody.since();
    assignment.set_queue(standing->queue());
    return response;
  };
  if (!request.resume_token().empty()) return start;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return start;
  v1::WatchAssignmentsResponse* page = &start.snapshot.emplace_back();
  for (const auto& [name, person] : workspace->people) {
    if (!request.expert().empty() && name != request.expert()) continue;
    for (const Item* item : person->held) {
      if (item->state != v1::WorkItem::STATE_ASSIGNED) continue;
      if (!request.queue().empty() && item->queue->name() != request.queue()) continue;
      if (page->assignments_size() == kMaxPageSize) page = &start.snapshot.emplace_back();
      FillAssignment(*item, *page->add_assignments());
    }
  }
  return start;
}

namespace {

// A resource's creation as a follower takes it: with its own revision and time.
void Head(const std::string& workspace, const std::string& subject, const std::string& etag,
          const google::protobuf::Timestamp& time, v1::Event& event) {
  type::v1::EventHeader& header = *event.mutable_header();
  header.set_workspace(workspace);
  header.set_subject(subject);
  *header.mutable_time() = time;
  uint64_t commit = 0;
  uint32_t index = 0;
  const size_t dot = etag.find('.');
  if (dot != std::string::npos && absl::SimpleAtoi(etag.substr(0, dot), &commit) &&
      absl::SimpleAtoi(etag.substr(dot + 1), &index)) {
    header.mutable_revision()->set_commit(commit);
    header.mutable_revision()->set_index(index);
  }
}

// The kinds of resources in a snapshot, in its order.
enum Part : char { kQueues = 'q', kRestrictions = 'r', kAlarms = 's', kItems = 't' };

// One page of a snapshot. Its token is the part in which the next page begins, and the key after
// which.
class SnapshotPage {
 public:
  SnapshotPage(const v1::SnapshotRequest& request, v1::SnapshotResponse& response)
      : page_(request.page_size()), response_(response) {
    if (request.page_token().empty()) return;
    part_ = request.page_token()[0];
    after_ = request.page_token().substr(1);
  }

  // The key after which this page begins in a part; empty: at the part's beginning.
  const std::string& After(Part part) const { return part == part_ ? after_ : kBeginning; }
  bool Open() const { return page_.Open(); }
  // Adds a resource's creation; `fill` says it.
  template <class Fill>
  void Add(const Fill& fill) {
    v1::Event& event = *response_.add_events();
    fill(event);
    page_.Take(event.ByteSizeLong());
  }
  // The page ends here.
  void Cut(Part part, absl::string_view after) {
    response_.set_next_page_token(absl::StrCat(std::string(1, part), after));
  }

  // Adds a part that is a map by name; false when the page was full before its end.
  template <class Map, class Fill>
  bool AddAll(Part part, const Map& map, const Fill& fill) {
    if (part_ > part) return true;
    const std::string& after = After(part);
    auto it = after.empty() ? map.begin() : map.upper_bound(after);
    for (; it != map.end(); ++it) {
      if (!Open()) {
        Cut(part, it == map.begin() ? absl::string_view() : std::prev(it)->first);
        return false;
      }
      Add([&](v1::Event& event) { fill(it->second, event); });
    }
    return true;
  }

 private:
  inline static const std::string kBeginning;
  Page page_;
  char part_ = kQueues;
  std::string after_;
  v1::SnapshotResponse& response_;
};

}  // namespace

absl::StatusOr<v1::SnapshotResponse> Core::Snapshot(const Call& call,
                                                    const v1::SnapshotRequest& request) const {
  v1::SnapshotResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  SnapshotPage page(request, response);
  const std::string& of = workspace->name;
  const auto queue = [&of](const std::unique_ptr<Queue>& one, v1::Event& event) {
    *event.mutable_queue_created()->mutable_queue() = one->record;
    Head(of, one->name(), one->record.etag(), one->record.update_time(), event);
  };
  const auto restriction = [&of](const v1::Restriction& one, v1::Event& event) {
    *event.mutable_restriction_put()->mutable_restriction() = one;
    Head(of, one.name(), one.etag(), one.update_time(), event);
  };
  const auto alarm = [&of](const v1::Alarm& one, v1::Event& event) {
    *event.mutable_alarm_raised()->mutable_alarm() = one;
    Head(of, one.name(), "", one.raise_time(), event);
  };
  if (!page.AddAll(kQueues, workspace->queues, queue) ||
      !page.AddAll(kRestrictions, workspace->restrictions, restriction) ||
      !page.AddAll(kAlarms, workspace->alarms, alarm)) {
    return response;
  }
  const std::string& after = page.After(kItems);
  uint64_t sequence = 0;
  if (!after.empty() && !absl::SimpleAtoi(after, &sequence)) {
    return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
  }
  for (auto it = workspace->items.upper_bound(sequence); it != workspace->items.end(); ++it) {
    if (!page.Open()) {
      page.Cut(kItems, sequence == 0 ? "" : absl::StrCat(sequence));
      return response;
    }
    page.Add([&](v1::Event& event) {
      v1::WorkItem& shown = *event.mutable_work_item_submitted()->mutable_work_item();
      shown = PublicItem(*it->second);
      Head(of, shown.name(), shown.etag(), shown.update_time(), event);
    });
    sequence = it->first;
  }
  *response.mutable_position() = last_;
  return response;
}

}  // namespace tideline::work_routing
