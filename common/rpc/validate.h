// SPDX-License-Identifier: Apache-2.0
// Checks a request against what its proto declares: google.api.field_behavior, resource references
// and (tideline.type.v1.limit). A plan is compiled once per message type; a check then touches only
// fields that have a rule.
//
//   REQUIRED      present (text not empty, lists not empty, enums not 0). In a request with an
//                 update_mask, fields of the resource are required only where the mask names them.
//   OUTPUT_ONLY   cleared: what the caller says there is ignored (AIP-203).
//   limit         bytes, elements, range, form. Text without a limit of its own: the defaults
//   below. every text    no control characters besides newline and tab; enums: a declared value.
//   references    of their type's pattern, and in the call's own workspace: another tenant's
//                 resource is refused in the words used for one that does not exist.
//
// Whether a resource exists, and what its state allows, is the Core's affair. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/resource_name.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::rpc {

// Bounds where the proto states none: a generous line of text, a page of elements.
inline constexpr uint32_t kDefaultMaxBytes = 4096;
inline constexpr uint32_t kDefaultMaxItems = 1000;
// Keys of maps: as long as a resource id.
inline constexpr uint32_t kMaxKeyBytes = 63;
// Paths in one field mask.
inline constexpr int kMaxMaskPaths = 64;

struct MessagePlan;

// What is checked of one field.
struct FieldRule {
  enum class Type {
    kText,
    kBytes,
    kSigned,
    kUnsigned,
    kFloat,
    kEnum,
    kDuration,
    kTimestamp,
    kMask,
    kMessage,
    kMap,
    kOther
  };
  const google::protobuf::FieldDescriptor* field = nullptr;
  Type type = Type::kOther;
  bool repeated = false;
  bool required = false;
  bool output_only = false;
  bool is_name = false;                  // a resource name
  bool plain_text = false;               // text without presence that is not output-only
  type::v1::FieldLimit limit;            // with defaults filled in
  std::vector<NamePattern> patterns;     // of a name; empty: any in a workspace
  const MessagePlan* message = nullptr;  // of a message, or of a map's value
  const google::protobuf::FieldDescriptor* key = nullptr;  // of a map
  std::unique_ptr<FieldRule> value;                        // of a map
};

struct MessagePlan {
  const google::protobuf::Descriptor* descriptor = nullptr;
  std::vector<FieldRule> rules;
  // Of a request: its update_mask, and the resource the mask speaks of.
  const google::protobuf::FieldDescriptor* mask = nullptr;
  const google::protobuf::FieldDescriptor* masked = nullptr;
};

// Plans of the messages reachable from a file's requests. Lives as long as its plans are used.
class Plans {
 public:
  explicit Plans(const google::protobuf::FileDescriptor& file);
  Plans(Plans&&) = default;

  // The plan of a message type, compiled at the first call. Not thread-safe; the plan is.
  const MessagePlan& For(const google::protobuf::Descriptor& descriptor);

  // Declarations that cannot be meant: a byte limit on a number, an empty range, a form on a
  // number.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  FieldRule MakeRule(const google::protobuf::FieldDescriptor& field);
  void FillText(const google::protobuf::FieldDescriptor& field, FieldRule& rule);
  void CheckDeclaration(const FieldRule& rule);

  NamePatterns patterns_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::unique_ptr<MessagePlan>> plans_;
  std::vector<std::string> problems_;
};

// Checks `request`, and clears its OUTPUT_ONLY fields. `workspace` is the call's; empty: none, and
// references are not held against it. INVALID_ARGUMENT names the first offending field and its
// limit; FAILED_PRECONDITION (REFERENCE_NOT_FOUND) a reference into another workspace.
absl::Status Validate(const MessagePlan& plan, absl::string_view workspace,
                      google::protobuf::Message& request);

// Whether a field is marked with a google.api.field_behavior.
bool HasBehavior(const google::protobuf::FieldDescriptor& field,
                 google::api::FieldBehavior behavior);

// Checks one text against a form; empty: it fits; otherwise what is wrong, for people.
absl::string_view FormatFault(type::v1::Format format, absl::string_view text);

// Whether the zone is in the machine's time zone database.
bool IsKnownTimeZone(absl::string_view name);

// Position of the first control character besides newline and tab; npos: none.
size_t FindControlCharacter(absl::string_view text);

}  // namespace tideline::rpc
