// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/metrics.h"

#include <sstream>
#include <unordered_map>

#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace tideline::telemetry {

void Counter::Add(double by) const {
  if (counter_ != nullptr) counter_->Increment(by);
}
double Counter::value() const { return counter_ == nullptr ? 0 : counter_->Value(); }

void Gauge::Set(double value) const {
  if (gauge_ != nullptr) gauge_->Set(value);
}
void Gauge::Add(double by) const {
  if (gauge_ != nullptr) gauge_->Increment(by);
}
double Gauge::value() const { return gauge_ == nullptr ? 0 : gauge_->Value(); }

void Histogram::Observe(double value) const {
  if (histogram_ != nullptr) histogram_->Observe(value);
}

std::vector<double> LatencyBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

struct Metrics::Families {
  // The registry would refuse a second registration of a name, so families are kept here by name.
  template <class Metric, class Builder>
  prometheus::Family<Metric>& Get(
      std::unordered_map<std::string, prometheus::Family<Metric>*>& known, Builder builder,
      absl::string_view name, absl::string_view help) {
    auto [it, added] = known.try_emplace(std::string(name), nullptr);
    if (added) {
      it->second = &builder.Name(std::string(name)).Help(std::string(help)).Register(registry);
    }
    return *it->second;
  }

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Throw};
  absl::Mutex mutex;
  std::unordered_map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::unordered_map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
  std::unordered_map<std::string, prometheus::Family<prometheus::Histogram>*> histograms;
};

namespace {
prometheus::Labels ToLabels(const Labels& labels) { return {labels.begin(), labels.end()}; }
}  // namespace

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

Counter Metrics::GetCounter(absl::string_view name, absl::string_view help, const Labels& labels) {
  absl::MutexLock lock(&families_->mutex);
  return Counter(&families_->Get(families_->counters, prometheus::BuildCounter(), name, help)
                      .Add(ToLabels(labels)));
}

Gauge Metrics::GetGauge(absl::string_view name, absl::string_view help, const Labels& labels) {
  absl::MutexLock lock(&families_->mutex);
  return Gauge(&families_->Get(families_->gauges, prometheus::BuildGauge(), name, help)
                    .Add(ToLabels(labels)));
}

Histogram Metrics::GetHistogram(absl::string_view name, absl::string_view help,
                                const std::vector<double>& buckets, const Labels& labels) {
  absl::MutexLock lock(&families_->mutex);
  return Histogram(&families_->Get(families_->histograms, prometheus::BuildHistogram(), name, help)
                        .Add(ToLabels(labels), buckets));
}

std::shared_ptr<void> Metrics::OnScrape(std::function<void()> refresh) {
  auto kept = std::make_shared<std::function<void()>>(std::move(refresh));
  absl::MutexLock lock(&refresh_mutex_);
  refreshers_.push_back(kept);
  return kept;
}

std::string Metrics::Expose() {
  std::vector<std::shared_ptr<std::function<void()>>> refreshers;
  {
    absl::MutexLock lock(&refresh_mutex_);
    std::erase_if(refreshers_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : refreshers_) {
      if (auto refresh = weak.lock()) refreshers.push_back(std::move(refresh));
    }
  }
  // Without the lock: a refresher may take metrics of its own.
  for (const auto& refresh : refreshers) (*refresh)();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->registry.Collect());
  return out.str();
}

CounterByLabel::CounterByLabel(Metrics& metrics, std::string name, std::string help,
                               std::string label, Labels fixed, size_t max_values)
    : metrics_(metrics),
      name_(std::move(name)),
      help_(std::move(help)),
      label_(std::move(label)),
      fixed_(std::move(fixed)),
      max_values_(max_values) {}

Counter CounterByLabel::For(absl::string_view value) {
  absl::MutexLock lock(&mutex_);
  if (auto it = counters_.find(value); it != counters_.end()) return it->second;
  const absl::string_view shown = counters_.size() < max_values_ ? value : "other";
  Labels labels = fixed_;
  labels.emplace_back(label_, std::string(shown));
  Counter counter = metrics_.GetCounter(name_, help_, labels);
  // Values beyond the bound are not remembered, or the table itself would grow.
  if (shown == value) counters_.emplace(std::string(value), counter);
  return counter;
}

}  // namespace tideline::telemetry
