// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/csv.h"

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "google/api/field_behavior.pb.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status AtLine(int64_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {
    absl::ConsumePrefix(&text_, "\xEF\xBB\xBF");
  }

  absl::StatusOr<std::vector<CsvRow>> Rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row;
      row.line = line_;
      TL_RETURN_IF_ERROR(Row(row));
      if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  absl::Status Row(CsvRow& row) {
    while (true) {
      std::string cell;
      TL_RETURN_IF_ERROR(Cell(cell));
      row.cells.push_back(std::move(cell));
      if (at_ == text_.size()) return absl::OkStatus();
      const char stop = text_[at_++];
      if (stop == ',') continue;
      if (stop == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return absl::OkStatus();
    }
  }

  // Reads up to the comma or line end, which stays.
  absl::Status Cell(std::string& cell) {
    if (at_ == text_.size() || text_[at_] != '"') {
      const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      cell = std::string(text_.substr(at_, end - at_));
      at_ = end;
      if (cell.find('"') != std::string::npos) return AtLine(line_, "a quote inside a field");
      return absl::OkStatus();
    }
    const int64_t begun = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ == text_.size() || text_[at_] != '"') break;  // a doubled quote is one quote
      }
      if (text_[at_] == '\n') ++line_;
      cell += text_[at_];
      if (at_ + 1 == text_.size()) return AtLine(begun, "a quote that is not closed");
    }
    const bool ends =
        at_ == text_.size() || text_[at_] == ',' || text_[at_] == '\r' || text_[at_] == '\n';
    return ends ? absl::OkStatus() : AtLine(line_, "text behind a closing quote");
  }

  absl::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

bool IsReadOnly(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == google::api::OUTPUT_ONLY) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::vector<const FieldDescriptor*>> Columns(const CsvRow& header,
                                                            const Descriptor& type) {
  std::vector<std::string> known;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!IsReadOnly(*type.field(i))) known.push_back(type.field(i)->name());
  }
  std::vector<const FieldDescriptor*> columns;
  std::set<const FieldDescriptor*> seen;
  for (const std::string& cell : header.cells) {
    std::string word = absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripAsciiWhitespace(cell)),
                                           {{"-", "_"}, {" ", "_"}});
    if (word == "id") word = "name";
    const FieldDescriptor* field = type.FindFieldByName(word);
    if (field == nullptr || IsReadOnly(*field)) {
      return AtLine(header.line,
                    absl::StrCat("column \"", cell, "\": there are ", absl::StrJoin(known, ", ")));
    }
    if (!seen.insert(field).second) {
      return AtLine(header.line, absl::StrCat("column \"", cell, "\" is there twice"));
    }
    columns.push_back(field);
  }
  if (seen.count(type.FindFieldByName("name")) == 0) {
    return AtLine(header.line, "there is no column \"name\"");
  }
  return columns;
}

absl::Status SetCell(Message& resource, const FieldDescriptor& field, absl::string_view cell,
                     const Reading& reading) {
  cell = absl::StripAsciiWhitespace(cell);
  if (cell.empty()) return absl::OkStatus();
  if (!field.is_repeated()) return SetField(resource, field, cell, reading);
  for (absl::string_view part : absl::StrSplit(cell, ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) TL_RETURN_IF_ERROR(SetField(resource, field, part, reading));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<CsvRow>> ParseCsv(absl::string_view text) { return Parser(text).Rows(); }

absl::StatusOr<CsvResources> ReadResources(const std::vector<CsvRow>& rows,
                                           const Message& prototype, const Reading& reading) {
  if (rows.empty()) return absl::InvalidArgumentError("the file is empty: there is no header");
  const Descriptor& type = *prototype.GetDescriptor();
  TL_ASSIGN_OR_RETURN(const auto columns, Columns(rows[0], type));
  CsvResources read;
  for (size_t r = 1; r < rows.size(); ++r) {
    const CsvRow& row = rows[r];
    const size_t errors = read.errors.size();
    std::unique_ptr<Message> resource(prototype.New());
    if (row.cells.size() != columns.size()) {
      read.errors.push_back(
          {row.line, "",
           absl::StrCat("has ", row.cells.size(), " fields; the header has ", columns.size())});
      continue;
    }
    for (size_t c = 0; c < columns.size(); ++c) {
      const absl::Status status = SetCell(*resource, *columns[c], row.cells[c], reading);
      if (!status.ok()) {
        read.errors.push_back({row.line, columns[c]->name(), std::string(status.message())});
      }
    }
    const FieldDescriptor* name = type.FindFieldByName("name");
    if (resource->GetReflection()->GetString(*resource, name).empty() &&
        read.errors.size() == errors) {
      read.errors.push_back({row.line, "name", "is empty"});
    }
    if (read.errors.size() > errors) continue;
    read.resources.push_back(std::move(resource));
    read.lines.push_back(row.line);
  }
  return read;
}

}  // namespace tideline::cli
