// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/replay/replay.h"

namespace tideline::replay {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr size_t kMostShown = 20;
constexpr int kMostPairs = 10;

std::string Day(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::FixedTimeZone(3600));
}

double PerSecond(int64_t count, absl::Duration time) {
  return static_cast<double>(count) / std::max(absl::ToDoubleSeconds(time), 1e-6);
}

Value& Field(Struct& object, const std::string& key) { return (*object.mutable_fields())[key]; }
void Set(Struct& object, const std::string& key, int64_t value) {
  Field(object, key).set_number_value(static_cast<double>(value));
}
void Set(Struct& object, const std::string& key, const std::string& value) {
  Field(object, key).set_string_value(value);
}
void SetSeconds(Struct& object, const std::string& key, absl::Duration value) {
  Field(object, key).set_number_value(absl::ToDoubleSeconds(value));
}

void AppendRefusals(const Report& report, std::string& text) {
  const auto& refusals = report.driven.refusals;
  if (refusals.empty()) return;
  absl::StrAppendFormat(&text, "%d steps were refused:\n", refusals.size());
  for (size_t i = 0; i < std::min(refusals.size(), kMostShown); ++i) {
    absl::StrAppend(&text, "  ", refusals[i], "\n");
  }
  if (refusals.size() > kMostShown) {
    absl::StrAppendFormat(&text, "  and %d more\n", refusals.size() - kMostShown);
  }
}

void SetLedger(Struct& json, const LedgerReport& ledger) {
  Set(json, "events", ledger.events);
  Set(json, "entries", ledger.entries);
  Set(json, "trees", ledger.trees);
  Struct& kinds = *Field(json, "kinds").mutable_struct_value();
  for (const auto& [kind, count] : ledger.kinds) Set(kinds, kind, count);
}

void SetSla(Struct& json, const SlaReport& sla) {
  Set(json, "clocks", sla.clocks);
  Set(json, "stopped", sla.stopped);
  Set(json, "same_after_restart", sla.same_after_restart);
  Set(json, "same_by_journal", sla.same_by_journal);
  SetSeconds(json, "elapsed_seconds", sla.elapsed);
  SetSeconds(json, "read_seconds", sla.reading);
  auto& trouble = *Field(json, "trouble").mutable_list_value();
  for (const std::string& one : sla.trouble) trouble.add_values()->set_string_value(one);
  Struct& policies = *Field(json, "agreement").mutable_struct_value();
  for (const Agreement& agreement : sla.agreements) {
    Struct& classes = *Field(policies, agreement.policy).mutable_struct_value();
    Set(classes, "undecided", agreement.undecided);
    for (const auto& [impact, cell] : agreement.cells) {
      Struct& one = *Field(classes, type::v1::ImpactClass_Name(impact)).mutable_struct_value();
      Set(one, "in_time_log_in_time", cell.in_time_in_time);
      Set(one, "in_time_log_late", cell.in_time_late);
      Set(one, "late_log_in_time", cell.late_in_time);
      Set(one, "late_log_late", cell.late_late);
    }
  }
}

void SetPlan(Struct& json, const std::string& key, const Inspection& seen) {
  Struct& one = *Field(json, key).mutable_struct_value();
  Set(one, "results", seen.results);
  Set(one, "inspected", seen.inspected);
  Set(one, "defects", seen.defects);
  Set(one, "found", seen.found);
  Set(one, "escaped", seen.escaped);
}

void SetInspection(Struct& json, const InspectionReport& report) {
  Set(json, "aql", report.options.aql);
  SetPlan(json, "full", report.full);
  SetPlan(json, "normal", report.normal);
  SetPlan(json, "switching", report.switching);
  Set(json, "saved", report.saved);
  Set(json, "escaped_by_saving", report.escaped_by_saving);
  Struct& switches = *Field(json, "switches").mutable_struct_value();
  for (const auto& [rule, times] : report.switches) Set(switches, rule, times);
  Struct& months = *Field(json, "months").mutable_struct_value();
  for (const auto& [month, kinds] : report.by_month) {
    Struct& one = *Field(months, month).mutable_struct_value();
    Set(one, "normal", kinds[kNormalLots].lots);
    Set(one, "tightened", kinds[kTightenedLots].lots);
    Set(one, "reduced", kinds[kReducedLots].lots);
    Inspection all;
    for (const LotCounts& counts : kinds) {
      all.results += counts.inspection.results;
      all.inspected += counts.inspection.inspected;
    }
    Set(one, "results", all.results);
    Set(one, "inspected", all.inspected);
  }
}

}  // namespace

std::string FormatReport(const Report& report) {
  std::string text = absl::StrFormat(
      "%s: %d rows read, %d incidents, %s to %s; %d organizations, %d sites, %d teams, %d experts, "
      "%d skills\n",
      report.source, report.rows, report.reconciliation.rows.front().log, Day(report.first),
      Day(report.last), report.organizations, report.sites, report.teams, report.experts,
      report.skills);
  absl::StrAppendFormat(&text,
                        "driven through %s, workspace %s: %d steps, %d calls in %.1f s (%.0f/s)\n",
                        report.suite, report.workspace, report.driven.steps, report.calls,
                        absl::ToDoubleSeconds(report.driving + report.setting_up),
                        PerSecond(report.calls, report.driving + report.setting_up));
  absl::StrAppendFormat(&text,
                        "people took %d items by an offer that the suite made to them, and got %d "
                        "by name\n",
                        report.driven.takes.offers, report.driven.takes.transfers);
  if (report.cores > 0) {
    absl::StrAppendFormat(&text,
                          "after a restart of everything the state of all %d cores is the same\n",
                          report.cores);
  }
  absl::StrAppendFormat(&text, "the suite's column is folded from %d events in %.1f s\n\n",
                        report.events, absl::ToDoubleSeconds(report.folding));
  absl::StrAppend(&text, FormatTable(report.reconciliation, kMostShown));
  absl::StrAppend(&text, "\n", FormatHandoffs(report.handoffs, report.statistics, kMostPairs));
  if (report.sla.has_value()) absl::StrAppend(&text, "\n", FormatSla(*report.sla), "\n");
  if (report.inspection.has_value()) {
    absl::StrAppend(&text, FormatInspection(*report.inspection), "\n");
  }
  if (report.ledger.has_value()) absl::StrAppend(&text, FormatLedger(*report.ledger));
  AppendRefusals(report, text);
  if (!report.spoiled.empty()) {
    absl::StrAppend(&text, "One move of ", report.spoiled, " was spoiled on purpose.\n");
  }
  absl::StrAppend(&text, report.ok() ? "The suite did what the log says.\n"
                                     : "The suite did NOT do what the log says.\n");
  return text;
}

std::string FormatJson(const Report& report) {
  Struct json;
  Set(json, "source", report.source);
  Set(json, "suite", report.suite);
  Set(json, "workspace", report.workspace);
  Set(json, "spoiled", report.spoiled);
  Set(json, "rows", report.rows);
  Set(json, "organizations", report.organizations);
  Set(json, "sites", report.sites);
  Set(json, "teams", report.teams);
  Set(json, "experts", report.experts);
  Set(json, "skills", report.skills);
  Set(json, "steps", report.driven.steps);
  Set(json, "instants", report.driven.instants);
  Set(json, "calls", report.calls);
  Set(json, "taken_by_offer", report.driven.takes.offers);
  Set(json, "taken_by_name", report.driven.takes.transfers);
  Set(json, "entries", report.entries);
  Set(json, "events", report.events);
  Set(json, "cores_unchanged_by_restart", report.cores);
  Set(json, "handoffs_proposed", report.handoffs.proposed);
  Set(json, "handoffs_transferred", report.handoffs.transferred);
  Set(json, "handoffs_by_people", report.handoffs.by_people);
  Set(json, "handoffs_by_teams", report.handoffs.by_teams);
  Set(json, "handoffs_open", report.handoffs.open);
  Set(json, "joint_sessions", report.handoffs.joint_sessions);
  Set(json, "ping_pong_alarms", report.handoffs.ping_pong_alarms);
  Set(json, "pairs_of_teams", report.statistics.stats.pairs_size());
  Field(json, "statistics_agree").set_bool_value(report.statistics.differences.empty());
  SetSeconds(json, "setup_seconds", report.setting_up);
  SetSeconds(json, "drive_seconds", report.driving);
  SetSeconds(json, "fold_seconds", report.folding);
  Field(json, "agrees").set_bool_value(report.ok());
  for (const Row& row : report.reconciliation.rows) {
    Struct& sides =
        *Field(*Field(json, "counts").mutable_struct_value(), row.key).mutable_struct_value();
    Set(sides, "log", row.log);
    Set(sides, "suite", row.suite);
  }
  auto& differences = *Field(json, "differences").mutable_list_value();
  for (const Difference& difference : report.reconciliation.differences) {
    Struct& one = *differences.add_values()->mutable_struct_value();
    Set(one, "item", difference.item);
    Set(one, "what", difference.what);
  }
  auto& refusals = *Field(json, "refusals").mutable_list_value();
  for (const std::string& refusal : report.driven.refusals) {
    refusals.add_values()->set_string_value(refusal);
  }
  if (report.sla.has_value()) {
    SetSla(*Field(json, "sla").mutable_struct_value(), *report.sla);
  }
  if (report.inspection.has_value()) {
    SetInspection(*Field(json, "inspection").mutable_struct_value(), *report.inspection);
  }
  if (report.ledger.has_value()) {
    SetLedger(*Field(json, "ledger").mutable_struct_value(), *report.ledger);
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(json, &text, options).ok()) return "{}\n";
  return text;
}

}  // namespace tideline::replay
