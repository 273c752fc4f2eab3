// SPDX-License-Identifier: Apache-2.0
#include "services/skill_registry/core/resource_kinds.h"

#include <algorithm>
#include <map>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/partition/personal.h"
#include "google/api/resource.pb.h"
#include "services/skill_registry/core/dates.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::skill_registry {
namespace {

// "teams" of "workspaces/{workspace}/teams/{team}"; empty when the pattern ends in a fixed word.
std::string CollectionOf(const Descriptor* type) {
  const std::string& pattern = type->options().GetExtension(google::api::resource).pattern(0);
  std::vector<std::string> segments = absl::StrSplit(pattern, '/');
  return segments.size() % 2 == 0 ? segments[segments.size() - 2] : std::string();
}

// Plans are shared by the kinds that contain a message type, and live as long as the process.
class Planner {
 public:
  explicit Planner(const std::vector<Kind>& kinds) {
    for (const Kind& kind : kinds) {
      collections_[kind.type->options().GetExtension(google::api::resource).type()] =
          kind.collection;
    }
  }

  // Fills the plan of a message type; false when it holds no references.
  bool Fill(const Descriptor* type, ReferencePlan& plan) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const auto& reference = field->options().GetExtension(google::api::resource_reference);
      if (auto it = collections_.find(reference.type()); it != collections_.end()) {
        if (IsHistory(type, it->second)) continue;
        plan.names.push_back({field, it->second});
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (ReferencePlan* part = For(field->message_type())) plan.parts.push_back({field, part});
      }
    }
    return !plan.names.empty() || !plan.parts.empty();
  }

 private:
  // What names an expert inside a part of a resource tells of the past (who judged, who vouched).
  // It is checked when it is written, and does not keep the expert from leaving.
  bool IsHistory(const Descriptor* type, absl::string_view collection) const {
    return collection == "experts" && !type->options().HasExtension(google::api::resource);
  }

  ReferencePlan* For(const Descriptor* type) {
    auto [it, fresh] = plans_.try_emplace(type, nullptr);
    if (!fresh) return it->second;
    auto plan = std::make_unique<ReferencePlan>();
    ReferencePlan* filled = Fill(type, *plan) ? plan.release() : nullptr;
    return plans_[type] = filled;
  }

  absl::flat_hash_map<std::string, std::string> collections_;
  std::map<const Descriptor*, ReferencePlan*> plans_;
};

std::vector<Kind> MakeKinds() {
  std::vector<Kind> kinds;
  const Descriptor* resource = v1::Resource::descriptor();
  for (int i = 0; i < resource->field_count(); ++i) {
    Kind kind;
    kind.slot = resource->field(i);
    kind.type = kind.slot->message_type();
    kind.record = kind.slot->name();
    kind.collection = CollectionOf(kind.type);
    kind.name = kind.type->FindFieldByNumber(1);
    kind.etag = kind.type->FindFieldByNumber(2);
    kind.create_time = kind.type->FindFieldByNumber(3);
    kind.update_time = kind.type->FindFieldByNumber(4);
    for (int j = 0; j < kind.type->field_count(); ++j) {
      const FieldDescriptor* field = kind.type->field(j);
      if (field->options().GetExtension(type::v1::personal)) {
        kind.personal.push_back(field);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        kind.personal_within |= partition::HasPersonal(field->message_type());
      }
    }
    BindDates(kind);
    kinds.push_back(std::move(kind));
  }
  Planner planner(kinds);
  for (Kind& kind : kinds) planner.Fill(kind.type, kind.references);
  return kinds;
}

// Where the visitor stands, for a path that is written only when it is asked for.
struct Place {
  const Place* up;
  const FieldDescriptor* field;
  int index;  // -1: not repeated

  std::string Path() const {
    std::string path = up == nullptr ? "" : absl::StrCat(up->Path(), ".");
    absl::StrAppend(&path, field->name());
    if (index >= 0) absl::StrAppend(&path, "[", index, "]");
    return path;
  }
};

bool Visit(const ReferencePlan& plan, const Message& message, const Place* up,
           ReferenceVisitor visit) {
  const auto* reflection = message.GetReflection();
  std::string scratch;
  for (const auto& [field, collection] : plan.names) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string& target =
          field->is_repeated() ? reflection->GetRepeatedStringReference(message, field, i, &scratch)
                               : reflection->GetStringReference(message, field, &scratch);
      if (target.empty() && !field->is_repeated()) continue;
      Place place{up, field, field->is_repeated() ? i : -1};
      if (!visit(target, collection, [&place] { return place.Path(); })) return false;
    }
  }
  for (const auto& [field, part] : plan.parts) {
    if (!field->is_repeated()) {
      if (!reflection->HasField(message, field)) continue;
      Place place{up, field, -1};
      if (!Visit(*part, reflection->GetMessage(message, field), &place, visit)) return false;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      Place place{up, field, i};
      if (!Visit(*part, reflection->GetRepeatedMessage(message, field, i), &place, visit)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

const std::vector<Kind>& Kinds() {
  static const auto& kinds = *new std::vector<Kind>(MakeKinds());
  return kinds;
}

const Kind& KindOf(const Descriptor* type) {
  static const auto& by_type = *[] {
    auto* map = new absl::flat_hash_map<const Descriptor*, const Kind*>();
    for (const Kind& kind : Kinds()) (*map)[kind.type] = &kind;
    return map;
  }();
  return *by_type.find(type)->second;
}

const Kind* FindKind(absl::string_view record) {
  for (const Kind& kind : Kinds()) {
    if (kind.record == record) return &kind;
  }
  return nullptr;
}

void VisitReferences(const Kind& kind, const Message& resource, ReferenceVisitor visit) {
  Visit(kind.references, resource, nullptr, visit);
}

std::vector<std::string> References(const Kind& kind, const Message& resource) {
  std::vector<std::string> targets;
  VisitReferences(kind, resource, [&targets](const std::string& target, absl::string_view, PathOf) {
    targets.push_back(target);
    return true;
  });
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

void ClearPersonal(const Kind& kind, Message& resource) {
  for (const FieldDescriptor* field : kind.personal) {
    resource.GetReflection()->ClearField(&resource, field);
  }
  if (kind.personal_within) partition::ClearPersonal(resource);
}

absl::string_view WorkspaceOf(absl::string_view name) {
  size_t slash = name.find('/', sizeof("workspaces/") - 1);
  return name.substr(0, slash);
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto.set_seconds(seconds);
  proto.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

}  // namespace tideline::skill_registry
