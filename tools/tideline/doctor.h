// SPDX-License-Identifier: Apache-2.0
// `tideline doctor`: looks at a running suite through its rpcs, probes and metrics, at the store
// directly when its URL is given, and at this machine; says what is wrong and what to do about it.
//
// The judging is pure: it takes what was read and returns findings.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "tools/tideline/run.h"

namespace tideline::cli {

struct DoctorOptions {
  std::string http = "127.0.0.1:7481";  // of the suite's probes and metrics
  std::string redis;                    // URL of the store; empty: not looked at directly
};

struct Finding {
  enum class Level { kOk, kWarning, kFailure, kSkipped };
  std::string check;  // "store durable"
  Level level = Level::kOk;
  std::string detail;
  std::string remedy;  // empty when nothing is to be done
};

// One sample of the text exposition format.
struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// Samples of an exposition; lines that are none are left out.
std::vector<Sample> ParseMetrics(absl::string_view text);

// What the metrics say: partitions serving, follower lag, anomalies, owed calls.
std::vector<Finding> JudgeMetrics(const std::vector<Sample>& samples);

// The anomalies as /debug/anomalies lists them: the first few, each a finding of its own.
std::vector<Finding> JudgeAnomalies(absl::string_view page);

// What the kernel says of this machine's clock, and how far it may be wrong.
Finding JudgeClock(bool synchronized, absl::Duration error);

// What the store says of itself: durability, eviction, memory.
std::vector<Finding> JudgeStore(const absl::StatusOr<journal::StoreInfo>& store);

// Prints all findings; an error when one is a failure, with the code of the worst.
absl::Status RunDoctor(const DoctorOptions& options, const Session& session);

}  // namespace tideline::cli
