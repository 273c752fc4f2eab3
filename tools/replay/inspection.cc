// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/inspection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/status_macros.h"
#include "common/sampling/draw.h"
#include "common/sampling/switching.h"

namespace tideline::replay {
namespace {

using sampling::Plan;
using sampling::Severity;
using sampling::Switching;

// Size for which a team's first lot is opened; later ones are for what its last week brought.
constexpr int64_t kFirstForecast = 8;
// A team without results for longer does not work steadily (9.3.4 b).
constexpr int64_t kSteadyWeeks = 4;
// How long after a discontinuation the log's teams are taken to have mended the cause (9.4).
constexpr int64_t kActionWeeks = 4;

// Weeks from Monday to Sunday, at the offset at which the logs are read.
int64_t WeekOf(absl::Time at) {
  const absl::CivilDay day(absl::ToCivilDay(at, absl::FixedTimeZone(3600)));
  const int64_t days = day - absl::CivilDay(1970, 1, 5);  // a Monday
  return days >= 0 ? days / 7 : -((6 - days) / 7);
}
std::string MonthOf(int64_t week) {
  return absl::FormatCivilTime(absl::CivilMonth(absl::CivilDay(1970, 1, 5) + week * 7));
}

Kind KindOf(Severity severity) {
  switch (severity) {
    case Severity::kTightened:
      return kTightenedLots;
    case Severity::kReduced:
      return kReducedLots;
    case Severity::kNormal:
      break;
  }
  return kNormalLots;
}

void Add(const Inspection& more, Inspection& to) {
  to.results += more.results;
  to.inspected += more.inspected;
  to.defects += more.defects;
  to.found += more.found;
  to.escaped += more.escaped;
}

// One team's results, in order.
class Stream {
 public:
  Stream(const InspectionOptions& options, sampling::Aql aql, std::string team, bool switches,
         InspectionReport& report)
      : options_(options),
        aql_(aql),
        team_(std::move(team)),
        switches_(switches),
        report_(report) {}

  absl::Status Take(const Finished& result) {
    const int64_t week = WeekOf(result.at);
    if (week != week_) TL_RETURN_IF_ERROR(Begin(week));
    ++this_week_;
    if (state_.discontinued) {
      CountAll(1, result.reopened);
      return absl::OkStatus();
    }
    if (lot_.empty()) TL_RETURN_IF_ERROR(Open());
    lot_.push_back(result.reopened);
    if (static_cast<int64_t>(lot_.size()) == size_) return Close();
    return absl::OkStatus();
  }

  // Ends what is open.
  absl::Status Close() {
    const int64_t actual = static_cast<int64_t>(lot_.size());
    const std::vector<bool> lot = std::exchange(lot_, {});
    if (actual == 0) return absl::OkStatus();
    if (actual < sampling::kMinLotSize) {
      CountAll(actual, std::count(lot.begin(), lot.end(), true));
      return absl::OkStatus();
    }
    // What was drawn when it opened, as far as the lot went, and the difference.
    TL_ASSIGN_OR_RETURN(std::vector<int64_t> sample,
                        sampling::DrawSample(seed_, actual, plan_.sample_size));
    const sampling::Step step =
        sampling::AfterLot(state_, {state_.severity, aql_, plan_, Defects(lot, sample)});
    Inspection seen{.results = actual, .defects = std::count(lot.begin(), lot.end(), true)};
    seen.inspected = step.accepted ? static_cast<int64_t>(sample.size()) : actual;
    seen.found = step.accepted ? Defects(lot, sample) : seen.defects;
    seen.escaped = seen.defects - seen.found;
    Count(KindOf(state_.severity), seen, !step.accepted);
    if (state_.severity == Severity::kReduced && step.accepted) {
      TL_RETURN_IF_ERROR(CountSaved(lot, sample));
    }
    if (switches_) Switch(step);
    return absl::OkStatus();
  }

 private:
  static int Defects(const std::vector<bool>& lot, const std::vector<int64_t>& positions) {
    return static_cast<int>(
        std::count_if(positions.begin(), positions.end(),
                      [&lot](int64_t position) { return lot[static_cast<size_t>(position - 1)]; }));
  }

  absl::Status Begin(int64_t week) {
    TL_RETURN_IF_ERROR(Close());
    if (this_week_ > 0) {
      forecast_ = std::max(this_week_, sampling::kMinLotSize);
      if (week - week_ > kSteadyWeeks) Switch(sampling::AfterIrregularity(state_));
    }
    if (state_.discontinued && week >= discontinued_week_ + kActionWeeks) {
      TL_ASSIGN_OR_RETURN(const sampling::Step step, sampling::Resume(state_));
      Switch(step);
    }
    week_ = week;
    this_week_ = 0;
    return absl::OkStatus();
  }

  absl::Status Open() {
    size_ = std::min(forecast_, sampling::kMaxDrawnLot);
    seed_ = absl::StrCat("replay-", options_.seed, ".", team_, ".", ++lots_);
    TL_ASSIGN_OR_RETURN(
        plan_, sampling::FindPlan(size_, options_.level, aql_, state_.severity, "lot_size"));
    return absl::OkStatus();
  }

  void Switch(const sampling::Step& step) {
    state_ = step.state;
    if (step.rule == sampling::Rule::kNone) return;
    if (step.rule == sampling::Rule::kDiscontinued) discontinued_week_ = week_;
    ++report_.switches[absl::StrCat(ClauseOf(step.rule), ": ", WordsOf(step.rule))];
  }

  // The same seed orders the lot in the same way, so a larger sample holds the smaller one.
  absl::Status CountSaved(const std::vector<bool>& lot, const std::vector<int64_t>& sample) {
    TL_ASSIGN_OR_RETURN(const Plan normal, sampling::FindPlan(size_, options_.level, aql_,
                                                              Severity::kNormal, "lot_size"));
    TL_ASSIGN_OR_RETURN(
        const std::vector<int64_t> larger,
        sampling::DrawSample(seed_, static_cast<int64_t>(lot.size()), normal.sample_size));
    report_.saved += static_cast<int64_t>(larger.size()) - static_cast<int64_t>(sample.size());
    report_.escaped_by_saving += Defects(lot, larger) - Defects(lot, sample);
    return absl::OkStatus();
  }

  void CountAll(int64_t results, int64_t defects) {
    Count(kNoLots, {.results = results, .inspected = results, .defects = defects, .found = defects},
          false);
  }

  void Count(Kind kind, const Inspection& seen, bool rejected) {
    for (LotCounts* counts : {&report_.by_kind[kind], &report_.by_month[MonthOf(week_)][kind]}) {
      ++counts->lots;
      counts->rejected += rejected;
      Add(seen, counts->inspection);
    }
  }

  const InspectionOptions& options_;
  const sampling::Aql aql_;
  const std::string team_;
  const bool switches_;
  InspectionReport& report_;
  Switching state_;
  int64_t week_ = -1;  // before every log
  int64_t this_week_ = 0;
  int64_t forecast_ = kFirstForecast;
  int64_t discontinued_week_ = 0;
  int64_t lots_ = 0;
  // The open lot: for how many, what for, and what it took in: whether each is defective.
  int64_t size_ = 0;
  std::string seed_;
  Plan plan_;
  std::vector<bool> lot_;
};

absl::Status Run(const Log& log, const std::vector<Finished>& results,
                 const InspectionOptions& options, bool switches, InspectionReport& report) {
  TL_ASSIGN_OR_RETURN(const sampling::Aql aql, sampling::Aql::Parse(options.aql, "aql"));
  std::map<Index, Stream> streams;
  for (const Finished& result : results) {
    auto found = streams.find(result.team);
    if (found == streams.end()) {
      found = streams
                  .try_emplace(result.team, options, aql,
                               log.teams[static_cast<size_t>(result.team)].id, switches, report)
                  .first;
    }
    TL_RETURN_IF_ERROR(found->second.Take(result));
  }
  for (auto& [team, stream] : streams) TL_RETURN_IF_ERROR(stream.Close());
  for (const LotCounts& counts : report.by_kind) Add(counts.inspection, report.switching);
  return absl::OkStatus();
}

}  // namespace

std::vector<Finished> ResultsOf(const Log& log) {
  std::vector<Finished> results;
  for (const Incident& incident : log.incidents) {
    bool has_result = false;
    for (const Observation& seen : incident.observations) {
      const bool finished = seen.phase == Phase::kResolved || seen.phase == Phase::kClosed;
      const bool works = seen.phase == Phase::kQueued || seen.phase == Phase::kWorking ||
                         seen.phase == Phase::kWaiting;
      if (finished && !has_result) results.push_back({seen.at, seen.team, false});
      if (works && has_result) results.back().reopened = true;
      has_result = finished || (has_result && !works);
    }
  }
  std::stable_sort(results.begin(), results.end(),
                   [](const Finished& a, const Finished& b) { return a.at < b.at; });
  return results;
}

absl::StatusOr<InspectionReport> Inspect(const Log& log, const InspectionOptions& options) {
  const std::vector<Finished> results = ResultsOf(log);
  InspectionReport report;
  report.options = options;
  TL_RETURN_IF_ERROR(Run(log, results, options, true, report));
  InspectionReport normal;
  TL_RETURN_IF_ERROR(Run(log, results, options, false, normal));
  report.normal = normal.switching;
  report.full = {.results = report.switching.results,
                 .inspected = report.switching.results,
                 .defects = report.switching.defects,
                 .found = report.switching.defects};
  return report;
}

}  // namespace tideline::replay
