// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/mask.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "google/api/field_behavior.pb.h"

namespace tideline::skill_registry {
namespace {

using google::protobuf::Reflection;

// Fields 1 to 4 of every resource (resources.proto).
constexpr int kLastCommonField = 4;

bool Is(const FieldDescriptor* field, google::api::FieldBehavior behavior) {
  const auto& options = field->options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

bool Settable(const FieldDescriptor* field) {
  return field->number() > kLastCommonField && !Is(field, google::api::OUTPUT_ONLY);
}

bool Same(const Reflection& reflection, const Message& a, const Message& b,
          const FieldDescriptor* field, int index) {
  const bool many = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string x, y;
      return many ? reflection.GetRepeatedStringReference(a, field, index, &x) ==
                        reflection.GetRepeatedStringReference(b, field, index, &y)
                  : reflection.GetStringReference(a, field, &x) ==
                        reflection.GetStringReference(b, field, &y);
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return many ? reflection.GetRepeatedInt32(a, field, index) ==
                        reflection.GetRepeatedInt32(b, field, index)
                  : reflection.GetInt32(a, field) == reflection.GetInt32(b, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return many ? reflection.GetRepeatedInt64(a, field, index) ==
                        reflection.GetRepeatedInt64(b, field, index)
                  : reflection.GetInt64(a, field) == reflection.GetInt64(b, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return many ? reflection.GetRepeatedBool(a, field, index) ==
                        reflection.GetRepeatedBool(b, field, index)
                  : reflection.GetBool(a, field) == reflection.GetBool(b, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return many ? reflection.GetRepeatedEnumValue(a, field, index) ==
                        reflection.GetRepeatedEnumValue(b, field, index)
                  : reflection.GetEnumValue(a, field) == reflection.GetEnumValue(b, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      // No resource has a map, so equal messages have equal bytes.
      if (many) {
        return reflection.GetRepeatedMessage(a, field, index).SerializeAsString() ==
               reflection.GetRepeatedMessage(b, field, index).SerializeAsString();
      }
      if (reflection.HasField(a, field) != reflection.HasField(b, field)) return false;
      return !reflection.HasField(a, field) ||
             reflection.GetMessage(a, field).SerializeAsString() ==
                 reflection.GetMessage(b, field).SerializeAsString();
    default:
      return false;  // a type that no resource uses: taken as changed
  }
}

bool Same(const Message& a, const Message& b, const FieldDescriptor* field) {
  const Reflection& reflection = *a.GetReflection();
  if (!field->is_repeated()) return Same(reflection, a, b, field, -1);
  const int size = reflection.FieldSize(a, field);
  if (size != reflection.FieldSize(b, field)) return false;
  for (int i = 0; i < size; ++i) {
    if (!Same(reflection, a, b, field, i)) return false;
  }
  return true;
}

bool Present(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  return field->is_repeated() ? reflection.FieldSize(message, field) > 0
                              : reflection.HasField(message, field);
}

}  // namespace

absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const Message& from,
                       absl::string_view at, Message& to) {
  const Descriptor* type = from.GetDescriptor();
  std::vector<const FieldDescriptor*> fields;
  const bool everything = mask.paths_size() == 1 && mask.paths(0) == "*";
  if (mask.paths_size() == 0 || everything) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (Settable(field) && (everything || Present(from, field))) fields.push_back(field);
    }
  } else {
    for (int i = 0; i < mask.paths_size(); ++i) {
      const FieldDescriptor* field = type->FindFieldByName(mask.paths(i));
      if (field == nullptr) {
        return InvalidField(absl::StrCat("update_mask.paths[", i, "]"),
                            absl::StrCat("\"", mask.paths(i), "\" is no top-level field"));
      }
      if (Settable(field)) fields.push_back(field);
    }
  }
  for (const FieldDescriptor* field : fields) {
    if (Is(field, google::api::IMMUTABLE) && !Same(from, to, field)) {
      return InvalidField(absl::StrCat(at, ".", field->name()), "cannot be changed");
    }
  }
  // Only the masked fields are merged, into cleared ones, so that lists are replaced.
  std::unique_ptr<Message> values(from.New());
  values->CopyFrom(from);
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool masked = std::find(fields.begin(), fields.end(), field) != fields.end();
    (masked ? to : *values).GetReflection()->ClearField(masked ? &to : values.get(), field);
  }
  to.MergeFrom(*values);
  return absl::OkStatus();
}

std::vector<const FieldDescriptor*> Differences(const Message& a, const Message& b) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* type = a.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->number() > kLastCommonField && !Same(a, b, field)) fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end(), [](const FieldDescriptor* x, const FieldDescriptor* y) {
    return x->number() < y->number();
  });
  return fields;
}

void ClearOutputOnly(Message& resource) {
  const Descriptor* type = resource.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (Is(type->field(i), google::api::OUTPUT_ONLY)) {
      resource.GetReflection()->ClearField(&resource, type->field(i));
    }
  }
}

}  // namespace tideline::skill_registry
