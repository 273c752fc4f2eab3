// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/vinst.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "tools/replay/countries.h"
#include "tools/replay/csv.h"
#include "tools/replay/names.h"
#include "tools/replay/parties.h"

namespace tideline::replay {
namespace {

enum Column {
  kNumber,
  kTime,
  kStatus,
  kSub,
  kOrg,
  kTeam,
  kLevel,
  kImpact,
  kProduct,
  kCountry,
  kOwner
};
constexpr absl::string_view kColumns[] = {
    "SR Number",        "Change Date+Time", "Status",           "Sub Status", "Involved Org line 3",
    "Involved ST",      "ST Level",         "SR Latest Impact", "Product",    "Owner Country",
    "Owner First Name",
};

constexpr absl::string_view kSystem = "Siebel";

// kUnchanged: a row that says nothing of where the work stands.
enum class Said { kUnknown, kUnchanged, kPhase };

Said PhaseOf(absl::string_view status, absl::string_view sub, Phase* phase) {
  if (status == "Unmatched") return Said::kUnchanged;
  if (status == "Queued") {
    *phase = Phase::kQueued;
  } else if (status == "Accepted") {
    *phase = absl::StartsWith(sub, "Wait") ? Phase::kWaiting : Phase::kWorking;
  } else if (status == "Completed") {
    *phase = sub == "Closed"      ? Phase::kClosed
             : sub == "Cancelled" ? Phase::kCancelled
                                  : Phase::kResolved;
  } else {
    return Said::kUnknown;
  }
  return Said::kPhase;
}

std::optional<type::v1::ImpactClass> ImpactOf(absl::string_view text) {
  if (text == "Low") return type::v1::IMPACT_CLASS_LOW;
  if (text == "Medium") return type::v1::IMPACT_CLASS_MEDIUM;
  if (text == "High") return type::v1::IMPACT_CLASS_HIGH;
  if (text == "Major") return type::v1::IMPACT_CLASS_CRITICAL;
  return std::nullopt;
}

std::optional<type::v1::Level> LevelOf(absl::string_view text) {
  if (text == "L1") return type::v1::LEVEL_PRACTITIONER;
  if (text == "L2") return type::v1::LEVEL_PROFICIENT;
  if (text == "L3" || text == "L2/L3") return type::v1::LEVEL_EXPERT;
  return std::nullopt;
}

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
    parties_.Finish(log_);
    log_.source = "vinst";
    return std::move(log_);
  }

 private:
  absl::Status Bad(Column column) const {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", rows_.line(), ": '", kColumns[column], "' is '", rows_[column], "'"));
  }

  // The incident of this row. Rows of one incident stand together; a number that comes back later
  // means that the file is sorted another way.
  absl::StatusOr<Incident*> Current() {
    const std::string id = IncidentId(rows_[kNumber]);
    if (!log_.incidents.empty() && log_.incidents.back().id == id) return &log_.incidents.back();
    if (rows_[kNumber].empty() || !seen_.insert(id).second) return Bad(kNumber);
    Incident& incident = log_.incidents.emplace_back();
    incident.id = id;
    incident.skill = parties_.Skill(rows_[kProduct]);
    const auto impact = ImpactOf(rows_[kImpact]);
    if (!impact) return Bad(kImpact);
    incident.impact = *impact;
    incident.priority = type::v1::PRIORITY_NORMAL;
    return &incident;
  }

  absl::Status Row() {
    TL_ASSIGN_OR_RETURN(Incident* const incident, Current());
    Observation now;
    std::string why;
    if (!absl::ParseTime(absl::RFC3339_full, rows_[kTime], &now.at, &why)) return Bad(kTime);
    auto& past = incident->observations;
    if (!past.empty() && now.at < past.back().at) return Bad(kTime);
    if (rows_[kTeam].empty()) return Bad(kTeam);
    now.team = parties_.Team(rows_[kTeam]);
    const auto level = LevelOf(rows_[kLevel]);
    if (!level) return Bad(kLevel);
    const Country country = FindCountry(rows_[kCountry]);
    parties_.Vote(
        now.team, parties_.Organization(rows_[kOrg]),
        country.code == "ZZ" ? kNone : parties_.Site(country.code, country.code, country.time_zone),
        *level);
    const Said said = PhaseOf(rows_[kStatus], rows_[kSub], &now.phase);
    if (said == Said::kUnknown) return Bad(kStatus);
    if (said == Said::kUnchanged && !past.empty()) now.phase = past.back().phase;
    // In a Queued row the owner is who put it into the queue, not somebody of that team.
    if (said == Said::kPhase && now.phase != Phase::kQueued && rows_[kOwner] != kSystem) {
      now.expert = parties_.Expert(now.team, absl::StrCat(rows_[kCountry], "/", rows_[kOwner]));
    }
    past.push_back(now);
    return absl::OkStatus();
  }

  CsvReader rows_;
  Parties parties_;
  Log log_;
  absl::flat_hash_set<std::string> seen_;
};

}  // namespace

absl::StatusOr<Log> ReadVinst(std::unique_ptr<ByteSource> source) {
  return Reader(std::move(source)).Read();
}

}  // namespace tideline::replay
