// SPDX-License-Identifier: Apache-2.0
// What the kinds of resources have in common, read from the protos: where a kind's records lie,
// what its names look like, which of its fields refer to other resources. So that a new kind of
// resource is a message, a slot in events.proto's Resource, and its rules. Immutable; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::skill_registry {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fields of a message type that name other resources, at any depth.
struct ReferencePlan {
  struct Name {
    const FieldDescriptor* field;
    std::string collection;  // of the resource meant, such as "teams"
  };
  struct Part {
    const FieldDescriptor* field;
    ReferencePlan* plan;
  };
  std::vector<Name> names;
  std::vector<Part> parts;
};

struct Kind {
  const FieldDescriptor* slot;  // in v1::Resource
  const Descriptor* type;
  std::string record;      // kind of its records, and its name in errors: "sla_policy"
  std::string collection;  // "slaPolicies"; empty for a presence, which has no collection
  ReferencePlan references;
  // Fields marked personal, and whether messages within hold some, too.
  std::vector<const FieldDescriptor*> personal;
  bool personal_within = false;
  // Fields 1 to 4 of every resource.
  const FieldDescriptor* name;
  const FieldDescriptor* etag;
  const FieldDescriptor* create_time;
  const FieldDescriptor* update_time;
  // When a date in the resource passes next, and what that does to it; null: it has no dates.
  absl::Time (*next_date)(const Message& resource) = nullptr;
  void (*pass_dates)(absl::Time now, Message& resource) = nullptr;
};

// All kinds, in order of their slots.
const std::vector<Kind>& Kinds();
// By message type (which has a slot) or record kind (null: none).
const Kind& KindOf(const Descriptor* type);
const Kind* FindKind(absl::string_view record);

template <class R>
const Kind& KindOf() {
  static const Kind& kind = KindOf(R::descriptor());
  return kind;
}

// Calls `visit` for each reference that is set. `path` says where it stands ("skills[3].assessor");
// call it only when something is wrong. Stops when `visit` returns false.
using PathOf = absl::FunctionRef<std::string()>;
using ReferenceVisitor =
    absl::FunctionRef<bool(const std::string& target, absl::string_view collection, PathOf path)>;
void VisitReferences(const Kind& kind, const Message& resource, ReferenceVisitor visit);

// Full names that the resource refers to, sorted, each once.
std::vector<std::string> References(const Kind& kind, const Message& resource);

// Clears the fields marked personal, at any depth.
void ClearPersonal(const Kind& kind, Message& resource);

// "workspaces/{workspace}" of a full name.
absl::string_view WorkspaceOf(absl::string_view name);

absl::Time ToTime(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToProto(absl::Time time);

}  // namespace tideline::skill_registry
