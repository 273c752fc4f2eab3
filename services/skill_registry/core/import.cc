// SPDX-License-Identifier: Apache-2.0
// Imports: many resources in chunks of rows, each row done as a whole or not at all, under a
// resource that says how far they have come.
#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/rpc/error_details.pb.h"
#include "services/skill_registry/core/row_check.h"
#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

// Bounds as the protos state them.
constexpr int kMaxRows = 200;
constexpr int kMaxFailedRows = 1000;

using Outcome = v1::ImportRowResult::Outcome;

// As Any::PackFrom, but with the entries of maps in order: the same refusal has the same bytes.
void Pack(const Message& detail, google::protobuf::Any& any) {
  any.PackFrom(detail);
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    detail.SerializeToCodedStream(&coded);
  }
  any.set_value(std::move(bytes));
}

void SetError(const absl::Status& status, v1::ImportRowResult& result) {
  result.set_outcome(v1::ImportRowResult::OUTCOME_FAILED);
  google::rpc::Status& error = *result.mutable_error();
  error.set_code(static_cast<int>(status.code()));
  error.set_message(std::string(status.message()));
  Pack(InfoOf(status), *error.add_details());
  if (google::rpc::BadRequest bad = BadRequestOf(status); bad.field_violations_size() > 0) {
    Pack(bad, *error.add_details());
  }
}

bool Failed(const v1::Import& import, int64_t row) {
  return std::binary_search(import.failed_rows().begin(), import.failed_rows().end(), row);
}

void Count(int64_t row, Outcome outcome, v1::Import& import) {
  auto& failed = *import.mutable_failed_rows();
  auto at = std::lower_bound(failed.begin(), failed.end(), row);
  const bool known = at != failed.end() && *at == row;
  if (outcome == v1::ImportRowResult::OUTCOME_FAILED) {
    if (known) return;
    const int place = static_cast<int>(at - failed.begin());
    failed.Add(row);
    std::rotate(failed.begin() + place, failed.end() - 1, failed.end());
    return;
  }
  if (known) failed.erase(at);
  if (outcome == v1::ImportRowResult::OUTCOME_CREATED) {
    import.set_created_rows(import.created_rows() + 1);
  } else if (outcome == v1::ImportRowResult::OUTCOME_UPDATED) {
    import.set_updated_rows(import.updated_rows() + 1);
  } else {
    import.set_unchanged_rows(import.unchanged_rows() + 1);
  }
}

// Whether the chunk fits the import as far as it has come.
template <class Request>
absl::Status CheckChunk(const Request& request, int rows, v1::Import::Kind kind,
                        const v1::Import& import) {
  if (import.kind() != kind) {
    return InvalidField("import_id", "is an import of another kind");
  }
  if (rows > kMaxRows) {
    return InvalidField("rows", absl::StrCat("has ", rows, "; the limit is ", kMaxRows));
  }
  // A dry run leaves nothing behind, so its chunks come in any order.
  if (request.first_row() < 0 ||
      (request.first_row() > import.next_row() && !request.validate_only())) {
    return InvalidField("first_row",
                        absl::StrCat("leaves a gap: the next row is ", import.next_row()));
  }
  const int64_t fresh = std::max<int64_t>(0, request.first_row() + rows - import.next_row());
  if (fresh > 0 && import.failed_rows_size() + fresh > kMaxFailedRows) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                  absl::StrCat(import.failed_rows_size(), " rows have failed; mend them first"),
                  {{"limit", absl::StrCat(kMaxFailedRows)}});
  }
  return absl::OkStatus();
}

}  // namespace

template <class R>
v1::ImportRowResult Core::ImportRow(const Call& call, const std::string& workspace, const R& row,
                                    Changes& changes) {
  const Kind& kind = KindOf<R>();
  v1::ImportRowResult result;
  result.set_name(row.name());
  const std::string prefix = absl::StrCat(workspace, "/", kind.collection, "/");
  if (!absl::StartsWith(row.name(), prefix) || row.name().size() == prefix.size() ||
      row.name().find('/', prefix.size()) != std::string::npos) {
    SetError(InvalidField(absl::StrCat(kind.record, ".name"),
                          absl::StrCat("must be \"", prefix, "{id}\"")),
             result);
    return result;
  }
  const R* before = catalog_.Find<R>(row.name());
  auto after = before == nullptr ? std::make_unique<R>(row) : std::make_unique<R>(*before);
  absl::Status status;
  if (before == nullptr) {
    after->clear_etag();
    after->clear_create_time();
    after->clear_update_time();
    ClearOutputOnly(*after);
  } else {
    status = ApplyMask({}, row, kind.record, *after);
  }
  if (status.ok()) {
    typename Verbs<R>::Create request;
    request.set_parent(workspace);
    *Verbs<R>::In(request) = *after;
    status = CheckRow(workspace, request);
  }
  if (status.ok()) {
    Complete(call.now, *after, before);
    status = Judge(call, *after, before);
  }
  if (!status.ok()) {
    SetError(status, result);
  } else if (before == nullptr) {
    result.set_outcome(v1::ImportRowResult::OUTCOME_CREATED);
    catalog_.Insert(call, std::move(after), changes);
  } else if (Differences(*before, *after).empty()) {
    result.set_outcome(v1::ImportRowResult::OUTCOME_UNCHANGED);
  } else {
    result.set_outcome(v1::ImportRowResult::OUTCOME_UPDATED);
    catalog_.Replace(call, std::move(after), v1::ACTION_IMPORTED, changes);
  }
  return result;
}

template <class R, class Request, class Response>
absl::StatusOr<Response> Core::ImportRows(const Call& call, const Request& request,
                                          const google::protobuf::RepeatedPtrField<R>& rows,
                                          v1::Import::Kind kind, Changes& changes) {
  if (catalog_.Find<v1::Workspace>(request.parent()) == nullptr) return NotFound(request.parent());
  const std::string name = absl::StrCat(request.parent(), "/imports/", request.import_id());
  const auto* before = catalog_.Find<v1::Import>(name);
  auto import =
      before == nullptr ? std::make_unique<v1::Import>() : std::make_unique<v1::Import>(*before);
  if (before == nullptr) {
    import->set_name(name);
    import->set_kind(kind);
  }
  TL_RETURN_IF_ERROR(CheckChunk(request, rows.size(), kind, *import));

  // A trial does every row for real, so that rows see those before them, and is then undone.
  Changes trial_changes(changes.commit());
  Changes& into = request.validate_only() ? trial_changes : changes;
  if (request.validate_only()) catalog_.BeginTrial();
  Response response;
  for (int i = 0; i < rows.size(); ++i) {
    const int64_t number = request.first_row() + i;
    v1::ImportRowResult& result = *response.add_results();
    if (number < import->next_row() && !Failed(*import, number)) {
      result.set_name(rows[i].name());
      result.set_outcome(v1::ImportRowResult::OUTCOME_ALREADY_DONE);
    } else {
      result = ImportRow(call, request.parent(), rows[i], into);
      if (!request.validate_only()) Count(number, result.outcome(), *import);
    }
    result.set_row(number);
  }
  if (request.validate_only()) {
    catalog_.EndTrial();
    *response.mutable_import() = *import;
    return response;
  }
  import->set_next_row(std::max(import->next_row(), request.first_row() + rows.size()));
  const Entry& entry =
      before == nullptr ? catalog_.Insert(call, std::move(import), changes)
                        : catalog_.Replace(call, std::move(import), v1::ACTION_IMPORTED, changes);
  *response.mutable_import() = entry.As<v1::Import>();
  return response;
}

absl::StatusOr<v1::ImportTaxonomyResponse> Core::ImportTaxonomy(
    const Call& call, const v1::ImportTaxonomyRequest& request, Changes& changes) {
  return ImportRows<v1::Skill, v1::ImportTaxonomyRequest, v1::ImportTaxonomyResponse>(
      call, request, request.skills(), v1::Import::KIND_TAXONOMY, changes);
}

absl::StatusOr<v1::ImportExpertsResponse> Core::ImportExperts(
    const Call& call, const v1::ImportExpertsRequest& request, Changes& changes) {
  return ImportRows<v1::Expert, v1::ImportExpertsRequest, v1::ImportExpertsResponse>(
      call, request, request.experts(), v1::Import::KIND_EXPERTS, changes);
}

}  // namespace tideline::skill_registry
