// SPDX-License-Identifier: Apache-2.0
// What a serialized event is, without linking the service that raised it. Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::decision_ledger {

// "work_routing.work_item_submitted": the service and the name of the oneof's field that is set, as
// in the service's events.proto; "work_routing.17" when this program does not know that field, and
// "work_routing.none" when there is none.
std::string EventKind(absl::string_view service, absl::string_view event);

// The common header. DATA_LOSS when it does not parse or lacks workspace or position.
absl::StatusOr<type::v1::EventHeader> HeaderOf(absl::string_view event);

}  // namespace tideline::decision_ledger
