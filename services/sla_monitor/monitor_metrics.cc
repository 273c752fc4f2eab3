// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/monitor_metrics.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "services/sla_monitor/core/core.h"
#include "services/sla_monitor/core/report.h"

namespace tideline::sla_monitor {
namespace {

constexpr char kPrefix[] = "tideline_sla_monitor_";
// Engagements that have series of their own; a contract more costs some twenty.
constexpr size_t kMaxEngagements = 200;

// "first_draft" of LEG_FIRST_DRAFT; "client" of none.
std::string LegName(size_t leg) {
  if (leg == 0) return "client";
  const auto& name = type::v1::Leg_Name(static_cast<Leg>(leg));
  return absl::AsciiStrToLower(name.substr(sizeof("LEG_") - 1));
}

template <size_t N>
void Add(const std::array<int64_t, N>& from, std::array<int64_t, N>& to) {
  for (size_t i = 0; i < N; ++i) to[i] += from[i];
}

// One engagement, or all that share "other".
struct Row {
  Standing standing;
  Decided decided;
  std::array<double, kLegs> objective{};  // 0: none
  v1::Tally month;

  void Take(const Core& core, const Workspace& workspace, const std::string& engagement,
            absl::Time now) {
    if (const auto it = workspace.standing.find(engagement); it != workspace.standing.end()) {
      const Standing& one = it->second;
      standing.not_started += one.not_started;
      standing.running += one.running;
      standing.paused += one.paused;
      standing.at_risk += one.at_risk;
      standing.breached += one.breached;
      Add(one.leg_breached, standing.leg_breached);
    }
    if (const auto it = workspace.decided.find(engagement); it != workspace.decided.end()) {
      Add(it->second.attained, decided.attained);
      Add(it->second.missed, decided.missed);
      Add(it->second.excluded, decided.excluded);
    }
    const Terms* terms = core.TermsOf(engagement);
    if (terms == nullptr) return;
    for (const type::v1::ServiceLevel& level : terms->rules().service_levels()) {
      double& strictest = objective[static_cast<size_t>(level.leg())];
      strictest = std::max(strictest, level.target_basis_points() / 1e4);
    }
    const int32_t today = DayNumber(absl::ToCivilDay(now, terms->zone));
    EachTally(workspace, engagement, MonthOf(today), today,
              [this](const core::v1::StoredTally& tally) {
                for (const auto& counts : tally.rows()) {
                  if (counts.leg() == 0) AddRow(counts, month);
                }
              });
  }
};

struct Picture {
  std::map<std::pair<std::string, std::string>, Row> rows;  // workspace and engagement, ids
  Counts counts;

  void Take(const Core& core, absl::Time now) {
    for (const auto& [name, workspace] : core.workspaces()) {
      for (const auto& [engagement, standing] : workspace->standing) {
        std::pair<std::string, std::string> key{name.substr(name.rfind('/') + 1),
                                                engagement.substr(engagement.rfind('/') + 1)};
        if (rows.size() >= kMaxEngagements && !rows.contains(key)) key = {"other", "other"};
        rows[key].Take(core, *workspace, engagement, now);
      }
    }
    const auto add = [](const auto& from, auto& to) {
      for (size_t i = 0; i < from.size(); ++i) {
        for (size_t j = 0; j < from[i].size(); ++j) to[i][j] += from[i][j];
      }
    };
    add(core.counts().alerts, counts.alerts);
    add(core.counts().retracted, counts.retracted);
    for (size_t i = 0; i < counts.escalated.size(); ++i) {
      counts.escalated[i] += core.counts().escalated[i];
      counts.refused[i] += core.counts().refused[i];
      counts.dropped[i] += core.counts().dropped[i];
    }
  }
};

class Exporter {
 public:
  explicit Exporter(telemetry::Metrics& metrics) : metrics_(metrics) {}

  void Show(const Picture& picture) const {
    for (const auto& [key, row] : picture.rows) {
      ShowRow({{"workspace", key.first}, {"engagement", key.second}}, row);
    }
    for (int kind = 1; kind < v1::Alert::Kind_ARRAYSIZE; ++kind) {
      const std::string name = absl::AsciiStrToLower(
          v1::Alert::Kind_Name(static_cast<v1::Alert::Kind>(kind)).substr(sizeof("KIND_") - 1));
      for (size_t leg = 0; leg < kLegs; ++leg) {
        const auto k = static_cast<size_t>(kind);
        const telemetry::Labels labels{{"kind", name}, {"leg", LegName(leg)}};
        if (leg > 0 && kind != v1::Alert::KIND_BREACH) continue;
        Reach("alerts_total", "Alerts given.", labels, picture.counts.alerts[k][leg]);
        Reach("alerts_retracted_total", "Alerts taken back.", labels,
              picture.counts.retracted[k][leg]);
      }
    }
    for (int action = 1; action < v1::EscalationStep::Action_ARRAYSIZE; ++action) {
      const auto a = static_cast<size_t>(action);
      const std::string name = absl::AsciiStrToLower(
          v1::EscalationStep::Action_Name(static_cast<v1::EscalationStep::Action>(action))
              .substr(sizeof("ACTION_") - 1));
      constexpr char kHelp[] = "Calls to work_routing that alerts brought about, as answered.";
      Reach("escalations_total", kHelp, {{"action", name}, {"outcome", "done"}},
            picture.counts.escalated[a]);
      Reach("escalations_total", kHelp, {{"action", name}, {"outcome", "refused"}},
            picture.counts.refused[a]);
      Reach("escalations_total", kHelp, {{"action", name}, {"outcome", "dropped"}},
            picture.counts.dropped[a]);
    }
  }

 private:
  using Labels = telemetry::Labels;

  static Labels With(Labels labels, absl::string_view name, std::string value) {
    labels.emplace_back(std::string(name), std::move(value));
    return labels;
  }
  void Set(absl::string_view name, absl::string_view help, const Labels& labels,
           double value) const {
    metrics_.GetGauge(absl::StrCat(kPrefix, name), help, labels).Set(value);
  }
  // A counter that is read rather than counted.
  void Reach(absl::string_view name, absl::string_view help, const Labels& labels,
             uint64_t value) const {
    const telemetry::Counter counter =
        metrics_.GetCounter(absl::StrCat(kPrefix, name), help, labels);
    counter.Add(std::max(0.0, static_cast<double>(value) - counter.value()));
  }

  void ShowRow(const Labels& labels, const Row& row) const {
    const Standing& standing = row.standing;
    constexpr char kClocks[] = "Clocks that have not stopped.";
    const auto number = [](int64_t value) { return static_cast<double>(value); };
    Set("clocks", kClocks, With(labels, "state", "not_started"), number(standing.not_started));
    Set("clocks", kClocks, With(labels, "state", "running"), number(standing.running));
    Set("clocks", kClocks, With(labels, "state", "paused"), number(standing.paused));
    Set("at_risk", "Clocks that will miss the client target by the forecast, or have.", labels,
        number(standing.at_risk));
    for (size_t leg = 0; leg < kLegs; ++leg) {
      const Labels its = With(labels, "leg", LegName(leg));
      Set("breached", "Clocks that have not stopped and whose target is used up.", its,
          number(leg == 0 ? standing.breached : standing.leg_breached[leg]));
      constexpr char kDecided[] = "Clocks and legs that stopped, by outcome.";
      Reach("decided_total", kDecided, With(its, "outcome", "attained"),
            static_cast<uint64_t>(row.decided.attained[leg]));
      Reach("decided_total", kDecided, With(its, "outcome", "missed"),
            static_cast<uint64_t>(row.decided.missed[leg]));
      if (row.objective[leg] > 0) {
        Set("objective_ratio", "Strictest service level of the policy.", its, row.objective[leg]);
      }
    }
    for (size_t i = 1; i < row.decided.excluded.size(); ++i) {
      const std::string reason =
          absl::AsciiStrToLower(v1::ExclusionReason_Name(static_cast<v1::ExclusionReason>(i))
                                    .substr(sizeof("EXCLUSION_REASON_") - 1));
      Reach("excluded_total", "Clocks that stopped and do not count.",
            With(labels, "reason", reason), static_cast<uint64_t>(row.decided.excluded[i]));
    }
    if (Counted(row.month) == 0) return;
    Set("attainment_ratio", "Share in time of what was decided this month.", labels,
        number(row.month.attained()) / number(Counted(row.month)));
  }

  telemetry::Metrics& metrics_;
};

}  // namespace

telemetry::Histogram LatenessOf(telemetry::Metrics& metrics) {
  return metrics.GetHistogram(
      absl::StrCat(kPrefix, "alert_lateness_seconds"),
      "From the instant a clock reached something to its alert.",
      {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10, 60, 3600});
}

std::shared_ptr<void> AddMonitorMetrics(telemetry::Metrics& metrics, const rpc::Router& router,
                                        const tideline::Clock& clock) {
  return metrics.OnScrape([&metrics, &router, &clock] {
    Picture picture;
    for (int p = 0; p < router.partitions(); ++p) {
      absl::BlockingCounter asked(1);
      router.At(p).Inspect([&](const partition::Core* core) {
        if (core != nullptr) picture.Take(static_cast<const Core&>(*core), clock.Now());
        asked.DecrementCount();
      });
      asked.Wait();
    }
    Exporter(metrics).Show(picture);
  });
}

}  // namespace tideline::sla_monitor
