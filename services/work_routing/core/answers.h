// SPDX-License-Identifier: Apache-2.0
// Small parts of answers that several verbs give. Pure; any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/work_routing/core/items.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::work_routing {

// INVALID_FIELD when a batch is empty or too long.
absl::Status CheckBatch(absl::string_view field, int size);

// A status as an element of a batch carries it.
void FillRefusal(const absl::Status& status, v1::Refusal& refusal);

// What became of an element: refused, or how the item stands.
void FillOutcome(const absl::Status& status, const Item* item, v1::ItemOutcome& outcome);

// Clears everything that the suite says of an item, and what it keeps outside of the brief.
void ClearOutputs(v1::WorkItem& item);

}  // namespace tideline::work_routing
