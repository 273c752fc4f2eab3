// SPDX-License-Identifier: Apache-2.0
// Messages as text for people: lists as tables, one resource as lines of "field: value". Times are
// UTC, names are short, absent fields are left out. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tideline::cli {

// Columns padded to their widest cell (in characters, not bytes); the last is not padded.
std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

// One field's value in one line; empty when absent. Repeated values are joined by ", ".
std::string FieldText(const google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field);

// The value behind a path such as "expert" or "custody.team"; empty when absent.
std::string PathText(const google::protobuf::Message& message, absl::string_view path);

// A table of resources by ColumnsOf their type. Empty for no resources.
std::string FormatList(const std::vector<const google::protobuf::Message*>& resources);

// All fields that are set, messages inside indented, lists of messages as tables.
std::string FormatMessage(const google::protobuf::Message& message, int indent = 0);

// The messages of the only repeated message field of a list's response; null field: not a list.
const google::protobuf::FieldDescriptor* ListField(const google::protobuf::Descriptor& response);

}  // namespace tideline::cli
