// SPDX-License-Identifier: Apache-2.0
// Events of work_routing about one item, for the tests of the fold.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::replay {

inline constexpr char kWorkspace[] = "workspaces/w";

class ItemEvents {
 public:
  using Event = work_routing::v1::Event;
  using WorkItem = work_routing::v1::WorkItem;
  using Standing = work_routing::v1::WorkItemStanding;

  explicit ItemEvents(std::string id, std::string workspace = kWorkspace)
      : workspace_(std::move(workspace)), id_(std::move(id)) {}

  // The instant of the events to come, in seconds.
  ItemEvents& At(int64_t seconds) {
    now_ = seconds;
    return *this;
  }

  Event Submitted(absl::string_view team) {
    Event event = About();
    WorkItem& item = *event.mutable_work_item_submitted()->mutable_work_item();
    item.set_state(WorkItem::STATE_QUEUED);
    item.mutable_custody()->set_team(Team(team));
    return event;
  }
  Event Assigned(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_work_item_assigned()->mutable_standing(), WorkItem::STATE_ASSIGNED, team);
    return event;
  }
  Event Queued(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_work_item_queued()->mutable_standing(), WorkItem::STATE_QUEUED, team);
    return event;
  }
  Event Offered(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_offer_made()->mutable_standing(), WorkItem::STATE_OFFERED, team);
    return event;
  }
  Event Transferred(absl::string_view team, WorkItem::State state = WorkItem::STATE_QUEUED) {
    Event event = About();
    Stand(*event.mutable_work_item_transferred()->mutable_standing(), state, team);
    return event;
  }
  Event Result(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_result_submitted()->mutable_standing(), WorkItem::STATE_SUBMITTED, team);
    return event;
  }
  Event Completed(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_work_item_completed()->mutable_standing(), WorkItem::STATE_COMPLETED,
          team);
    return event;
  }
  Event Cancelled(absl::string_view team) {
    Event event = About();
    Stand(*event.mutable_work_item_cancelled()->mutable_standing(), WorkItem::STATE_CANCELLED,
          team);
    return event;
  }
  Event Reopened(absl::string_view team, absl::string_view reason = "again") {
    Event event = About();
    ++reopens_;
    Stand(*event.mutable_work_item_reopened()->mutable_standing(), WorkItem::STATE_QUEUED, team);
    event.mutable_work_item_reopened()->set_reason(std::string(reason));
    return event;
  }

 private:
  std::string Team(absl::string_view team) const {
    return absl::StrCat(workspace_, "/teams/", team);
  }
  Event About() const {
    Event event;
    event.mutable_header()->set_workspace(workspace_);
    event.mutable_header()->set_subject(absl::StrCat(workspace_, "/workItems/", id_));
    event.mutable_header()->mutable_time()->set_seconds(now_);
    return event;
  }
  void Stand(Standing& standing, WorkItem::State state, absl::string_view team) const {
    standing.set_state(state);
    standing.mutable_custody()->set_team(Team(team));
    standing.set_reopen_count(reopens_);
  }

  const std::string workspace_;
  const std::string id_;
  int64_t now_ = 0;
  int reopens_ = 0;
};

}  // namespace tideline::replay
