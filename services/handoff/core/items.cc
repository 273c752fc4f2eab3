// SPDX-License-Identifier: Apache-2.0
#include "services/handoff/core/items.h"

#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tideline::handoff {

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto.set_seconds(seconds);
  proto.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds))));
}

absl::string_view WorkspaceName(absl::string_view name) {
  return name.substr(0, name.find('/', sizeof("workspaces/") - 1));
}

absl::string_view LastSegment(absl::string_view name) { return name.substr(name.rfind('/') + 1); }

bool SameTeam(const v1::Party& a, const v1::Party& b) { return a.team() == b.team(); }

void FillStanding(const v1::Handoff& handoff, v1::HandoffStanding& standing) {
  using google::protobuf::FieldDescriptor;
  // Pairs of fields of the same name; worked out once.
  static const auto& pairs = *[] {
    auto* made = new std::vector<std::pair<const FieldDescriptor*, const FieldDescriptor*>>();
    const auto* to = v1::HandoffStanding::descriptor();
    for (int i = 0; i < to->field_count(); ++i) {
      made->emplace_back(v1::Handoff::descriptor()->FindFieldByName(to->field(i)->name()),
                         to->field(i));
    }
    return made;
  }();
  const auto* in = handoff.GetReflection();
  const auto* out = standing.GetReflection();
  standing.Clear();
  for (const auto& [from, to] : pairs) {
    if (from->is_repeated()) {
      const int count = in->FieldSize(handoff, from);
      for (int i = 0; i < count; ++i) {
        if (from->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
          out->AddEnumValue(&standing, to, in->GetRepeatedEnumValue(handoff, from, i));
        } else {
          out->AddMessage(&standing, to)->CopyFrom(in->GetRepeatedMessage(handoff, from, i));
        }
      }
      continue;
    }
    switch (from->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (in->HasField(handoff, from)) {
          out->MutableMessage(&standing, to)->CopyFrom(in->GetMessage(handoff, from));
        }
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        out->SetString(&standing, to, in->GetString(handoff, from));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        out->SetInt32(&standing, to, in->GetInt32(handoff, from));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        out->SetBool(&standing, to, in->GetBool(handoff, from));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        out->SetEnumValue(&standing, to, in->GetEnumValue(handoff, from));
        break;
      default:
        break;
    }
  }
}

}  // namespace tideline::handoff
