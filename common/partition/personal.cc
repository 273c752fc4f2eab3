// SPDX-License-Identifier: Apache-2.0
#include "common/partition/personal.h"

#include <set>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::partition {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool Search(const Descriptor* type, std::set<const Descriptor*>& seen) {
  if (!seen.insert(type).second) return false;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->options().GetExtension(type::v1::personal)) return true;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        Search(field->message_type(), seen)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool HasPersonal(const Descriptor* type) {
  static absl::Mutex mutex(absl::kConstInit);
  static auto& known = *new absl::flat_hash_map<const Descriptor*, bool>();
  {
    absl::ReaderMutexLock lock(&mutex);
    auto it = known.find(type);
    if (it != known.end()) return it->second;
  }
  std::set<const Descriptor*> seen;
  bool found = Search(type, seen);
  absl::MutexLock lock(&mutex);
  known[type] = found;
  return found;
}

void ClearPersonal(Message& message) {
  if (!HasPersonal(message.GetDescriptor())) return;
  const google::protobuf::Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->options().GetExtension(type::v1::personal)) {
      reflection->ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ClearPersonal(*reflection->MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        ClearPersonal(*reflection->MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

}  // namespace tideline::partition
