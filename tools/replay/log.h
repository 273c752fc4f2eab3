// SPDX-License-Identifier: Apache-2.0
// A log of work that was done somewhere, in one shape for every source: who the parties were, and
// for each incident what was observed of it, in order.
//
// Names are hashed when a log is read (see names.h): nothing in here, and so nothing that is sent
// or printed, holds a name of a person, team or company. Plain data; no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tideline/type/v1/values.pb.h"

namespace tideline::replay {

// Indexes into the vectors of a Log; kNone where the log does not say.
using Index = int32_t;
inline constexpr Index kNone = -1;

struct Organization {
  std::string id;  // resource id, from the hashed name
};

struct Site {
  std::string id;
  std::string country;    // ISO 3166-1 alpha-2; "ZZ" where the log has none
  std::string time_zone;  // IANA
};

struct Team {
  std::string id;
  Index organization = kNone;
  Index site = kNone;
  type::v1::Level level = type::v1::LEVEL_UNSPECIFIED;  // of support, as most of its rows say
};

struct Expert {
  std::string id;
  Index team = kNone;
  // Stands in for people of the team whom the log does not name (or names as "the system").
  bool desk = false;
};

struct Skill {
  std::string id;
};

// What an incident is in, after an observation.
enum class Phase {
  kQueued,     // in a team's queue, nobody works on it
  kWorking,    // somebody has it
  kWaiting,    // somebody has it and waits for something
  kResolved,   // there is a result
  kClosed,     // the result was accepted
  kCancelled,  // given up
};

// One row of a log.
struct Observation {
  absl::Time at;  // never before the incident's previous one
  Phase phase = Phase::kQueued;
  Index team = kNone;    // accountable team; never kNone
  Index expert = kNone;  // who acted for that team; kNone: not named, or the system
};

struct Incident {
  std::string id;  // resource id, from the incident's number
  Index skill = kNone;
  type::v1::ImpactClass impact = type::v1::IMPACT_CLASS_UNSPECIFIED;
  type::v1::Priority priority = type::v1::PRIORITY_UNSPECIFIED;
  std::optional<bool> made_sla;  // whether it was in time, as the source says; unset: it does not
  int reopens_recorded = kNone;  // as the source itself counted; kNone when it does not count
  std::vector<Observation> observations;  // at least one
};

struct Log {
  std::string source;  // "vinst", "servicenow", "sample"
  int64_t rows = 0;    // rows read, whether or not they became observations
  std::vector<Organization> organizations;
  std::vector<Site> sites;
  std::vector<Team> teams;
  std::vector<Expert> experts;
  std::vector<Skill> skills;
  std::vector<Incident> incidents;  // in order of the file
};

}  // namespace tideline::replay
