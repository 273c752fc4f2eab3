// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/event_kind.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace tideline::decision_ledger {

namespace {

using google::protobuf::internal::WireFormatLite;

// The header is field 1 of every service's Event.
constexpr int kHeaderField = 1;

// The first field that is not the header; 0: none.
int KindField(absl::string_view event) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(event.data()),
                                               static_cast<int>(event.size()));
  while (const uint32_t tag = input.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if (field != kHeaderField) return field;
    if (!WireFormatLite::SkipField(&input, tag)) return 0;
  }
  return 0;
}

}  // namespace

std::string EventKind(absl::string_view service, absl::string_view event) {
  const int field = KindField(event);
  if (field == 0) return absl::StrCat(service, ".none");
  const google::protobuf::Descriptor* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          absl::StrCat("tideline.", service, ".v1.Event"));
  const google::protobuf::FieldDescriptor* known =
      type == nullptr ? nullptr : type->FindFieldByNumber(field);
  if (known == nullptr) return absl::StrCat(service, ".", field);
  return absl::StrCat(service, ".", known->name());
}

absl::StatusOr<type::v1::EventHeader> HeaderOf(absl::string_view event) {
  type::v1::AnyEvent any;
  if (!any.ParseFromArray(event.data(), static_cast<int>(event.size()))) {
    return absl::DataLossError("does not parse");
  }
  if (any.header().workspace().empty()) return absl::DataLossError("names no workspace");
  if (any.header().revision().commit() == 0) return absl::DataLossError("has no position");
  return std::move(*any.mutable_header());
}

}  // namespace tideline::decision_ledger
