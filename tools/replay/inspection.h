// SPDX-License-Identifier: Apache-2.0
// What acceptance sampling (common/sampling) would have made of a log: the results of each team in
// lots by the week, a sample of each inspected, severity switching by what was found, rejected lots
// screened in full. A result is defective if the log has it reopened, and an inspector is taken to
// find every defect of what they look at, so this compares plans, not inspectors. It works on the
// log alone: no service takes part. Pure and repeatable by seed; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sampling/plan.h"
#include "tools/replay/log.h"

namespace tideline::replay {

// One result of a team.
struct Finished {
  absl::Time at;
  Index team = kNone;
  bool reopened = false;  // back to work after it
};

// Every result that the log has, in order of time, equal times in order of the file: each passing
// from work to resolved or closed.
std::vector<Finished> ResultsOf(const Log& log);

struct InspectionOptions {
  std::string aql = "1.0";  // as in Z1.4
  sampling::Level level = sampling::Level::kII;
  uint64_t seed = 1;  // of the samples; a lot's own is "replay-<seed>.<team>.<number>"
};

struct Inspection {
  int64_t results = 0;
  int64_t inspected = 0;  // of the results
  int64_t defects = 0;
  int64_t found = 0;    // of the defects
  int64_t escaped = 0;  // the others: in results that nobody looked at
};

// What lots of a severity came to. The fourth is results while inspection was discontinued, and
// weeks with one result, which are no lots: all of them are inspected.
enum Kind { kNormalLots, kTightenedLots, kReducedLots, kNoLots };
inline constexpr size_t kKinds = 4;
struct LotCounts {
  int64_t lots = 0;
  int64_t rejected = 0;
  Inspection inspection;
};
using ByKind = std::array<LotCounts, kKinds>;

struct InspectionReport {
  InspectionOptions options;
  ByKind by_kind;
  std::map<std::string, ByKind> by_month;   // "2016-03", of the week in which a lot opened
  std::map<std::string, int64_t> switches;  // how often each clause switched, by clause and words
  // What reduced inspection did not look at in accepted lots and normal inspection would have, by
  // the same seeds; and how many of the defects that escaped were among it.
  int64_t saved = 0;
  int64_t escaped_by_saving = 0;
  Inspection switching;  // all of by_kind
  Inspection normal;     // the same lots under normal inspection throughout
  Inspection full;       // 100 % inspection
};

// INVALID_ARGUMENT for an AQL that the tables do not have, naming "aql".
absl::StatusOr<InspectionReport> Inspect(const Log& log, const InspectionOptions& options);

// For people: the tables.
std::string FormatInspection(const InspectionReport& report);

}  // namespace tideline::replay
