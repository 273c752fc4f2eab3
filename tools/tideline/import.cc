// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/import.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "google/rpc/error_details.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tools/tideline/csv.h"
#include "tools/tideline/names.h"

namespace tideline::cli {
namespace {

namespace v1 = skill_registry::v1;
using Outcome = v1::ImportRowResult::Outcome;

// What a run came to, over all chunks.
struct Tally {
  std::map<Outcome, int64_t> rows;
  int64_t refused() const {
    auto it = rows.find(v1::ImportRowResult::OUTCOME_FAILED);
    return it == rows.end() ? 0 : it->second;
  }
};

void PrintRowErrors(const std::vector<RowError>& errors, const Session& session) {
  for (const RowError& error : errors) {
    *session.err << "line " << error.line << ": "
                 << (error.column.empty() ? "" : error.column + ": ") << error.message << "\n";
  }
}

// The field named by the first violation among a row's error details; empty: none.
std::string FieldOf(const google::rpc::Status& error) {
  for (const auto& any : error.details()) {
    google::rpc::BadRequest bad;
    if (any.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      return bad.field_violations(0).field() + ": ";
    }
  }
  return "";
}

template <typename Results>
void Count(const Results& results, const CsvResources& read, const Session& session, Tally& tally) {
  for (const v1::ImportRowResult& result : results) {
    ++tally.rows[result.outcome()];
    if (result.outcome() != v1::ImportRowResult::OUTCOME_FAILED) continue;
    const size_t row = static_cast<size_t>(result.row());
    *session.err << "line " << (row < read.lines.size() ? read.lines[row] : 0) << ": "
                 << ShortName(result.name()) << ": " << FieldOf(result.error())
                 << result.error().message() << "\n";
  }
}

// Both imports have the same shape; `add` puts one resource into a request.
template <typename Request, typename Response, typename Add>
absl::StatusOr<Tally> Send(const char* rpc_name, const CsvResources& read, const std::string& id,
                           const ImportOptions& options, const Session& session, const Add& add) {
  const auto* rpc = Services()[0]->FindMethodByName(rpc_name);
  Caller caller(session.caller);
  Tally tally;
  for (size_t first = 0; first < read.resources.size(); first += kImportChunk) {
    Request request;
    request.set_parent(absl::StrCat("workspaces/", ShortName(session.workspace)));
    request.set_import_id(id);
    request.set_first_row(static_cast<int64_t>(first));
    request.set_validate_only(options.dry_run);
    request.set_request_id(rpc::MakeRequestId());
    const size_t end = std::min(read.resources.size(), first + kImportChunk);
    for (size_t i = first; i < end; ++i) add(request, *read.resources[i]);
    Response response;
    TL_RETURN_IF_ERROR(caller.Call(*rpc, request, response));
    Count(response.results(), read, session, tally);
  }
  return tally;
}

std::string Summary(const Tally& tally, const std::string& id, bool dry_run) {
  std::vector<std::string> parts;
  for (const auto& [outcome, rows] : tally.rows) {
    const auto* value = v1::ImportRowResult::Outcome_descriptor()->FindValueByNumber(outcome);
    parts.push_back(absl::StrCat(rows, " ", EnumWord(*value)));
  }
  return absl::StrCat(dry_run ? "dry run, nothing changed" : absl::StrCat("import ", id), ": ",
                      parts.empty() ? "no rows" : absl::StrJoin(parts, ", "), "\n");
}

}  // namespace

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::string ImportIdOf(absl::string_view what, absl::string_view content) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (unsigned char c : content) hash = (hash ^ c) * 0x100000001b3;
  return absl::StrFormat("%s-%016x", what, hash);
}

absl::Status RunImport(const ImportOptions& options, const Session& session) {
  if (session.workspace.empty()) {
    return absl::InvalidArgumentError(
        "which workspace? Give --workspace or set TIDELINE_WORKSPACE");
  }
  TL_ASSIGN_OR_RETURN(const std::string content, ReadAll(options.file));
  TL_ASSIGN_OR_RETURN(const std::vector<CsvRow> rows, ParseCsv(content));
  const bool experts = options.what == "experts";
  v1::Expert expert;
  v1::Skill skill;
  const google::protobuf::Message& prototype =
      experts ? static_cast<const google::protobuf::Message&>(expert) : skill;
  const Reading reading{session.workspace, MachineTime().Wall()};
  TL_ASSIGN_OR_RETURN(const CsvResources read, ReadResources(rows, prototype, reading));
  if (!read.errors.empty()) {
    PrintRowErrors(read.errors, session);
    return absl::InvalidArgumentError(
        absl::StrCat(read.errors.size(), " errors in ", options.file, "; nothing was sent"));
  }
  const std::string id =
      options.import_id.empty() ? ImportIdOf(options.what, content) : options.import_id;
  absl::StatusOr<Tally> tally;
  if (experts) {
    tally = Send<v1::ImportExpertsRequest, v1::ImportExpertsResponse>(
        "ImportExperts", read, id, options, session,
        [](auto& request, const auto& resource) { request.add_experts()->CopyFrom(resource); });
  } else {
    tally = Send<v1::ImportTaxonomyRequest, v1::ImportTaxonomyResponse>(
        "ImportTaxonomy", read, id, options, session,
        [](auto& request, const auto& resource) { request.add_skills()->CopyFrom(resource); });
  }
  TL_RETURN_IF_ERROR(tally.status());
  *session.out << Summary(*tally, id, options.dry_run);
  if (tally->refused() == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(tally->refused(), " of ", read.resources.size(), " rows were refused"));
}

}  // namespace tideline::cli
