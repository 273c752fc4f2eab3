// SPDX-License-Identifier: Apache-2.0
#include "common/roster/fold.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tideline::roster {
namespace {

namespace v1 = skill_registry::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fields 1 to 4 of every resource are name, etag, create_time, update_time (resources.proto).
constexpr int kEtag = 2;
constexpr int kCreateTime = 3;
constexpr int kUpdateTime = 4;

void SetTime(Message& resource, int number, const google::protobuf::Timestamp& time) {
  const FieldDescriptor* field = resource.GetDescriptor()->FindFieldByNumber(number);
  resource.GetReflection()->MutableMessage(&resource, field)->CopyFrom(time);
}

void Stamp(const type::v1::EventHeader& header, Message& resource) {
  const auto* type = resource.GetDescriptor();
  const auto* reflection = resource.GetReflection();
  if (!reflection->HasField(resource, type->FindFieldByNumber(kCreateTime))) {
    SetTime(resource, kCreateTime, header.time());
  }
  SetTime(resource, kUpdateTime, header.time());
  reflection->SetString(&resource, type->FindFieldByNumber(kEtag),
                        absl::StrCat(header.revision().commit(), ".", header.revision().index()));
}

}  // namespace

const Message* Inner(const v1::Resource& resource) {
  const auto* reflection = resource.GetReflection();
  const FieldDescriptor* field =
      reflection->GetOneofFieldDescriptor(resource, resource.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? nullptr : &reflection->GetMessage(resource, field);
}

absl::Status Fold(const v1::Event& event, Message& resource) {
  if (event.has_created()) {
    const Message* inner = Inner(event.created().resource());
    if (inner == nullptr || inner->GetDescriptor() != resource.GetDescriptor()) {
      return absl::InvalidArgumentError("the event is about a resource of another type");
    }
    resource.CopyFrom(*inner);
    Stamp(event.header(), resource);
    return absl::OkStatus();
  }
  const Message* inner = Inner(event.changed().resource());
  if (inner == nullptr || inner->GetDescriptor() != resource.GetDescriptor()) {
    return absl::InvalidArgumentError("the event is about a resource of another type");
  }
  std::vector<const FieldDescriptor*> fields;
  fields.reserve(event.changed().fields().paths_size());
  for (const std::string& path : event.changed().fields().paths()) {
    const FieldDescriptor* field = resource.GetDescriptor()->FindFieldByName(path);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("no field \"", path, "\" in ", resource.GetDescriptor()->full_name()));
    }
    fields.push_back(field);
  }
  // The event carries the new values of these fields and nothing else, so merging it into cleared
  // fields sets exactly them.
  for (const FieldDescriptor* field : fields)
    resource.GetReflection()->ClearField(&resource, field);
  resource.MergeFrom(*inner);
  Stamp(event.header(), resource);
  return absl::OkStatus();
}

absl::StatusOr<type::v1::Revision> ParseEtag(absl::string_view etag) {
  std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(etag, absl::MaxSplits('.', 1));
  uint64_t commit = 0;
  uint32_t index = 0;
  if (!absl::SimpleAtoi(parts.first, &commit) || !absl::SimpleAtoi(parts.second, &index)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", etag, "\" is no etag"));
  }
  type::v1::Revision revision;
  revision.set_commit(commit);
  revision.set_index(index);
  return revision;
}

}  // namespace tideline::roster
