// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/replay/inspection.h"

namespace tideline::replay {
namespace {

constexpr std::array<absl::string_view, kKinds> kNames = {"normal", "tightened", "reduced",
                                                          "no lots"};

double Percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void AppendPlan(absl::string_view name, const Inspection& seen, std::string& text) {
  absl::StrAppendFormat(&text, "  %-22s %9d %7.1f %% %7d %8d %11.2f\n", name, seen.inspected,
                        Percent(seen.inspected, seen.results), seen.found, seen.escaped,
                        Percent(seen.found, seen.inspected));
}

void AppendKinds(const InspectionReport& report, std::string& text) {
  absl::StrAppendFormat(&text, "  %-10s %6s %9s %9s %10s %9s %7s %8s\n", "inspection", "lots",
                        "rejected", "results", "inspected", "share", "found", "escaped");
  for (size_t kind = 0; kind < kKinds; ++kind) {
    const LotCounts& counts = report.by_kind[kind];
    const Inspection& seen = counts.inspection;
    absl::StrAppendFormat(&text, "  %-10s %6d %9d %9d %10d %7.1f %% %7d %8d\n", kNames[kind],
                          kind == kNoLots ? 0 : counts.lots, counts.rejected, seen.results,
                          seen.inspected, Percent(seen.inspected, seen.results), seen.found,
                          seen.escaped);
  }
}

void AppendMonths(const InspectionReport& report, std::string& text) {
  absl::StrAppendFormat(&text, "  %-8s %8s %9s %7s %10s %8s %9s %8s\n", "opened", "results",
                        "inspected", "normal", "tightened", "reduced", "rejected", "escaped");
  for (const auto& [month, kinds] : report.by_month) {
    Inspection all;
    int64_t rejected = 0;
    for (const LotCounts& counts : kinds) {
      all.results += counts.inspection.results;
      all.inspected += counts.inspection.inspected;
      all.escaped += counts.inspection.escaped;
      rejected += counts.rejected;
    }
    absl::StrAppendFormat(&text, "  %-8s %8d %7.1f %% %7d %10d %8d %9d %8d\n", month, all.results,
                          Percent(all.inspected, all.results), kinds[kNormalLots].lots,
                          kinds[kTightenedLots].lots, kinds[kReducedLots].lots, rejected,
                          all.escaped);
  }
}

}  // namespace

std::string FormatInspection(const InspectionReport& report) {
  std::string text = absl::StrFormat(
      "Acceptance sampling of this log's %d results, %d of them reopened (defective), by %s: lots "
      "by week and team, AQL %s, seed %d. Simulated on the log: no service took part.\n",
      report.full.results, report.full.defects, "Z1.4 and ISO 2859-1", report.options.aql,
      report.options.seed);
  absl::StrAppendFormat(&text, "  %-22s %9s %9s %7s %8s %11s\n", "plan", "inspected", "share",
                        "found", "escaped", "found/100");
  AppendPlan("100 % inspection", report.full, text);
  AppendPlan("normal throughout", report.normal, text);
  AppendPlan("with switching", report.switching, text);
  absl::StrAppend(&text, "\n");
  AppendKinds(report, text);
  absl::StrAppendFormat(
      &text,
      "Reduced inspection saved %d inspections in lots that it accepted; of the defects that "
      "escaped there, normal inspection would have found %d.\n\n",
      report.saved, report.escaped_by_saving);
  AppendMonths(report, text);
  for (const auto& [rule, times] : report.switches) {
    absl::StrAppendFormat(&text, "  %5d x %s\n", times, rule);
  }
  return text;
}

}  // namespace tideline::replay
