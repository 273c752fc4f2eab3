// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/digest.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace tideline::work_routing {

std::string ChecksumOf(const v1::Result& result) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps in order of their keys
    result.SerializeToCodedStream(&coded);
  }
  return absl::BytesToHexString(Sha256(bytes));
}

absl::Status CheckAttributes(const google::protobuf::Map<std::string, std::string>& attributes,
                             absl::string_view field) {
  if (attributes.size() > kMaxAttributes) {
    return InvalidField(
        field, absl::StrCat("has ", attributes.size(), " entries; the limit is ", kMaxAttributes));
  }
  // The first in order, so that the same request always names the same field.
  const std::string* bad = nullptr;
  for (const auto& [key, value] : attributes) {
    const bool fits =
        !key.empty() && key.size() <= kMaxAttributeKeyBytes && value.size() <= kMaxAttributeBytes;
    if (!fits && (bad == nullptr || key < *bad)) bad = &key;
  }
  if (bad == nullptr) return absl::OkStatus();
  return InvalidField(absl::StrCat(field, "[\"", bad->substr(0, kMaxAttributeKeyBytes), "\"]"),
                      absl::StrCat("keys are 1 to ", kMaxAttributeKeyBytes,
                                   " bytes and values at most ", kMaxAttributeBytes));
}

}  // namespace tideline::work_routing
