// SPDX-License-Identifier: Apache-2.0
// Who was accountable for an item, over its whole life. Pure.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::testing {

// What is wrong with the intervals of accountability of an item as it is at `now`; empty: they
// begin with its submission, follow each other without gap or overlap, each has an accountable
// team, custody changes only where its epoch rises, and the last is who has it now.
std::string Untiled(const work_routing::v1::WorkItem& item, absl::Time now);

}  // namespace tideline::testing
