// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/log.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace tideline::telemetry {
namespace {

using LineSink = void (*)(absl::string_view);

std::atomic<int> g_level{static_cast<int>(Level::kInfo)};
std::atomic<LineSink> g_capture{nullptr};

// spdlog gives the line its time and writes it whole under its lock.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto* made = new spdlog::logger("tideline", sink);  // lives on: threads may log at exit
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",%v}", spdlog::pattern_time_type::utc));
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
    case Level::kOff:
      break;
  }
  return "off";
}

spdlog::level::level_enum ToSpdlog(Level level) {
  return static_cast<spdlog::level::level_enum>(static_cast<int>(level));
}

// Length of the UTF-8 sequence that begins at `text[at]`, 0 if it is malformed (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF).
size_t SequenceLength(absl::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  size_t length = 0;
  uint8_t low = 0x80, high = 0xBF;  // of the second byte
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (at + length > text.size()) return 0;
  if (byte(at + 1) < low || byte(at + 1) > high) return 0;
  for (size_t i = at + 2; i < at + length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

struct AppendValue {
  std::string& out;
  void operator()(absl::string_view text) const { AppendJsonString(text, out); }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
  void operator()(double number) const {
    // JSON has no infinity and no NaN.
    if (std::isfinite(number)) {
      absl::StrAppendFormat(&out, "%.6g", number);
    } else {
      out += "null";
    }
  }
  void operator()(int64_t number) const { absl::StrAppend(&out, number); }
  void operator()(uint64_t number) const { absl::StrAppend(&out, number); }
};

}  // namespace

void AppendJsonString(absl::string_view text, std::string& out) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const size_t length = SequenceLength(text, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint8_t>(c));
    } else if (length == 0) {
      out += "\\ufffd";
    } else {
      absl::StrAppend(&out, text.substr(at, length));
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

std::string FormatLogLine(Level level, absl::string_view event,
                          std::initializer_list<LogField> fields) {
  std::string line = absl::StrCat("\"level\":\"", LevelName(level), "\",\"event\":");
  AppendJsonString(event, line);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(field.key, line);
    line += ':';
    std::visit(AppendValue{line}, field.value.value());
  }
  return line;
}

bool LogEnabled(Level level) {
  return static_cast<int>(level) >= g_level.load(std::memory_order_relaxed);
}

void Log(Level level, absl::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  const std::string line = FormatLogLine(level, event, fields);
  if (LineSink capture = g_capture.load()) {
    capture(absl::StrCat("{", line, "}"));
    return;
  }
  // As an argument, never as the format: braces in a line are data.
  Logger().log(ToSpdlog(level), "{}", line);
}

void SetLogLevel(Level level) { g_level = static_cast<int>(level); }

std::optional<Level> ParseLevel(absl::string_view text) {
  for (Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError, Level::kOff}) {
    if (text == LevelName(level)) return level;
  }
  return std::nullopt;
}

bool LogBudget::Take(int64_t& dropped) {
  dropped = 0;
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(since_boot).count();
  int64_t second = second_.load(std::memory_order_relaxed);
  if (second != now && second_.compare_exchange_strong(second, now)) taken_ = 0;
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= per_second_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  dropped = dropped_.exchange(0, std::memory_order_relaxed);
  return true;
}

void CaptureLog(void (*sink)(absl::string_view line)) { g_capture = sink; }

}  // namespace tideline::telemetry
