// SPDX-License-Identifier: Apache-2.0
// Forms of text. One pass each, no allocation: they run for every field of every request.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "common/rpc/resource_name.h"
#include "common/rpc/validate.h"

namespace tideline::rpc {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Whether a byte of `word` is below 0x20, or is 0x7F or 0xC2 (where C1 controls begin in UTF-8).
// False alarms are possible, misses are not.
bool Suspicious(uint64_t word) {
  const uint64_t below = (word - kOnes * 0x20) & ~word & kHighs;
  const uint64_t x = word ^ (kOnes * 0x7F);
  const uint64_t del = (x - kOnes) & ~x & kHighs;
  const uint64_t y = word ^ (kOnes * 0xC2);
  const uint64_t c1 = (y - kOnes) & ~y & kHighs;
  return (below | del | c1) != 0;
}

bool IsControlAt(absl::string_view text, size_t i) {
  const auto byte = static_cast<uint8_t>(text[i]);
  if (byte < 0x20) return byte != '\n' && byte != '\t';
  if (byte == 0x7F) return true;
  return byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0;
}

bool AllOf(absl::string_view text, size_t length, bool (*is)(unsigned char)) {
  if (text.size() != length) return false;
  for (char c : text) {
    if (!is(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool IsUpper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(unsigned char c) { return c >= 'a' && c <= 'z'; }

bool IsRequestId(absl::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text) {
    if (c < 0x21 || c > 0x7E) return false;
  }
  return true;
}

// Names of the machine's zone files. Walked once: asking the file system for every name that
// somebody sends would let callers make it work, and Abseil remembers each name it is asked for.
const absl::flat_hash_set<std::string>& KnownTimeZones() {
  static const auto* const zones = [] {
    auto* names = new absl::flat_hash_set<std::string>;
    const char* folder = getenv("TZDIR");
    const std::filesystem::path root = folder != nullptr ? folder : "/usr/share/zoneinfo";
    std::error_code error;
    std::filesystem::recursive_directory_iterator it(root, error), end;
    for (; !error && it != end; it.increment(error)) {
      const std::string name = std::filesystem::relative(it->path(), root, error).string();
      if (it->is_directory(error)) {
        // The same zones with leap seconds or without, again.
        if (name == "posix" || name == "right") it.disable_recursion_pending();
      } else if (!name.empty() && IsUpper(static_cast<unsigned char>(name[0])) &&
                 !absl::StrContains(name, '.')) {
        names->insert(name);
      }
    }
    names->insert("UTC");
    return names;
  }();
  return *zones;
}

}  // namespace

size_t FindControlCharacter(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size()) {
      uint64_t word;
      std::memcpy(&word, text.data() + i, 8);
      if (!Suspicious(word)) {
        i += 8;
        continue;
      }
    }
    const size_t stop = std::min(i + 8, text.size());
    for (; i < stop; ++i) {
      if (IsControlAt(text, i)) return i;
    }
  }
  return absl::string_view::npos;
}

bool IsKnownTimeZone(absl::string_view name) { return KnownTimeZones().contains(name); }

absl::string_view FormatFault(type::v1::Format format, absl::string_view text) {
  switch (format) {
    case type::v1::FORMAT_RESOURCE_ID:
      return IsResourceId(text)
                 ? ""
                 : "is not an id: a to z first, then a to z, 0 to 9 and -, at most 63 characters";
    case type::v1::FORMAT_RESOURCE_NAME:
      return IsNameInWorkspace(text) ? "" : "is not a resource name";
    case type::v1::FORMAT_REQUEST_ID:
      return IsRequestId(text) ? "" : "is not 1 to 64 printable ASCII characters without spaces";
    case type::v1::FORMAT_TIME_ZONE:
      return IsKnownTimeZone(text) ? "" : "is no time zone of the IANA database";
    case type::v1::FORMAT_COUNTRY:
      return AllOf(text, 2, IsUpper) ? "" : "is not an ISO 3166-1 country code, such as PL";
    case type::v1::FORMAT_CURRENCY:
      return AllOf(text, 3, IsUpper) ? "" : "is not an ISO 4217 currency code, such as EUR";
    case type::v1::FORMAT_LANGUAGE:
      return AllOf(text, 2, IsLower) ? "" : "is not an ISO 639-1 language code, such as en";
    default:
      return FindControlCharacter(text) == absl::string_view::npos
                 ? ""
                 : "has a control character other than newline and tab";
  }
}

}  // namespace tideline::rpc
