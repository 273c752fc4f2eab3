// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/identity.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "grpcpp/server_context.h"

namespace tideline::rpc {
namespace {

using partition::Identity;
using type::v1::Actor;

// A subject goes into every event: it must be short and printable.
absl::Status CheckSubject(absl::string_view key, absl::string_view subject) {
  if (subject.size() > kMaxSubjectBytes) {
    return InvalidField(
        key, absl::StrCat("is ", subject.size(), " bytes; the limit is ", kMaxSubjectBytes));
  }
  for (char c : subject) {
    if (c < 0x21 || c > 0x7E) return InvalidField(key, "has a character that is not printable");
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view FindMetadata(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto it = metadata.find(key);
  return it == metadata.end() ? absl::string_view()
                              : absl::string_view(it->second.data(), it->second.size());
}

absl::StatusOr<Identity> UnsecuredAuthenticator::Authenticate(
    const grpc::ServerContextBase& context) const {
  Identity identity;
  if (const absl::string_view service = FindMetadata(context, kServiceKey); !service.empty()) {
    if (absl::Status bad = CheckSubject(kServiceKey, service); !bad.ok()) return bad;
    identity.actor.set_kind(Actor::KIND_SERVICE);
    identity.actor.set_subject(service.data(), service.size());
    identity.trusted = true;
    identity.roles.Add(type::v1::ROLE_SERVICE);
    const absl::string_view behalf = FindMetadata(context, kBehalfKey);
    if (absl::Status bad = CheckSubject(kBehalfKey, behalf); !bad.ok()) return bad;
    identity.actor.set_on_behalf_of(behalf.data(), behalf.size());
    return identity;
  }
  if (const absl::string_view subject = FindMetadata(context, kSubjectKey); !subject.empty()) {
    if (absl::Status bad = CheckSubject(kSubjectKey, subject); !bad.ok()) return bad;
    identity.actor.set_kind(absl::StartsWith(subject, "system:") ? Actor::KIND_SYSTEM
                                                                 : Actor::KIND_PERSON);
    identity.actor.set_subject(subject.data(), subject.size());
    return identity;
  }
  identity.actor.set_kind(Actor::KIND_PERSON);
  identity.actor.set_subject("dev");
  identity.trusted = true;
  identity.roles = partition::Roles::All();
  return identity;
}

absl::StatusOr<std::vector<partition::Position>> ParsePositions(absl::string_view text) {
  std::vector<partition::Position> positions;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('=', 1));
    partition::Position position{std::string(pair.first)};
    if (pair.first.empty() || !absl::SimpleAtoi(pair.second, &position.commit)) {
      return InvalidField(kAfterKey, "is not service=commit, separated by commas");
    }
    if (positions.size() == kMaxAfterPositions) {
      return InvalidField(kAfterKey,
                          absl::StrCat("has more than ", kMaxAfterPositions, " positions"));
    }
    positions.push_back(std::move(position));
  }
  return positions;
}

std::string FormatPosition(const partition::Position& position) {
  return absl::StrCat(position.service, "=", position.commit);
}

}  // namespace tideline::rpc
