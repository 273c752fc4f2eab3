// SPDX-License-Identifier: Apache-2.0
// What --sla looks at: reads every item's clocks from the suite and checks that they add up, are
// the same after a restart, and are what the journal of work_routing gives; and what other policies
// would have said, against the log's own word. Blocks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tideline/sla_monitor/v1/resources.pb.h"
#include "tools/replay/crew.h"
#include "tools/replay/log.h"
#include "tools/replay/policy_file.h"
#include "tools/replay/session.h"
#include "tools/replay/sla_fold.h"

namespace tideline::replay {

// One item's clocks, as far as they are compared.
struct ClockFacts {
  absl::Duration elapsed;
  absl::Duration paused;
  absl::Time read;  // up to when
  bool stopped = false;
  std::string bytes;    // SHA-256 of the whole reading
  std::string trouble;  // what does not add up; empty: everything does
};
using ClocksById = std::map<std::string, ClockFacts>;

// What does not add up in a reading; empty: everything does. The running intervals, the legs and
// the parties each give the elapsed time exactly; the intervals follow each other without a gap
// from the submission to the end of reading; and a breach that stands was raised once, not before
// its time.
std::string Trouble(const sla_monitor::v1::Reading& reading);

// Reads the clocks of all incidents.
absl::StatusOr<ClocksById> ReadClocks(Session& session, Crew& crew, const Log& log);

// By impact class, of items that are decided and of which the log says whether they were in time:
// counts by what the policy would have said and what the log says.
struct Agreement {
  std::string policy;
  struct Cell {
    int64_t in_time_in_time = 0, in_time_late = 0;  // suite, log
    int64_t late_in_time = 0, late_late = 0;
    int64_t all() const { return in_time_in_time + in_time_late + late_in_time + late_late; }
    int64_t agree() const { return in_time_in_time + late_late; }
  };
  std::map<type::v1::ImpactClass, Cell> cells;
  int64_t undecided = 0;  // not finished, or no target
  int64_t differs = 0;    // items of the policy in force whose dry run says something else than was
};

// What the file's i-th policy would have said of the items that were driven.
absl::StatusOr<Agreement> Agree(Session& session, const Log& log, const v1::PolicyFile& file,
                                int i);

// The whole result.
struct SlaReport {
  int64_t clocks = 0;
  int64_t stopped = 0;
  absl::Duration elapsed;            // of all clocks together
  std::vector<std::string> trouble;  // "inc1: legs give 5s, elapsed is 6s"
  int64_t same_after_restart = 0;
  int64_t same_by_journal = 0;
  absl::Duration reading;  // wall time of reading all of them once
  std::vector<Agreement> agreements;

  bool ok() const {
    for (const Agreement& agreement : agreements) {
      if (agreement.differs > 0) return false;
    }
    return trouble.empty();
  }
};

// Fills in a report from the readings before and after the restart and from the fold of the
// journal.
SlaReport CompareClocks(const ClocksById& before, const ClocksById& after, const SlaFold& fold,
                        const Log& log, const v1::Policy& policy);

std::string FormatSla(const SlaReport& report);

}  // namespace tideline::replay
