// SPDX-License-Identifier: Apache-2.0
// The suite's column of the reconciliation: folded from the events of work_routing alone. This code
// knows neither the log nor the plan.
//
// Not thread-safe.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tideline/work_routing/v1/events.pb.h"
#include "tools/replay/facts.h"

namespace tideline::replay {

// The standing that an event about an item carries; null for the others.
const work_routing::v1::WorkItemStanding* StandingOf(const work_routing::v1::Event& event);

class Fold {
 public:
  // Takes in events of this workspace ("workspaces/{workspace}"); others are passed over.
  explicit Fold(std::string workspace) : workspace_(std::move(workspace)) {}

  // The next event, in the journal's order. DATA_LOSS when it does not fit what came before: an
  // item that nobody submitted, or counts of the suite's own that differ from the fold's.
  absl::Status Take(const work_routing::v1::Event& event);

  // By item id. Teams appear by their ids.
  FactsById Facts() const;

  // Events taken in, those of other workspaces not counted.
  int64_t events() const { return events_; }

 private:
  using Standing = work_routing::v1::WorkItemStanding;
  struct Item {
    struct Facts facts;
    work_routing::v1::WorkItem::State state = work_routing::v1::WorkItem::STATE_UNSPECIFIED;
    absl::Time reopened = absl::InfinitePast();  // no step but a move has followed yet
    bool just_reopened = false;
  };

  absl::Status TakeStanding(const work_routing::v1::Event& event, const Standing& standing);
  static void CountMove(Item& item, absl::string_view team, absl::Time at);

  const std::string workspace_;
  std::map<std::string, Item> items_;  // by full name
  int64_t events_ = 0;
};

}  // namespace tideline::replay
