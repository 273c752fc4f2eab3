// SPDX-License-Identifier: Apache-2.0
// What a service's partitions are doing, as gauges: tideline_<service>_... summed over partitions,
// so that the number of series does not grow with them.
#pragma once

#include <memory>
#include <vector>

#include "common/loop/loop.h"
#include "common/rpc/router.h"
#include "common/telemetry/metrics.h"

namespace tideline::rpc {

// `loops[p]` is partition p's. Looks at the hosts when scraped, on their loops; keep the token no
// longer than the hosts.
[[nodiscard]] std::shared_ptr<void> AddHostMetrics(telemetry::Metrics& metrics,
                                                   const Router& router, std::vector<Loop*> loops);

}  // namespace tideline::rpc
