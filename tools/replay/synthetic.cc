// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/synthetic.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/replay/names.h"
#include "tools/replay/parties.h"

namespace tideline::replay {
namespace {

struct Place {
  absl::string_view name;
  absl::string_view country;
  absl::string_view time_zone;
  absl::string_view organization;
  int first_hour;  // UTC; each site's shift is eight hours
};
constexpr std::array<Place, 3> kPlaces = {{
    {"Pune", "IN", "Asia/Kolkata", "Harbour Services", 2},
    {"Krakow", "PL", "Europe/Warsaw", "Harbour Services", 10},
    {"Recife", "BR", "America/Recife", "Northern Freight", 18},
}};
constexpr std::array<absl::string_view, 8> kSkills = {"billing",        "network", "warehouse-app",
                                                      "fleet-tracking", "payroll", "access",
                                                      "printing",       "mail"};
constexpr std::array<absl::string_view, 6> kPeople = {"ada", "bo", "chi", "dee", "eli", "fay"};
constexpr int kLevels = 2;
constexpr int kMostWork = 6;  // stints of work between arrival and a result

// Chance by numbers that every standard library draws alike; std's distributions differ.
class Chance {
 public:
  explicit Chance(uint64_t seed) : draw_(seed) {}
  int Below(int n) { return static_cast<int>(draw_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937_64 draw_;
};

class Day {
 public:
  explicit Day(const SampleOptions& options) : options_(options), chance_(options.seed) {
    for (size_t place = 0; place < kPlaces.size(); ++place) {
      for (int level = 0; level < kLevels; ++level) teams_[place][level] = MakeTeam(place, level);
    }
  }

  Log Make() {
    for (int i = 0; i < options_.incidents; ++i) {
      log_.incidents.push_back(MakeIncident(i));
      log_.rows += static_cast<int64_t>(log_.incidents.back().observations.size());
    }
    parties_.Finish(log_);
    log_.source = "sample";
    return std::move(log_);
  }

 private:
  struct Members {
    Index team = kNone;
    std::array<Index, kPeople.size()> experts;
  };

  Members MakeTeam(size_t place, int level) {
    const Place& at = kPlaces[place];
    Members members;
    members.team = parties_.Team(absl::StrCat(at.name, " L", level + 1));
    parties_.Vote(members.team, parties_.Organization(at.organization),
                  parties_.Site(at.name, at.country, at.time_zone),
                  static_cast<type::v1::Level>(type::v1::LEVEL_PRACTITIONER + level));
    for (size_t i = 0; i < kPeople.size(); ++i) {
      members.experts[i] = parties_.Expert(members.team, kPeople[i]);
    }
    return members;
  }

  // The site that is awake: shifts begin at 2, 10 and 18 h UTC.
  static size_t PlaceAt(absl::Time time) {
    const int hour = absl::ToCivilHour(time, absl::UTCTimeZone()).hour();
    for (size_t i = kPlaces.size(); i-- > 0;) {
      if (hour >= kPlaces[i].first_hour) return i;
    }
    return kPlaces.size() - 1;
  }

  Incident MakeIncident(int number) {
    Incident incident;
    incident.id = IncidentId(absl::StrFormat("SAMPLE-%04d", number + 1));
    incident.skill = parties_.Skill(kSkills[chance_.Below(kSkills.size())]);
    incident.impact = static_cast<type::v1::ImpactClass>(1 + std::min(chance_.Below(6), 3));
    incident.priority = static_cast<type::v1::Priority>(1 + chance_.Below(4));
    now_ = absl::FromCivil(absl::CivilDay(2030, 3, 4), absl::UTCTimeZone()) +
           absl::Minutes(chance_.Below(24 * 60)) + absl::Seconds(chance_.Below(60));
    place_ = PlaceAt(now_);
    level_ = 0;
    person_ = kNone;
    See(incident, Phase::kQueued);
    Work(incident);
    if (incident.observations.back().phase != Phase::kResolved) return incident;
    while (chance_.OneIn(11)) {  // the client is not content
      Pass(24 * 60);
      place_ = PlaceAt(now_);
      See(incident, Phase::kQueued);
      Work(incident);
      if (incident.observations.back().phase != Phase::kResolved) return incident;
    }
    if (!chance_.OneIn(40)) {
      Pass(36 * 60);
      person_ = kNone;
      See(incident, Phase::kClosed);
    }
    return incident;
  }

  // From a queue to a result; now and then it stays open or is given up.
  void Work(Incident& incident) {
    for (int stint = 0; stint < kMostWork; ++stint) {
      Pass(20);
      if (incident.observations.back().phase == Phase::kQueued && PlaceAt(now_) != place_) {
        place_ = PlaceAt(now_);  // the sun has moved on before anybody took it
        See(incident, Phase::kQueued);
        continue;
      }
      TakeUp(incident);
      Pass(90);
      const int turn = chance_.Below(20);
      if (PlaceAt(now_) != place_) {
        HandOn(incident);
      } else if (turn < 3 && level_ == 0) {
        Shift(incident, 1);  // needs a specialist
      } else if (turn < 5 && level_ == 1) {
        Shift(incident, 0);  // sent back
      } else if (turn == 5) {
        person_ = kNone;
        See(incident, Phase::kQueued);  // released
      } else if (turn == 6 && chance_.OneIn(4)) {
        See(incident, Phase::kCancelled);
        return;
      } else if (turn == 7 && chance_.OneIn(3)) {
        return;  // still open at the end
      } else if (turn > 9 || stint + 1 == kMostWork) {
        See(incident, Phase::kResolved);
        return;
      }
    }
    TakeUp(incident);
    See(incident, Phase::kResolved);
  }

  void TakeUp(Incident& incident) {
    person_ = teams_[place_][level_].experts[chance_.Below(kPeople.size())];
    See(incident, Phase::kWorking);
    if (chance_.OneIn(6)) {
      Pass(30);
      See(incident, Phase::kWaiting);
      Pass(120);
      See(incident, Phase::kWorking);
    }
  }

  void HandOn(Incident& incident) {
    place_ = PlaceAt(now_);
    person_ = kNone;
    See(incident, Phase::kQueued);
  }

  void Shift(Incident& incident, int level) {
    level_ = level;
    person_ = kNone;
    See(incident, Phase::kQueued);
  }

  void See(Incident& incident, Phase phase) {
    incident.observations.push_back({now_, phase, teams_[place_][level_].team, person_});
  }

  // Up to `minutes`, to the second, at least one minute.
  void Pass(int minutes) { now_ += absl::Minutes(1) + absl::Seconds(chance_.Below(minutes * 60)); }

  SampleOptions options_;
  Chance chance_;
  Parties parties_{Parties::Names::kReadable};
  std::array<std::array<Members, kLevels>, kPlaces.size()> teams_;
  Log log_;
  absl::Time now_;
  size_t place_ = 0;
  int level_ = 0;
  Index person_ = kNone;
};

}  // namespace

Log MakeSample(const SampleOptions& options) { return Day(options).Make(); }

}  // namespace tideline::replay
