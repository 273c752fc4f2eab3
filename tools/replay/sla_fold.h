// SPDX-License-Identifier: Apache-2.0
// What clocks should read, worked out from work_routing's events alone: when the clock ran, by the
// item's states, in a calendar's working time. Holds sla_monitor's readings against something that
// shares no code with it but the calendar. For policies from submission to completion.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/calendar/calendar.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::replay {

class SlaFold {
 public:
  // Takes in events of this workspace ("workspaces/{workspace}"); others are passed over.
  explicit SlaFold(std::string workspace) : workspace_(std::move(workspace)) {}

  // The next event, in the journal's order. DATA_LOSS for an item that nobody submitted.
  absl::Status Take(const work_routing::v1::Event& event);

  struct Times {
    absl::Duration elapsed;  // working time in which the clock ran
    absl::Duration paused;   // working time on hold, as far as the budget goes
    bool finished = false;
  };
  // Up to `until`; holds stop the clock up to `budget` of working time, in order. Nothing for an
  // item that is not there. Item ids.
  Times TimesOf(const std::string& item, const Calendar& calendar, absl::Duration budget,
                absl::Time until) const;

  size_t items() const { return items_.size(); }

 private:
  struct Turn {
    absl::Time at;
    work_routing::v1::WorkItem::State state;
  };

  const std::string workspace_;
  std::map<std::string, std::vector<Turn>> items_;  // by id
};

}  // namespace tideline::replay
