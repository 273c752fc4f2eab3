// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "tools/tideline/doctor.h"

namespace tideline::cli {
namespace {

using Level = Finding::Level;

// A follower that is a whole trimming page behind is not merely busy.
constexpr double kMaxLagCommits = 1000;

// More than the host sends at once many times over.
constexpr double kMaxOwed = 1000;

// Submissions are refused at 80 % (proto/tideline/type/v1/options.proto: PRESSURE_SUBMISSION).
constexpr double kFullWarning = 0.6;
constexpr double kFullFailure = 0.8;

// Anomalies shown one by one: usually all have one cause.
constexpr size_t kShownAnomalies = 5;

// "service=work_routing partition=3".
std::string Where(const Sample& sample) {
  std::string where;
  for (const auto& [key, value] : sample.labels) {
    absl::StrAppend(&where, where.empty() ? "" : " ", key, "=", value);
  }
  return where;
}

// The samples of a metric of any service: "tideline_<service>_<what>".
std::vector<const Sample*> Of(const std::vector<Sample>& samples, absl::string_view what) {
  std::vector<const Sample*> found;
  for (const Sample& sample : samples) {
    if (absl::StartsWith(sample.name, "tideline_") &&
        absl::EndsWith(sample.name, absl::StrCat("_", what))) {
      found.push_back(&sample);
    }
  }
  return found;
}

Finding Skipped(std::string check, absl::string_view metric) {
  return {std::move(check), Level::kSkipped, absl::StrCat("no metric ..._", metric), ""};
}

// One finding about the greatest of a metric's samples.
Finding Greatest(const std::vector<Sample>& samples, const std::string& check, const char* metric,
                 double limit, const char* unit, const char* remedy) {
  const auto found = Of(samples, metric);
  if (found.empty()) return Skipped(check, metric);
  const Sample& worst =
      **std::max_element(found.begin(), found.end(),
                         [](const Sample* a, const Sample* b) { return a->value < b->value; });
  if (worst.value <= limit) {
    return {check, Level::kOk, absl::StrFormat("at most %g %s", worst.value, unit), ""};
  }
  return {check, Level::kWarning,
          absl::StrFormat("%g %s: %s %s", worst.value, unit, worst.name, Where(worst)), remedy};
}

// Each service says how many partitions it has here and how many of them serve.
std::vector<Finding> Serving(const std::vector<Sample>& samples) {
  const auto all = Of(samples, "partitions");
  if (all.empty()) return {Skipped("partitions serve", "partitions")};
  std::vector<Finding> findings;
  for (const Sample* sample : all) {
    double serving = 0;
    for (const Sample& other : samples) {
      if (other.name == absl::StrCat(sample->name, "_serving")) serving = other.value;
    }
    absl::string_view service = sample->name;
    absl::ConsumePrefix(&service, "tideline_");
    absl::ConsumeSuffix(&service, "_partitions");
    Finding finding{absl::StrCat(service, " serves"), Level::kOk,
                    absl::StrFormat("%g of %g partitions", serving, sample->value), ""};
    if (serving < sample->value) {
      finding.level = Level::kFailure;
      finding.remedy = "/readyz and the log say why; one whose store was rolled back stays stopped";
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

bool ParseLabels(absl::string_view text, std::map<std::string, std::string>& labels) {
  while (!text.empty()) {
    const size_t equals = text.find("=\"");
    if (equals == absl::string_view::npos) return absl::StripAsciiWhitespace(text).empty();
    std::string key(absl::StripAsciiWhitespace(text.substr(0, equals)));
    text.remove_prefix(equals + 2);
    std::string value;
    size_t i = 0;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      value += text[i];
    }
    if (i == text.size()) return false;
    labels[std::move(key)] = std::move(value);
    text.remove_prefix(i + 1);
    absl::ConsumePrefix(&text, ",");
  }
  return true;
}

}  // namespace

std::vector<Sample> ParseMetrics(absl::string_view text) {
  std::vector<Sample> samples;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    Sample sample;
    const size_t open = line.find('{');
    const size_t close = line.rfind('}');
    absl::string_view rest;
    if (open != absl::string_view::npos && close != absl::string_view::npos && close > open) {
      sample.name = std::string(line.substr(0, open));
      if (!ParseLabels(line.substr(open + 1, close - open - 1), sample.labels)) continue;
      rest = line.substr(close + 1);
    } else {
      const size_t space = line.find(' ');
      if (space == absl::string_view::npos) continue;
      sample.name = std::string(line.substr(0, space));
      rest = line.substr(space);
    }
    const std::vector<absl::string_view> words = absl::StrSplit(rest, ' ', absl::SkipEmpty());
    if (words.empty() || !absl::SimpleAtod(words[0], &sample.value)) continue;
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::vector<Finding> JudgeMetrics(const std::vector<Sample>& samples) {
  std::vector<Finding> findings = Serving(samples);
  findings.push_back(Greatest(
      samples, "followers keep up", "follower_lag_commits", kMaxLagCommits, "commits behind",
      "look again: if it grows, the follower has stopped; its log says why"));
  findings.push_back(Greatest(samples, "no anomalies", "anomalies", 0, "events set aside",
                              "each is tried again when its service starts: mend what it says, or "
                              "finish the upgrade, then restart"));
  findings.push_back(Greatest(samples, "owed calls leave", "calls_owed", kMaxOwed, "calls owed",
                              "the service they are owed to is away or slow"));
  return findings;
}

std::vector<Finding> JudgeAnomalies(absl::string_view page) {
  std::vector<Finding> findings;
  const std::vector<absl::string_view> lines = absl::StrSplit(page, '\n', absl::SkipEmpty());
  for (absl::string_view line : lines) {
    if (findings.size() == kShownAnomalies) {
      findings.push_back({"anomaly", Level::kWarning,
                          absl::StrCat(lines.size() - kShownAnomalies, " more"),
                          "/debug/anomalies of the HTTP port lists them"});
      break;
    }
    findings.push_back({"anomaly", Level::kWarning, std::string(line), ""});
  }
  return findings;
}

Finding JudgeClock(bool synchronized, absl::Duration error) {
  if (synchronized) {
    return {"clock", Level::kOk,
            absl::StrCat("synchronized, error at most ", absl::FormatDuration(error)), ""};
  }
  return {"clock", Level::kWarning, "the kernel says that nothing keeps it synchronized",
          "run a time service (chrony, systemd-timesyncd): due times follow this clock"};
}

std::vector<Finding> JudgeStore(const absl::StatusOr<journal::StoreInfo>& store) {
  if (!store.ok()) {
    return {{"store reachable", Level::kFailure, std::string(store.status().message()),
             "is it running, and is this its address?"}};
  }
  std::vector<Finding> findings = {{"store reachable", Level::kOk, store->description, ""}};
  if (store->durable) {
    findings.push_back({"store durable", Level::kOk, "every write is synced", ""});
  } else {
    findings.push_back({"store durable", Level::kFailure, "an acknowledged write can be lost",
                        "set appendonly yes and appendfsync always"});
  }
  if (store->evicts) {
    findings.push_back({"store keeps everything", Level::kFailure, "it evicts when it is full",
                        "set maxmemory-policy noeviction"});
  } else {
    findings.push_back({"store keeps everything", Level::kOk, "no eviction", ""});
  }
  if (store->max_bytes > 0) {  // without a limit, the store itself warns
    const double full = static_cast<double>(store->used_bytes) / store->max_bytes;
    const Level level = full >= kFullFailure   ? Level::kFailure
                        : full >= kFullWarning ? Level::kWarning
                                               : Level::kOk;
    findings.push_back(
        {"store memory", level, absl::StrFormat("%.0f %% in use", 100 * full),
         level == Level::kOk ? "" : "give it more memory, or finish and retire work"});
  }
  for (const std::string& warning : store->warnings) {
    findings.push_back({"store", Level::kWarning, warning, ""});
  }
  return findings;
}

}  // namespace tideline::cli
