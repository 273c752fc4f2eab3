// SPDX-License-Identifier: Apache-2.0
// Text to message fields: how a flag's value or a CSV cell becomes part of a request, whatever the
// field's type. Driven by descriptors, so a new field of a request needs no code here.
//
//   names       java                        -> workspaces/{--workspace}/skills/java
//   enums       urgent, Urgent, PRIORITY_URGENT, or the number
//   durations   90s, 1h30m                  times   2026-01-31T12:00:00Z, +2h, now
//   messages    skill=java,level=expert     or java:expert (fields in order), or JSON
//   maps        key=value                   bytes   base64
//
// Pure: what it needs to know of the world is in Reading. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tideline::cli {

// What values are read against.
struct Reading {
  std::string workspace;  // id or full name; may be empty
  absl::Time now;         // for "now" and "+2h"
};

// Sets `field` of `message` from `text`; appends, where the field is repeated or a map.
// INVALID_ARGUMENT says what would have been understood. On an error the message may be half set.
absl::Status SetField(google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field, absl::string_view text,
                      const Reading& reading);

// The words an enum takes, such as "urgent"; its zero value is left out.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

// What a field's value looks like, for help: "SKILL", "DURATION", "urgent|high|normal|low".
std::string TypeHint(const google::protobuf::FieldDescriptor& field);

}  // namespace tideline::cli
