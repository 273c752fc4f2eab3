// SPDX-License-Identifier: Apache-2.0
// Tells a suite who the parties of a log are: workspace, organizations, sites, teams (which work
// around the clock, as far as a log says), skills, experts, the contract under which they work, and
// the queue through which all items go. Thread-safe.
#pragma once

#include "absl/status/statusor.h"
#include "tools/replay/crew.h"
#include "tools/replay/log.h"
#include "tools/replay/plan.h"
#include "tools/replay/policy_file.pb.h"
#include "tools/replay/session.h"

namespace tideline::replay {

// Id of the queue; items name the team they are meant for.
inline constexpr char kQueueId[] = "incidents";
// Id of the engagement between the client, whom a log does not name, and the owner of all the log's
// organizations.
inline constexpr char kEngagementId[] = "replay";

// Makes everything. Nobody is present afterwards: the driver says when people are. The position is
// work_routing's: it knows all parties then. ALREADY_EXISTS when the workspace was used before.
// `policies`, if given, become SLA policies and calendars of their ids; the contract is under the
// first.
absl::StatusOr<Session::Position> SetUp(Session& session, Crew& crew, const Log& log,
                                        const std::vector<ItemPlan>& plans,
                                        const v1::PolicyFile* policies = nullptr);

}  // namespace tideline::replay
