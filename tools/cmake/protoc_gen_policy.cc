// SPDX-License-Identifier: Apache-2.0
// A protoc plugin that generates nothing and refuses a service whose rpcs do not state their policy,
// so that a method nobody thought about cannot be built, let alone called.
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>

#include <string>

#include "tideline/type/v1/options.pb.h"

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
namespace type = tideline::type::v1;

// What is wrong with the method's policy; empty: nothing.
std::string Fault(const MethodDescriptor& method) {
  if (!method.options().HasExtension(type::policy)) {
    return "has no (tideline.type.v1.policy)";
  }
  const type::MethodPolicy& policy = method.options().GetExtension(type::policy);
  if (policy.kind() == type::KIND_UNSPECIFIED) return "states no kind";
  if (policy.roles().empty()) return "states no roles: nobody could call it";
  for (int role : policy.roles()) {
    if (role == type::ROLE_UNSPECIFIED) return "names ROLE_UNSPECIFIED, which nobody holds";
  }
  if ((policy.kind() == type::KIND_WATCH) != method.server_streaming()) {
    return "must be KIND_WATCH if and only if it streams to the caller";
  }
  if (policy.kind() == type::KIND_MUTATE) {
    const FieldDescriptor* id = method.input_type()->FindFieldByName("request_id");
    if (id == nullptr || id->type() != FieldDescriptor::TYPE_STRING) {
      return "changes state and its request has no string request_id: it could not be retried";
    }
  }
  return "";
}

class PolicyCheck : public google::protobuf::compiler::CodeGenerator {
 public:
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

  bool Generate(const FileDescriptor* file, const std::string& /*parameter*/,
                google::protobuf::compiler::GeneratorContext* /*context*/,
                std::string* error) const override {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const MethodDescriptor& method = *file->service(s)->method(m);
        const std::string fault = Fault(method);
        if (!fault.empty()) *error += "rpc " + method.full_name() + " " + fault + ". ";
      }
    }
    return error->empty();
  }
};

}  // namespace

int main(int argc, char** argv) {
  PolicyCheck check;
  return google::protobuf::compiler::PluginMain(argc, argv, &check);
}
