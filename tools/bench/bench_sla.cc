// SPDX-License-Identifier: Apache-2.0
// What sla_monitor's clocks cost, at sizes that are each ten times the one before: following items,
// memory per clock and recomputing one (the Core alone), and how late alerts are (the Core in its
// host over a store in memory, seen by a reader of its journal, in real time).
//
//   bench-sla [--sizes 10000,100000,1000000] [--json FILE]
//
// Scene: one contract with a client target, a leg target and two warnings; every item was submitted
// and accepted. Each size runs in a process of its own, so that memory is its own.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/sla_monitor/core/core.h"
#include "tools/bench/sla_host.h"
#include "tools/bench/sla_scene.h"

namespace tideline::bench {
namespace {

using sla_monitor::Core;

constexpr int kAsked = 20'000;
constexpr int kLongLife = 30;  // stretches of the items with a long life

struct Figures {
  int64_t clocks = 0;
  double follow_us = 0;  // per event
  double bytes_per_clock = 0;
  Percentiles recompute;       // of items of two stretches, microseconds
  Percentiles recompute_long;  // of kLongLife stretches
  double alert_us = 0;         // of the Core, per alert
  Lateness lateness;
};

double Micros(std::chrono::steady_clock::duration spent) {
  return std::chrono::duration<double, std::micro>(spent).count();
}

int64_t ResidentBytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// A Core fed directly.
class Bare {
 public:
  Bare() {
    if (!core_.Restored().ok()) std::abort();
    for (const std::string& event : ContractEvents(true)) Follow("skill_registry", event);
  }

  void Follow(const std::string& service, const std::string& event) {
    partition::Changes changes(++commit_);
    if (!core_.Follow(MakeCall(), {service, {}, event}, changes).ok()) std::abort();
    changes.TakeWrites();  // serialized, as for a commit
    changes.TakeEvents();
  }

  // Microseconds of each of `count` readings of items from `first` on, spread over `of`.
  Percentiles Ask(int64_t first, int64_t of, int count) {
    std::vector<double> each;
    for (int i = 0; i < count; ++i) {
      sla_monitor::v1::GetClocksRequest request;
      request.set_name(ItemName(first + i * 7919LL % of));
      const partition::Call call = MakeCall();
      const auto start = std::chrono::steady_clock::now();
      const auto response = core_.GetClocks(call, request);
      each.push_back(Micros(std::chrono::steady_clock::now() - start));
      if (!response.ok()) std::abort();
    }
    return PercentilesOf(std::move(each));
  }

  // Lets time run to `until`; returns how many alerts came.
  int64_t Wake(absl::Time until) {
    int64_t alerts = 0;
    while (core_.NextWake() <= until) {
      now_ = std::max(now_, core_.NextWake());
      partition::Changes changes(++commit_);
      core_.Wake(MakeCall(), changes);
      changes.TakeWrites();
      for (const auto& event : changes.TakeEvents()) alerts += IsAlert(event.bytes) ? 1 : 0;
    }
    return alerts;
  }

  void SetNow(absl::Time now) { now_ = now; }

 private:
  partition::Call MakeCall() {
    partition::Call call;
    call.workspace = kSlaWorkspace;
    call.grant.roles = partition::Roles::All();
    call.now = now_;
    ++chance_;
    call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_};
    return call;
  }

  Core core_;
  absl::Time now_ = kSlaStart;
  uint64_t commit_ = 0, chance_ = 0;
};

void MeasureCore(Figures& figures) {
  Bare bare;
  const int64_t n = figures.clocks;
  const int64_t before = ResidentBytes();
  std::chrono::steady_clock::duration following{};
  const auto follow = [&](const std::string& event) {
    const auto start = std::chrono::steady_clock::now();
    bare.Follow("work_routing", event);
    following += std::chrono::steady_clock::now() - start;
  };
  for (int64_t i = 0; i < n; ++i) {
    const absl::Time at = kSlaStart + i * (absl::Hours(8) / n);
    bare.SetNow(at);
    for (const std::string& event : LifeEvents(i, at, 2)) follow(event);
  }
  figures.follow_us = Micros(following) / (2.0 * static_cast<double>(n));
  figures.bytes_per_clock = static_cast<double>(ResidentBytes() - before) / static_cast<double>(n);
  const absl::Time later = kSlaStart + absl::Hours(8) + absl::Minutes(1);
  bare.SetNow(later);
  figures.recompute = bare.Ask(0, n, kAsked);
  for (int64_t i = n; i < n + 100; ++i) {
    for (const std::string& event : LifeEvents(i, later, kLongLife)) {
      bare.Follow("work_routing", event);
    }
  }
  bare.SetNow(later + absl::Hours(1));
  figures.recompute_long = bare.Ask(n, 100, kAsked);
  // The first tenth of a day after the targets begin to be used up.
  const auto start = std::chrono::steady_clock::now();
  const int64_t alerts = bare.Wake(later + absl::Hours(1) + kSlaTarget / 100);
  figures.alert_us = Micros(std::chrono::steady_clock::now() - start) /
                     static_cast<double>(std::max<int64_t>(alerts, 1));
}

// In a process of its own.
bool Measure(Figures& figures) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    MeasureCore(figures);
    figures.lateness = MeasureLateness(figures.clocks);
    const bool sent = ::write(ends[1], &figures, sizeof(figures)) == sizeof(figures);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  const bool got = ::read(ends[0], &figures, sizeof(figures)) == sizeof(figures);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return got && status == 0;
}

void Print(const Figures& f) {
  absl::PrintF("%10d %8.2f %8.0f %7.1f %7.1f %7.1f %7.1f %8.2f %8.2f %8.2f %8.2f %8.2f %8d\n",
               f.clocks, f.follow_us, f.bytes_per_clock, f.recompute.p50, f.recompute.p99,
               f.recompute_long.p50, f.recompute_long.p99, f.alert_us, f.lateness.steady.p50,
               f.lateness.steady.p99, f.lateness.burst.p50, f.lateness.burst.p99,
               f.lateness.alerts);
}

std::string Json(const Figures& f) {
  return absl::StrFormat(
      "{\"clocks\": %d, \"follow_us\": %.3f, \"bytes_per_clock\": %.0f, \"recompute_us_p50\": "
      "%.3f, "
      "\"recompute_us_p99\": %.3f, \"recompute_long_us_p50\": %.3f, \"recompute_long_us_p99\": "
      "%.3f, \"core_us_per_alert\": %.3f, \"lateness_ms_p50\": %.3f, \"lateness_ms_p99\": %.3f, "
      "\"burst_lateness_ms_p50\": %.3f, \"burst_lateness_ms_p99\": %.3f, \"burst\": %d, "
      "\"alerts\": %d}",
      f.clocks, f.follow_us, f.bytes_per_clock, f.recompute.p50, f.recompute.p99,
      f.recompute_long.p50, f.recompute_long.p99, f.alert_us, f.lateness.steady.p50,
      f.lateness.steady.p99, f.lateness.burst.p50, f.lateness.burst.p99, f.lateness.burst_alerts,
      f.lateness.alerts);
}

int Main(int argc, char** argv) {
  CLI::App app("What sla_monitor's clocks cost.");
  std::vector<int64_t> sizes = {10'000, 100'000, 1'000'000};
  std::string json;
  app.add_option("--sizes", sizes, "running clocks")->delimiter(',');
  app.add_option("--json", json, "write the figures to this file");
  CLI11_PARSE(app, argc, argv);
  absl::PrintF(
      "times in microseconds, lateness in milliseconds; long: %d stretches; steady: 1,000 "
      "alerts/s; burst: a quarter of the clocks, 10,000 at most, at one instant\n\n",
      kLongLife);
  absl::PrintF("%10s %8s %8s %15s %15s %8s %17s %17s %8s\n", "", "", "bytes", "recompute",
               "recompute long", "", "late, steady", "late, burst", "");
  absl::PrintF("%10s %8s %8s %7s %7s %7s %7s %8s %8s %8s %8s %8s %8s\n", "clocks", "follow",
               "/clock", "p50", "p99", "p50", "p99", "alert", "p50", "p99", "p50", "p99", "alerts");
  std::string all;
  for (int64_t size : sizes) {
    Figures figures;
    figures.clocks = size;
    std::fflush(stdout);
    if (!Measure(figures)) {
      std::fprintf(stderr, "bench-sla: %ld clocks could not be measured\n",
                   static_cast<long>(size));
      return 1;
    }
    Print(figures);
    absl::StrAppend(&all, all.empty() ? "" : ",\n  ", Json(figures));
  }
  if (json.empty()) return 0;
  std::ofstream out(json);
  out << "{\"sizes\": [\n  " << all << "\n]}\n";
  return out.good() ? 0 : 1;
}

}  // namespace
}  // namespace tideline::bench

int main(int argc, char** argv) { return tideline::bench::Main(argc, argv); }
