// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/validate.h"

#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/map_field.h"
#include "google/protobuf/reflection.h"
#include "google/protobuf/timestamp.pb.h"

// Protobuf offers to iterate over a map of a message known by reflection only to this friend, which
// is the user's to define (CEL does the same). Without it a map is first copied into a list.
namespace google::protobuf::expr {

class CelMapReflectionFriend {
 public:
  static MapIterator Begin(const Reflection& reflection, const Message& message,
                           const FieldDescriptor* field) {
    // Reading does not change the message, although the signature says it may.
    return reflection.MapBegin(const_cast<Message*>(&message), field);
  }
};

}  // namespace google::protobuf::expr

namespace tideline::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Type = FieldRule::Type;

// google/protobuf/timestamp.proto: 0001-01-01 to 9999-12-31; duration.proto: 10,000 years.
constexpr int64_t kMinTimestamp = -62135596800;
constexpr int64_t kMaxTimestamp = 253402300799;
constexpr int64_t kMaxDuration = 315576000000;

// Where the walk is, for the path of an error; made into text only when there is one.
struct Place {
  const Place* above = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;                    // of a repeated field
  const std::string* key = nullptr;  // of a map

  std::string Path() const {
    std::string path = above == nullptr ? "" : above->Path();
    if (field == nullptr) return path;
    if (!path.empty()) path += '.';
    path += field->name();
    if (index >= 0) absl::StrAppend(&path, "[", index, "]");
    // The key as it came may be long or hold anything: what fits a key is shown.
    if (key != nullptr) {
      absl::StrAppend(&path, "[\"", key->size() <= kMaxKeyBytes ? absl::CHexEscape(*key) : "...",
                      "\"]");
    }
    return path;
  }
};

class Walk {
 public:
  explicit Walk(absl::string_view workspace) : workspace_(workspace) {}

  absl::Status Check(const MessagePlan& plan, Message& message, const Place& at,
                     bool skip_required = false) const {
    const Reflection& reflection = *message.GetReflection();
    std::string scratch;
    for (const FieldRule& rule : plan.rules) {
      const FieldDescriptor* field = rule.field;
      const Place here{&at, field};
      if (rule.plain_text) {
        // Most fields: one question instead of two.
        const std::string& text = reflection.GetStringReference(message, field, &scratch);
        if (!text.empty()) {
          TL_RETURN_IF_ERROR(CheckText(rule, text, here));
        } else if (rule.required && !skip_required) {
          return InvalidField(here.Path(), "is required", Reason::REASON_FIELD_REQUIRED);
        }
        continue;
      }
      const bool present = field->is_repeated() ? reflection.FieldSize(message, field) > 0
                                                : reflection.HasField(message, field);
      if (!present) {
        // Numbers and truths without presence: zero cannot be told from absent.
        if (rule.required && !skip_required && CanBeAbsent(*field)) {
          return InvalidField(here.Path(), "is required", Reason::REASON_FIELD_REQUIRED);
        }
        continue;
      }
      if (rule.output_only) {
        reflection.ClearField(&message, field);
        continue;
      }
      const bool partial = field == plan.masked && plan.mask != nullptr;
      TL_RETURN_IF_ERROR(rule.type == Type::kMap ? CheckMap(rule, reflection, message, here)
                         : rule.repeated         ? CheckElements(rule, reflection, message, here)
                                         : CheckOne(rule, reflection, message, here, partial));
    }
    return absl::OkStatus();
  }

  absl::Status CheckText(const FieldRule& rule, absl::string_view text, const Place& here) const {
    if (text.size() > rule.limit.max_bytes()) {
      return InvalidField(here.Path(), absl::StrCat("is ", text.size(), " bytes; the limit is ",
                                                    rule.limit.max_bytes()));
    }
    if (rule.is_name) return CheckName(rule, text, here);
    const absl::string_view fault = FormatFault(rule.limit.format(), text);
    if (fault.empty()) return absl::OkStatus();
    if (rule.limit.format() == type::v1::FORMAT_TIME_ZONE) {
      return InvalidField(here.Path(), fault, Reason::REASON_TIME_ZONE_UNKNOWN);
    }
    return InvalidField(here.Path(), fault);
  }

 private:
  static bool CanBeAbsent(const FieldDescriptor& field) {
    return field.is_repeated() || field.has_presence() ||
           field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
           field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  }

  static absl::Status TooMany(const FieldRule& rule, int size, const Place& here) {
    return InvalidField(here.Path(), absl::StrCat("has ", size, " elements; the limit is ",
                                                  rule.limit.max_items()));
  }

  absl::Status CheckName(const FieldRule& rule, absl::string_view name, const Place& here) const {
    bool fits = rule.patterns.empty() && IsNameInWorkspace(name);
    for (const NamePattern& pattern : rule.patterns) fits = fits || pattern.Matches(name);
    if (!fits) {
      if (rule.patterns.empty()) return InvalidField(here.Path(), "is not a resource name");
      return InvalidField(
          here.Path(), absl::StrCat("is not of the form ",
                                    absl::StrJoin(rule.patterns, " or ",
                                                  [](std::string* out, const NamePattern& pattern) {
                                                    out->append(pattern.text());
                                                  })));
    }
    if (!workspace_.empty() && WorkspaceOf(name) != workspace_) {
      return ReferenceNotFound(here.Path(), name);
    }
    return absl::OkStatus();
  }

  absl::Status CheckOne(const FieldRule& rule, const Reflection& reflection, Message& message,
                        const Place& here, bool partial) const {
    std::string scratch;
    switch (rule.type) {
      case Type::kText:
        return CheckText(rule, reflection.GetStringReference(message, rule.field, &scratch), here);
      case Type::kBytes:
        return CheckBytes(rule, reflection.GetStringReference(message, rule.field, &scratch), here);
      case Type::kEnum:
        return CheckEnum(rule, reflection.GetEnumValue(message, rule.field), here);
      case Type::kDuration:
      case Type::kTimestamp:
      case Type::kMask:
        return CheckWellKnown(rule, reflection.GetMessage(message, rule.field), here);
      case Type::kMessage:
        return Check(*rule.message, *reflection.MutableMessage(&message, rule.field), here,
                     partial);
      case Type::kSigned:
      case Type::kUnsigned:
      case Type::kFloat:
        return CheckNumber(rule, NumberOf(rule, reflection, message), here);
      case Type::kMap:
      case Type::kOther:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status CheckElements(const FieldRule& rule, const Reflection& reflection, Message& message,
                             Place here) const {
    const FieldDescriptor* field = rule.field;
    const int size = reflection.FieldSize(message, field);
    if (size > static_cast<int>(rule.limit.max_items())) return TooMany(rule, size, here);
    std::string scratch;
    for (int i = 0; i < size; ++i) {
      here.index = i;
      absl::Status status;
      switch (rule.type) {
        case Type::kText:
          status = CheckText(
              rule, reflection.GetRepeatedStringReference(message, field, i, &scratch), here);
          if (status.ok() && rule.is_name &&
              reflection.GetRepeatedStringReference(message, field, i, &scratch).empty()) {
            status = InvalidField(here.Path(), "is empty");
          }
          break;
        case Type::kBytes:
          status = CheckBytes(
              rule, reflection.GetRepeatedStringReference(message, field, i, &scratch), here);
          break;
        case Type::kEnum:
          status = CheckEnum(rule, reflection.GetRepeatedEnumValue(message, field, i), here);
          break;
        case Type::kDuration:
        case Type::kTimestamp:
        case Type::kMask:
          status = CheckWellKnown(rule, reflection.GetRepeatedMessage(message, field, i), here);
          break;
        case Type::kMessage:
          status =
              Check(*rule.message, *reflection.MutableRepeatedMessage(&message, field, i), here);
          break;
        case Type::kOther:  // rows: the Core judges each
          break;
        default:
          status = CheckNumber(rule, RepeatedNumberOf(rule, reflection, message, i), here);
          break;
      }
      TL_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  absl::Status CheckMap(const FieldRule& rule, const Reflection& reflection, Message& message,
                        Place here) const {
    const int size = reflection.FieldSize(message, rule.field);
    if (size > static_cast<int>(rule.limit.max_items())) return TooMany(rule, size, here);
    using Maps = google::protobuf::expr::CelMapReflectionFriend;
    google::protobuf::MapIterator it = Maps::Begin(reflection, message, rule.field);
    for (int i = 0; i < size; ++i, ++it) {
      std::string key;
      if (rule.key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        key = it.GetKey().GetStringValue();
        here.key = &key;
        TL_RETURN_IF_ERROR(CheckKey(key, here));
      }
      TL_RETURN_IF_ERROR(CheckMapValue(*rule.value, it.GetValueRef(), here));
    }
    return absl::OkStatus();
  }

  static absl::Status CheckKey(absl::string_view key, const Place& here) {
    if (key.empty() || key.size() > kMaxKeyBytes) {
      return InvalidField(here.Path(), absl::StrCat("has a key of ", key.size(), " bytes; 1 to ",
                                                    kMaxKeyBytes, " are allowed"));
    }
    if (FindControlCharacter(key) != absl::string_view::npos) {
      return InvalidField(here.Path(), "has a key with a control character");
    }
    return absl::OkStatus();
  }

  absl::Status CheckMapValue(const FieldRule& rule, const google::protobuf::MapValueConstRef& value,
                             const Place& here) const {
    switch (rule.type) {
      case Type::kText:
        return CheckText(rule, value.GetStringValue(), here);
      case Type::kBytes:
        return CheckBytes(rule, value.GetStringValue(), here);
      case Type::kEnum:
        return CheckEnum(rule, value.GetEnumValue(), here);
      case Type::kDuration:
      case Type::kTimestamp:
      case Type::kMask:
        return CheckWellKnown(rule, value.GetMessageValue(), here);
      case Type::kMessage:
        // The request is the seam's to change; its map keeps its keys.
        return Check(*rule.message, const_cast<Message&>(value.GetMessageValue()), here);
      default:  // numbers in maps have no limit of their own
        return absl::OkStatus();
    }
  }

  static absl::Status CheckBytes(const FieldRule& rule, absl::string_view bytes,
                                 const Place& here) {
    if (bytes.size() <= rule.limit.max_bytes()) return absl::OkStatus();
    return InvalidField(here.Path(), absl::StrCat("is ", bytes.size(), " bytes; the limit is ",
                                                  rule.limit.max_bytes()));
  }

  static absl::Status CheckEnum(const FieldRule& rule, int value, const Place& here) {
    if (rule.field->enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
    return InvalidField(here.Path(), absl::StrCat("is ", value, ", which is no value of ",
                                                  rule.field->enum_type()->name()));
  }

  // Range limits are whole numbers, so a double is compared as one: 2^53 and above does not matter.
  static double NumberOf(const FieldRule& rule, const Reflection& reflection,
                         const Message& message) {
    switch (rule.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.GetInt32(message, rule.field);
      case FieldDescriptor::CPPTYPE_INT64:
        return static_cast<double>(reflection.GetInt64(message, rule.field));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.GetUInt32(message, rule.field);
      case FieldDescriptor::CPPTYPE_UINT64:
        return static_cast<double>(reflection.GetUInt64(message, rule.field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.GetFloat(message, rule.field);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.GetDouble(message, rule.field);
      default:
        return 0;
    }
  }

  static double RepeatedNumberOf(const FieldRule& rule, const Reflection& reflection,
                                 const Message& message, int i) {
    switch (rule.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.GetRepeatedInt32(message, rule.field, i);
      case FieldDescriptor::CPPTYPE_INT64:
        return static_cast<double>(reflection.GetRepeatedInt64(message, rule.field, i));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.GetRepeatedUInt32(message, rule.field, i);
      case FieldDescriptor::CPPTYPE_UINT64:
        return static_cast<double>(reflection.GetRepeatedUInt64(message, rule.field, i));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.GetRepeatedFloat(message, rule.field, i);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.GetRepeatedDouble(message, rule.field, i);
      default:
        return 0;
    }
  }

  static absl::Status CheckNumber(const FieldRule& rule, double value, const Place& here) {
    const type::v1::FieldLimit& limit = rule.limit;
    // Written so that NaN fails.
    if (!limit.has_range() ||
        (value >= static_cast<double>(limit.min()) && value <= static_cast<double>(limit.max()))) {
      return absl::OkStatus();
    }
    return InvalidField(here.Path(), absl::StrCat("is ", absl::SixDigits(value), "; ", limit.min(),
                                                  " to ", limit.max(), " are allowed"));
  }

  static absl::Status CheckWellKnown(const FieldRule& rule, const Message& message,
                                     const Place& here) {
    if (rule.type == Type::kTimestamp) {
      const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
      if (time.seconds() >= kMinTimestamp && time.seconds() <= kMaxTimestamp && time.nanos() >= 0 &&
          time.nanos() <= 999'999'999) {
        return absl::OkStatus();
      }
      return InvalidField(here.Path(), "is not a time between the years 1 and 9999");
    }
    if (rule.type == Type::kMask) {
      const auto& mask = static_cast<const google::protobuf::FieldMask&>(message);
      if (mask.paths_size() <= kMaxMaskPaths) return absl::OkStatus();
      return InvalidField(here.Path(), absl::StrCat("has ", mask.paths_size(),
                                                    " paths; the limit is ", kMaxMaskPaths));
    }
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    const int64_t seconds = duration.seconds();
    const int32_t nanos = duration.nanos();
    if (seconds > kMaxDuration || seconds < -kMaxDuration || nanos > 999'999'999 ||
        nanos < -999'999'999 || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
      return InvalidField(here.Path(), "is not a valid duration");
    }
    const type::v1::FieldLimit& limit = rule.limit;
    const bool below = seconds < limit.min() || (seconds == limit.min() && nanos < 0);
    const bool above = seconds > limit.max() || (seconds == limit.max() && nanos > 0);
    if (!limit.has_range() || (!below && !above)) return absl::OkStatus();
    return InvalidField(here.Path(), absl::StrCat("is ", seconds, " s; ", limit.min(), " s to ",
                                                  limit.max(), " s are allowed"));
  }

  const absl::string_view workspace_;
};

// One path of an update mask against the resource.
absl::Status CheckMaskPath(const std::string& place, absl::string_view path,
                           const Descriptor& resource, const Message& value) {
  const Descriptor* at = &resource;
  const FieldDescriptor* first = nullptr;
  for (absl::string_view word : absl::StrSplit(path, '.')) {
    const FieldDescriptor* field = at == nullptr ? nullptr : at->FindFieldByName(std::string(word));
    if (field == nullptr) {
      return InvalidField(place, absl::StrCat("is no field of ", resource.name()));
    }
    for (auto behavior :
         {google::api::OUTPUT_ONLY, google::api::IMMUTABLE, google::api::IDENTIFIER}) {
      if (HasBehavior(*field, behavior)) {
        return InvalidField(place, absl::StrCat("cannot be changed: ", path, " is ",
                                                google::api::FieldBehavior_Name(behavior)));
      }
    }
    if (first == nullptr) first = field;
    // A mask does not reach into lists and maps (AIP-161).
    at = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()
             ? field->message_type()
             : nullptr;
  }
  const bool present = first->is_repeated() ? value.GetReflection()->FieldSize(value, first) > 0
                                            : value.GetReflection()->HasField(value, first);
  const bool can_be_absent = first->is_repeated() || first->has_presence() ||
                             first->cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
                             first->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  if (!present && can_be_absent && HasBehavior(*first, google::api::REQUIRED)) {
    return InvalidField(place, absl::StrCat("clears ", path, ", which is required"),
                        Reason::REASON_FIELD_REQUIRED);
  }
  return absl::OkStatus();
}

absl::Status CheckMask(const MessagePlan& plan, const Message& request) {
  const Reflection& reflection = *request.GetReflection();
  if (!reflection.HasField(request, plan.mask)) return absl::OkStatus();
  const auto& mask =
      static_cast<const google::protobuf::FieldMask&>(reflection.GetMessage(request, plan.mask));
  const Message& value = reflection.GetMessage(request, plan.masked);
  for (int i = 0; i < mask.paths_size(); ++i) {
    if (mask.paths(i) == "*") continue;  // everything; the Core checks what a whole resource needs
    TL_RETURN_IF_ERROR(CheckMaskPath(absl::StrCat("update_mask.paths[", i, "]"), mask.paths(i),
                                     *plan.masked->message_type(), value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const MessagePlan& plan, absl::string_view workspace, Message& request) {
  TL_RETURN_IF_ERROR(Walk(workspace).Check(plan, request, Place{}));
  if (plan.mask != nullptr) return CheckMask(plan, request);
  return absl::OkStatus();
}

}  // namespace tideline::rpc
