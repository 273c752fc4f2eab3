// SPDX-License-Identifier: Apache-2.0
// Who calls. Authentication only: what the caller may do is decided by the method's policy against
// the Member records, in the partition.
//
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/partition/host.h"

namespace grpc {
class ServerContextBase;
}

namespace tideline::rpc {

// Metadata of a call. Values are ASCII.
inline constexpr char kSubjectKey[] = "tideline-subject";  // the caller, where nothing proves it
inline constexpr char kServiceKey[] = "tideline-service";  // the calling module
inline constexpr char kBehalfKey[] = "tideline-on-behalf-of";  // for whom a service calls
// What the caller has seen of each service: "skill_registry=12,work_routing=40".
inline constexpr char kAfterKey[] = "tideline-after";
// Where the call's commit stands, in trailing metadata: "work_routing=41".
inline constexpr char kPositionKey[] = "tideline-position";

// The first value of a call's metadata under `key`; empty when there is none.
absl::string_view FindMetadata(const grpc::ServerContextBase& context, const char* key);

// Longest subject: a SPIFFE id is at most 2,048 bytes, a token's subject 255; ours are stored in
// every event, so the shorter bound holds.
inline constexpr size_t kMaxSubjectBytes = 255;

// Positions in one tideline-after: one per service, with room.
inline constexpr size_t kMaxAfterPositions = 16;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // UNAUTHENTICATED (IDENTITY_MISSING) when nobody is proved; INVALID_ARGUMENT when the metadata is
  // malformed.
  virtual absl::StatusOr<partition::Identity> Authenticate(
      const grpc::ServerContextBase& context) const = 0;
};

// Believes what the metadata say: for loopback and in-process use, where nothing is secured.
//   tideline-service S   the module S, with ROLE_SERVICE
//   tideline-subject S   the subject S, with the roles of its Member record; "system:..." is an
//                        enterprise system, everything else a person
//   neither              "dev", trusted with every role
class UnsecuredAuthenticator : public Authenticator {
 public:
  absl::StatusOr<partition::Identity> Authenticate(
      const grpc::ServerContextBase& context) const override;
};

// The first value of a call's metadata under `key`; empty when there is none.
absl::string_view FindMetadata(const grpc::ServerContextBase& context, const char* key);

// "skill_registry=12,work_routing=40" as positions, and back. INVALID_ARGUMENT names the metadata
// key. A position of a service nobody knows is not an error here.
absl::StatusOr<std::vector<partition::Position>> ParsePositions(absl::string_view text);
std::string FormatPosition(const partition::Position& position);

}  // namespace tideline::rpc
