// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/handoff_stats.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"

namespace tideline::replay {
namespace {

using handoff::v1::PairStats;

// Fewer than the 400 days that the service keeps, so that no day of ours is on its way out.
constexpr int kDays = 390;
constexpr int64_t kSecondsADay = 86400;
// Pairs that the service lists; its total counts all of them.
constexpr int kMostListed = 1000;

std::string LastPart(absl::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

void AppendPair(absl::string_view from, absl::string_view to, const PairStats& pair,
                std::string& text) {
  absl::StrAppendFormat(&text, "%-14s %-14s %9d %11d %7d%% %8ds %8d %8d %6d %6d\n", from, to,
                        pair.proposed(), pair.transferred(), pair.acknowledged_percent(),
                        pair.acknowledge_p90().seconds(), pair.returns(), pair.bounced(),
                        pair.joint_sessions(), pair.rework());
}

}  // namespace

absl::StatusOr<HandoffStatistics> AskStatistics(Session& session, const HandoffCounts& counted,
                                                absl::Time last) {
  HandoffStatistics made;
  const int64_t first_day = absl::ToUnixSeconds(last) / kSecondsADay - kDays;
  made.since = absl::FromUnixSeconds(first_day * kSecondsADay);
  handoff::v1::GetHandoffStatsRequest request;
  request.set_parent(session.workspace());
  request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(made.since));
  TL_ASSIGN_OR_RETURN(made.stats, session.Call(&Handoffs::GetHandoffStats, request));

  std::map<std::pair<std::string, std::string>, int64_t> expected;
  int64_t total = 0;
  for (auto day = counted.pairs_by_day.lower_bound(first_day); day != counted.pairs_by_day.end();
       ++day) {
    for (const auto& [pair, count] : day->second) {
      expected[pair] += count;
      total += count;
    }
  }
  const auto compare = [&made](absl::string_view what, int64_t events, int64_t stats) {
    if (events == stats) return;
    absl::StrAppend(&made.differences, "  ", what, ": ", events, " by the events, ", stats,
                    " by the statistics\n");
  };
  compare("together", total, made.stats.total().transferred());
  for (const PairStats& pair : made.stats.pairs()) {
    const std::pair<std::string, std::string> key = {LastPart(pair.from_team()),
                                                     LastPart(pair.to_team())};
    if (key.first == key.second) continue;
    compare(absl::StrCat(key.first, " to ", key.second), expected[key], pair.transferred());
  }
  return made;
}

std::string FormatHandoffs(const HandoffCounts& counts, const HandoffStatistics& statistics,
                           int most) {
  std::string text = absl::StrFormat(
      "Custody moved by %d handoffs: %d given by a person, %d by a team; %d ended in another way, "
      "%d are open.\n"
      "Ping-pong guard: %d handoffs of %d items needed a joint session; the leads were told %d "
      "times.\n\n",
      counts.transferred, counts.by_people, counts.by_teams, counts.other, counts.open,
      counts.joint_sessions, counts.items_in_joint_session, counts.ping_pong_alarms);
  const auto& pairs = statistics.stats.pairs();
  std::vector<const PairStats*> sorted;
  for (const PairStats& pair : pairs) sorted.push_back(&pair);
  std::stable_sort(sorted.begin(), sorted.end(), [](const PairStats* a, const PairStats* b) {
    return a->transferred() > b->transferred();
  });
  absl::StrAppendFormat(&text, "Statistics per pair of teams since %s (%s%d pairs):\n",
                        absl::FormatTime("%Y-%m-%d", statistics.since, absl::UTCTimeZone()),
                        pairs.size() == kMostListed ? "the first " : "", pairs.size());
  absl::StrAppendFormat(&text, "%-14s %-14s %9s %11s %8s %9s %8s %8s %6s %6s\n", "from", "to",
                        "proposed", "transferred", "read", "p90", "returns", "bounced", "joint",
                        "rework");
  for (size_t i = 0; i < std::min(sorted.size(), static_cast<size_t>(most)); ++i) {
    AppendPair(LastPart(sorted[i]->from_team()), LastPart(sorted[i]->to_team()), *sorted[i], text);
  }
  AppendPair("all", "", statistics.stats.total(), text);
  absl::StrAppend(&text, statistics.differences.empty()
                             ? "The statistics agree with the events.\n\n"
                             : "The statistics DIFFER from the events:\n");
  return absl::StrCat(text, statistics.differences);
}

}  // namespace tideline::replay
