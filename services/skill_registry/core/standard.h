// SPDX-License-Identifier: Apache-2.0
// What creating, updating and importing have in common: from what a caller wrote to what is
// written. Included by the files of core/ that write resources.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/field_mask.pb.h"
#include "services/skill_registry/core.h"
#include "services/skill_registry/core/mask.h"
#include "services/skill_registry/core/rules.h"
#include "services/skill_registry/core/scope.h"

namespace tideline::skill_registry {

// ABORTED (ETAG_MISMATCH) when the caller names another etag than the current one.
absl::Status CheckEtag(absl::string_view name, const std::string& given, const std::string& now);

// What an expert who only acts for themselves may change about themselves: PERMISSION_DENIED
// (NOT_YOURS) for anything else. Other kinds: no such limit.
absl::Status CheckOwnChange(const Call& call, const v1::Expert& before, const v1::Expert& after);
template <class R>
absl::Status CheckOwnChange(const Call&, const R&, const R&) {
  return absl::OkStatus();
}

// Skills of a person move along the ladder (rules.h); nothing of the sort for other kinds.
inline absl::Status CheckUpdate(const v1::Expert& before, v1::Expert& after) {
  return CheckSkillsUpdate(before, after);
}
template <class R>
absl::Status CheckUpdate(const R&, R&) {
  return absl::OkStatus();
}

// OK when what is there is what `input` asks for, so that creating twice is creating once;
// ALREADY_EXISTS (RESOURCE_EXISTS) otherwise.
template <class R>
absl::Status RefuseOtherContent(absl::Time now, const Entry& there, const R& input) {
  if (there.kind == &KindOf<R>()) {
    R wanted = input;
    ClearOutputOnly(wanted);
    Complete(now, wanted, static_cast<const R*>(nullptr));
    if (Differences(there.As<R>(), wanted).empty()) return absl::OkStatus();
  }
  return Refuse(Reason::REASON_RESOURCE_EXISTS,
                absl::StrCat("\"", there.name, "\" exists with other content"),
                {{"name", there.name}});
}

template <class R>
absl::Status Core::Judge(const Call& call, const R& after, const R* before) const {
  if (before != nullptr) TL_RETURN_IF_ERROR(MayChange(catalog_, call.grant, *before));
  TL_RETURN_IF_ERROR(Check(catalog_, after, before));
  TL_RETURN_IF_ERROR(CheckReferences(catalog_, KindOf<R>(), after));
  return MayChange(catalog_, call.grant, after);
}

template <class R>
absl::StatusOr<std::unique_ptr<R>> Core::Prepare(const Call& call, const R& input,
                                                 const google::protobuf::FieldMask& mask,
                                                 const R* before) const {
  auto after = std::make_unique<R>();
  if (before == nullptr) {
    *after = input;
    after->clear_etag();
    after->clear_create_time();
    after->clear_update_time();
    ClearOutputOnly(*after);
  } else {
    *after = *before;
    TL_RETURN_IF_ERROR(ApplyMask(mask, input, KindOf<R>().record, *after));
    TL_RETURN_IF_ERROR(CheckUpdate(*before, *after));
    TL_RETURN_IF_ERROR(CheckOwnChange(call, *before, *after));
  }
  Complete(call.now, *after, before);
  TL_RETURN_IF_ERROR(Judge(call, *after, before));
  return after;
}

}  // namespace tideline::skill_registry
