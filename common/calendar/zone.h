// SPDX-License-Identifier: Apache-2.0
// The changes of a zone's offset from UTC, as a table. Zones are loaded once per process and kept:
// there are as many as the installation's zone data has files, some 600 of at most 8 KiB each.
// Any thread. Loading reads files; a zone that is loaded costs a look-up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tideline::calendar {

// The time that calendars cover, in microseconds of Unix time: 1970 to 2199. Prefix sums stay far
// from overflow, and no zone's law reaches further.
inline constexpr int64_t kBegin = 0;
inline constexpr int64_t kEnd = 7'258'118'400'000'000;  // 2200-01-01T00:00:00Z

// From `from` on the zone's clock shows UTC plus `offset`. Microseconds.
struct OffsetSpan {
  int64_t from = 0;
  int64_t offset = 0;
};
struct Zone {
  std::vector<OffsetSpan> spans;  // the first begins at kBegin
};

// Null if `name` is not an IANA name or the installation has no such zone. Names that mean
// something else elsewhere ("localtime", paths, "right/...") are no IANA names.
std::shared_ptr<const Zone> FindZone(absl::string_view name);

// The edition of the installation's zone data, such as "2024a"; empty if there is none, and then
// only "UTC" is found: a service that keeps clocks should not start.
std::string ZoneDataVersion();

// FAILED_PRECONDITION that says what to install when there is no zone data. Services that keep
// clocks ask before they start: every zone would be unknown, or UTC silently elsewhere. A stored
// calendar whose zone is missing alone stops the partition that loads it.
absl::Status RequireZoneData();

}  // namespace tideline::calendar
