// SPDX-License-Identifier: Apache-2.0
// Where a Redis server listens and how to log in, as a URL says it:
//
//   unix:///run/tideline/redis.sock          redis://10.0.0.5            (port 6379)
//   redis://user:p%40ss@[::1]:6380/          redis://redis.prod.svc:6379
//
// Plain values; any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::redis {

inline constexpr int kDefaultPort = 6379;

struct Address {
  std::string unix_path;  // absolute; empty: TCP
  std::string host;       // IP address or DNS name, without brackets
  int port = kDefaultPort;
  std::string user;      // empty: Redis' default user
  std::string password;  // empty: no AUTH
};

// INVALID_ARGUMENT that says what is wrong with the URL, without showing its password.
// UNIMPLEMENTED for rediss://, naming what to do instead. Database numbers other than 0 are
// refused: Redis Cluster has none.
absl::StatusOr<Address> ParseAddress(absl::string_view url);

// The address as a URL without its password, for logs and messages.
std::string FormatAddress(const Address& address);

}  // namespace tideline::redis
