// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/token.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

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

TokenSealer::TokenSealer(absl::string_view key)
    : keyed_([key] {
        EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
            OSSL_PARAM_construct_end()};
        EVP_MAC_init(context, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                     parameters);
        return context;
      }()) {}

TokenSealer::~TokenSealer() { EVP_MAC_CTX_free(keyed_); }

std::string TokenSealer::Mac(const TokenScope& scope, absl::string_view cursor) const {
  std::string text;
  text.reserve(scope.method.size() + scope.caller.size() + scope.request.size() + cursor.size() +
               32);
  for (absl::string_view part : {scope.method, scope.caller, scope.request, cursor}) {
    AppendPart(part, text);
  }
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  size_t length = 0;
  EVP_MAC_CTX* context = EVP_MAC_CTX_dup(keyed_);
  EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MAC_final(context, digest, &length, sizeof(digest));
  EVP_MAC_CTX_free(context);
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
