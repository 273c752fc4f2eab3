// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/replay.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/client.h"
#include "common/time/clock.h"
#include "tools/replay/clocks.h"
#include "tools/replay/count.h"
#include "tools/replay/plan.h"
#include "tools/replay/policy_file.h"
#include "tools/replay/progress.h"
#include "tools/replay/servicenow.h"
#include "tools/replay/setup.h"
#include "tools/replay/sla_fold.h"
#include "tools/replay/source.h"
#include "tools/replay/stopwatch.h"
#include "tools/replay/synthetic.h"
#include "tools/replay/vinst.h"

namespace tideline::replay {
namespace {

absl::StatusOr<Log> ReadLog(const ReplayOptions& options) {
  if (options.source == Source::kSample) return MakeSample({.seed = options.seed});
  TL_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> file, OpenFile(options.file));
  absl::StatusOr<Log> log = options.source == Source::kVinst ? ReadVinst(std::move(file))
                                                             : ReadServiceNow(std::move(file));
  if (log.ok()) return log;
  return absl::Status(log.status().code(),
                      absl::StrCat(options.file, ": ", log.status().message()));
}

void FindSpan(const Log& log, Report& report) {
  report.first = absl::InfiniteFuture();
  report.last = absl::InfinitePast();
  for (const Incident& incident : log.incidents) {
    report.first = std::min(report.first, incident.observations.front().at);
    report.last = std::max(report.last, incident.observations.back().at);
  }
}

Report Describe(const Log& log) {
  Report report;
  report.source = log.source;
  report.rows = log.rows;
  report.organizations = static_cast<int64_t>(log.organizations.size());
  report.sites = static_cast<int64_t>(log.sites.size());
  report.teams = static_cast<int64_t>(log.teams.size());
  report.experts = static_cast<int64_t>(log.experts.size());
  report.skills = static_cast<int64_t>(log.skills.size());
  FindSpan(log, report);
  return report;
}

std::string ChooseWorkspace(const ReplayOptions& options, const Log& log) {
  if (!options.workspace.empty()) return options.workspace;
  const std::string id = absl::StrCat("replay-", log.source);
  if (options.live.empty()) return id;
  return absl::StrCat(id, "-", rpc::MakeRequestId().substr(0, 8));
}

absl::StatusOr<v1::PolicyFile> ReadPolicies(const ReplayOptions& options) {
  if (!options.live.empty()) {
    return absl::InvalidArgumentError("clocks are checked over a restart: not with --live");
  }
  if (options.policy_file.empty()) return DefaultPolicies();
  std::ifstream file(options.policy_file, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(options.policy_file, ": cannot be read"));
  absl::StatusOr<v1::PolicyFile> policies = ParsePolicies(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  if (policies.ok()) return policies;
  return absl::Status(policies.status().code(),
                      absl::StrCat(options.policy_file, ": ", policies.status().message()));
}

// Stops and starts the suite and folds what it did; checks the clocks on both sides of that.
absl::StatusOr<Folded> FoldWithClocks(const ReplayOptions& options, const Log& log,
                                      const v1::PolicyFile& policies, Rig& rig, Session& session,
                                      Crew& crew, Report& report) {
  TL_RETURN_IF_ERROR(rig.AdvanceTo(report.last));
  Stopwatch watch;
  TL_ASSIGN_OR_RETURN(const ClocksById before, ReadClocks(session, crew, log));
  const absl::Duration reading = watch.Lap();
  SlaFold by_journal(session.workspace());
  TL_ASSIGN_OR_RETURN(Folded folded,
                      rig.FoldAll(session, [&](const work_routing::v1::Event& event) {
                        return by_journal.Take(event);
                      }));
  Session again(rig.channel(), report.workspace, rpc::MakeRequestId());
  TL_ASSIGN_OR_RETURN(const ClocksById after, ReadClocks(again, crew, log));
  report.sla = CompareClocks(before, after, by_journal, log, policies.policies(0));
  report.sla->reading = reading;
  if (!options.policy_file.empty()) {
    for (int i = 0; i < policies.policies_size(); ++i) {
      TL_ASSIGN_OR_RETURN(Agreement agreement, Agree(again, log, policies, i));
      report.sla->agreements.push_back(std::move(agreement));
    }
  }
  return folded;
}

}  // namespace

absl::StatusOr<Report> Replay(const ReplayOptions& options) {
  TL_ASSIGN_OR_RETURN(Log log, ReadLog(options));
  if (options.limit > 0 && options.limit < log.incidents.size()) {
    log.incidents.resize(options.limit);
  }
  v1::PolicyFile policies;
  if (options.sla) {
    TL_ASSIGN_OR_RETURN(policies, ReadPolicies(options));
  }
  Report report = Describe(log);
  if (options.review) {
    TL_ASSIGN_OR_RETURN(report.inspection,
                        Inspect(log, {.aql = options.aql, .seed = options.seed}));
  }
  const FactsById expected = Count(log);
  if (options.fault != Fault::kNone) {  // the suite is told something else than what is counted
    TL_ASSIGN_OR_RETURN(report.spoiled, Spoil(options.fault, options.seed, log));
  }
  const std::vector<ItemPlan> plans = MakePlan(log);

  Stopwatch watch;
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<Rig> rig,
                      options.live.empty() ? HostSuite(options.store, report.first, options.ledger)
                                           : DialSuite(options.live));
  report.suite = rig->description();
  report.workspace = ChooseWorkspace(options, log);
  Session session(rig->channel(), report.workspace, rpc::MakeRequestId());
  Crew crew(options.outstanding);
  TL_RETURN_IF_ERROR(SetUp(session, crew, log, plans, options.sla ? &policies : nullptr).status());
  TL_RETURN_IF_ERROR(rig->Mark(session));
  report.setting_up = watch.Lap();
  {
    ProgressBar bar(log.source);
    TL_ASSIGN_OR_RETURN(report.driven,
                        Drive(session, *rig, crew, log, plans,
                              [&bar](int64_t done, int64_t total) { bar.Show(done, total); }));
  }
  report.driving = watch.Lap();
  report.calls = session.calls();
  TL_ASSIGN_OR_RETURN(const Folded folded, options.sla ? FoldWithClocks(options, log, policies,
                                                                        *rig, session, crew, report)
                                                       : rig->FoldAll(session));
  report.folding = watch.Lap();
  report.entries = folded.entries;
  report.events = folded.events;
  report.cores = folded.cores;
  report.handoffs = folded.handoffs;
  Session restarted(rig->channel(), report.workspace, rpc::MakeRequestId());
  TL_ASSIGN_OR_RETURN(report.statistics,
                      AskStatistics(restarted, folded.handoffs,
                                    rig->simulated() ? report.last : SystemClock().Now()));
  report.reconciliation = Reconcile(expected, folded.facts, rig->simulated());
  if (options.ledger) {
    TL_ASSIGN_OR_RETURN(report.ledger, rig->CheckLedger());
    HoldAgainstLog(Sum(expected), *report.ledger);
  }
  return report;
}

}  // namespace tideline::replay
