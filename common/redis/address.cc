// SPDX-License-Identifier: Apache-2.0
#include "common/redis/address.h"

#include <sys/un.h>

#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tideline::redis {
namespace {

constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;  // the kernel's limit: 107 bytes

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Percent-encoding undone (RFC 3986, 2.1); nothing when it is malformed.
std::optional<std::string> Decode(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "Redis URL: ", what, " (expected redis://[user:password@]host[:port] or unix:///path)"));
}

absl::Status ParseLogin(absl::string_view login, Address& address) {
  const size_t colon = login.find(':');
  auto user = Decode(login.substr(0, colon));
  auto password = Decode(colon == absl::string_view::npos ? "" : login.substr(colon + 1));
  if (!user || !password) return Bad("a malformed % in the user or password");
  if (password->empty()) return Bad("a user without a password");
  address.user = *user;
  address.password = *password;
  return absl::OkStatus();
}

absl::Status ParseHost(absl::string_view text, Address& address) {
  absl::string_view port;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return Bad("'[' without ']'");
    address.host = std::string(text.substr(0, end));
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') return Bad("something other than a port after ']'");
  } else {
    const size_t colon = text.find(':');
    address.host = std::string(text.substr(0, colon));
    port = colon == absl::string_view::npos ? "" : text.substr(colon);
  }
  if (address.host.empty()) return Bad("no host");
  if (port.empty()) return absl::OkStatus();
  if (!absl::SimpleAtoi(port.substr(1), &address.port) || address.port < 1 ||
      address.port > 65535) {
    return Bad("the port is not a number from 1 to 65535");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view url) {
  Address address;
  if (absl::ConsumePrefix(&url, "unix://")) {
    if (url.empty() || url[0] != '/') return Bad("a socket's path begins with '/'");
    if (url.size() > kMaxUnixPath) {
      return Bad(absl::StrCat("the socket's path has ", url.size(), " bytes; the limit is ",
                              kMaxUnixPath));
    }
    address.unix_path = std::string(url);
    return address;
  }
  if (absl::StartsWith(url, "rediss://")) {
    return absl::UnimplementedError(
        "Redis URL: rediss:// needs TLS, which this build's Redis client does not have. Run "
        "stunnel "
        "beside this process (client = yes, verifyChain = yes, checkHost) and give its local "
        "address as redis://127.0.0.1:PORT");
  }
  if (!absl::ConsumePrefix(&url, "redis://")) return Bad("unknown scheme");
  if (const size_t at = url.rfind('@'); at != absl::string_view::npos) {
    if (absl::Status status = ParseLogin(url.substr(0, at), address); !status.ok()) return status;
    url.remove_prefix(at + 1);
  }
  const size_t slash = url.find('/');
  if (slash != absl::string_view::npos) {
    const absl::string_view database = url.substr(slash + 1);
    if (!database.empty() && database != "0") return Bad("only database 0 is used");
    url = url.substr(0, slash);
  }
  if (absl::Status status = ParseHost(url, address); !status.ok()) return status;
  return address;
}

std::string FormatAddress(const Address& address) {
  if (!address.unix_path.empty()) return absl::StrCat("unix://", address.unix_path);
  const bool six = absl::StrContains(address.host, ':');
  return absl::StrCat("redis://", address.user, address.user.empty() ? "" : "@", six ? "[" : "",
                      address.host, six ? "]" : "", ":", address.port);
}

}  // namespace tideline::redis
