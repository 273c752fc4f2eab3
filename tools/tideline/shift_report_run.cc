// SPDX-License-Identifier: Apache-2.0
// Asks the suite for what a shift report shows.
#include <set>

#include "common/base/status_macros.h"
#include "common/calendar/calendar.h"
#include "common/calendar/shift.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"
#include "tools/tideline/names.h"
#include "tools/tideline/run.h"
#include "tools/tideline/shift_report.h"

namespace tideline::cli {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;
namespace v1 = handoff::v1;

constexpr int kPage = 1000;

// The rpc of a service's only service file.
template <class Request>
const google::protobuf::MethodDescriptor& Rpc(const char* name) {
  return *Request::descriptor()->file()->service(0)->FindMethodByName(name);
}

// Each page of a list.
template <class Response, class Request, class Take>
absl::Status List(Caller& caller, const char* rpc, Request request, const Take& take) {
  request.set_page_size(kPage);
  do {
    Response response;
    TL_RETURN_IF_ERROR(caller.Call(Rpc<Request>(rpc), request, response));
    take(response);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

// Zone and end of shift.
absl::Status AskHours(Caller& caller, const registry::Team& team, ShiftReport& report) {
  registry::GetSiteRequest site;
  site.set_name(team.site());
  registry::GetSiteResponse found;
  TL_RETURN_IF_ERROR(caller.Call(Rpc<registry::GetSiteRequest>("GetSite"), site, found));
  report.time_zone = found.site().time_zone();
  if (team.calendar().empty()) return absl::OkStatus();
  registry::GetCalendarRequest calendar;
  calendar.set_name(team.calendar());
  registry::GetCalendarResponse rules;
  TL_RETURN_IF_ERROR(
      caller.Call(Rpc<registry::GetCalendarRequest>("GetCalendar"), calendar, rules));
  TL_ASSIGN_OR_RETURN(const auto hours, Calendar::Create(rules.calendar().rules()));
  report.shift_end = ShiftEnd(*hours, report.now);
  return absl::OkStatus();
}

absl::Status AskWork(Caller& caller, const std::string& workspace, ShiftReport& report) {
  v1::ListHandoffsRequest handoffs;
  handoffs.set_parent(workspace);
  handoffs.set_team(report.team);
  TL_RETURN_IF_ERROR(List<v1::ListHandoffsResponse>(
      caller, "ListHandoffs", handoffs, [&report](const v1::ListHandoffsResponse& page) {
        report.handoffs.insert(report.handoffs.end(), page.handoffs().begin(),
                               page.handoffs().end());
      }));
  routing::ListWorkItemsRequest items;
  items.set_parent(workspace);
  items.set_team(report.team);
  for (const routing::WorkItem::State state :
       {routing::WorkItem::STATE_QUEUED, routing::WorkItem::STATE_OFFERED,
        routing::WorkItem::STATE_ASSIGNED, routing::WorkItem::STATE_ON_HOLD,
        routing::WorkItem::STATE_PARKED}) {
    items.add_states(state);
  }
  TL_RETURN_IF_ERROR(List<routing::ListWorkItemsResponse>(
      caller, "ListWorkItems", items, [&report](const routing::ListWorkItemsResponse& page) {
        report.items.insert(report.items.end(), page.work_items().begin(), page.work_items().end());
      }));
  // Alarms are the workspace's: ours are those of our items.
  std::set<std::string> ours;
  for (const v1::Handoff& handoff : report.handoffs) ours.insert(handoff.work_item());
  for (const routing::WorkItem& item : report.items) ours.insert(item.name());
  v1::ListHandoffAlarmsRequest alarms;
  alarms.set_parent(workspace);
  return List<v1::ListHandoffAlarmsResponse>(
      caller, "ListHandoffAlarms", alarms, [&](const v1::ListHandoffAlarmsResponse& page) {
        for (const v1::HandoffAlarm& alarm : page.handoff_alarms()) {
          if (ours.count(alarm.work_item()) > 0) report.alarms.push_back(alarm);
        }
      });
}

}  // namespace

absl::Status RunShiftReport(const std::string& team, const Session& session) {
  Caller caller(session.caller);
  ShiftReport report;
  report.now = SystemClock().Now();
  TL_ASSIGN_OR_RETURN(report.team,
                      ExpandName("workspaces/{workspace}/teams/{team}", team, session.workspace));
  const std::string workspace = report.team.substr(0, report.team.find("/teams/"));
  registry::GetTeamRequest get;
  get.set_name(report.team);
  registry::GetTeamResponse found;
  TL_RETURN_IF_ERROR(caller.Call(Rpc<registry::GetTeamRequest>("GetTeam"), get, found));
  TL_RETURN_IF_ERROR(AskHours(caller, found.team(), report));
  TL_RETURN_IF_ERROR(AskWork(caller, workspace, report));
  v1::PreviewRelayRequest preview;
  preview.set_parent(workspace);
  preview.set_team(report.team);
  TL_RETURN_IF_ERROR(
      caller.Call(Rpc<v1::PreviewRelayRequest>("PreviewRelay"), preview, report.relay));
  v1::GetHandoffStatsRequest stats;
  stats.set_parent(workspace);
  stats.set_team(report.team);
  TL_RETURN_IF_ERROR(
      caller.Call(Rpc<v1::GetHandoffStatsRequest>("GetHandoffStats"), stats, report.stats));
  *session.out << FormatShiftReport(report);
  return absl::OkStatus();
}

}  // namespace tideline::cli
