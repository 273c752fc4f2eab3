// SPDX-License-Identifier: Apache-2.0
// Structured logs: one JSON object per line on stderr.
//
//   Log(Level::kWarning, "call.refused", {{"method", name}, {"code", code}, {"ms", 1.5}});
//   {"time":"2026-11-23T13:00:00.123456Z","level":"warning","event":"call.refused",...}
//
// `event` is a dotted word of a closed set; what varies goes into fields. Personal data never does.
// Thread-safe. A line that is off costs one load; ask LogEnabled before computing fields.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include "absl/strings/string_view.h"

namespace tideline::telemetry {

enum class Level : int { kDebug = 1, kInfo = 2, kWarning = 3, kError = 4, kOff = 6 };

// A value of a field. Holds text by reference: it lives for the call.
class LogValue {
 public:
  LogValue(const char* text) : value_(absl::string_view(text)) {}         // NOLINT
  LogValue(absl::string_view text) : value_(text) {}                      // NOLINT
  LogValue(const std::string& text) : value_(absl::string_view(text)) {}  // NOLINT
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  LogValue(Number number) {  // NOLINT
    if constexpr (std::is_same_v<Number, bool>) {
      value_ = number;
    } else if constexpr (std::is_floating_point_v<Number>) {
      value_ = static_cast<double>(number);
    } else if constexpr (std::is_signed_v<Number>) {
      value_ = static_cast<int64_t>(number);
    } else {
      value_ = static_cast<uint64_t>(number);
    }
  }

  using Value = std::variant<absl::string_view, bool, double, int64_t, uint64_t>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

struct LogField {
  absl::string_view key;
  LogValue value;
};

bool LogEnabled(Level level);
void Log(Level level, absl::string_view event, std::initializer_list<LogField> fields = {});

// What is logged from now on. Default: info.
void SetLogLevel(Level level);
// "debug", "info", "warning", "error", "off".
std::optional<Level> ParseLevel(absl::string_view text);

// Lets so many lines a second pass: a flood of refused calls must not become a flood of lines.
// Thread-safe.
class LogBudget {
 public:
  explicit LogBudget(int64_t per_second) : per_second_(per_second) {}
  // Whether a line may be written now. `dropped` gets the number of those that might not since the
  // last that might.
  bool Take(int64_t& dropped);

 private:
  const int64_t per_second_;
  std::atomic<int64_t> second_{0};
  std::atomic<int64_t> taken_{0};
  std::atomic<int64_t> dropped_{0};
};

// Sends lines to `sink` (without the newline) instead of stderr; null: stderr again. For tests.
void CaptureLog(void (*sink)(absl::string_view line));

// `text` as a JSON string, in quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(absl::string_view text, std::string& out);

// The members of the object after time: "level":...,"event":...,fields. Exposed for tests.
std::string FormatLogLine(Level level, absl::string_view event,
                          std::initializer_list<LogField> fields);

}  // namespace tideline::telemetry
