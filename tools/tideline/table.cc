// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/table.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "tideline/review/v1/quality.pb.h"
#include "tideline/type/v1/event.pb.h"
#include "tideline/type/v1/values.pb.h"
#include "tools/tideline/names.h"
#include "tools/tideline/values.h"
#include "tools/tideline/verbs.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxColumns = 6;     // of a list whose type names no columns
constexpr size_t kMaxCellWidth = 60;  // longer cells are cut in lists; -o json has all

// Characters, as a terminal counts most of them.
size_t Width(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string Cut(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (Width(text) <= kMaxCellWidth) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if ((text[end] & 0xC0) != 0x80 && ++seen == kMaxCellWidth) break;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// Messages that read as one value.
bool IsValue(const Descriptor& type) {
  return absl::StartsWith(type.full_name(), "google.protobuf.") ||
         type.full_name() == "tideline.type.v1.Money" ||
         type.full_name() == "tideline.review.v1.Share" ||
         type.full_name() == "tideline.review.v1.Figure" ||
         type.full_name() == "tideline.type.v1.Revision";
}

std::string MoneyText(const type::v1::Money& money) {
  std::string fraction = absl::StrCat(1000000000 + std::abs(money.nanos())).substr(1);
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  const bool negative = money.units() < 0 || money.nanos() < 0;
  return absl::StrCat(negative ? "-" : "", std::abs(money.units()), ".", fraction, " ",
                      money.currency_code());
}

// "93.3 % (88.0 to 96.5) of 120".
std::string ShareText(const review::v1::Share& share) {
  if (!share.has_value()) return "none";
  return absl::StrFormat("%.1f %% (%.1f to %.1f) of %d", share.value() * 100, share.low() * 100,
                         share.high() * 100, share.of());
}

// "0.71 (0.55 to 0.84) of 50"; "undefined of 2".
std::string FigureText(const review::v1::Figure& figure) {
  std::string text = figure.has_value() ? absl::StrFormat("%.2f", figure.value()) : "undefined";
  if (figure.has_low())
    absl::StrAppendFormat(&text, " (%.2f to %.2f)", figure.low(), figure.high());
  absl::StrAppendFormat(&text, " of %d", figure.cases());
  return text;
}

std::string MessageText(const Message& message) {
  if (const auto* t = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    const absl::Time time = absl::FromUnixSeconds(t->seconds()) + absl::Nanoseconds(t->nanos());
    return absl::FormatTime(t->nanos() == 0 ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%E3SZ", time,
                            absl::UTCTimeZone());
  }
  if (const auto* d = dynamic_cast<const google::protobuf::Duration*>(&message)) {
    return absl::FormatDuration(absl::Seconds(d->seconds()) + absl::Nanoseconds(d->nanos()));
  }
  if (const auto* money = dynamic_cast<const type::v1::Money*>(&message)) return MoneyText(*money);
  if (const auto* share = dynamic_cast<const review::v1::Share*>(&message))
    return ShareText(*share);
  if (const auto* f = dynamic_cast<const review::v1::Figure*>(&message)) return FigureText(*f);
  if (const auto* mask = dynamic_cast<const google::protobuf::FieldMask*>(&message)) {
    return absl::StrJoin(mask->paths(), ",");
  }
  if (const auto* r = dynamic_cast<const type::v1::Revision*>(&message)) {
    return absl::StrCat(r->commit(), ".", r->index());
  }
  // Any other message in one line: its fields that are set.
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : fields) parts.push_back(FieldText(message, *field));
  return absl::StrJoin(parts, ":");
}

std::string SingleText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection* r = message.GetReflection();
  const bool at = index >= 0;
  switch (field.cpp_type()) {
#define TL_NUMBER(CPPTYPE, NAME)                                          \
  case FieldDescriptor::CPPTYPE:                                          \
    return absl::StrCat(at ? r->GetRepeated##NAME(message, &field, index) \
                           : r->Get##NAME(message, &field));
    TL_NUMBER(CPPTYPE_INT32, Int32)
    TL_NUMBER(CPPTYPE_INT64, Int64)
    TL_NUMBER(CPPTYPE_UINT32, UInt32)
    TL_NUMBER(CPPTYPE_UINT64, UInt64)
    TL_NUMBER(CPPTYPE_DOUBLE, Double)
    TL_NUMBER(CPPTYPE_FLOAT, Float)
#undef TL_NUMBER
    case FieldDescriptor::CPPTYPE_BOOL:
      return (at ? r->GetRepeatedBool(message, &field, index) : r->GetBool(message, &field)) ? "yes"
                                                                                             : "no";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value =
          at ? r->GetRepeatedEnum(message, &field, index) : r->GetEnum(message, &field);
      return EnumWord(*value);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value =
          at ? r->GetRepeatedString(message, &field, index) : r->GetString(message, &field);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        return absl::StrCat(value.size(), " bytes");
      }
      return ShortName(value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(at ? r->GetRepeatedMessage(message, &field, index)
                            : r->GetMessage(message, &field));
  }
  return "";
}

std::string Header(absl::string_view path) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(path, {{"_", " "}, {".", " "}}));
}

std::vector<std::string> DefaultColumns(const Descriptor& type) {
  std::vector<std::string> columns;
  for (int i = 0; i < type.field_count() && columns.size() < kMaxColumns; ++i) {
    const FieldDescriptor& field = *type.field(i);
    const bool value = !IsMessage(field) || IsValue(*field.message_type());
    if (value && field.name() != "etag" && field.name() != "create_time") {
      columns.push_back(field.name());
    }
  }
  return columns;
}

// "  " per level in front of every line.
std::string Indented(absl::string_view text, int indent) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&out, std::string(2 * indent, ' '), line, "\n");
  }
  return out;
}

}  // namespace

std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& cell : header) widths.push_back(Width(cell));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string out;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    absl::StrAppend(&out, absl::StripTrailingAsciiWhitespace(line), "\n");
  };
  add(header);
  for (const auto& row : rows) add(row);
  return out;
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const Reflection* r = message.GetReflection();
  if (field.is_map()) {
    std::vector<std::string> parts;
    for (int i = 0; i < r->FieldSize(message, &field); ++i) {
      const Message& entry = r->GetRepeatedMessage(message, &field, i);
      parts.push_back(
          absl::StrCat(SingleText(entry, *field.message_type()->FindFieldByNumber(1), -1), "=",
                       SingleText(entry, *field.message_type()->FindFieldByNumber(2), -1)));
    }
    std::sort(parts.begin(), parts.end());  // a map has no order; people want one
    return absl::StrJoin(parts, ", ");
  }
  if (field.is_repeated()) {
    std::vector<std::string> parts;
    for (int i = 0; i < r->FieldSize(message, &field); ++i) {
      parts.push_back(SingleText(message, field, i));
    }
    return absl::StrJoin(parts, ", ");
  }
  if (field.has_presence() && !r->HasField(message, &field)) return "";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM && r->GetEnumValue(message, &field) == 0) {
    return "";
  }
  return SingleText(message, field, -1);
}

std::string PathText(const Message& message, absl::string_view path) {
  const Message* at = &message;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (size_t i = 0; i < names.size(); ++i) {
    const FieldDescriptor* field = at->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr) return "";
    if (i + 1 == names.size()) return FieldText(*at, *field);
    if (!IsMessage(*field) || field->is_repeated() || !at->GetReflection()->HasField(*at, field)) {
      return "";
    }
    at = &at->GetReflection()->GetMessage(*at, field);
  }
  return "";
}

std::string FormatList(const std::vector<const Message*>& resources) {
  if (resources.empty()) return "";
  const Descriptor& type = *resources.front()->GetDescriptor();
  std::vector<std::string> columns = ColumnsOf(type);
  if (columns.empty()) columns = DefaultColumns(type);
  std::vector<std::string> header;
  for (const std::string& column : columns) header.push_back(Header(column));
  std::vector<std::vector<std::string>> rows;
  for (const Message* resource : resources) {
    std::vector<std::string> row;
    for (const std::string& column : columns) row.push_back(Cut(PathText(*resource, column)));
    rows.push_back(std::move(row));
  }
  return FormatTable(header, rows);
}

std::string FormatMessage(const Message& message, int indent) {
  const Reflection* r = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r->ListFields(message, &fields);
  std::string out;
  for (const FieldDescriptor* field : fields) {
    const bool nested = IsMessage(*field) && !field->is_map() && !IsValue(*field->message_type());
    if (!nested) {
      absl::StrAppend(
          &out, Indented(absl::StrCat(field->name(), ": ", FieldText(message, *field)), indent));
    } else if (field->is_repeated()) {
      std::vector<const Message*> items;
      for (int i = 0; i < r->FieldSize(message, field); ++i) {
        items.push_back(&r->GetRepeatedMessage(message, field, i));
      }
      absl::StrAppend(&out, Indented(absl::StrCat(field->name(), ":"), indent),
                      Indented(FormatList(items), indent + 1));
    } else {
      absl::StrAppend(&out, Indented(absl::StrCat(field->name(), ":"), indent),
                      FormatMessage(r->GetMessage(message, field), indent + 1));
    }
  }
  return out;
}

const FieldDescriptor* ListField(const Descriptor& response) {
  if (response.FindFieldByName("next_page_token") == nullptr) return nullptr;
  for (int i = 0; i < response.field_count(); ++i) {
    if (response.field(i)->is_repeated() && IsMessage(*response.field(i))) return response.field(i);
  }
  return nullptr;
}

}  // namespace tideline::cli
