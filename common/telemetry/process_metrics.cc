// SPDX-License-Identifier: Apache-2.0
// What /proc says of this process.
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/telemetry/metrics.h"

namespace tideline::telemetry {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double CountDescriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int count = 0;
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(folder);
  return count - 1;  // the one that reads the folder
}

double DescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<double>(limit.rlim_cur);
}

// Unix time of the machine's start, from /proc/stat.
double BootTime() {
  for (absl::string_view line : absl::StrSplit(ReadAll("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtod(line, &seconds)) return seconds;
  }
  return 0;
}

struct ProcessStat {
  double cpu_seconds = 0;
  double start_ticks = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
  double threads = 0;
};

// proc(5): /proc/self/stat; the name in parentheses may hold anything, so fields count from the
// last ')'.
ProcessStat ReadStat() {
  ProcessStat stat;
  const std::string text = ReadAll("/proc/self/stat");
  const size_t close = text.rfind(')');
  if (close == std::string::npos || close + 2 > text.size()) return stat;
  const std::vector<std::string> fields = absl::StrSplit(text.substr(close + 2), ' ');
  const auto number = [&fields](size_t field) {  // numbered as in proc(5), where the state is 3
    double value = 0;
    if (field - 3 < fields.size()) (void)absl::SimpleAtod(fields[field - 3], &value);
    return value;
  };
  const double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  stat.cpu_seconds = (number(14) + number(15)) / tick;
  stat.threads = number(20);
  stat.start_ticks = number(22) / tick;
  stat.virtual_bytes = number(23);
  stat.resident_bytes = number(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return stat;
}

}  // namespace

std::shared_ptr<void> AddProcessMetrics(Metrics& metrics, absl::string_view version,
                                        absl::string_view revision) {
  metrics
      .GetGauge("tideline_build_info", "1, with the version and revision this was built from.",
                {{"version", std::string(version)}, {"revision", std::string(revision)}})
      .Set(1);
  metrics
      .GetGauge("process_start_time_seconds", "Start of the process, in seconds since the epoch.")
      .Set(BootTime() + ReadStat().start_ticks);
  metrics.GetGauge("process_max_fds", "Most descriptors that may be open.").Set(DescriptorLimit());
  // A counter by its nature, but read as a whole: only a gauge can be set.
  const Gauge cpu =
      metrics.GetGauge("process_cpu_seconds_total", "User and system CPU time spent.");
  const Gauge resident = metrics.GetGauge("process_resident_memory_bytes", "Resident memory.");
  const Gauge virtual_memory = metrics.GetGauge("process_virtual_memory_bytes", "Virtual memory.");
  const Gauge descriptors = metrics.GetGauge("process_open_fds", "Descriptors open.");
  const Gauge threads = metrics.GetGauge("process_threads", "Threads of the process.");
  return metrics.OnScrape([=] {
    const ProcessStat stat = ReadStat();
    cpu.Set(stat.cpu_seconds);
    resident.Set(stat.resident_bytes);
    virtual_memory.Set(stat.virtual_bytes);
    threads.Set(stat.threads);
    descriptors.Set(CountDescriptors());
  });
}

}  // namespace tideline::telemetry
