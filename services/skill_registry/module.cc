// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/module.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/calendar/zone.h"
#include "services/skill_registry/core.h"
#include "services/skill_registry/service.h"

namespace tideline::skill_registry {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
  TL_RETURN_IF_ERROR(calendar::RequireZoneData());
  rpc::HostSpec spec;
  spec.service = "skill_registry";
  spec.make_core = [] { return std::make_unique<Core>(); };
  const rpc::Router& router = bindings.AddHosts(deps, std::move(spec));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Seam> seam,
                      rpc::Seam::Create<v1::SkillRegistryService>(deps, router));
  bindings.AddService(std::make_unique<Service>(std::move(seam)));
  return absl::OkStatus();
}

}  // namespace tideline::skill_registry
