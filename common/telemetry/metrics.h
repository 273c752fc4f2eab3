// SPDX-License-Identifier: Apache-2.0
// The process's metrics. Handles are taken once, at start, and are then a pointer each: counting on
// a hot path costs an atomic add, and no label is looked up.
//
// Names: tideline_<service>_<what>_<unit>[_total]; labels come from closed sets. A name or label
// that Prometheus would refuse ends the process at start: it is a typing error in the code.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace tideline::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Handles live as long as their Metrics. Copy freely. A default one counts nothing.
class Counter {
 public:
  Counter() = default;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  void Add(double by = 1) const;
  double value() const;

 private:
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value) const;
  void Add(double by) const;
  double value() const;

 private:
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* histogram_ = nullptr;
};

// Upper bounds for durations in seconds: 0.1 ms to 10 s, where an rpc and a commit lie.
std::vector<double> LatencyBuckets();

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric of this name and these labels, made at the first call. The help text and buckets of
  // the first call stand.
  Counter GetCounter(absl::string_view name, absl::string_view help, const Labels& labels = {});
  Gauge GetGauge(absl::string_view name, absl::string_view help, const Labels& labels = {});
  Histogram GetHistogram(absl::string_view name, absl::string_view help,
                         const std::vector<double>& buckets, const Labels& labels = {});

  // Runs `refresh` before each exposition, to set gauges that are read rather than counted. The
  // token keeps the registration; once it is gone, `refresh` does not run any more.
  [[nodiscard]] std::shared_ptr<void> OnScrape(std::function<void()> refresh);

  // Text exposition format, version 0.0.4.
  std::string Expose();

 private:
  struct Families;
  std::unique_ptr<Families> families_;
  absl::Mutex refresh_mutex_;
  std::vector<std::weak_ptr<std::function<void()>>> refreshers_ ABSL_GUARDED_BY(refresh_mutex_);
};

// Counters that differ in one label whose values come from data, such as a reason. At most
// `max_values` of them get their own; the rest share "other", so memory stays bounded whatever a
// caller sends. Thread-safe.
class CounterByLabel {
 public:
  CounterByLabel(Metrics& metrics, std::string name, std::string help, std::string label,
                 Labels fixed = {}, size_t max_values = 100);
  Counter For(absl::string_view value);

 private:
  Metrics& metrics_;
  const std::string name_, help_, label_;
  const Labels fixed_;
  const size_t max_values_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Counter> counters_ ABSL_GUARDED_BY(mutex_);
};

// process_* (resident memory, CPU, open descriptors and their limit, start time) and
// tideline_build_info{version, revision}, as Prometheus clients name them. Keep the token.
[[nodiscard]] std::shared_ptr<void> AddProcessMetrics(Metrics& metrics, absl::string_view version,
                                                      absl::string_view revision);

}  // namespace tideline::telemetry
