// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/run.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "common/base/status_macros.h"
#include "tools/tideline/table.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

const FieldDescriptor* StringField(const Message& message, const std::string& name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  const bool text = field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  return text && !field->is_repeated() ? field : nullptr;
}

std::string GetString(const Message& message, const std::string& name) {
  const FieldDescriptor* field = StringField(message, name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

void SetString(Message& message, const std::string& name, const std::string& value) {
  const FieldDescriptor* field = StringField(message, name);
  if (field != nullptr && !value.empty()) {
    message.GetReflection()->SetString(&message, field, value);
  }
}

const FieldDescriptor* NumberField(const Message& message, const std::string& name,
                                   FieldDescriptor::CppType type) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && field->cpp_type() == type ? field : nullptr;
}

// The one resource that an answer is about; null when it is about more or none.
const Message* OnlyMessage(const Message& response) {
  std::vector<const FieldDescriptor*> fields;
  response.GetReflection()->ListFields(response, &fields);
  if (fields.size() != 1 || fields[0]->is_repeated() ||
      fields[0]->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return nullptr;
  }
  return &response.GetReflection()->GetMessage(response, fields[0]);
}

absl::Status MergeJson(absl::string_view json, Message& request) {
  if (json.empty()) return absl::OkStatus();
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), &request);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--json: ", std::string(status.message().data(), status.message().size())));
}

// The rpc that reads the resource which `rpc` changes: GetTeam for UpdateTeam, GetWorkItem for
// TransferWorkItem. Null when there is none.
const MethodDescriptor* Reader(const MethodDescriptor& rpc) {
  const Descriptor& response = *rpc.output_type();
  if (response.field_count() == 0 ||
      response.field(0)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return nullptr;
  }
  return rpc.service()->FindMethodByName(
      absl::StrCat("Get", response.field(0)->message_type()->name()));
}

// Reads the resource as it is now; the answer's first field is the resource.
absl::StatusOr<std::unique_ptr<Message>> ReadCurrent(Caller& caller, const MethodDescriptor& rpc,
                                                     const std::string& name) {
  const MethodDescriptor* reader = Reader(rpc);
  if (reader == nullptr) {
    return absl::UnimplementedError(absl::StrCat("nothing reads what ", rpc.name(), " changes"));
  }
  auto request = Caller::New(*reader->input_type());
  auto response = Caller::New(*reader->output_type());
  SetString(*request, "name", name);
  TL_RETURN_IF_ERROR(caller.Call(*reader, *request, *response));
  return response;
}

// A transfer names the custody epoch that its caller saw. Who gives none means the present one.
absl::Status FillCustodyEpoch(Caller& caller, const Verb& verb, Message& request) {
  const FieldDescriptor* field =
      NumberField(request, "custody_epoch", FieldDescriptor::CPPTYPE_INT64);
  if (field == nullptr || request.GetReflection()->GetInt64(request, field) != 0) {
    return absl::OkStatus();
  }
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<Message> current,
                      ReadCurrent(caller, *verb.rpc, GetString(request, "name")));
  int64_t epoch = 0;
  if (absl::SimpleAtoi(PathText(*current, "work_item.custody.epoch"), &epoch)) {
    request.GetReflection()->SetInt64(&request, field, epoch);
  }
  return absl::OkStatus();
}

// An update of a part of a message, such as --policy.mode, keeps the message's other parts: they
// are read first, and the etag makes sure that nobody changes them in between.
absl::Status FillCurrentParts(Caller& caller, const Verb& verb, const std::vector<Flag>& flags,
                              const Given& given, const Session& session, Message& request) {
  const FieldDescriptor* resource = ResourceField(*verb.rpc->input_type());
  if (resource == nullptr || request.GetDescriptor()->FindFieldByName("update_mask") == nullptr) {
    return absl::OkStatus();
  }
  std::vector<const FieldDescriptor*> parts;
  for (const Flag& flag : flags) {
    if (flag.path.size() > 2 && given.values.count(flag.name) > 0) parts.push_back(flag.path[1]);
  }
  if (parts.empty()) return absl::OkStatus();
  // The name is read as any value would be.
  std::unique_ptr<Message> scratch(request.New());
  const Values name{{"name", given.values.at("name")}};
  TL_RETURN_IF_ERROR(FillRequest(*scratch, flags, name, {}, {session.workspace, absl::Time()}));
  const Message& named = scratch->GetReflection()->GetMessage(*scratch, resource);
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<Message> answer,
                      ReadCurrent(caller, *verb.rpc, GetString(named, "name")));
  const Message* current = OnlyMessage(*answer);
  if (current == nullptr) return absl::OkStatus();
  Message* target = request.GetReflection()->MutableMessage(&request, resource);
  for (const FieldDescriptor* part : parts) {
    if (!current->GetReflection()->HasField(*current, part)) continue;
    target->GetReflection()
        ->MutableMessage(target, part)
        ->CopyFrom(current->GetReflection()->GetMessage(*current, part));
  }
  if (GetString(*target, "etag").empty()) SetString(*target, "etag", GetString(*current, "etag"));
  return absl::OkStatus();
}

void Print(const Message& response, const Session& session) {
  if (session.output == Output::kJson) {
    *session.out << ToJson(response, true);
    return;
  }
  const Message* only = OnlyMessage(response);
  *session.out << FormatMessage(only == nullptr ? response : *only);
}

absl::Status RunList(Caller& caller, const Verb& verb, Message& request, int64_t limit,
                     const Session& session) {
  auto all = Caller::New(*verb.rpc->output_type());
  const FieldDescriptor* list = ListField(*verb.rpc->output_type());
  const FieldDescriptor* size = NumberField(request, "page_size", FieldDescriptor::CPPTYPE_INT32);
  std::string token;
  do {
    const int64_t have = all->GetReflection()->FieldSize(*all, list);
    if (size != nullptr) {
      const int64_t page =
          limit == 0 ? kMaxPageSize : std::min<int64_t>(kMaxPageSize, limit - have);
      request.GetReflection()->SetInt32(&request, size, static_cast<int32_t>(page));
    }
    SetString(request, "page_token", token);
    auto response = Caller::New(*verb.rpc->output_type());
    TL_RETURN_IF_ERROR(caller.Call(*verb.rpc, request, *response));
    token = GetString(*response, "next_page_token");
    all->MergeFrom(*response);
  } while (!token.empty() && (limit == 0 || all->GetReflection()->FieldSize(*all, list) < limit));
  all->GetReflection()->ClearField(all.get(), StringField(*all, "next_page_token"));
  if (session.output == Output::kJson) {
    *session.out << ToJson(*all, true);
  } else {
    std::vector<const Message*> resources;
    bool events = true;
    for (int i = 0; i < all->GetReflection()->FieldSize(*all, list); ++i) {
      resources.push_back(&all->GetReflection()->GetRepeatedMessage(*all, list, i));
      events = events && !EventLine(*resources.back()).empty();
    }
    if (events) {
      for (const Message* event : resources) *session.out << EventLine(*event) << "\n";
    } else {
      *session.out << FormatList(resources);
    }
    if (resources.empty()) *session.err << "none\n";
  }
  if (!token.empty()) {
    *session.err << "there are more: give --limit with a greater number, or 0 for all\n";
  }
  return absl::OkStatus();
}

}  // namespace

std::string ToJson(const Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return "{}\n";
  if (!absl::EndsWith(json, "\n")) json += "\n";
  return json;
}

absl::Status RunVerb(const Verb& verb, const Given& given, const Session& session) {
  const std::vector<Flag> flags = FlagsOf(*verb.rpc->input_type(), verb.positionals);
  Caller caller(session.caller);
  auto request = Caller::New(*verb.rpc->input_type());
  TL_RETURN_IF_ERROR(MergeJson(given.json, *request));
  TL_RETURN_IF_ERROR(FillCurrentParts(caller, verb, flags, given, session, *request));
  const Reading reading{session.workspace, MachineTime().Wall()};
  TL_RETURN_IF_ERROR(FillRequest(*request, flags, given.values, given.cleared, reading));
  if (verb.rpc->server_streaming()) {
    SetString(*request, "resume_token", given.resume);
    return RunWatch(caller, verb, *request, session);
  }
  if (ListField(*verb.rpc->output_type()) != nullptr) {
    return RunList(caller, verb, *request, given.limit, session);
  }
  TL_RETURN_IF_ERROR(FillCustodyEpoch(caller, verb, *request));
  if (GetString(*request, "request_id").empty()) {
    SetString(*request, "request_id",
              session.request_id.empty() ? rpc::MakeRequestId() : session.request_id);
  }
  auto response = Caller::New(*verb.rpc->output_type());
  TL_RETURN_IF_ERROR(caller.Call(*verb.rpc, *request, *response));
  Print(*response, session);
  return absl::OkStatus();
}

}  // namespace tideline::cli
