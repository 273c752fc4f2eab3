// SPDX-License-Identifier: Apache-2.0
// Opaque tokens: a position in a list or a stream, bound to who asked, through which method and
// with which filters. A token from another caller or for other filters is refused.
//
// The binding guards against mistakes and against reading another caller's positions; it grants
// nothing: every call is authorised by itself. Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_mac_ctx_st;

namespace tideline::rpc {

// What a token is bound to.
struct TokenScope {
  absl::string_view method;   // full rpc name
  absl::string_view caller;   // subject
  absl::string_view request;  // the request without its tokens and page size, deterministic bytes
};

class TokenSealer {
 public:
  // The key is the installation's: tokens hold across its replicas and restarts.
  explicit TokenSealer(absl::string_view key);
  ~TokenSealer();
  TokenSealer(const TokenSealer&) = delete;
  TokenSealer& operator=(const TokenSealer&) = delete;

  // base64url of a version, 16 bytes of HMAC-SHA-256 over scope and cursor, and the cursor.
  std::string Seal(const TokenScope& scope, absl::string_view cursor) const;

  // The cursor. INVALID_ARGUMENT (PAGE_TOKEN_INVALID) names `field`.
  absl::StatusOr<std::string> Open(const TokenScope& scope, absl::string_view token,
                                   absl::string_view field) const;

 private:
  std::string Mac(const TokenScope& scope, absl::string_view cursor) const;
  // Keyed and ready; copied for each token, since looking the algorithm up costs more than using
  // it.
  evp_mac_ctx_st* const keyed_;
};

}  // namespace tideline::rpc
