// SPDX-License-Identifier: Apache-2.0
// What the seam knows of every rpc, read once from the descriptors: its policy, where its request
// says which workspace it is about, its tokens, and the plan by which its request is checked.
//
// Immutable once made; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/validate.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::rpc {

// A field of a message, or of a message within it.
struct FieldPath {
  const google::protobuf::FieldDescriptor* outer = nullptr;  // null: `leaf` is the message's own
  const google::protobuf::FieldDescriptor* leaf = nullptr;   // a string; null: no such field
  bool found() const { return leaf != nullptr; }
  // The text there; empty when absent. `scratch` may hold it.
  const std::string& Get(const google::protobuf::Message& message, std::string& scratch) const;
  std::string Text() const;  // "work_item.name"
};

struct Method {
  std::string full_name;  // "/tideline.work_routing.v1.WorkRoutingService/AcceptOffer"
  std::string service;    // "tideline.work_routing.v1.WorkRoutingService"
  std::string rpc;        // "AcceptOffer"
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  type::v1::MethodPolicy policy;
  const MessagePlan* plan = nullptr;
  // What the request is about: `parent`, `name`, `workspace`, or `<resource>.name`. Not found in a
  // list over all workspaces.
  FieldPath resource;
  // Of a create that may name what it makes: the field with the id, and the collection it goes
  // into. Answers to owed calls are kept by what is made, not by its parent.
  const google::protobuf::FieldDescriptor* created_id = nullptr;
  std::string collection;  // "workItems"
  const google::protobuf::FieldDescriptor* request_id = nullptr;
  const google::protobuf::FieldDescriptor* page_size = nullptr;
  const google::protobuf::FieldDescriptor* page_token = nullptr;
  const google::protobuf::FieldDescriptor* next_page_token = nullptr;  // of the response
  const google::protobuf::FieldDescriptor* page = nullptr;             // the response's elements
  const google::protobuf::FieldDescriptor* resume_token = nullptr;
  const google::protobuf::FieldDescriptor* resume_token_out = nullptr;  // of the response
};

// What is wrong with a service's declarations, for people; empty: nothing. Called by the build.
std::vector<std::string> CheckService(const google::protobuf::ServiceDescriptor& service);

class MethodTable {
 public:
  // FAILED_PRECONDITION lists what CheckService finds.
  static absl::StatusOr<MethodTable> Create(const google::protobuf::ServiceDescriptor& service);
  // From the generated pool; NOT_FOUND when the service is not linked in.
  static absl::StatusOr<MethodTable> Create(absl::string_view service);

  // The method whose request has this type; each has its own. Null: none.
  const Method* Find(const google::protobuf::Descriptor* request) const;
  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }

 private:
  MethodTable() = default;
  std::unique_ptr<Plans> plans_;
  std::vector<std::unique_ptr<Method>> methods_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, const Method*> by_request_;
};

}  // namespace tideline::rpc
