// SPDX-License-Identifier: Apache-2.0
// Instants as the Core keeps them: nanoseconds since 1970 in eight bytes, since a million items
// have a dozen each. 0 is "unset"; nothing in Tideline happens in 1970. Pure.
#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace tideline::work_routing {

using Nanos = int64_t;
inline constexpr Nanos kUnset = 0;
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr int64_t kNanosPerSecond = 1'000'000'000;

// InfiniteFuture and what lies beyond 2262 become kNever.
inline Nanos ToNanos(absl::Time time) {
  if (time >= absl::FromUnixSeconds(kNever / kNanosPerSecond)) return kNever;
  return absl::ToUnixNanos(time);
}
inline absl::Time FromNanos(Nanos nanos) {
  return nanos == kNever ? absl::InfiniteFuture() : absl::FromUnixNanos(nanos);
}

inline Nanos ToNanos(const google::protobuf::Timestamp& time) {
  if (time.seconds() >= kNever / kNanosPerSecond) return kNever;
  return time.seconds() * kNanosPerSecond + time.nanos();
}
inline Nanos ToNanos(const google::protobuf::Duration& duration) {
  return duration.seconds() * kNanosPerSecond + duration.nanos();
}
inline void SetTime(Nanos nanos, google::protobuf::Timestamp* time) {
  time->set_seconds(nanos / kNanosPerSecond);
  time->set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
}
inline void SetDuration(Nanos nanos, google::protobuf::Duration* duration) {
  duration->set_seconds(nanos / kNanosPerSecond);
  duration->set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
}

}  // namespace tideline::work_routing
