// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/names.h"

#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tideline::replay {

std::string HashedId(absl::string_view prefix, absl::string_view name) {
  const std::string keyed = absl::StrCat(prefix, ":", name);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(keyed.data()), keyed.size(), digest);
  const absl::string_view head(reinterpret_cast<const char*>(digest), 6);
  return absl::StrCat(prefix, "-", absl::BytesToHexString(head));
}

std::string ReadableId(absl::string_view name) {
  std::string id;
  for (char c : name) {
    id.push_back(absl::ascii_isalnum(c) ? absl::ascii_tolower(c) : '-');
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

std::string IncidentId(absl::string_view number) {
  const std::string id = ReadableId(number);
  return !id.empty() && absl::ascii_isalpha(id.front()) ? id : absl::StrCat("sr-", id);
}

}  // namespace tideline::replay
