// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/resource_name.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/api/resource.pb.h"

namespace tideline::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

constexpr absl::string_view kWorkspaces = "workspaces/";

bool IsIdChar(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

// The next segment of `rest`, which loses it and the slash behind it.
absl::string_view NextSegment(absl::string_view& rest) {
  const size_t slash = rest.find('/');
  const absl::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(slash == absl::string_view::npos ? rest.size() : slash + 1);
  return segment;
}

}  // namespace

bool IsResourceId(absl::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  if (text.front() < 'a' || text.front() > 'z' || text.back() == '-') return false;
  for (char c : text) {
    if (!IsIdChar(c)) return false;
  }
  return true;
}

absl::string_view WorkspaceOf(absl::string_view name) {
  absl::string_view rest = name;
  if (!absl::ConsumePrefix(&rest, kWorkspaces)) return {};
  const size_t length = std::min(rest.find('/'), rest.size());
  if (!IsResourceId(rest.substr(0, length))) return {};
  return name.substr(0, kWorkspaces.size() + length);
}

NamePattern::NamePattern(absl::string_view pattern) : text_(pattern) {
  for (absl::string_view segment : absl::StrSplit(pattern, '/')) {
    segments_.emplace_back(absl::StartsWith(segment, "{") ? "" : segment);
  }
}

bool NamePattern::Matches(absl::string_view name) const {
  if (absl::EndsWith(name, "/")) return false;
  for (const std::string& expected : segments_) {
    if (name.empty()) return false;
    const absl::string_view segment = NextSegment(name);
    if (expected.empty() ? !IsResourceId(segment) : segment != expected) return false;
  }
  return name.empty();
}

NamePattern NamePattern::Parent() const {
  std::vector<std::string> segments = absl::StrSplit(text_, '/');
  segments.resize(segments.size() < 2 ? 0 : segments.size() - 2);
  return NamePattern(absl::StrJoin(segments, "/"));
}

NamePatterns::NamePatterns(const FileDescriptor& file) {
  const auto add = [this](const google::api::ResourceDescriptor& resource) {
    if (resource.type().empty()) return;
    std::vector<NamePattern>& patterns = patterns_[resource.type()];
    if (!patterns.empty()) return;
    for (const std::string& pattern : resource.pattern()) patterns.emplace_back(pattern);
  };
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> files = {&file};
  while (!files.empty()) {
    const FileDescriptor* next = files.back();
    files.pop_back();
    if (!seen.insert(next).second) continue;
    for (int i = 0; i < next->options().ExtensionSize(google::api::resource_definition); ++i) {
      add(next->options().GetExtension(google::api::resource_definition, i));
    }
    for (int i = 0; i < next->message_type_count(); ++i) {
      const Descriptor* message = next->message_type(i);
      if (message->options().HasExtension(google::api::resource)) {
        add(message->options().GetExtension(google::api::resource));
      }
    }
    for (int i = 0; i < next->dependency_count(); ++i) files.push_back(next->dependency(i));
  }
}

const std::vector<NamePattern>* NamePatterns::Find(absl::string_view type) const {
  const auto it = patterns_.find(type);
  return it == patterns_.end() || it->second.empty() ? nullptr : &it->second;
}

bool IsNameInWorkspace(absl::string_view name) {
  const absl::string_view workspace = WorkspaceOf(name);
  if (workspace.empty()) return false;
  absl::string_view rest = name.substr(workspace.size());
  if (rest.empty()) return true;
  rest.remove_prefix(1);
  if (rest.empty() || absl::EndsWith(rest, "/")) return false;
  while (!rest.empty()) {
    const absl::string_view collection = NextSegment(rest);
    if (collection.empty() || rest.empty()) return false;
    if (!IsResourceId(NextSegment(rest))) return false;
  }
  return true;
}

}  // namespace tideline::rpc
