// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/skill_registry/chance.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/api/field_behavior.pb.h"
#include "google/api/resource.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/skill_registry/core/resource_kinds.h"

namespace tideline::skill_registry {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const std::string& CollectionOf(const std::string& type) {
  for (const Kind& kind : Kinds()) {
    if (kind.type->options().GetExtension(google::api::resource).type() == type) {
      return kind.collection;
    }
  }
  static const auto& none = *new std::string();
  return none;
}

bool Required(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == google::api::REQUIRED) return true;
  }
  return false;
}

}  // namespace

std::string Chance::Name(const std::string& collection) {
  if (collection == "workspaces") return Sometimes(30) ? "workspaces/none" : "workspaces/acme";
  if (collection == "imports") return absl::StrCat("workspaces/acme/imports/i", Pick(2));
  return absl::StrCat("workspaces/acme/", collection, "/", std::string(1, 'a' + Pick(4)));
}

std::string Chance::Text(const FieldDescriptor& field) {
  const auto& reference = field.options().GetExtension(google::api::resource_reference);
  if (!reference.type().empty()) {
    if (absl::EndsWith(reference.type(), "/Presence")) return Name("experts") + "/presence";
    return Name(CollectionOf(reference.type()));
  }
  if (field.name() == "name") {
    const auto& own = field.containing_type()->options().GetExtension(google::api::resource);
    return Name(CollectionOf(own.type()));
  }
  if (field.name() == "country" || absl::EndsWith(field.name(), "countries")) {
    return Sometimes() ? "DE" : "PL";
  }
  if (field.name() == "time_zone") return Sometimes(20) ? "Not/AZone" : "Europe/Warsaw";
  if (field.name() == "subject" || field.name() == "person") return absl::StrCat("s", Pick(4));
  if (field.name() == "import_id") return absl::StrCat("i", Pick(2));
  if (absl::EndsWith(field.name(), "_id")) return std::string(1, 'a' + Pick(5));
  if (field.name() == "etag") return Sometimes(20) ? "7.0" : "";
  if (field.name() == "page_token") return "";
  return absl::StrCat("t", Pick(3));
}

void Chance::FillField(Message& message, const FieldDescriptor& field, int depth) {
  const auto* reflection = message.GetReflection();
  const int count = field.is_repeated() ? 1 + Pick(2) : 1;
  for (int i = 0; i < count; ++i) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        field.is_repeated() ? reflection->AddString(&message, &field, Text(field))
                            : reflection->SetString(&message, &field, Text(field));
        break;
      case FieldDescriptor::CPPTYPE_ENUM: {
        // Mostly a stated one.
        const int least = Sometimes(20) ? 0 : 1;
        const auto* value =
            field.enum_type()->value(least + Pick(field.enum_type()->value_count() - least));
        field.is_repeated() ? reflection->AddEnum(&message, &field, value)
                            : reflection->SetEnum(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(&message, &field, Pick(4));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        if (!field.is_repeated()) reflection->SetInt64(&message, &field, Pick(3));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(&message, &field, Sometimes());
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(field.is_repeated() ? *reflection->AddMessage(&message, &field)
                                 : *reflection->MutableMessage(&message, &field),
             depth + 1);
        break;
      default:
        break;
    }
  }
}

void Chance::Fill(Message& message, int depth) {
  const Descriptor* type = message.GetDescriptor();
  if (type->full_name() == "google.protobuf.Timestamp") {
    auto& time = static_cast<google::protobuf::Timestamp&>(message);
    time.set_seconds(absl::ToUnixSeconds(now_) - 20 + Pick(400));
    return;
  }
  if (type->full_name() == "google.protobuf.FieldMask") return;
  if (type == type::v1::CalendarRules::descriptor() && !Sometimes(6)) {
    auto& rules = static_cast<type::v1::CalendarRules&>(message);
    rules.set_time_zone("UTC");
    rules.set_always_open(true);
    return;
  }
  if (type == type::v1::SlaRules::descriptor()) {
    auto& target = *static_cast<type::v1::SlaRules&>(message).add_classes();
    target.set_impact_class(type::v1::IMPACT_CLASS_LOW);
    target.mutable_client_target()->set_seconds(60 + Pick(2));
    return;
  }
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor& field = *type->field(i);
    const bool needed = depth == 0 || field.name() == "name" || Required(field);
    // What a resource needs is there, but for a few; of the rest so little that most calls pass.
    if (needed ? depth == 0 || !Sometimes(30) : Sometimes(depth == 1 ? 6 : 2)) {
      FillField(message, field, depth);
    }
  }
}

Step Chance::Next(absl::Time now) {
  static const auto& rpcs = *new std::vector<std::string>(RpcNames());
  now_ = now;
  Step step;
  if (Sometimes(8)) {
    step.advance = absl::Seconds(Pick(60));
    return step;
  }
  // These are seldom allowed, so they are tried more often.
  static const char* const kHard[] = {"AssessSkill", "AdvanceSkill", "UpdateAuthorityGrant"};
  if (Sometimes(8)) step.rpc = kHard[Pick(3)];
  // Most deletions are put off, or nothing would ever have references.
  while (step.rpc.empty() || (absl::StartsWith(step.rpc, "Delete") && !Sometimes(4))) {
    step.rpc = rpcs[Pick(static_cast<int>(rpcs.size()))];
  }
  step.request = NewRequest(step.rpc);
  Fill(*step.request, 0);
  step.grant = Everything();
  if (Sometimes(8)) step.grant.organization = Name("organizations");
  if (Sometimes(8)) step.grant.expert = Name("experts");
  return step;
}

}  // namespace tideline::skill_registry
