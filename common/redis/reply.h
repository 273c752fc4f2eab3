// SPDX-License-Identifier: Apache-2.0
// What a Redis server answered, copied out of the client library (whose replies die with the
// callback), or that no answer came. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tideline::redis {

struct Reply {
  enum class Kind {
    kNil,
    kString,   // bulk strings and status lines: `text`
    kInteger,  // `integer`
    kArray,    // `elements`
    kError,    // the server's words in `text`, such as "READONLY You can't write ..."
    kLost,     // no reply: connection lost or timed out; why in `text`. The outcome is unknown.
  };

  static Reply Lost(std::string why) { return {Kind::kLost, 0, std::move(why), {}}; }

  bool is_error() const { return kind == Kind::kError; }
  bool is_lost() const { return kind == Kind::kLost; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  // First word of an error: "READONLY", "ERR"; empty if it is none.
  absl::string_view code() const {
    if (!is_error()) return "";
    return absl::string_view(text).substr(0, text.find(' '));
  }

  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;
  std::vector<Reply> elements;
};

}  // namespace tideline::redis
