// SPDX-License-Identifier: Apache-2.0
// What the clocks say, as metrics: README.md lists them. Read from the Cores when scraped, on their
// loops, so counting costs a step nothing.
#pragma once

#include <memory>

#include "common/rpc/router.h"
#include "common/telemetry/metrics.h"
#include "common/time/clock.h"

namespace tideline::sla_monitor {

// How late alerts are.
telemetry::Histogram LatenessOf(telemetry::Metrics& metrics);

// Keep the token no longer than the process's metrics are scraped.
[[nodiscard]] std::shared_ptr<void> AddMonitorMetrics(telemetry::Metrics& metrics,
                                                      const rpc::Router& router,
                                                      const tideline::Clock& clock);

}  // namespace tideline::sla_monitor
