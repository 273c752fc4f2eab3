// SPDX-License-Identifier: Apache-2.0
#include "common/journal/record.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/crc32c.h"
#include "common/journal/journal.h"

namespace tideline::journal {
namespace {

uint32_t Sum(absl::string_view kind, absl::string_view id, absl::string_view value) {
  // A separator that no kind contains, so that ("ab", "c") and ("a", "bc") differ.
  Crc32c crc;
  crc.Add(kind);
  crc.Add(absl::string_view("\0", 1));
  crc.Add(id);
  crc.Add(absl::string_view("\0", 1));
  crc.Add(value);
  return crc.value();
}

}  // namespace

void EncodeRecord(absl::string_view kind, absl::string_view id, absl::string_view value,
                  char* out) {
  const uint32_t sum = Sum(kind, id, value);
  out[0] = static_cast<char>(kFormat);
  for (int i = 0; i < 4; ++i) out[1 + i] = static_cast<char>(sum >> (8 * i));
  if (!value.empty()) std::memcpy(out + kRecordHeaderBytes, value.data(), value.size());
}

absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view kind, absl::string_view id,
                                               absl::string_view stored) {
  const auto name = [&] { return absl::StrCat("record ", kind, "/", absl::CHexEscape(id)); };
  if (stored.size() < kRecordHeaderBytes) {
    return absl::DataLossError(absl::StrCat(name(), " is cut short: ", stored.size(), " bytes"));
  }
  const auto format = static_cast<uint8_t>(stored[0]);
  if (format == 0) return absl::DataLossError(absl::StrCat(name(), " has no format"));
  if (format > kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat(name(), " has format ", format, "; this version reads up to ", kFormat));
  }
  uint32_t sum = 0;
  for (int i = 0; i < 4; ++i) sum |= uint32_t{static_cast<uint8_t>(stored[1 + i])} << (8 * i);
  const absl::string_view value = stored.substr(kRecordHeaderBytes);
  if (Sum(kind, id, value) != sum) {
    return absl::DataLossError(absl::StrCat(name(), " does not match its checksum"));
  }
  return value;
}

}  // namespace tideline::journal
