// SPDX-License-Identifier: Apache-2.0
#include "services/review/core/entries.h"

namespace tideline::review {

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto.set_seconds(seconds);
  proto.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

absl::string_view WorkspaceName(absl::string_view name) {
  return name.substr(0, name.find('/', sizeof("workspaces/") - 1));
}

absl::string_view LastSegment(absl::string_view name) { return name.substr(name.rfind('/') + 1); }

}  // namespace tideline::review
