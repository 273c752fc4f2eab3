// SPDX-License-Identifier: Apache-2.0
// One replay from beginning to end: read the log, plan, set up, drive, restart, fold, reconcile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/replay/clocks.h"
#include "tools/replay/driver.h"
#include "tools/replay/fault.h"
#include "tools/replay/handoff_stats.h"
#include "tools/replay/inspection.h"
#include "tools/replay/reconcile.h"
#include "tools/replay/rig.h"

namespace tideline::replay {

enum class Source { kSample, kVinst, kServiceNow };

struct ReplayOptions {
  Source source = Source::kSample;
  std::string file;   // of the log; unused for the sample
  uint64_t seed = 1;  // of the sample, and of the choice of what to spoil
  size_t limit = 0;   // most incidents, from the first on; 0: all
  StoreKind store = StoreKind::kRedis;
  std::string live;         // address of a suite to drive; empty: one of our own
  std::string workspace;    // id; empty: one is chosen, for a live suite a new one
  size_t outstanding = 16;  // most calls at a time
  Fault fault = Fault::kNone;
  bool sla = false;         // also keep clocks, and check them; needs a suite of our own
  bool ledger = false;      // also seal every event, and check that; needs a suite of our own
  std::string policy_file;  // of --sla-policy; empty: DefaultPolicies
  bool review = false;      // also say what acceptance sampling would have made of the log
  std::string aql = InspectionOptions().aql;
};

struct Report {
  std::string source;
  std::string suite;  // what was driven, for people
  std::string workspace;
  std::string spoiled;  // id of the incident that was spoiled; empty: none
  int64_t rows = 0, organizations = 0, sites = 0, teams = 0, experts = 0, skills = 0;
  absl::Time first, last;  // of the log
  int64_t calls = 0;
  Driven driven;
  int64_t entries = 0, events = 0, cores = 0;  // as in Folded
  HandoffCounts handoffs;                      // as in Folded
  HandoffStatistics statistics;
  absl::Duration setting_up, driving, folding;  // wall time
  Reconciliation reconciliation;
  std::optional<SlaReport> sla;                // with ReplayOptions::sla
  std::optional<InspectionReport> inspection;  // with ReplayOptions::review; never spoils ok()
  std::optional<LedgerReport> ledger;          // with ReplayOptions::ledger

  // Whether the suite did what the log says, and refused nothing on the way.
  bool ok() const {
    return driven.refusals.empty() && reconciliation.agrees() && handoffs.open == 0 &&
           statistics.differences.empty() && (!sla.has_value() || sla->ok()) &&
           (!ledger.has_value() || ledger->ok());
  }
};

// An error means that no reconciliation came about; a Report that is not ok is no error.
absl::StatusOr<Report> Replay(const ReplayOptions& options);

// For people: what was driven, how fast, the table, and what differs.
std::string FormatReport(const Report& report);
// For machines: one JSON object.
std::string FormatJson(const Report& report);

}  // namespace tideline::replay
