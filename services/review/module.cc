// SPDX-License-Identifier: Apache-2.0
#include "services/review/module.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/outbox.h"
#include "services/review/core/core.h"
#include "services/review/service.h"

namespace tideline::review {

absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
  auto outbox = std::make_shared<rpc::Outbox>("review", deps);
  rpc::HostSpec spec;
  spec.service = "review";
  spec.follows = {"skill_registry", "work_routing", "handoff"};
  spec.make_core = [] { return std::make_unique<Core>(); };
  spec.owed_sender = outbox.get();
  bindings.Keep(std::move(outbox));
  const rpc::Router& router = bindings.AddHosts(deps, std::move(spec));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Seam> seam,
                      rpc::Seam::Create<v1::ReviewService>(deps, router));
  bindings.AddService(std::make_unique<Service>(std::move(seam)));
  return absl::OkStatus();
}

}  // namespace tideline::review
