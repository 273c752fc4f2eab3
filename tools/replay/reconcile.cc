// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/reconcile.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace tideline::replay {
namespace {

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOpen:
      return "open";
    case Outcome::kAwaitingApproval:
      return "awaiting approval";
    case Outcome::kCompleted:
      return "completed";
    case Outcome::kCancelled:
      return "cancelled";
  }
  return "?";
}

std::string MovesText(const Facts& facts) {
  return absl::StrFormat("%d from a queue, %d from a holder, %d from a result",
                         facts.moves_from_queue, facts.moves_from_holder, facts.moves_from_result);
}

// What differs about one item that both sides know; empty when nothing does.
std::string Compare(const Facts& log, const Facts& suite, bool exact_time) {
  std::vector<std::string> parts;
  const auto compare = [&parts](absl::string_view what, const auto& a, const auto& b) {
    if (a != b) parts.push_back(absl::StrCat(what, ": log ", a, ", suite ", b));
  };
  compare("route", absl::StrJoin(log.route, " > "), absl::StrJoin(suite.route, " > "));
  if (exact_time) compare("moves", MovesText(log), MovesText(suite));
  compare("handoffs", absl::StrJoin(log.handed, " > "), absl::StrJoin(suite.handed, " > "));
  compare("returns", log.returns, suite.returns);
  compare("reopens", log.reopens, suite.reopens);
  compare("closed elsewhere", log.closed_elsewhere, suite.closed_elsewhere);
  compare("end", OutcomeName(log.outcome), OutcomeName(suite.outcome));
  return absl::StrJoin(parts, "; ");
}

void CompareItems(const FactsById& log, const FactsById& suite, bool exact_time,
                  std::vector<Difference>& differences) {
  for (const auto& [id, facts] : log) {
    const auto found = suite.find(id);
    if (found == suite.end()) {
      differences.push_back({id, "the suite does not have it"});
      continue;
    }
    std::string what = Compare(facts, found->second, exact_time);
    if (!what.empty()) differences.push_back({id, std::move(what)});
  }
  for (const auto& [id, facts] : suite) {
    if (log.count(id) == 0) differences.push_back({id, "the log does not have it"});
  }
  std::sort(differences.begin(), differences.end(),
            [](const Difference& a, const Difference& b) { return a.item < b.item; });
}

}  // namespace

bool Reconciliation::agrees() const {
  return differences.empty() &&
         std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.agrees(); });
}

Reconciliation Reconcile(const FactsById& log, const FactsById& suite, bool exact_time) {
  const Totals a = Sum(log);
  const Totals b = Sum(suite);
  Reconciliation result;
  const auto row = [&](absl::string_view what, absl::string_view key, int64_t Totals::*count) {
    result.rows.push_back({std::string(what), std::string(key), a.*count, b.*count});
  };
  row("items", "items", &Totals::items);
  row("moves", "moves", &Totals::moves);
  row("  items moved", "moved_items", &Totals::moved_items);
  if (exact_time) {
    row("  from a queue", "moves_from_queue", &Totals::moves_from_queue);
    row("  from a holder", "moves_from_holder", &Totals::moves_from_holder);
    row("  from a result", "moves_from_result", &Totals::moves_from_result);
    // A result taken back for another team's is moved at once; the others were opened again.
    result.rows.push_back({"    opened again", "moves_after_reopen",
                           a.moves_from_result - a.closed_elsewhere,
                           b.moves_from_result - b.closed_elsewhere});
  }
  row("  by a handoff", "moves_by_handoff", &Totals::handed);
  row("returns to a former team", "returns", &Totals::returns);
  row("  items returned", "returned_items", &Totals::returned_items);
  row("reopens", "reopens", &Totals::reopens);
  row("  items reopened", "reopened_items", &Totals::reopened_items);
  row("closed elsewhere", "closed_elsewhere", &Totals::closed_elsewhere);
  row("open at end", "open", &Totals::open);
  row("awaiting approval at end", "awaiting_approval", &Totals::awaiting_approval);
  row("completed at end", "completed", &Totals::completed);
  row("cancelled at end", "cancelled", &Totals::cancelled);
  CompareItems(log, suite, exact_time, result.differences);
  return result;
}

std::string FormatTable(const Reconciliation& reconciliation, size_t most) {
  std::string text = absl::StrFormat("%-28s %10s %10s\n", "", "log", "suite");
  for (const Row& row : reconciliation.rows) {
    absl::StrAppendFormat(&text, "%-28s %10d %10d%s\n", row.what, row.log, row.suite,
                          row.agrees() ? "" : "  <- differs");
  }
  const size_t count = reconciliation.differences.size();
  if (count == 0) return absl::StrCat(text, "Every item agrees.\n");
  absl::StrAppendFormat(&text, count == 1 ? "%d item differs:\n" : "%d items differ:\n", count);
  for (size_t i = 0; i < std::min(count, most); ++i) {
    const Difference& difference = reconciliation.differences[i];
    absl::StrAppend(&text, "  ", difference.item, ": ", difference.what, "\n");
  }
  if (count > most) absl::StrAppendFormat(&text, "  and %d more\n", count - most);
  return text;
}

}  // namespace tideline::replay
