// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/clocks.h"

#include <openssl/sha.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_macros.h"
#include "common/due/due.h"
#include "google/protobuf/util/time_util.h"
#include "tools/replay/setup.h"

namespace tideline::replay {
namespace {

namespace monitor = sla_monitor::v1;

constexpr int kPage = 200;  // most items that a dry run looks at

absl::Duration Of(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time Of(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string Digest(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), sizeof(digest));
}

std::string Differs(absl::string_view what, absl::Duration sum, absl::Duration elapsed) {
  return absl::StrCat(what, " give ", absl::FormatDuration(sum), ", elapsed is ",
                      absl::FormatDuration(elapsed));
}

// Each alert stands once, and was not given before its ground.
std::string AlertTrouble(const monitor::Reading& reading) {
  std::set<std::string> standing;
  for (const monitor::Alert& alert : reading.alerts()) {
    if (Of(alert.raise_time()) < Of(alert.ground_time())) {
      return absl::StrCat(alert.name(), " was raised early");
    }
    if (!alert.has_retract_time() && !standing.insert(alert.name()).second) {
      return absl::StrCat(alert.name(), " stands twice");
    }
  }
  return "";
}

}  // namespace

std::string Trouble(const monitor::Reading& reading) {
  const absl::Duration elapsed = Of(reading.elapsed());
  absl::Duration intervals, legs, parties;
  absl::Time at = Of(reading.clock().create_time());
  for (const monitor::Interval& interval : reading.intervals()) {
    if (Of(interval.start_time()) != at || Of(interval.end_time()) < at) {
      return absl::StrCat("intervals have a gap at ", absl::FormatTime(at, absl::UTCTimeZone()));
    }
    at = Of(interval.end_time());
    if (interval.running()) intervals += Of(interval.working());
  }
  if (at != Of(reading.read_time())) return "intervals do not reach the end of the reading";
  for (const monitor::LegReading& leg : reading.legs()) legs += Of(leg.elapsed());
  for (const monitor::PartyReading& party : reading.parties()) parties += Of(party.elapsed());
  if (intervals != elapsed) return Differs("intervals", intervals, elapsed);
  if (legs != elapsed) return Differs("legs", legs, elapsed);
  if (parties != elapsed) return Differs("parties", parties, elapsed);
  return AlertTrouble(reading);
}

absl::StatusOr<ClocksById> ReadClocks(Session& session, Crew& crew, const Log& log) {
  std::vector<ClockFacts> facts(log.incidents.size());
  absl::Mutex mutex;
  absl::Status first;
  crew.Run(log.incidents.size(), [&](size_t i) {
    monitor::GetClocksRequest request;
    request.set_name(session.Name("workItems", log.incidents[i].id));
    auto response = session.Call<monitor::GetClocksRequest, monitor::GetClocksResponse>(
        &Monitor::GetClocks, request);
    if (!response.ok()) {
      absl::MutexLock lock(&mutex);
      first.Update(absl::Status(
          response.status().code(),
          absl::StrCat("the clocks of ", log.incidents[i].id, ": ", response.status().message())));
      return;
    }
    const monitor::Reading& reading = response->reading();
    facts[i] = {.elapsed = Of(reading.elapsed()),
                .paused = Of(reading.paused()),
                .read = Of(reading.read_time()),
                .stopped = reading.clock().state() == monitor::Clock::STATE_STOPPED,
                .bytes = Digest(reading.SerializeAsString()),
                .trouble = Trouble(reading)};
  });
  TL_RETURN_IF_ERROR(first);
  ClocksById clocks;
  for (size_t i = 0; i < facts.size(); ++i) {
    clocks[log.incidents[i].id] = std::move(facts[i]);
  }
  return clocks;
}

SlaReport CompareClocks(const ClocksById& before, const ClocksById& after, const SlaFold& fold,
                        const Log& log, const v1::Policy& policy) {
  SlaReport report;
  const auto calendar = Calendar::Create(policy.calendar());  // was checked when it was read
  for (const Incident& incident : log.incidents) {
    const ClockFacts& clock = before.at(incident.id);
    ++report.clocks;
    report.stopped += clock.stopped ? 1 : 0;
    report.elapsed += clock.elapsed;
    const auto note = [&](const std::string& what) {
      report.trouble.push_back(absl::StrCat(incident.id, ": ", what));
    };
    if (!clock.trouble.empty()) note(clock.trouble);
    if (after.at(incident.id).bytes == clock.bytes) {
      ++report.same_after_restart;
    } else {
      note("reads otherwise after the restart");
    }
    const auto* targets = due::FindTargets(policy.rules(), incident.impact);
    const SlaFold::Times times = fold.TimesOf(
        incident.id, **calendar,
        targets == nullptr ? absl::ZeroDuration() : Of(targets->pause_budget()), clock.read);
    if (times.elapsed == clock.elapsed && times.paused == clock.paused) {
      ++report.same_by_journal;
    } else {
      note(absl::StrFormat("ran for %s and stood for %s, by the journal for %s and %s",
                           absl::FormatDuration(clock.elapsed), absl::FormatDuration(clock.paused),
                           absl::FormatDuration(times.elapsed),
                           absl::FormatDuration(times.paused)));
    }
  }
  return report;
}

absl::StatusOr<Agreement> Agree(Session& session, const Log& log, const v1::PolicyFile& file,
                                int i) {
  const v1::Policy& policy = file.policies(i);
  std::map<std::string, const Incident*> incidents;
  for (const Incident& incident : log.incidents) {
    incidents[session.Name("workItems", incident.id)] = &incident;
  }
  Agreement agreement;
  agreement.policy = policy.id();
  monitor::DryRunPolicyRequest request;
  request.set_name(session.Name("engagements", kEngagementId));
  *request.mutable_draft()->mutable_rules() = policy.rules();
  request.mutable_draft()->set_calendar(session.Name("calendars", policy.id()));
  request.set_page_size(kPage);
  do {
    TL_ASSIGN_OR_RETURN(auto response,
                        (session.Call<monitor::DryRunPolicyRequest, monitor::DryRunPolicyResponse>(
                            &Monitor::DryRunPolicy, request)));
    for (const monitor::DryRun& run : response.items()) {
      const auto found = incidents.find(run.work_item());
      if (found == incidents.end()) {
        return absl::DataLossError(absl::StrCat(run.work_item(), " is not of the log"));
      }
      const Incident& incident = *found->second;
      if (i == 0 && run.outcome() != run.actual()) ++agreement.differs;
      const bool in_time = run.outcome() == monitor::Clock::OUTCOME_ATTAINED;
      if ((!in_time && run.outcome() != monitor::Clock::OUTCOME_MISSED) ||
          !incident.made_sla.has_value()) {
        ++agreement.undecided;
        continue;
      }
      Agreement::Cell& cell = agreement.cells[incident.impact];
      ++(in_time ? (*incident.made_sla ? cell.in_time_in_time : cell.in_time_late)
                 : (*incident.made_sla ? cell.late_in_time : cell.late_late));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return agreement;
}

namespace {

void AppendAgreement(const Agreement& agreement, std::string& text) {
  absl::StrAppendFormat(&text, "\nagreement with the log's made_sla, policy %s\n",
                        agreement.policy);
  absl::StrAppendFormat(&text, "  %-10s %12s %12s %12s %12s %10s\n", "priority", "in time",
                        "in time", "late", "late", "");
  absl::StrAppendFormat(&text, "  %-10s %12s %12s %12s %12s %10s\n", "", "log: yes", "log: no",
                        "log: yes", "log: no", "agree");
  Agreement::Cell sum;
  const auto line = [&text](absl::string_view name, const Agreement::Cell& cell) {
    absl::StrAppendFormat(&text, "  %-10s %12d %12d %12d %12d %9.2f%%\n", name,
                          cell.in_time_in_time, cell.in_time_late, cell.late_in_time,
                          cell.late_late,
                          100.0 * static_cast<double>(cell.agree()) /
                              static_cast<double>(std::max<int64_t>(cell.all(), 1)));
  };
  for (auto it = agreement.cells.rbegin(); it != agreement.cells.rend(); ++it) {
    std::string name = type::v1::ImpactClass_Name(it->first);
    line(name.substr(name.rfind('_') + 1), it->second);
    sum.in_time_in_time += it->second.in_time_in_time;
    sum.in_time_late += it->second.in_time_late;
    sum.late_in_time += it->second.late_in_time;
    sum.late_late += it->second.late_late;
  }
  line("all", sum);
  if (agreement.undecided > 0) {
    absl::StrAppendFormat(&text, "  %d items are not decided\n", agreement.undecided);
  }
  if (agreement.differs > 0) {
    absl::StrAppendFormat(&text, "  %d dry runs DIFFER from what was\n", agreement.differs);
  }
}

}  // namespace

std::string FormatSla(const SlaReport& report) {
  constexpr size_t kMostShown = 20;
  std::string text = absl::StrFormat(
      "clocks: %d, of which %d have stopped; together %s of working time (%.1f s to read)\n",
      report.clocks, report.stopped, absl::FormatDuration(report.elapsed),
      absl::ToDoubleSeconds(report.reading));
  absl::StrAppendFormat(&text, "  the same after a restart of everything          %8d of %d\n",
                        report.same_after_restart, report.clocks);
  absl::StrAppendFormat(&text, "  the same by work_routing's journal alone        %8d of %d\n",
                        report.same_by_journal, report.clocks);
  if (report.trouble.empty()) {
    absl::StrAppend(&text,
                    "  intervals, legs and parties each add up to the elapsed time, to the "
                    "microsecond, in all of them\n");
  }
  for (size_t i = 0; i < std::min(report.trouble.size(), kMostShown); ++i) {
    absl::StrAppend(&text, "  ", report.trouble[i], "\n");
  }
  if (report.trouble.size() > kMostShown) {
    absl::StrAppendFormat(&text, "  and %d more\n", report.trouble.size() - kMostShown);
  }
  for (const Agreement& agreement : report.agreements) AppendAgreement(agreement, text);
  return text;
}

}  // namespace tideline::replay
