// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/sla.h"

#include "common/base/status_macros.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.pb.h"
#include "tools/tideline/names.h"
#include "tools/tideline/sla_timeline.h"

namespace tideline::cli {

absl::Status RunSlaExplain(const std::string& item, const Session& session) {
  sla_monitor::v1::GetClocksRequest request;
  sla_monitor::v1::GetClocksResponse response;
  TL_ASSIGN_OR_RETURN(*request.mutable_name(),
                      ExpandName(PatternOf(*request.GetDescriptor()->FindFieldByName("name")), item,
                                 session.workspace));
  Caller caller(session.caller);
  TL_RETURN_IF_ERROR(
      caller.Call(*request.GetDescriptor()->file()->service(0)->FindMethodByName("GetClocks"),
                  request, response));
  *session.out << (session.output == Output::kJson ? ToJson(response, true)
                                                   : FormatTimeline(response.reading()));
  return absl::OkStatus();
}

}  // namespace tideline::cli
