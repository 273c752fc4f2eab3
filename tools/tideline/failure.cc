// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/failure.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/error.h"

namespace tideline::cli {
namespace {

// What to do about it, where the message alone does not say.
absl::string_view Remedy(Reason reason, absl::StatusCode code) {
  static const auto* const remedies = new std::map<Reason, absl::string_view>{
      {Reason::REASON_ETAG_MISMATCH, "read the resource again, then repeat the change"},
      {Reason::REASON_REQUEST_ID_REUSED, "leave out --request-id, or give a new one"},
      {Reason::REASON_RESOURCE_IN_USE, "remove or change what refers to it first"},
      {Reason::REASON_ROLE_MISSING,
       "an administrator grants roles with `tideline member create`; --subject says who you are"},
      {Reason::REASON_IDENTITY_MISSING, "say who you are with --subject or TIDELINE_SUBJECT"},
      {Reason::REASON_OFFER_EXPIRED, "`tideline offer list` shows the offers that stand"},
      {Reason::REASON_STATE_FORBIDS, "`tideline item get` shows the state it is in"},
      {Reason::REASON_NOT_ELIGIBLE, "`tideline item explain` shows which constraint is in the way"},
      {Reason::REASON_RESUME_TOO_OLD, "begin anew without --resume"},
      {Reason::REASON_STORE_FULL, "finish or cancel work, or give the store more memory"},
      {Reason::REASON_STORE_UNAVAILABLE,
       "repeat with the same --request-id; `tideline doctor` "
       "looks for the cause"},
      {Reason::REASON_DATA_LOSS, "`tideline doctor`, then restore the store from its backup"},
      {Reason::REASON_PAGE_TOKEN_INVALID, "begin the list anew"},
      {Reason::REASON_INTERNAL, "this is a defect of Tideline: report it with the id"},
  };
  if (auto it = remedies->find(reason); it != remedies->end()) return it->second;
  if (code == absl::StatusCode::kUnavailable) {
    return "is a suite running there? `tideline dev` starts one; --address says where";
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    return "the outcome is unknown: repeat with the same --request-id, or give a longer --timeout";
  }
  return "";
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kUsage;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kConflict;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kPermission;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kCancelled:
      return kUnavailable;
    default:
      return kError;
  }
}

std::string Explain(const absl::Status& status) {
  std::string text = absl::StrCat("error: ", status.message(), "\n");
  const Reason reason = ReasonOf(status);
  absl::StrAppend(&text, "  code: ", absl::StatusCodeToString(status.code()));
  if (reason != Reason::REASON_UNSPECIFIED) {
    absl::StrAppend(&text, "  reason: ", ReasonName(reason));
  }
  absl::StrAppend(&text, "\n");
  const auto bad_request = BadRequestOf(status);
  for (const auto& violation : bad_request.field_violations()) {
    absl::StrAppend(&text, "  field: ", violation.field(), " ", violation.description(), "\n");
  }
  const auto info = InfoOf(status);
  const std::map<std::string, std::string> metadata(info.metadata().begin(), info.metadata().end());
  for (const auto& [key, value] : metadata) {
    if (key == "field" && bad_request.field_violations_size() > 0) continue;  // said above
    absl::StrAppend(&text, "  ", key, ": ", value, "\n");
  }
  if (const absl::Duration delay = RetryAfterOf(status); delay > absl::ZeroDuration()) {
    absl::StrAppend(&text, "  try again after: ", absl::FormatDuration(delay), "\n");
  }
  if (const absl::string_view remedy = Remedy(reason, status.code()); !remedy.empty()) {
    absl::StrAppend(&text, "  remedy: ", remedy, "\n");
  }
  return text;
}

std::string ExitCodeHelp() {
  return "Exit codes: 0 ok, 1 error, 2 usage or invalid argument, 3 not found,\n"
         "4 conflict or state forbids it, 5 permission, 6 unavailable or timed out.";
}

}  // namespace tideline::cli
