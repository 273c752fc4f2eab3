// SPDX-License-Identifier: Apache-2.0
// What a reconciliation compares: for each item where it went and how it ended, and the sums. The
// log's side (count.h) and the suite's side (fold.h) fill the same shape by separate code. Plain
// data; no threads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tideline::replay {

// The reason with which the replay reopens an item whose next result the log has in another team.
inline constexpr char kClosedElsewhere[] = "LOG_CLOSED_ELSEWHERE";

enum class Outcome {
  kOpen,              // no result stands
  kAwaitingApproval,  // a result stands, nobody approved it
  kCompleted,
  kCancelled,
};

struct Facts {
  std::vector<std::string> route;  // ids of the accountable teams, in order, each change one more
  int moves_from_queue = 0;        // changes of team by what the item was in just before
  int moves_from_holder = 0;
  int moves_from_result = 0;
  // Teams to which a handoff brought it, in order: who got it in any other way is not among them.
  std::vector<std::string> handed;
  int returns = 0;           // changes to a team that had the item before
  int reopens = 0;           // from a result back to work
  int closed_elsewhere = 0;  // results taken back only because another team's follows
  Outcome outcome = Outcome::kOpen;

  int moves() const { return moves_from_queue + moves_from_holder + moves_from_result; }
  friend bool operator==(const Facts&, const Facts&) = default;
};

// By item id.
using FactsById = std::map<std::string, Facts>;

struct Totals {
  int64_t items = 0;
  int64_t moves = 0, moved_items = 0;
  int64_t moves_from_queue = 0, moves_from_holder = 0, moves_from_result = 0;
  int64_t handed = 0;
  int64_t returns = 0, returned_items = 0;
  int64_t reopens = 0, reopened_items = 0;
  int64_t closed_elsewhere = 0;
  int64_t open = 0, awaiting_approval = 0, completed = 0, cancelled = 0;
};

Totals Sum(const FactsById& facts);

}  // namespace tideline::replay
