// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/flags.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "google/api/field_behavior.pb.h"
#include "google/api/resource.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "tools/tideline/names.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Messages inside messages inside the resource are given as a whole: longer flags help nobody.
constexpr size_t kMaxPath = 3;

bool Behaves(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

bool IsResource(const FieldDescriptor& field) {
  return !field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->options().HasExtension(google::api::resource);
}

// Whether the field is filled without a flag of its own.
bool IsFilledIn(const FieldDescriptor& field) {
  static const auto* const names = new std::set<std::string>{
      "request_id", "page_token", "page_size", "update_mask", "resume_token"};
  if (field.name() == "parent" || field.name() == "workspace") {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  }
  return names->count(field.name()) > 0;
}

// Whether a message is opened into one flag per field, rather than given as one value.
bool IsOpened(const FieldDescriptor& field) {
  if (field.is_repeated() || field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return false;
  const std::string& type = field.message_type()->full_name();
  return !absl::StartsWith(type, "google.") && type != "tideline.type.v1.Money";
}

std::string FlagName(const std::vector<const FieldDescriptor*>& path, bool opened_resource) {
  std::string name;
  for (size_t i = opened_resource ? 1 : 0; i < path.size(); ++i) {
    absl::StrAppend(&name, name.empty() ? "" : ".",
                    absl::StrReplaceAll(path[i]->name(), {{"_", "-"}}));
  }
  return name;
}

Flag MakeFlag(const std::vector<const FieldDescriptor*>& path, bool opened_resource) {
  const FieldDescriptor& field = *path.back();
  Flag flag;
  flag.name = FlagName(path, opened_resource);
  flag.path = path;
  flag.repeated = field.is_repeated();
  // The custody epoch that stands now is read when none is given (run.cc).
  flag.required = Behaves(field, google::api::REQUIRED) && field.name() != "custody_epoch";
  flag.hint = TypeHint(field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM)
    flag.choices = EnumWords(*field.enum_type());
  return flag;
}

class Derivation {
 public:
  explicit Derivation(const Descriptor& request)
      : resource_(ResourceField(request)),
        has_id_(resource_ != nullptr &&
                request.FindFieldByName(absl::StrCat(resource_->name(), "_id")) != nullptr),
        updates_(request.FindFieldByName("update_mask") != nullptr) {
    Add(request, {});
  }

  std::vector<Flag> Take() { return std::move(flags_); }

 private:
  void Add(const Descriptor& type, const std::vector<const FieldDescriptor*>& outer) {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (outer.empty() && IsFilledIn(field)) continue;
      if (Behaves(field, google::api::OUTPUT_ONLY)) continue;
      auto path = outer;
      path.push_back(&field);
      const bool in_resource = path.front() == resource_;
      if (in_resource && path.size() == 2 && field.name() == "name" && has_id_) continue;
      if (IsOpened(field) && path.size() < kMaxPath) {
        Add(*field.message_type(), path);
        continue;
      }
      Flag flag = MakeFlag(path, in_resource);
      // An update takes what is given; and what a message inside requires holds only if it is
      // there.
      if (path.size() > (in_resource ? 2u : 1u) || (in_resource && updates_)) flag.required = false;
      if (std::none_of(flags_.begin(), flags_.end(),
                       [&](const Flag& other) { return other.name == flag.name; })) {
        flags_.push_back(std::move(flag));
      }
    }
  }

  const FieldDescriptor* const resource_;
  const bool has_id_;
  const bool updates_;
  std::vector<Flag> flags_;
};

// What identifies the resource: its id at creation, else its name.
std::vector<std::string> Identification(const Descriptor& request) {
  const FieldDescriptor* resource = ResourceField(request);
  if (resource != nullptr) {
    const std::string id = absl::StrCat(resource->name(), "_id");
    if (request.FindFieldByName(id) != nullptr) return {absl::StrReplaceAll(id, {{"_", "-"}})};
    return {"name"};
  }
  if (request.FindFieldByName("name") != nullptr) return {"name"};
  return {};
}

absl::Status SetJsonList(Message& owner, const FieldDescriptor& field, absl::string_view text) {
  std::unique_ptr<Message> read(owner.New());
  const auto status = google::protobuf::util::JsonStringToMessage(
      absl::StrCat("{\"", field.json_name(), "\":", text, "}"), read.get());
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        std::string(status.message().data(), status.message().size()));
  }
  owner.MergeFrom(*read);
  return absl::OkStatus();
}

absl::Status SetPath(Message& request, const Flag& flag, absl::string_view text,
                     const Reading& reading) {
  Message* owner = &request;
  for (size_t i = 0; i + 1 < flag.path.size(); ++i) {
    owner = owner->GetReflection()->MutableMessage(owner, flag.path[i]);
  }
  if (flag.repeated && absl::StartsWith(text, "[") && !flag.field().is_map()) {
    return SetJsonList(*owner, flag.field(), text);
  }
  return SetField(*owner, flag.field(), text, reading);
}

// Values given replace a list that is there already, from JSON or from the resource as it is.
void ClearList(Message& request, const Flag& flag) {
  if (!flag.repeated) return;
  Message* owner = &request;
  for (size_t i = 0; i + 1 < flag.path.size(); ++i) {
    if (!owner->GetReflection()->HasField(*owner, flag.path[i])) return;
    owner = owner->GetReflection()->MutableMessage(owner, flag.path[i]);
  }
  owner->GetReflection()->ClearField(owner, &flag.field());
}

absl::Status SetWorkspace(Message& request, const Reading& reading) {
  for (const char* name : {"parent", "workspace"}) {
    const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    if (!request.GetReflection()->GetString(request, field).empty()) continue;  // from JSON
    if (reading.workspace.empty()) {
      return absl::InvalidArgumentError(
          "which workspace? Give --workspace or set "
          "TIDELINE_WORKSPACE");
    }
    request.GetReflection()->SetString(&request, field,
                                       absl::StrCat("workspaces/", ShortName(reading.workspace)));
  }
  return absl::OkStatus();
}

// The field that an update of the flag's value changes, as the mask names it; empty: none.
std::string MaskPath(const Flag& flag, const FieldDescriptor* resource) {
  if (flag.path.front() != resource || flag.path.size() < 2) return "";
  const std::string& name = flag.path[1]->name();
  return name == "name" || name == "etag" ? "" : name;
}

void SetMask(Message& request, const std::set<std::string>& paths) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("update_mask");
  if (field == nullptr || paths.empty()) return;
  auto* mask = dynamic_cast<google::protobuf::FieldMask*>(
      request.GetReflection()->MutableMessage(&request, field));
  for (const std::string& path : paths) mask->add_paths(path);
}

}  // namespace

const FieldDescriptor* ResourceField(const Descriptor& request) {
  for (int i = 0; i < request.field_count(); ++i) {
    if (IsResource(*request.field(i))) return request.field(i);
  }
  return nullptr;
}

std::vector<Flag> FlagsOf(const Descriptor& request, const std::vector<std::string>& positionals) {
  std::vector<Flag> flags = Derivation(request).Take();
  const auto& places = positionals.empty() ? Identification(request) : positionals;
  std::vector<Flag> ordered;
  for (const std::string& name : places) {
    for (Flag& flag : flags) {
      if (flag.name != name) continue;
      flag.positional = true;
      if (name == "name") flag.required = true;  // a resource without a name is none
      ordered.push_back(flag);
    }
  }
  for (Flag& flag : flags) {
    if (!flag.positional) ordered.push_back(std::move(flag));
  }
  return ordered;
}

absl::Status FillRequest(Message& request, const std::vector<Flag>& flags, const Values& values,
                         const std::vector<std::string>& cleared, const Reading& reading) {
  TL_RETURN_IF_ERROR(SetWorkspace(request, reading));
  const FieldDescriptor* resource = ResourceField(*request.GetDescriptor());
  // A resource of which nothing is said, such as a skill that is no more than its id, is there
  // still.
  if (resource != nullptr) request.GetReflection()->MutableMessage(&request, resource);
  std::set<std::string> mask;
  for (const Flag& flag : flags) {
    auto given = values.find(flag.name);
    if (given == values.end()) continue;
    ClearList(request, flag);
    for (const std::string& text : given->second) {
      const absl::Status status = SetPath(request, flag, text, reading);
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(flag.positional ? "" : "--", flag.name, ": ", status.message()));
      }
    }
    mask.insert(MaskPath(flag, resource));
  }
  for (const std::string& name : cleared) {
    auto flag =
        std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return f.name == name; });
    if (flag == flags.end() || MaskPath(*flag, resource).empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--clear ", name, ": no such field here"));
    }
    mask.insert(MaskPath(*flag, resource));
  }
  mask.erase("");
  SetMask(request, mask);
  return absl::OkStatus();
}

}  // namespace tideline::cli
