// SPDX-License-Identifier: Apache-2.0
// Resource names as google.api.resource declares them (AIP-122):
// "workspaces/{workspace}/teams/{team}".
//
// Pure, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace tideline::rpc {

// [a-z]([a-z0-9-]{0,61}[a-z0-9])?
bool IsResourceId(absl::string_view text);

// "workspaces/{id}" of a name that begins so and is "workspaces/{id}" or goes on with '/'; empty if
// it does not.
absl::string_view WorkspaceOf(absl::string_view name);

// One pattern, taken apart.
class NamePattern {
 public:
  explicit NamePattern(absl::string_view pattern);
  bool Matches(absl::string_view name) const;
  const std::string& text() const { return text_; }
  // The pattern of the collection's parent: without the last two segments.
  NamePattern Parent() const;

 private:
  std::string text_;
  std::vector<std::string> segments_;  // empty: a variable
};

// The patterns of every resource type that a file and what it imports declare.
class NamePatterns {
 public:
  explicit NamePatterns(const google::protobuf::FileDescriptor& file);
  // Patterns of the type; null when no file that was seen declares it.
  const std::vector<NamePattern>* Find(absl::string_view type) const;

 private:
  absl::flat_hash_map<std::string, std::vector<NamePattern>> patterns_;
};

// Any name in a workspace: "workspaces/{id}" and pairs of a word and an id. For types that are
// declared elsewhere.
bool IsNameInWorkspace(absl::string_view name);

}  // namespace tideline::rpc
