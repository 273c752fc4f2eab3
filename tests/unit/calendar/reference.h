// SPDX-License-Identifier: Apache-2.0
// Working time the slow way: minute by minute, from the rules as their proto reads, without
// anything of common/calendar. What the fast way is held against. Valid where offsets are whole
// minutes (all zones since 1972).
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tideline/type/v1/calendar.pb.h"

namespace tideline::testing {

// The zones of tz-transitions.txt: half-hour and 45-minute zones, zones that skipped a day, DST at
// midnight, DST of half an hour, DST abolished and taken up again.
absl::Span<const absl::string_view> Zones();

// Whether the calendar is open at the instant, read from the rules.
bool OpenByRules(const type::v1::CalendarRules& rules, const absl::TimeZone& zone, absl::Time at);

// A window of minutes, each open or not.
class Reference {
 public:
  Reference(absl::Time from, int minutes) : from_(from), open_(minutes, false) {}
  // Opens what the rules open.
  void Add(const type::v1::CalendarRules& rules, const absl::TimeZone& zone);
  // To be called once after the last Add.
  void Sum();

  absl::Time from() const { return from_; }
  int minutes() const { return static_cast<int>(open_.size()); }
  absl::Time time(int minute) const { return from_ + absl::Minutes(minute); }
  bool open(int minute) const { return open_[minute]; }
  // Open minutes before `minute`.
  int worked(int minute) const { return worked_[minute]; }

 private:
  absl::Time from_;
  std::vector<bool> open_;
  std::vector<int> worked_;
};

// Deterministic from the seed on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // 0 to below - 1.
  int64_t Below(int64_t below) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(below));
  }
  bool Chance(int percent) { return Below(100) < percent; }
  absl::Duration Within(absl::Duration most) {
    return absl::Microseconds(Below(absl::ToInt64Microseconds(most) + 1));
  }

 private:
  std::mt19937_64 engine_;
};

// Rules with up to 12 stretches a week, some over midnight, and holidays, half days and exceptions
// within the 10 days around `near`.
type::v1::CalendarRules RandomRules(Random& random, absl::string_view zone, absl::CivilDay near);

}  // namespace tideline::testing
