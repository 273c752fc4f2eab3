// SPDX-License-Identifier: Apache-2.0
// From descriptors to plans.
#include "absl/strings/str_cat.h"
#include "common/rpc/validate.h"
#include "google/api/field_behavior.pb.h"
#include "google/api/resource.pb.h"

namespace tideline::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Type = FieldRule::Type;

Type TypeOf(const FieldDescriptor& field) {
  if (field.is_map()) return Type::kMap;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? Type::kBytes : Type::kText;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return Type::kSigned;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return Type::kUnsigned;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Type::kFloat;
    case FieldDescriptor::CPPTYPE_ENUM:
      return Type::kEnum;
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const std::string& name = field.message_type()->full_name();
      if (name == "google.protobuf.Duration") return Type::kDuration;
      if (name == "google.protobuf.Timestamp") return Type::kTimestamp;
      if (name == "google.protobuf.FieldMask") return Type::kMask;
      return Type::kMessage;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      break;
  }
  return Type::kOther;
}

// Whether a check of the rule can ever find or change anything.
bool Matters(const FieldRule& rule) {
  if (rule.required || rule.output_only || rule.repeated) return true;
  switch (rule.type) {
    case Type::kSigned:
    case Type::kUnsigned:
    case Type::kFloat:
      return rule.limit.has_range();
    case Type::kOther:
      return false;
    case Type::kMessage:
      // A type that contains itself has no finished plan yet: keep the rule.
      return rule.message->descriptor == nullptr || !rule.message->rules.empty();
    default:
      return true;
  }
}

}  // namespace

bool HasBehavior(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

Plans::Plans(const google::protobuf::FileDescriptor& file) : patterns_(file) {}

const MessagePlan& Plans::For(const Descriptor& descriptor) {
  auto [it, added] = plans_.try_emplace(&descriptor);
  if (!added) return *it->second;
  it->second = std::make_unique<MessagePlan>();
  MessagePlan& plan = *it->second;  // the map may grow below; the plan stays where it is
  std::vector<FieldRule> rules;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (FieldRule rule = MakeRule(field); Matters(rule)) rules.push_back(std::move(rule));
    if (field.name() == "update_mask" && TypeOf(field) == Type::kMask) plan.mask = &field;
    if (plan.masked == nullptr && TypeOf(field) == Type::kMessage && !field.is_repeated() &&
        field.message_type()->options().HasExtension(google::api::resource)) {
      plan.masked = &field;
    }
  }
  plan.rules = std::move(rules);
  plan.descriptor = &descriptor;
  if (plan.masked == nullptr) plan.mask = nullptr;
  return plan;
}

FieldRule Plans::MakeRule(const FieldDescriptor& field) {
  FieldRule rule;
  rule.field = &field;
  rule.type = TypeOf(field);
  rule.repeated = field.is_repeated() && !field.is_map();
  rule.required = HasBehavior(field, google::api::REQUIRED);
  // `name` says which resource is meant, whatever it is marked as.
  rule.output_only = HasBehavior(field, google::api::OUTPUT_ONLY) && field.name() != "name";
  rule.limit = field.options().GetExtension(type::v1::limit);
  // What is ignored needs no other rule, and its message no plan.
  if (rule.output_only) {
    rule.required = false;
    rule.type = Type::kOther;
    return rule;
  }
  CheckDeclaration(rule);
  if (rule.limit.max_items() == 0) rule.limit.set_max_items(kDefaultMaxItems);
  if (rule.type == Type::kMap) {
    rule.key = field.message_type()->map_key();
    rule.value = std::make_unique<FieldRule>(MakeRule(*field.message_type()->map_value()));
    if (rule.limit.max_bytes() != 0) rule.value->limit.set_max_bytes(rule.limit.max_bytes());
    rule.value->limit.set_format(rule.limit.format());
  }
  // Rows are judged one by one by the Core: here they are only counted.
  if (rule.type == Type::kMessage && rule.limit.rows()) rule.type = Type::kOther;
  if (rule.type == Type::kMessage) rule.message = &For(*field.message_type());
  if (rule.type == Type::kText || rule.type == Type::kBytes) FillText(field, rule);
  rule.plain_text = rule.type == Type::kText && !rule.repeated && !field.has_presence();
  return rule;
}

void Plans::FillText(const FieldDescriptor& field, FieldRule& rule) {
  if (rule.limit.max_bytes() == 0) rule.limit.set_max_bytes(kDefaultMaxBytes);
  const auto& options = field.options();
  const bool refers = options.HasExtension(google::api::resource_reference);
  rule.is_name = refers || rule.limit.format() == type::v1::FORMAT_RESOURCE_NAME;
  if (!rule.is_name) return;
  // By the name's own rule, not as plain text.
  rule.limit.set_format(type::v1::FORMAT_RESOURCE_NAME);
  const auto& reference = options.GetExtension(google::api::resource_reference);
  std::string type = reference.type();
  if (!refers && field.name() == "name") {
    type = field.containing_type()->options().GetExtension(google::api::resource).type();
  }
  if (const auto* patterns = patterns_.Find(type)) rule.patterns = *patterns;
  if (const auto* patterns = patterns_.Find(reference.child_type())) {
    for (const NamePattern& pattern : *patterns) rule.patterns.push_back(pattern.Parent());
  }
}

void Plans::CheckDeclaration(const FieldRule& rule) {
  const auto complain = [&](absl::string_view what) {
    problems_.push_back(absl::StrCat(rule.field->full_name(), ": ", what));
  };
  const type::v1::FieldLimit& limit = rule.limit;
  const bool text = rule.type == Type::kText || rule.type == Type::kMap;
  const bool number = rule.type == Type::kSigned || rule.type == Type::kUnsigned ||
                      rule.type == Type::kFloat || rule.type == Type::kDuration;
  if (limit.max_bytes() != 0 && !text && rule.type != Type::kBytes) {
    complain("max_bytes is for strings, bytes and maps");
  }
  if (limit.max_items() != 0 && !rule.repeated && rule.type != Type::kMap) {
    complain("max_items is for repeated fields and maps");
  }
  if (limit.format() != type::v1::FORMAT_UNSPECIFIED && !text) complain("format is for strings");
  if (limit.has_range() && !number) complain("has_range is for numbers and durations");
  if (limit.has_range() && limit.min() > limit.max()) complain("min is above max");
  if (!limit.has_range() && (limit.min() != 0 || limit.max() != 0)) {
    complain("min and max do nothing without has_range");
  }
}

}  // namespace tideline::rpc
