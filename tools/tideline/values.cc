// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/values.h"

#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "tideline/type/v1/values.pb.h"
#include "tools/tideline/names.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Unlike(absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not ", wanted));
}

// "PRIORITY_" for PRIORITY_URGENT of enum Priority: what all its values begin with.
std::string Prefix(const EnumDescriptor& type) {
  absl::string_view zero = type.FindValueByNumber(0) == nullptr
                               ? absl::string_view("")
                               : absl::string_view(type.FindValueByNumber(0)->name());
  return absl::EndsWith(zero, "UNSPECIFIED") ? std::string(zero.substr(0, zero.size() - 11)) : "";
}

absl::StatusOr<int> ParseEnum(const EnumDescriptor& type, absl::string_view text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number) && type.FindValueByNumber(number) != nullptr) return number;
  const std::string word = absl::StrReplaceAll(absl::AsciiStrToUpper(text), {{"-", "_"}});
  const EnumValueDescriptor* value = type.FindValueByName(word);
  if (value == nullptr) value = type.FindValueByName(absl::StrCat(Prefix(type), word));
  if (value != nullptr) return value->number();
  return Unlike(text, absl::StrCat("one of ", absl::StrJoin(EnumWords(type), ", ")));
}

absl::Status ParseMoney(absl::string_view text, type::v1::Money& money) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  const absl::string_view wanted = "an amount such as \"12.50 EUR\"";
  if (words.size() != 2 || words[1].size() != 3) return Unlike(text, wanted);
  const bool negative = absl::StartsWith(words[0], "-");
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(words[0].substr(negative ? 1 : 0), absl::MaxSplits('.', 1));
  int64_t units = 0;
  int32_t nanos = 0;
  std::string fraction(parts.second);
  if (!absl::SimpleAtoi(parts.first, &units) || units < 0 || fraction.size() > 9) {
    return Unlike(text, wanted);
  }
  fraction.resize(9, '0');
  if (!absl::SimpleAtoi(fraction, &nanos) || nanos < 0) return Unlike(text, wanted);
  money.set_currency_code(absl::AsciiStrToUpper(words[1]));
  money.set_units(negative ? -units : units);
  money.set_nanos(negative ? -nanos : nanos);
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view text, absl::Time now) {
  if (text == "now") return now;
  absl::Duration delta;
  if ((absl::StartsWith(text, "+") || absl::StartsWith(text, "-")) &&
      absl::ParseDuration(text, &delta)) {
    return now + delta;
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return Unlike(text, "a time such as 2026-01-31T12:00:00Z, +2h or now");
}

template <typename T>
void SetSecondsAndNanos(absl::Duration since, T& message) {
  int64_t seconds = absl::IDivDuration(since, absl::Seconds(1), &since);
  if (since < absl::ZeroDuration()) {
    // Timestamps want nanos that are not negative; ParseDuration of ours never comes here.
    since += absl::Seconds(1);
    --seconds;
  }
  message.set_seconds(seconds);
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since)));
}

absl::Status FromJson(absl::string_view text, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(text), &message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("JSON of ", message.GetDescriptor()->name(), ": ",
                   std::string(status.message().data(), status.message().size())));
}

// "skill=java,level=expert" or "java:expert".
absl::Status FromWords(absl::string_view text, Message& message, const Reading& reading) {
  const Descriptor& type = *message.GetDescriptor();
  if (!absl::StrContains(text, '=')) {
    int next = 0;
    for (absl::string_view word : absl::StrSplit(text, ':')) {
      if (next == type.field_count()) return Unlike(text, TypeHint(*type.field(0)));
      TL_RETURN_IF_ERROR(SetField(message, *type.field(next++), word, reading));
    }
    return absl::OkStatus();
  }
  for (absl::string_view pair : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> kv = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const FieldDescriptor* field =
        type.FindFieldByName(absl::StrReplaceAll(kv.first, {{"-", "_"}}));
    if (field == nullptr) {
      std::vector<absl::string_view> names;
      for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
      return absl::InvalidArgumentError(absl::StrCat("\"", kv.first, "\" is no field of ",
                                                     type.name(), "; it has ",
                                                     absl::StrJoin(names, ", ")));
    }
    TL_RETURN_IF_ERROR(SetField(message, *field, kv.second, reading));
  }
  return absl::OkStatus();
}

absl::Status ParseMessage(absl::string_view text, Message& message, const Reading& reading) {
  if (auto* money = dynamic_cast<type::v1::Money*>(&message)) return ParseMoney(text, *money);
  if (auto* timestamp = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
    TL_ASSIGN_OR_RETURN(const absl::Time time, ParseTime(text, reading.now));
    SetSecondsAndNanos(time - absl::UnixEpoch(), *timestamp);
    return absl::OkStatus();
  }
  if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&message)) {
    absl::Duration parsed;
    if (!absl::ParseDuration(text, &parsed) || parsed < absl::ZeroDuration()) {
      return Unlike(text, "a duration such as 90s or 1h30m");
    }
    SetSecondsAndNanos(parsed, *duration);
    return absl::OkStatus();
  }
  if (auto* mask = dynamic_cast<google::protobuf::FieldMask*>(&message)) {
    for (absl::string_view path : absl::StrSplit(text, ',')) mask->add_paths(std::string(path));
    return absl::OkStatus();
  }
  if (absl::StartsWith(text, "{")) return FromJson(text, message);
  return FromWords(text, message, reading);
}

absl::Status ParseMapEntry(Message& message, const FieldDescriptor& field, absl::string_view text,
                           const Reading& reading) {
  const std::pair<std::string, std::string> kv = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!absl::StrContains(text, '=')) return Unlike(text, "of the form key=value");
  Message* entry = message.GetReflection()->AddMessage(&message, &field);
  TL_RETURN_IF_ERROR(
      SetField(*entry, *field.message_type()->FindFieldByNumber(1), kv.first, reading));
  return SetField(*entry, *field.message_type()->FindFieldByNumber(2), kv.second, reading);
}

template <typename T>
absl::Status SetNumber(absl::string_view text, absl::string_view wanted, const auto& set) {
  T value{};
  if constexpr (std::is_same_v<T, bool>) {
    if (!absl::SimpleAtob(text, &value)) return Unlike(text, wanted);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!absl::SimpleAtod(text, &value)) return Unlike(text, wanted);
  } else {
    if (!absl::SimpleAtoi(text, &value)) return Unlike(text, wanted);
  }
  set(value);
  return absl::OkStatus();
}

absl::Status SetString(Message& message, const FieldDescriptor& field, absl::string_view text,
                       const Reading& reading) {
  std::string value(text);
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    if (!absl::Base64Unescape(text, &value)) return Unlike(text, "base64");
  } else {
    TL_ASSIGN_OR_RETURN(value, ExpandName(PatternOf(field), text, reading.workspace));
  }
  const Reflection* r = message.GetReflection();
  if (field.is_repeated()) {
    r->AddString(&message, &field, std::move(value));
  } else {
    r->SetString(&message, &field, std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SetField(Message& message, const FieldDescriptor& field, absl::string_view text,
                      const Reading& reading) {
  const Reflection* r = message.GetReflection();
  const bool add = field.is_repeated();
  switch (field.cpp_type()) {
#define TL_NUMBER(CPPTYPE, T, NAME, WANTED)                                        \
  case FieldDescriptor::CPPTYPE:                                                   \
    return SetNumber<T>(text, WANTED, [&](T v) {                                   \
      add ? r->Add##NAME(&message, &field, v) : r->Set##NAME(&message, &field, v); \
    });
    TL_NUMBER(CPPTYPE_INT32, int32_t, Int32, "a whole number")
    TL_NUMBER(CPPTYPE_INT64, int64_t, Int64, "a whole number")
    TL_NUMBER(CPPTYPE_UINT32, uint32_t, UInt32, "a whole number from 0")
    TL_NUMBER(CPPTYPE_UINT64, uint64_t, UInt64, "a whole number from 0")
    TL_NUMBER(CPPTYPE_DOUBLE, double, Double, "a number")
    TL_NUMBER(CPPTYPE_FLOAT, double, Float, "a number")
    TL_NUMBER(CPPTYPE_BOOL, bool, Bool, "true or false")
#undef TL_NUMBER
    case FieldDescriptor::CPPTYPE_ENUM: {
      TL_ASSIGN_OR_RETURN(const int value, ParseEnum(*field.enum_type(), text));
      add ? r->AddEnumValue(&message, &field, value) : r->SetEnumValue(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(message, field, text, reading);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (field.is_map()) return ParseMapEntry(message, field, text, reading);
      return ParseMessage(
          text, add ? *r->AddMessage(&message, &field) : *r->MutableMessage(&message, &field),
          reading);
  }
  return absl::UnimplementedError(absl::StrCat("fields like ", field.full_name()));
}

std::string EnumWord(const EnumValueDescriptor& value) {
  absl::string_view name = value.name();
  absl::ConsumePrefix(&name, Prefix(*value.type()));
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

std::vector<std::string> EnumWords(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) words.push_back(EnumWord(*type.value(i)));
  }
  return words;
}

std::string TypeHint(const FieldDescriptor& field) {
  if (field.is_map()) return "KEY=VALUE";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrJoin(EnumWords(*field.enum_type()), "|");
    case FieldDescriptor::CPPTYPE_BOOL:
      return "";
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() == FieldDescriptor::TYPE_BYTES) return "BASE64";
      const std::string pattern = PatternOf(field);
      const size_t brace = pattern.rfind('{');
      if (brace == std::string::npos) return "TEXT";
      return absl::AsciiStrToUpper(pattern.substr(brace + 1, pattern.rfind('}') - brace - 1));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Descriptor& type = *field.message_type();
      if (type.full_name() == "google.protobuf.Timestamp") return "TIME";
      if (type.full_name() == "google.protobuf.Duration") return "DURATION";
      if (type.full_name() == "google.protobuf.FieldMask") return "FIELDS";
      if (type.full_name() == "tideline.type.v1.Money") return "AMOUNT";
      std::vector<std::string> parts;
      for (int i = 0; i < type.field_count() && i < 3; ++i) {
        parts.push_back(absl::StrCat(type.field(i)->name(), "=.."));
      }
      return absl::StrJoin(parts, ",");
    }
    default:
      return "NUMBER";
  }
}

}  // namespace tideline::cli
