// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/sla_fold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "tools/replay/fold.h"

namespace tideline::replay {
namespace {

using work_routing::v1::Event;
using work_routing::v1::WorkItem;

// In whole microseconds, as clocks count.
absl::Time TimeOf(const Event& event) {
  return absl::FromUnixMicros(
      google::protobuf::util::TimeUtil::TimestampToMicroseconds(event.header().time()));
}

}  // namespace

absl::Status SlaFold::Take(const Event& event) {
  if (event.header().workspace() != workspace_) return absl::OkStatus();
  const std::string& subject = event.header().subject();
  const std::string id = subject.substr(subject.rfind('/') + 1);
  if (event.kind_case() == Event::kWorkItemSubmitted) {
    items_[id].push_back({TimeOf(event), event.work_item_submitted().work_item().state()});
    return absl::OkStatus();
  }
  const auto* standing = StandingOf(event);
  if (standing == nullptr) return absl::OkStatus();
  const auto item = items_.find(id);
  if (item == items_.end()) {
    return absl::DataLossError(absl::StrCat(subject, ": an event before it was submitted"));
  }
  item->second.push_back({TimeOf(event), standing->state()});
  return absl::OkStatus();
}

SlaFold::Times SlaFold::TimesOf(const std::string& item, const Calendar& calendar,
                                absl::Duration budget, absl::Time until) const {
  Times times;
  const auto found = items_.find(item);
  if (found == items_.end()) return times;
  const std::vector<Turn>& turns = found->second;
  for (size_t i = 0; i < turns.size(); ++i) {
    const absl::Time end = i + 1 < turns.size() ? turns[i + 1].at : until;
    const absl::Duration working =
        calendar.Measure(turns[i].at, std::max(turns[i].at, std::min(end, until)));
    const auto state = turns[i].state;
    times.finished = state == WorkItem::STATE_COMPLETED || state == WorkItem::STATE_CANCELLED;
    if (times.finished) continue;
    const absl::Duration stands = state == WorkItem::STATE_ON_HOLD
                                      ? std::min(working, budget - times.paused)
                                      : absl::ZeroDuration();
    times.paused += stands;
    times.elapsed += working - stands;
  }
  return times;
}

}  // namespace tideline::replay
