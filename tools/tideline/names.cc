// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/names.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/api/resource.pb.h"
#include "tools/tideline/verbs.h"

namespace tideline::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

using Patterns = std::map<std::string, std::string, std::less<>>;

void AddMessages(const FileDescriptor& file, Patterns& patterns,
                 std::set<const FileDescriptor*>& seen) {
  if (!seen.insert(&file).second) return;
  for (int i = 0; i < file.message_type_count(); ++i) {
    const auto& options = file.message_type(i)->options();
    if (!options.HasExtension(google::api::resource)) continue;
    const auto& resource = options.GetExtension(google::api::resource);
    if (resource.pattern_size() > 0) patterns[resource.type()] = resource.pattern(0);
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddMessages(*file.dependency(i), patterns, seen);
  }
}

const Patterns& AllPatterns() {
  static const Patterns* const patterns = [] {
    auto* all = new Patterns;
    std::set<const FileDescriptor*> seen;
    for (const auto* service : Services()) AddMessages(*service->file(), *all, seen);
    return all;
  }();
  return *patterns;
}

bool IsVariable(absl::string_view segment) { return absl::StartsWith(segment, "{"); }

}  // namespace

std::string PatternOf(absl::string_view resource_type) {
  auto it = AllPatterns().find(std::string(resource_type));
  return it == AllPatterns().end() ? "" : it->second;
}

std::string PatternOf(const FieldDescriptor& field) {
  if (field.type() != FieldDescriptor::TYPE_STRING) return "";
  if (field.options().HasExtension(google::api::resource_reference)) {
    return PatternOf(field.options().GetExtension(google::api::resource_reference).type());
  }
  const auto& message = field.containing_type()->options();
  if (field.name() == "name" && message.HasExtension(google::api::resource)) {
    return PatternOf(message.GetExtension(google::api::resource).type());
  }
  return "";
}

absl::StatusOr<std::string> ExpandName(absl::string_view pattern, absl::string_view text,
                                       absl::string_view workspace) {
  if (pattern.empty() || text.empty() || absl::StartsWith(text, "workspaces/")) {
    return std::string(text);
  }
  std::vector<std::string> segments = absl::StrSplit(pattern, '/');
  const bool is_workspace = segments.size() == 2;
  if (!is_workspace && workspace.empty()) {
    return absl::InvalidArgumentError(
        "which workspace? Give --workspace or set TIDELINE_WORKSPACE, or write the full name");
  }
  std::vector<std::string> ids = absl::StrSplit(text, '/');
  size_t next = 0;
  size_t wanted = 0;
  for (size_t i = 1; i < segments.size(); ++i) {
    if (!IsVariable(segments[i])) continue;
    if (i == 1 && !is_workspace) {
      segments[i] = ShortName(workspace);
      continue;
    }
    ++wanted;
    if (next < ids.size()) segments[i] = ids[next++];
  }
  if (wanted != ids.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" does not fit ", pattern, ": give ",
                     wanted == 1 ? "one id" : absl::StrCat(wanted, " ids separated by slashes"),
                     ", or the full name"));
  }
  return absl::StrJoin(segments, "/");
}

std::string ShortName(absl::string_view name) {
  if (!absl::StartsWith(name, "workspaces/")) return std::string(name);
  std::vector<absl::string_view> segments = absl::StrSplit(name, '/');
  if (segments.size() == 2) return std::string(segments[1]);
  std::vector<absl::string_view> ids;
  for (size_t i = 3; i < segments.size(); i += 2) ids.push_back(segments[i]);
  return absl::StrJoin(ids, "/");
}

}  // namespace tideline::cli
