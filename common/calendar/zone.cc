// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/zone.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tideline::calendar {
namespace {

constexpr size_t kMaxName = 64;  // the longest in use has 32 characters

// Files beside the zones that are not zones, or differ from machine to machine.
bool IsZoneName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxName || !absl::ascii_isalpha(name.front())) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '/' && c != '_' && c != '-' && c != '+') return false;
  }
  return !absl::StartsWith(name, "right/") && !absl::StartsWith(name, "posix/") &&
         name != "localtime" && name != "posixrules" && name != "Factory";
}

// Abseil remembers also the names it did not find, without bound; so it is asked only for names
// that are there.
std::string FileOf(absl::string_view name) {
  const char* folder = std::getenv("TZDIR");
  return absl::StrCat(folder == nullptr ? "/usr/share/zoneinfo" : folder, "/", name);
}
bool HasFile(absl::string_view name) { return access(FileOf(name).c_str(), R_OK) == 0; }

std::shared_ptr<const Zone> Load(absl::string_view name) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (name != "UTC" && (!HasFile(name) || !absl::LoadTimeZone(name, &zone))) return nullptr;
  auto table = std::make_shared<Zone>();
  absl::Time at = absl::FromUnixMicros(kBegin);
  const absl::Time end = absl::FromUnixMicros(kEnd);
  const auto offset = [&zone](absl::Time time) {
    return int64_t{zone.At(time).offset} * 1'000'000;
  };
  table->spans.push_back({kBegin, offset(at)});
  absl::TimeZone::CivilTransition change;
  while (zone.NextTransition(at, &change)) {
    // The earlier of the two readings is one that the clock skips, or the first that it repeats:
    // asking for it gives the instant of the change.
    at = zone.At(std::min(change.from, change.to)).trans;
    if (at >= end) break;
    if (offset(at) != table->spans.back().offset) {
      table->spans.push_back({absl::ToUnixMicros(at), offset(at)});
    }
  }
  return table;
}

struct Loaded {
  absl::Mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<const Zone>> zones ABSL_GUARDED_BY(mutex);
};

}  // namespace

std::shared_ptr<const Zone> FindZone(absl::string_view name) {
  static Loaded* loaded = new Loaded;
  if (!IsZoneName(name)) return nullptr;
  {
    absl::MutexLock lock(&loaded->mutex);
    auto it = loaded->zones.find(name);
    if (it != loaded->zones.end()) return it->second;
  }
  std::shared_ptr<const Zone> zone = Load(name);
  if (zone == nullptr) return nullptr;
  absl::MutexLock lock(&loaded->mutex);
  return loaded->zones.emplace(name, std::move(zone)).first->second;
}

std::string ZoneDataVersion() {
  if (FindZone("Europe/London") == nullptr) return "";
  std::ifstream file(FileOf("tzdata.zi"));  // its first line: "# version 2024a"
  std::string hash, word, version;
  file >> hash >> word >> version;
  return word == "version" && !version.empty() ? version : "unknown";
}

absl::Status RequireZoneData() {
  if (!ZoneDataVersion().empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("there is no time-zone data in ", FileOf(""),
                   ": install tzdata, or set TZDIR to where it is"));
}

}  // namespace tideline::calendar
