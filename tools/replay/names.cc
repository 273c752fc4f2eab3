// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace tideline::replay {

std::string HashedId(absl::string_view prefix, absl::string_view name) {
  const std::string digest = Sha256(absl::StrCat(prefix, ":", name));
  return absl::StrCat(prefix, "-", absl::BytesToHexString(digest.substr(0, 6)));
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
