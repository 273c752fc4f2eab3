// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/module.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/calendar/zone.h"
#include "common/rpc/outbox.h"
#include "services/sla_monitor/core/core.h"
#include "services/sla_monitor/monitor_metrics.h"
#include "services/sla_monitor/service.h"

namespace tideline::sla_monitor {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
  TL_RETURN_IF_ERROR(calendar::RequireZoneData());
  auto outbox = std::make_shared<rpc::Outbox>("sla_monitor", deps);
  bindings.Keep(outbox);
  rpc::HostSpec spec;
  spec.service = "sla_monitor";
  spec.follows = {"skill_registry", "work_routing"};
  spec.owed_sender = outbox.get();
  spec.make_core = [late = LatenessOf(*deps.metrics)] {
    return std::make_unique<Core>(
        [late](absl::Duration by) { late.Observe(absl::ToDoubleSeconds(by)); });
  };
  const rpc::Router& router = bindings.AddHosts(deps, std::move(spec));
  bindings.Keep(AddMonitorMetrics(*deps.metrics, router, *deps.clock));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Seam> seam,
                      rpc::Seam::Create<v1::SlaMonitorService>(deps, router));
  bindings.AddService(std::make_unique<Service>(std::move(seam)));
  return absl::OkStatus();
}

}  // namespace tideline::sla_monitor
