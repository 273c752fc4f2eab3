// SPDX-License-Identifier: Apache-2.0
// Reads. They change nothing, and each looks at a bounded number of records.
#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "services/handoff/core/step.h"
#include "services/handoff/core/tally.h"

namespace tideline::handoff {

namespace {

// Handoffs a list looks at for one page; a page may be short, and its token goes on.
constexpr int kMaxLooks = 2000;
// Pairs and teams that statistics show.
constexpr size_t kMaxPairs = 1000;

}  // namespace

absl::StatusOr<v1::GetHandoffResponse> Core::GetHandoff(
    const Call& call, const v1::GetHandoffRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Entry* entry, GetEntry(call, request.name()));
  v1::GetHandoffResponse response;
  *response.mutable_handoff() = entry->handoff();
  return response;
}

absl::StatusOr<v1::ListHandoffsResponse> Core::ListHandoffs(
    const Call& call, const v1::ListHandoffsRequest& request) const {
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
  }
  v1::ListHandoffsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const auto wanted = [&](const v1::Handoff& handoff) {
    const auto& states = request.states();
    const auto concerns = [&](const auto& of) {
      return of(handoff.from()) || of(handoff.receiver());
    };
    return (request.work_item().empty() || handoff.work_item() == request.work_item()) &&
           (states.empty() ||
            std::find(states.begin(), states.end(), handoff.state()) != states.end()) &&
           (request.team().empty() ||
            concerns([&](const v1::Party& p) { return p.team() == request.team(); })) &&
           (request.expert().empty() ||
            concerns([&](const v1::Party& p) { return p.expert() == request.expert(); })) &&
           Visible(call, handoff);
  };
  Page page(request.page_size());
  const auto add = [&](const Entry& entry) {
    *response.add_handoffs() = entry.handoff();
    page.Take(entry.handoff().ByteSizeLong());
    return page.Open();
  };
  if (!request.work_item().empty()) {  // those of one item are few
    const Item* item = FindItem(request.work_item());
    if (item == nullptr || item->workspace != workspace) return response;
    std::map<uint64_t, const Entry*> all;
    for (const std::string& name : item->handoffs) {
      const Entry* entry = FindEntry(name);
      all[entry->record.sequence()] = entry;
    }
    for (auto it = all.upper_bound(after); it != all.end(); ++it) {
      if (!wanted(it->second->handoff()) || add(*it->second)) continue;
      response.set_next_page_token(absl::StrCat(it->first));
      break;
    }
    return response;
  }
  int looks = 0;
  for (auto it = workspace->by_sequence.upper_bound(after); it != workspace->by_sequence.end();
       ++it) {
    const bool goes_on = !wanted(it->second->handoff()) || add(*it->second);
    if (goes_on && ++looks < kMaxLooks) continue;
    if (std::next(it) != workspace->by_sequence.end()) {
      response.set_next_page_token(absl::StrCat(it->first));
    }
    break;
  }
  return response;
}

absl::StatusOr<v1::ListRelayPlansResponse> Core::ListRelayPlans(
    const Call& call, const v1::ListRelayPlansRequest& request) const {
  v1::ListRelayPlansResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(FillPage(workspace->plans, request, [&](const auto& plan) {
    *response.add_relay_plans() = plan->plan();
    return plan->plan().ByteSizeLong();
  }));
  return response;
}

absl::StatusOr<v1::ListHandoffAlarmsResponse> Core::ListHandoffAlarms(
    const Call& call, const v1::ListHandoffAlarmsRequest& request) const {
  v1::ListHandoffAlarmsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->alarms, request, [&](const v1::HandoffAlarm& alarm) {
        *response.add_handoff_alarms() = alarm;
        return alarm.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::ClearHandoffAlarmResponse> Core::ClearHandoffAlarm(
    const Call& call, const v1::ClearHandoffAlarmRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto alarm = workspace->alarms.find(request.name());
  if (alarm == workspace->alarms.end()) return NotFound(request.name());
  v1::ClearHandoffAlarmResponse response;
  *response.mutable_handoff_alarm() = alarm->second;
  Step step(*this, call, changes);
  ClearAlarm(step, *workspace, alarm->second.kind(), std::string(alarm->second.subject()));
  return response;
}

absl::StatusOr<v1::GetHandoffStatsResponse> Core::GetHandoffStats(
    const Call& call, const v1::GetHandoffStatsRequest& request) const {
  if (request.has_start_time() && request.has_end_time() &&
      ToTime(request.end_time()) <= ToTime(request.start_time())) {
    return InvalidField("end_time", "is not after start_time");
  }
  v1::GetHandoffStatsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const int64_t from = request.has_start_time() ? DayOf(ToTime(request.start_time())) : 0;
  const int64_t to =
      request.has_end_time() ? DayOf(ToTime(request.end_time())) : DayOf(call.now) + 1;
  std::map<std::pair<std::string, std::string>, core::v1::StoredTally> pairs;
  std::map<std::string, core::v1::StoredTally> teams;
  core::v1::StoredTally total;
  for (auto it = workspace->tallies.lower_bound({from, "", ""});
       it != workspace->tallies.end() && std::get<0>(it->first) < to; ++it) {
    const core::v1::StoredTally& day = it->second->record;
    if (!request.team().empty() && day.from_team() != request.team() &&
        day.to_team() != request.team()) {
      continue;
    }
    if (day.completed() > 0) {
      core::v1::StoredTally& team = teams[day.from_team()];
      Add(day, team);
    }
    if (day.to_team().empty() && day.proposed() == 0) continue;  // of what was completed alone
    core::v1::StoredTally& pair = pairs[{day.from_team(), day.to_team()}];
    pair.set_from_team(day.from_team());
    pair.set_to_team(day.to_team());
    Add(day, pair);
    Add(day, total);
  }
  for (const auto& [key, tally] : pairs) {
    if (static_cast<size_t>(response.pairs_size()) == kMaxPairs) break;
    FillStats(tally, *response.add_pairs());
  }
  for (const auto& [name, tally] : teams) {
    if (static_cast<size_t>(response.teams_size()) == kMaxPairs) break;
    v1::TeamStats& team = *response.add_teams();
    team.set_team(name);
    team.set_completed(tally.completed());
    team.set_kept(tally.kept());
    team.set_push_to_front_percent(Percent(tally.kept(), tally.completed()));
  }
  FillStats(total, *response.mutable_total());
  return response;
}

partition::Grant Core::GrantOf(absl::string_view workspace, absl::string_view subject) const {
  return roster_.GrantOf(workspace, subject);
}

}  // namespace tideline::handoff
