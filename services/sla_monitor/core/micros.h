// SPDX-License-Identifier: Apache-2.0
// Instants and durations as the monitor keeps them: whole microseconds, as calendars count, so that
// sums are exact. 0 is "unset" for an instant; nothing in Tideline happens in 1970. Pure.
#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace tideline::sla_monitor {

using Micros = int64_t;
inline constexpr Micros kUnset = 0;
inline constexpr Micros kNever = std::numeric_limits<Micros>::max();
inline constexpr Micros kMicrosPerSecond = 1'000'000;

// Rounded down; InfiniteFuture becomes kNever.
inline Micros ToMicros(absl::Time time) {
  return time == absl::InfiniteFuture() ? kNever : absl::ToUnixMicros(time);
}
inline absl::Time FromMicros(Micros micros) {
  return micros == kNever ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}
inline Micros ToMicros(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}
inline Micros ToMicros(const google::protobuf::Duration& duration) {
  return duration.seconds() * kMicrosPerSecond + duration.nanos() / 1000;
}
inline void SetTime(Micros micros, google::protobuf::Timestamp* time) {
  time->set_seconds(micros / kMicrosPerSecond);
  time->set_nanos(static_cast<int32_t>(micros % kMicrosPerSecond * 1000));
}
inline void SetDuration(Micros micros, google::protobuf::Duration* duration) {
  duration->set_seconds(micros / kMicrosPerSecond);
  duration->set_nanos(static_cast<int32_t>(micros % kMicrosPerSecond * 1000));
}

}  // namespace tideline::sla_monitor
