// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/methods.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/api/resource.pb.h"

namespace tideline::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

const FieldDescriptor* FindText(const Descriptor& message, const std::string& name) {
  const FieldDescriptor* field = message.FindFieldByName(name);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated()
             ? field
             : nullptr;
}

// The order is the rule: a request that has a parent is about the parent's workspace, whatever else
// it names.
FieldPath FindResource(const Descriptor& request) {
  for (const char* name : {"parent", "name", "workspace"}) {
    if (const FieldDescriptor* field = FindText(request, name)) return {nullptr, field};
  }
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor* outer = request.field(i);
    if (outer->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || outer->is_repeated()) continue;
    if (!outer->message_type()->options().HasExtension(google::api::resource)) continue;
    if (const FieldDescriptor* leaf = FindText(*outer->message_type(), "name")) {
      return {outer, leaf};
    }
  }
  return {};
}

// `{resource}_id` beside a message field `{resource}` that is a resource.
void FindCreated(const Descriptor& request, Method& method) {
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor* made = request.field(i);
    if (made->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || made->is_repeated()) continue;
    const auto& options = made->message_type()->options();
    if (!options.HasExtension(google::api::resource)) continue;
    method.created_id = FindText(request, absl::StrCat(made->name(), "_id"));
    method.collection = options.GetExtension(google::api::resource).plural();
    if (method.created_id != nullptr && !method.collection.empty()) return;
  }
  method.created_id = nullptr;
}

const FieldDescriptor* FindPage(const Descriptor& response) {
  for (int i = 0; i < response.field_count(); ++i) {
    if (response.field(i)->is_repeated() && !response.field(i)->is_map()) return response.field(i);
  }
  return nullptr;
}

std::unique_ptr<Method> MakeMethod(const MethodDescriptor& descriptor, Plans& plans) {
  auto method = std::make_unique<Method>();
  const Descriptor& request = *descriptor.input_type();
  const Descriptor& response = *descriptor.output_type();
  method->service = descriptor.service()->full_name();
  method->rpc = descriptor.name();
  method->full_name = absl::StrCat("/", method->service, "/", method->rpc);
  method->descriptor = &descriptor;
  method->policy = descriptor.options().GetExtension(type::v1::policy);
  method->plan = &plans.For(request);
  method->resource = FindResource(request);
  FindCreated(request, *method);
  method->request_id = FindText(request, "request_id");
  method->page_token = FindText(request, "page_token");
  method->page_size = request.FindFieldByName("page_size");
  method->next_page_token = FindText(response, "next_page_token");
  method->page = FindPage(response);
  method->resume_token = FindText(request, "resume_token");
  method->resume_token_out = FindText(response, "resume_token");
  return method;
}

// Appends what is wrong with one method.
void CheckMethod(const Method& method, std::vector<std::string>& problems) {
  const auto complain = [&](absl::string_view what) {
    problems.push_back(absl::StrCat(method.service, ".", method.rpc, ": ", what));
  };
  const type::v1::MethodPolicy& policy = method.policy;
  const MethodDescriptor& descriptor = *method.descriptor;
  if (policy.kind() == type::v1::KIND_UNSPECIFIED) complain("has no kind");
  if (policy.roles().empty()) complain("has no roles");
  for (int role : policy.roles()) {
    if (!type::v1::Role_IsValid(role) || role == type::v1::ROLE_UNSPECIFIED) {
      complain(absl::StrCat("names a role that is none: ", role));
    }
  }
  const bool watch = policy.kind() == type::v1::KIND_WATCH;
  if (descriptor.server_streaming() != watch) complain("streams, and KIND_WATCH, go together");
  if (descriptor.client_streaming()) complain("streams from the client, which the seam cannot");
  if (policy.kind() == type::v1::KIND_MUTATE && method.request_id == nullptr) {
    complain("changes state without a request_id: a retry could do it twice");
  }
  if (watch && (method.resume_token == nullptr || method.resume_token_out == nullptr)) {
    complain("is a watch without a resume_token in request and response");
  }
  const int paging = (method.page_token != nullptr) + (method.next_page_token != nullptr) +
                     (method.page_size != nullptr);
  if (paging != 0 && paging != 3) {
    complain("has some of page_size, page_token and next_page_token, not all");
  }
  if (method.page_size != nullptr &&
      method.page_size->cpp_type() != FieldDescriptor::CPPTYPE_INT32) {
    complain("has a page_size that is not an int32");
  }
  if (paging == 3 && method.page == nullptr) complain("has pages without elements");
  if (!method.resource.found() && paging != 3) {
    complain(
        "does not say which workspace it is about: parent, name, workspace or "
        "<resource>.name");
  }
}

}  // namespace

const std::string& FieldPath::Get(const Message& message, std::string& scratch) const {
  const Message& holder =
      outer == nullptr ? message : message.GetReflection()->GetMessage(message, outer);
  return holder.GetReflection()->GetStringReference(holder, leaf, &scratch);
}

std::string FieldPath::Text() const {
  return outer == nullptr ? leaf->name() : absl::StrCat(outer->name(), ".", leaf->name());
}

std::vector<std::string> CheckService(const ServiceDescriptor& service) {
  Plans plans(*service.file());
  std::vector<std::string> problems;
  absl::flat_hash_map<const Descriptor*, std::string> requests;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& descriptor = *service.method(i);
    CheckMethod(*MakeMethod(descriptor, plans), problems);
    auto [it, added] = requests.try_emplace(descriptor.input_type(), descriptor.name());
    if (!added) {
      problems.push_back(absl::StrCat(descriptor.full_name(), ": has the request type of ",
                                      it->second, "; each method has its own"));
    }
  }
  problems.insert(problems.end(), plans.problems().begin(), plans.problems().end());
  return problems;
}

absl::StatusOr<MethodTable> MethodTable::Create(const ServiceDescriptor& service) {
  const std::vector<std::string> problems = CheckService(service);
  if (!problems.empty()) {
    return absl::FailedPreconditionError(absl::StrJoin(problems, "\n"));
  }
  MethodTable table;
  table.plans_ = std::make_unique<Plans>(*service.file());
  for (int i = 0; i < service.method_count(); ++i) {
    table.methods_.push_back(MakeMethod(*service.method(i), *table.plans_));
    table.by_request_[service.method(i)->input_type()] = table.methods_.back().get();
  }
  return table;
}

absl::StatusOr<MethodTable> MethodTable::Create(absl::string_view service) {
  const ServiceDescriptor* descriptor =
      DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  if (descriptor == nullptr) {
    return absl::NotFoundError(absl::StrCat(service, " is not linked into this program"));
  }
  return Create(*descriptor);
}

const Method* MethodTable::Find(const Descriptor* request) const {
  const auto it = by_request_.find(request);
  return it == by_request_.end() ? nullptr : it->second;
}

}  // namespace tideline::rpc
