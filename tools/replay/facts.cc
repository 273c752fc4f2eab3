// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/facts.h"

namespace tideline::replay {

Totals Sum(const FactsById& facts) {
  Totals sum;
  for (const auto& [id, item] : facts) {
    ++sum.items;
    sum.moves += item.moves();
    sum.moved_items += item.moves() > 0;
    sum.handed += static_cast<int64_t>(item.handed.size());
    sum.moves_from_queue += item.moves_from_queue;
    sum.moves_from_holder += item.moves_from_holder;
    sum.moves_from_result += item.moves_from_result;
    sum.returns += item.returns;
    sum.returned_items += item.returns > 0;
    sum.reopens += item.reopens;
    sum.reopened_items += item.reopens > 0;
    sum.closed_elsewhere += item.closed_elsewhere;
    sum.open += item.outcome == Outcome::kOpen;
    sum.awaiting_approval += item.outcome == Outcome::kAwaitingApproval;
    sum.completed += item.outcome == Outcome::kCompleted;
    sum.cancelled += item.outcome == Outcome::kCancelled;
  }
  return sum;
}

}  // namespace tideline::replay
