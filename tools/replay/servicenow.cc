// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/servicenow.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "tools/replay/csv.h"
#include "tools/replay/names.h"
#include "tools/replay/parties.h"

namespace tideline::replay {
namespace {

enum Column {
  kNumber,
  kState,
  kReopens,
  kTime,
  kLocation,
  kCategory,
  kSubcategory,
  kPriority,
  kGroup,
  kPerson,
  kMadeSla
};
constexpr absl::string_view kColumns[] = {
    "number",      "incident_state", "reopen_count",     "sys_updated_at", "location", "category",
    "subcategory", "priority",       "assignment_group", "assigned_to",    "made_sla",
};

constexpr absl::string_view kMissing = "?";
constexpr absl::string_view kUnrecorded = "unrecorded";

bool PhaseOf(absl::string_view state, Phase before, Phase* phase) {
  if (state == "New") {
    *phase = Phase::kQueued;
  } else if (state == "Active") {
    *phase = Phase::kWorking;
  } else if (absl::StartsWith(state, "Awaiting ")) {
    *phase = Phase::kWaiting;
  } else if (state == "Resolved") {
    *phase = Phase::kResolved;
  } else if (state == "Closed") {
    *phase = Phase::kClosed;
  } else if (state == "-100") {  // the instance's own word for "no state"
    *phase = before;
  } else {
    return false;
  }
  return true;
}

bool SetPriority(absl::string_view text, Incident& incident) {
  if (absl::StartsWith(text, "1 ")) {
    incident.impact = type::v1::IMPACT_CLASS_CRITICAL;
    incident.priority = type::v1::PRIORITY_URGENT;
  } else if (absl::StartsWith(text, "2 ")) {
    incident.impact = type::v1::IMPACT_CLASS_HIGH;
    incident.priority = type::v1::PRIORITY_HIGH;
  } else if (absl::StartsWith(text, "3 ")) {
    incident.impact = type::v1::IMPACT_CLASS_MEDIUM;
    incident.priority = type::v1::PRIORITY_NORMAL;
  } else if (absl::StartsWith(text, "4 ")) {
    incident.impact = type::v1::IMPACT_CLASS_LOW;
    incident.priority = type::v1::PRIORITY_LOW;
  } else {
    return false;
  }
  return true;
}

// One row whose team is not known yet: the group may be named by a later row only.
struct Pending {
  Observation seen;
  std::string person;
  std::string location;
};

class Reader {
 public:
  explicit Reader(std::unique_ptr<ByteSource> source) : rows_(std::move(source)) {}

  absl::StatusOr<Log> Read() {
    TL_RETURN_IF_ERROR(rows_.Header(kColumns));
    while (true) {
      TL_ASSIGN_OR_RETURN(const bool more, rows_.Next());
      if (!more) break;
      ++log_.rows;
      TL_RETURN_IF_ERROR(Row());
    }
    if (log_.incidents.empty()) return absl::InvalidArgumentError("the log has no rows");
    CloseIncident();
    parties_.Finish(log_);
    log_.source = "servicenow";
    return std::move(log_);
  }

 private:
  absl::Status Bad(Column column) const {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", rows_.line(), ": '", kColumns[column], "' is '", rows_[column], "'"));
  }

  absl::Status OpenIncident(std::string id) {
    if (!log_.incidents.empty()) CloseIncident();
    if (rows_[kNumber].empty() || !seen_.insert(id).second) return Bad(kNumber);
    Incident& incident = log_.incidents.emplace_back();
    incident.id = std::move(id);
    incident.skill = parties_.Skill(absl::StrCat(rows_[kCategory], "/", rows_[kSubcategory]));
    incident.reopens_recorded = 0;
    if (!SetPriority(rows_[kPriority], incident)) return Bad(kPriority);
    return absl::OkStatus();
  }

  absl::Status Row() {
    std::string id = IncidentId(rows_[kNumber]);
    if (log_.incidents.empty() || log_.incidents.back().id != id) {
      TL_RETURN_IF_ERROR(OpenIncident(std::move(id)));
    }
    Incident& incident = log_.incidents.back();
    Pending row;
    std::string why;
    if (!absl::ParseTime("%d/%m/%Y %H:%M", rows_[kTime], zone_, &row.seen.at, &why)) {
      return Bad(kTime);
    }
    int reopens = 0;
    if (!absl::SimpleAtoi(rows_[kReopens], &reopens) || reopens < 0) return Bad(kReopens);
    // The last row's word: it turns when the time is over.
    if (rows_[kMadeSla] != "true" && rows_[kMadeSla] != "false") return Bad(kMadeSla);
    incident.made_sla = rows_[kMadeSla] == "true";
    incident.reopens_recorded = std::max(incident.reopens_recorded, reopens);
    Phase before = Phase::kQueued;
    if (!rows_of_incident_.empty()) {
      before = rows_of_incident_.back().seen.phase;
      // One row of the file is stamped before its predecessor; the order of the file stands.
      row.seen.at = std::max(row.seen.at, rows_of_incident_.back().seen.at);
      row.seen.team = rows_of_incident_.back().seen.team;
    }
    if (!PhaseOf(rows_[kState], before, &row.seen.phase)) return Bad(kState);
    if (rows_[kGroup] != kMissing) row.seen.team = parties_.Team(rows_[kGroup]);
    if (rows_[kPerson] != kMissing) row.person = std::string(rows_[kPerson]);
    if (rows_[kLocation] != kMissing) row.location = std::string(rows_[kLocation]);
    rows_of_incident_.push_back(std::move(row));
    return absl::OkStatus();
  }

  void CloseIncident() {
    Index first = kNone;
    for (const Pending& row : rows_of_incident_) {
      if (first == kNone) first = row.seen.team;
    }
    if (first == kNone) first = parties_.Team(kUnrecorded);
    const Index organization = parties_.Organization("operator");
    for (Pending& row : rows_of_incident_) {
      if (row.seen.team == kNone) row.seen.team = first;
      if (!row.person.empty()) row.seen.expert = parties_.Expert(row.seen.team, row.person);
      parties_.Vote(row.seen.team, organization,
                    row.location.empty() ? kNone : parties_.Site(row.location, "ZZ", "UTC"),
                    type::v1::LEVEL_PRACTITIONER);
      log_.incidents.back().observations.push_back(row.seen);
    }
    rows_of_incident_.clear();
  }

  const absl::TimeZone zone_ = absl::FixedTimeZone(3600);
  CsvReader rows_;
  Parties parties_;
  Log log_;
  std::vector<Pending> rows_of_incident_;
  absl::flat_hash_set<std::string> seen_;
};

}  // namespace

absl::StatusOr<Log> ReadServiceNow(std::unique_ptr<ByteSource> source) {
  return Reader(std::move(source)).Read();
}

}  // namespace tideline::replay
