// SPDX-License-Identifier: Apache-2.0
// Presence: whether a person is there now.
#include "absl/strings/strip.h"
#include "common/base/page.h"
#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

constexpr absl::string_view kPresence = "/presence";

}  // namespace

absl::StatusOr<v1::SetPresenceResponse> Core::SetPresence(const Call& call,
                                                          const v1::SetPresenceRequest& request,
                                                          Changes& changes) {
  const auto* expert = catalog_.Find<v1::Expert>(absl::StripSuffix(request.name(), kPresence));
  if (expert == nullptr || !absl::EndsWith(request.name(), kPresence)) {
    return NotFound(request.name());
  }
  if (ActsForSelf(call.grant) && call.grant.expert != expert->name()) {
    return NotYours(request.name());
  }
  TL_RETURN_IF_ERROR(MayChange(catalog_, call.grant, *expert));
  if (request.state() == v1::Presence::STATE_UNSPECIFIED) {
    return InvalidField("state", "is required", Reason::REASON_FIELD_REQUIRED);
  }
  if (request.has_until() && ToTime(request.until()) <= call.now) {
    return InvalidField("until", "has passed");
  }
  const auto* before = catalog_.Find<v1::Presence>(request.name());
  auto after = before == nullptr ? std::make_unique<v1::Presence>()
                                 : std::make_unique<v1::Presence>(*before);
  if (before == nullptr || before->state() != request.state()) {
    *after->mutable_since() = ToProto(call.now);
  }
  after->set_state(request.state());
  after->clear_until();
  if (request.has_until()) *after->mutable_until() = request.until();
  v1::SetPresenceResponse response;
  if (before == nullptr) {
    after->set_name(request.name());
    *response.mutable_presence() =
        catalog_.Insert(call, std::move(after), changes).As<v1::Presence>();
  } else {
    *response.mutable_presence() =
        catalog_.Replace(call, std::move(after), v1::ACTION_PRESENCE_SET, changes)
            .As<v1::Presence>();
  }
  return response;
}

absl::StatusOr<v1::GetPresenceResponse> Core::GetPresence(
    const Call&, const v1::GetPresenceRequest& request) const {
  v1::GetPresenceResponse response;
  if (const auto* presence = catalog_.Find<v1::Presence>(request.name())) {
    *response.mutable_presence() = *presence;
    return response;
  }
  if (!absl::EndsWith(request.name(), kPresence) ||
      catalog_.Find<v1::Expert>(absl::StripSuffix(request.name(), kPresence)) == nullptr) {
    return NotFound(request.name());
  }
  response.mutable_presence()->set_name(request.name());
  return response;
}

absl::StatusOr<v1::ListPresencesResponse> Core::ListPresences(
    const Call&, const v1::ListPresencesRequest& request) const {
  if (catalog_.Find<v1::Workspace>(request.parent()) == nullptr) return NotFound(request.parent());
  const std::string prefix = absl::StrCat(request.parent(), "/experts/");
  v1::ListPresencesResponse response;
  Page page(request.page_size());
  std::string last;
  // Goes through the experts, so that a team's list looks only at the team.
  const auto visit = [&](const Entry& entry) {
    if (!page.Open()) {
      response.set_next_page_token(last);
      return false;
    }
    page.LookAt();
    last = entry.name;
    if (entry.kind != &KindOf<v1::Expert>() || !absl::StartsWith(entry.name, prefix)) return true;
    if (!request.team().empty() && entry.As<v1::Expert>().team() != request.team()) return true;
    if (const auto* presence = catalog_.Find<v1::Presence>(absl::StrCat(entry.name, kPresence))) {
      *response.add_presences() = *presence;
      page.Take(presence->ByteSizeLong());
    }
    return true;
  };
  if (request.team().empty()) {
    catalog_.Scan(prefix, request.page_token(), visit);
  } else if (const Entry* team = catalog_.Find(request.team())) {
    catalog_.ScanReferrers(*team, request.page_token(), visit);
  }
  return response;
}

}  // namespace tideline::skill_registry
