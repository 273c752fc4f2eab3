// SPDX-License-Identifier: Apache-2.0
// How custody moved, folded from the events of handoff alone. Beside the fold of work_routing's
// events, which says that it moved: the two have to agree, item by item and move by move.
//
// Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tideline/handoff/v1/events.pb.h"
#include "tools/replay/facts.h"

namespace tideline::replay {

struct HandoffCounts {
  int64_t proposed = 0, transferred = 0;
  int64_t open = 0;                     // neither transferred nor ended in another way
  int64_t other = 0;                    // ended in another way
  int64_t by_people = 0, by_teams = 0;  // who gave, of those transferred
  int64_t joint_sessions = 0, items_in_joint_session = 0;
  int64_t ping_pong_alarms = 0;
  // Transferred, by day (since 1970, UTC), by the ids of giving and receiving team.
  std::map<int64_t, std::map<std::pair<std::string, std::string>, int64_t>> pairs_by_day;
};

class HandoffFold {
 public:
  explicit HandoffFold(std::string workspace) : workspace_(std::move(workspace)) {}

  // The next event, in the journal's order. DATA_LOSS when it does not fit what came before.
  absl::Status Take(const handoff::v1::Event& event);
  // A handoff as it stands, where its events are not to be had.
  void TakeWhole(const handoff::v1::Handoff& handoff);
  void CountPingPong() { ++counts_.ping_pong_alarms; }

  // Fills Facts::handed of each item. An item that only handoffs know gets facts of its own, so
  // that it stands out.
  void AddTo(FactsById& facts) const;
  HandoffCounts counts() const;
  int64_t events() const { return events_; }

 private:
  struct Open {
    std::string item;
    bool joint_session = false;
  };
  void Transfer(const std::string& item, const handoff::v1::Party& from,
                const handoff::v1::Party& to, absl::Time at);
  void NoteJointSession(const std::string& item);

  const std::string workspace_;
  std::map<std::string, Open> open_;                        // by handoff
  std::map<std::string, std::vector<std::string>> handed_;  // by id of the item
  std::set<std::string> in_joint_session_;
  HandoffCounts counts_;
  int64_t events_ = 0;
};

}  // namespace tideline::replay
