// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace tideline::rpc {
namespace {

constexpr char kVersion = 1;
constexpr size_t kMacBytes = 16;

// Each part behind its length, so that no two scopes give the same bytes.
void AppendPart(absl::string_view part, std::string& out) {
  absl::StrAppend(&out, part.size(), ":", part);
}

}  // namespace

std::string TokenSealer::Mac(const TokenScope& scope, absl::string_view cursor) const {
  std::string text;
  text.reserve(scope.method.size() + scope.caller.size() + scope.request.size() + cursor.size() +
               32);
  for (absl::string_view part : {scope.method, scope.caller, scope.request, cursor}) {
    AppendPart(part, text);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return std::string(reinterpret_cast<const char*>(digest), kMacBytes);
}

std::string TokenSealer::Seal(const TokenScope& scope, absl::string_view cursor) const {
  return absl::WebSafeBase64Escape(
      absl::StrCat(absl::string_view(&kVersion, 1), Mac(scope, cursor), cursor));
}

absl::StatusOr<std::string> TokenSealer::Open(const TokenScope& scope, absl::string_view token,
                                              absl::string_view field) const {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(token, &bytes) && bytes.size() > kMacBytes &&
      bytes[0] == kVersion) {
    const absl::string_view mac = absl::string_view(bytes).substr(1, kMacBytes);
    const absl::string_view cursor = absl::string_view(bytes).substr(1 + kMacBytes);
    if (CRYPTO_memcmp(mac.data(), Mac(scope, cursor).data(), kMacBytes) == 0) {
      return std::string(cursor);
    }
  }
  return InvalidField(field, "is not a token of this caller, method and filters",
                      Reason::REASON_PAGE_TOKEN_INVALID);
}

}  // namespace tideline::rpc
