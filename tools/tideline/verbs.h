// SPDX-License-Identifier: Apache-2.0
// What the command line can say: nouns, their verbs, and the rpc behind each. Create, get, list,
// update and delete follow from the protos; the other verbs stand in one table. A test holds every
// rpc of every service against it, so none can be forgotten. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace tideline::cli {

struct Verb {
  std::string name;  // "create"
  const google::protobuf::MethodDescriptor* rpc = nullptr;
  std::vector<std::string> positionals;  // empty: what identifies the resource
  std::string help;
};

struct Noun {
  std::string name;  // "expert"
  std::string help;
  std::vector<Verb> verbs;
};

// The services that this program knows.
const std::vector<const google::protobuf::ServiceDescriptor*>& Services();

// All nouns, in the order of help.
const std::vector<Noun>& Nouns();

// Rpcs that have no verb, because another command calls them.
const std::vector<std::string>& RpcsWithoutVerb();

// First sentence of the comment in the proto on an rpc, message, field or enum value; empty if
// none.
absl::string_view Comment(absl::string_view full_name);

// Columns of a list of these resources: field paths with dots. Without an entry: the first few.
std::vector<std::string> ColumnsOf(const google::protobuf::Descriptor& resource);

}  // namespace tideline::cli
