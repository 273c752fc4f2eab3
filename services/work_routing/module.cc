// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/module.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/calendar/zone.h"
#include "services/work_routing/core/core.h"
#include "services/work_routing/service.h"

namespace tideline::work_routing {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
  TL_RETURN_IF_ERROR(calendar::RequireZoneData());
  rpc::HostSpec spec;
  spec.service = "work_routing";
  spec.follows = {"skill_registry"};
  spec.make_core = [] { return std::make_unique<Core>(); };
  const rpc::Router& router = bindings.AddHosts(deps, std::move(spec));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Seam> seam,
                      rpc::Seam::Create<v1::WorkRoutingService>(deps, router));
  bindings.AddService(std::make_unique<Service>(std::move(seam)));
  return absl::OkStatus();
}

}  // namespace tideline::work_routing
