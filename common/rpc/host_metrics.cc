// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/host_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::rpc {
namespace {

using partition::HostState;

struct Sums {
  int serving = 0;
  double commits = 0, queued = 0, in_flight = 0, anomalies = 0, owed = 0, owed_late = 0;
  absl::Duration memo_age = absl::InfiniteDuration();
  std::map<std::string, double> lag;
  // The Core's own, by name and value of the label.
  std::map<std::pair<std::string, std::string>, partition::Figure> figures;

  void Add(std::vector<partition::Figure> more) {
    for (partition::Figure& figure : more) {
      const int64_t amount = figure.amount;
      auto [known, fresh] = figures.try_emplace({figure.name, figure.value}, std::move(figure));
      if (!fresh) known->second.amount += amount;
    }
  }
  void Add(const HostState& state) {
    serving += state.phase == HostState::Phase::kServing ? 1 : 0;
    commits += static_cast<double>(state.commit);
    queued += static_cast<double>(state.queued);
    in_flight += static_cast<double>(state.in_flight);
    anomalies += static_cast<double>(state.anomalies);
    owed += static_cast<double>(state.owed);
    owed_late += static_cast<double>(state.owed_late);
    memo_age = std::min(memo_age, state.memo_age);
    for (const HostState::Following& upstream : state.following) {
      lag[upstream.service] += static_cast<double>(upstream.known) -
                               static_cast<double>(std::min(upstream.read, upstream.known));
    }
  }
};

}  // namespace

std::shared_ptr<void> AddHostMetrics(telemetry::Metrics& metrics, const Router& router,
                                     std::vector<Loop*> loops) {
  const std::string prefix = absl::StrCat("tideline_", router.service(), "_");
  const auto gauge = [&](absl::string_view name, absl::string_view help) {
    return metrics.GetGauge(absl::StrCat(prefix, name), help);
  };
  const auto partitions = gauge("partitions", "Partitions of this process.");
  partitions.Set(router.partitions());
  const auto serving = gauge("partitions_serving", "Partitions that answer calls.");
  const auto commits = gauge("commits", "Commits acknowledged, over the life of the store.");
  const auto queued = gauge("calls_queued", "Calls that wait to be executed.");
  const auto in_flight = gauge("batches_in_flight", "Batches sent and not acknowledged.");
  const auto anomalies = gauge("anomalies", "Upstream events that could not be applied.");
  const auto owed = gauge("calls_owed", "Calls owed to other services, not settled.");
  const auto owed_late =
      gauge("calls_owed_late", "Calls owed to other services for over five minutes: an alarm.");
  const auto memo_age =
      gauge("memo_age_seconds", "Age of the oldest remembered answer: how late a retry is safe.");
  return metrics.OnScrape([=, &metrics, &router, loops = std::move(loops)] {
    Sums sums;
    for (int p = 0; p < router.partitions(); ++p) {
      loops[static_cast<size_t>(p)]->Run([&] {
        sums.Add(router.At(p).state());
        sums.Add(router.At(p).Figures());
      });
    }
    serving.Set(sums.serving);
    commits.Set(sums.commits);
    queued.Set(sums.queued);
    in_flight.Set(sums.in_flight);
    anomalies.Set(sums.anomalies);
    owed.Set(sums.owed);
    owed_late.Set(sums.owed_late);
    memo_age.Set(absl::ToDoubleSeconds(sums.memo_age));
    for (const auto& [name, figure] : sums.figures) {
      metrics.GetGauge(prefix + figure.name, figure.help, {{figure.label, figure.value}})
          .Set(static_cast<double>(figure.amount));
    }
    for (const auto& [upstream, lag] : sums.lag) {
      metrics
          .GetGauge(absl::StrCat(prefix, "follower_lag_commits"),
                    "Upstream commits seen and not taken in.", {{"upstream", upstream}})
          .Set(lag);
    }
  });
}

}  // namespace tideline::rpc
