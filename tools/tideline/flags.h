// SPDX-License-Identifier: Apache-2.0
// What a verb takes on the command line, derived from its request message: one flag for each field
// a caller may set. A resource inside the request is opened, so that `expert create asha --team
// night` fills CreateExpertRequest.expert.team; messages inside it become dotted flags. Pure;
// thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tools/tideline/values.h"

namespace tideline::cli {

struct Flag {
  std::string name;                                            // "display-name", without dashes
  std::vector<const google::protobuf::FieldDescriptor*> path;  // from the request inwards
  bool positional = false;
  bool required = false;
  bool repeated = false;
  std::string hint;                  // what a value looks like
  std::vector<std::string> choices;  // of an enum; empty: anything

  const google::protobuf::FieldDescriptor& field() const { return *path.back(); }
};

// Flags of a request. `positionals` names those given without a flag, in order ("name", "state");
// when it is empty, it is what identifies the resource.
std::vector<Flag> FlagsOf(const google::protobuf::Descriptor& request,
                          const std::vector<std::string>& positionals = {});

// Flag name -> the texts given for it.
using Values = std::map<std::string, std::vector<std::string>>;

// Fills the request: parent or workspace, the values, and the update mask of what was given.
// `cleared` names flags whose fields an update empties. INVALID_ARGUMENT names the flag.
absl::Status FillRequest(google::protobuf::Message& request, const std::vector<Flag>& flags,
                         const Values& values, const std::vector<std::string>& cleared,
                         const Reading& reading);

// The field of the request that is a whole resource, such as CreateExpertRequest.expert; may be
// null.
const google::protobuf::FieldDescriptor* ResourceField(const google::protobuf::Descriptor& request);

}  // namespace tideline::cli
